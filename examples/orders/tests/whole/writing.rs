//! Processes that write a JSON value a line.

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};
use tests::programs::{feed, skip};

/// Far more than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// A process, ended with the test, and the lines that it wrote so far.
pub(crate) struct Writing {
    child: Child,
    lines: Arc<Mutex<Vec<Value>>>,
}

impl Drop for Writing {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Writing {
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let lines = Arc::<Mutex<Vec<Value>>>::default();
        let read = Arc::clone(&lines);
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let value = serde_json::from_str(&line);
                let value = value.unwrap_or_else(|error| panic!("{error}: {line}"));
                read.lock().unwrap().push(value);
            }
        });
        Self { child, lines }
    }

    /// The lines that are of a trace.
    pub(crate) fn of_trace(&self, trace: &str) -> Vec<Value> {
        let lines = self.lines.lock().unwrap();
        lines.iter().filter(|line| line["trace_id"] == trace).cloned().collect()
    }

    /// Waits until the lines have something.
    pub(crate) fn until<T>(&self, what: &str, find: impl Fn(&[Value]) -> Option<T>) -> T {
        let begin = Instant::now();
        loop {
            if let Some(found) = find(&self.lines.lock().unwrap()) {
                return found;
            }
            assert!(begin.elapsed() < PATIENCE, "{what} never came: {:?}", self.lines.lock());
            thread::sleep(Duration::from_millis(50));
        }
    }
}

/// An OTLP receiver of another make, and its address. `None` where it can't be run; the skip is
/// reported.
pub(crate) fn receiver() -> Option<(Writing, String)> {
    let modules = "import grpc, opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc";
    if !feed("python3", &["-c", modules], "").is_some_and(|output| output.status.success()) {
        skip(
            "no traces are followed: grpcio and opentelemetry-proto are not installed (pip install \
             grpcio opentelemetry-proto)",
        );
        return None;
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/whole/receiver.py");
    let receiver = Writing::start(Command::new("python3").arg(script));
    let port = receiver.until("the receiver's port", |lines| lines.first()?.as_u64());
    Some((receiver, format!("http://127.0.0.1:{port}")))
}

/// One of the two services.
pub(crate) struct Service {
    pub(crate) logs: Writing,
    pub(crate) address: SocketAddr,
    pub(crate) metrics: SocketAddr,
}

impl Service {
    pub(crate) fn start(name: &str, collector: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_orders"));
        command.args([name, "--listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0"]).args(arguments);
        command.env("OTEL_EXPORTER_OTLP_ENDPOINT", collector).env("OTEL_BSP_SCHEDULE_DELAY", "200");
        let logs = Writing::start(&mut command);
        let address_of = |message: &str| {
            logs.until(message, |lines| {
                let line = lines.iter().find(|line| line["message"] == message)?;
                line["fields"]["address"].as_str()?.parse().ok()
            })
        };
        let metrics = address_of("metrics are served");
        let address = address_of("orders are taken");
        Self { logs, address, metrics }
    }
}
