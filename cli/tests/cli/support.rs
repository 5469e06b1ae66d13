//! Processes that count in a segment, and runs of the program on it.

use crate::words;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
pub(crate) use tests::programs::{CHECK_TEXT, PROMETHEUS_CLIENT, python};
use tests::programs::{feed, skip};
use tickmetrics::Segment;
use tickmetrics::prelude::*;
use tickmetrics_exporter::Exporter;

const FILE: &str = "TICKMETRICS_TEST_FILE";
const ROLE: &str = "TICKMETRICS_TEST_ROLE";

#[derive(Clone, Copy, Label)]
enum Side {
    Buy,
    Sell,
}

#[derive(Clone, Copy, Label)]
#[label(capacity = 8)]
struct Symbol(LabelId);

#[derive(Clone, Copy, Label)]
#[label(capacity = 2)]
struct Session(LabelId);

#[derive(Clone, Copy, Label)]
#[label(capacity = 16)]
struct Venue(LabelId);

/// Values that need quotes in a list, in the order of their recorded values: 1, 2, 3...
pub(crate) const QUOTED: [&str; 9] =
    ["a,b", "a", "b", "\"c\"", "d\\", "e\nf", "g=h", "{i}", "j\u{1b}k"];

#[derive(Metrics)]
struct GatewayMetrics {
    /// Orders, "all" of them.
    orders: Counter<Side>,
    /// Time spent waiting.
    #[metric(unit = "seconds")]
    waited: Counter,
    /// Requests that the venue allows.
    limit: Gauge,
    /// Orders in flight.
    in_flight: UpDownCounter,
    /// Time to decode.
    #[metric(unit = "seconds", sigfigs = 3, max = "10s", buckets = ["100us", "500us", "1ms"])]
    decode: Histogram<Symbol>,
}

/// Like it, with a metric of the same name that is something else.
#[derive(Metrics)]
struct OtherMetrics {
    /// Orders, in another wording.
    orders: Counter<Side>,
    /// Something else.
    #[metric(name = "limit")]
    limit: Counter,
}

/// The counts of a process before its test begins: 3 orders to buy, 1.5 s of waiting, a limit of
/// 99.5, 2 in flight, and decode times of 1 to 1,000 µs for AAPL and of 7 µs for MSFT.
#[test]
fn in_another_process() {
    let Some(file) = std::env::var_os(FILE) else { return };
    Segment::builder().shard_bytes(8 << 20).path(&file).install().unwrap();
    if std::env::var(ROLE).unwrap() == "other" {
        let metrics = OtherMetrics::global();
        metrics.orders.with(Side::Sell).add(4);
        metrics.limit.add(1);
        obey(|| metrics.orders.with(Side::Sell).inc());
        return;
    }
    if std::env::var(ROLE).unwrap() == "hostile" {
        // No `Description` takes such a unit: another program wrote it.
        let unit = "u".repeat(words::HOSTILE.len());
        let about = Description::new("hostile_wait", "Waited,\nand waited.").unit(&unit);
        let wait: Histogram<Session> = Registry::global().register(&about).unwrap();
        overwrite(Path::new(&file), &unit, words::HOSTILE);
        let wait = wait.with(Session::intern(words::HOSTILE));
        wait.record(7);
        obey(|| wait.record(7));
        return;
    }
    if std::env::var(ROLE).unwrap() == "twice" {
        // Both registries have the same names. Those of the first are exposed.
        GatewayMetrics::global().orders.with(Side::Buy).add(3);
        let second = Registry::new();
        let metrics = OtherMetrics::register(&second).unwrap();
        metrics.orders.with(Side::Sell).add(4);
        let wait: Histogram = second
            .register(&Description::new("decode_seconds", "Decoded.").unit("seconds"))
            .unwrap();
        wait.record(7);
        obey(|| {});
        return;
    }
    if std::env::var(ROLE).unwrap() == "quoted" {
        let about = Description::new("quoted_wait", "Waited.");
        let wait: Histogram<Venue> = Registry::global().register(&about).unwrap();
        for (value, count) in QUOTED.iter().zip(1..) {
            wait.with(Venue::intern(value)).record(count);
        }
        obey(|| {});
        return;
    }
    if std::env::var(ROLE).unwrap() == "exporter" {
        let own = |name: &str| Description::new(name, "Of the process itself.");
        let registry = Registry::global();
        for name in ["process_threads", "tickmetrics_serve_segments", "tickmetrics.serve.alive"] {
            registry.register::<Gauge>(&own(name)).unwrap().set(77.0);
        }
        let labelled = own("labelled").constant("service.name", "its own");
        registry.register::<Gauge>(&labelled).unwrap().set(77.0);
        let wait: Histogram = registry.register(&own("wait").max(1000).native(2)).unwrap();
        wait.record(5);
        let exporter = Exporter::builder().listen("127.0.0.1:0").start().unwrap();
        obey(|| {});
        exporter.shutdown();
        return;
    }
    let metrics = GatewayMetrics::global();
    metrics.orders.with(Side::Buy).add(3);
    metrics.waited.add(1_500_000_000);
    metrics.limit.set(99.5);
    metrics.in_flight.add(2);
    let decode = metrics.decode.with(Symbol::intern("AAPL"));
    (1..=1_000).for_each(|micros| decode.record(micros * 1_000));
    metrics.decode.with(Symbol::intern("MSFT")).record(7_000);
    obey(|| {
        metrics.orders.with(Side::Buy).add(10);
        (1..=100).for_each(|micros| decode.record(micros * 1_000));
    });
}

/// Puts a text of the same length where the one is in a segment's directory.
fn overwrite(file: &Path, there: &str, with: &str) {
    assert_eq!(there.len(), with.len());
    let file = fs::File::options().read(true).write(true).open(file).unwrap();
    let mut start = vec![0; 4 << 20];
    let read = file.read_at(&mut start, 0).unwrap();
    let found = start[..read].windows(there.len()).position(|bytes| bytes == there.as_bytes());
    file.write_all_at(with.as_bytes(), found.unwrap() as u64).unwrap();
}

/// Counts more for each line of standard input.
fn obey(more: impl Fn()) {
    println!("\nready");
    for _ in std::io::stdin().lines() {
        more();
        println!("\ncounted");
    }
}

/// A folder of its own in shared memory, gone at the end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let name = format!("tickmetrics-cli-{name}-{}", std::process::id());
        let path = Path::new("/dev/shm").join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A process that counts, killed with the test.
pub(crate) struct Writer {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Writer {
    pub(crate) fn start(role: &str, file: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "support::in_another_process", "--nocapture"])
            .env(FILE, file)
            .env(ROLE, role)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        let mut writer = Self { child, lines };
        writer.wait_for("ready");
        writer
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Counts more.
    pub(crate) fn count(&mut self) {
        self.child.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
        self.wait_for("counted");
    }

    /// As the kernel does to a process that takes too much memory.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn wait_for(&mut self, word: &str) {
        let mut line = String::new();
        while line.trim_end() != word {
            line.clear();
            assert_ne!(self.lines.read_line(&mut line).unwrap(), 0, "it ended before {word}");
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn tickmetrics() -> Command {
    Command::new(env!("CARGO_BIN_EXE_tickmetrics"))
}

/// Runs the program to its end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    tickmetrics().args(arguments).stdin(Stdio::null()).output().unwrap()
}

/// The output of a successful run.
pub(crate) fn output(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The one line on standard error of a run that fails, and prints nothing else.
pub(crate) fn failure(arguments: &[&str]) -> String {
    let output = run(arguments);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "{arguments:?} succeeded");
    assert!(output.stdout.is_empty(), "{:?}", output.stdout);
    assert_eq!(errors.lines().count(), 1, "{errors}");
    errors
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Prometheus' own check of the text format, where it is installed.
pub(crate) fn promtool(text: &str) {
    match feed("promtool", &["check", "metrics"], text) {
        None => skip("promtool is not installed (apt-get install prometheus)"),
        // 3: it would name something otherwise.
        Some(output) => {
            assert!(matches!(output.status.code(), Some(0 | 3)), "{output:?}\n{text:.4000}");
        }
    }
}
