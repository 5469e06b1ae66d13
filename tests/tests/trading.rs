//! The trading program as its user sees it: started, scraped, interrupted.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tests::programs::{feed, skip};

/// Every event comes much sooner; the rest is for a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// The program, built once.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let build = ["build", "--release", "--bin", "trading", "--message-format=json"];
        let output = Command::new(env!("CARGO"))
            .args(build)
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
            .stderr(Stdio::inherit())
            .output()
            .unwrap();
        assert!(output.status.success(), "the program can't be built");
        let messages = String::from_utf8(output.stdout).unwrap();
        let executable = messages.lines().find_map(|line| {
            let message: Value = serde_json::from_str(line).ok()?;
            (message["target"]["name"] == "trading").then_some(())?;
            message["executable"].as_str().map(PathBuf::from)
        });
        executable.expect("cargo tells where the program is")
    })
}

/// The files for the tests of a real recording, beside the repository; `None` without them.
fn shared(path: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared").join(path);
    if path.exists() {
        return Some(path);
    }
    skip(&format!("there is no {}", path.display()));
    None
}

/// The first of three ports that nobody listens on.
fn free_ports() -> u16 {
    let listen = |port| TcpListener::bind(("127.0.0.1", port)).ok();
    for _ in 0..100 {
        let first = listen(0).unwrap();
        let port = first.local_addr().unwrap().port();
        if port <= u16::MAX - 2 && listen(port + 1).is_some() && listen(port + 2).is_some() {
            return port;
        }
    }
    panic!("there are no three free ports");
}

/// The program, running. It ends with this value.
struct Trading {
    child: Child,
    ports: u16,
    lines: Receiver<String>,
    errors: Option<JoinHandle<String>>,
    seen: String,
}

impl Trading {
    fn start(arguments: &[&str]) -> Self {
        Self::start_on(free_ports(), arguments)
    }

    fn start_on(ports: u16, arguments: &[&str]) -> Self {
        let mut child = Command::new(program())
            .args(["--port-base", &ports.to_string()])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let errors = thread::spawn(move || {
            let mut errors = String::new();
            stderr.read_to_string(&mut errors).unwrap();
            errors
        });
        Self { child, ports, lines, errors: Some(errors), seen: String::new() }
    }

    /// Waits for a line with this text.
    fn wait_for(&mut self, text: &str) {
        let end = Instant::now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                panic!("there is no {text:?} in {:?}", self.seen)
            };
            self.seen += &line;
            self.seen.push('\n');
            if line.contains(text) {
                return;
            }
        }
    }

    fn interrupt(&self) {
        let pid = self.child.id().try_into().unwrap();
        // SAFETY: kill takes any numbers; the process is a child that was not waited for yet.
        assert_eq!(unsafe { libc::kill(pid, libc::SIGINT) }, 0);
    }

    /// The expositions of all three endpoints.
    fn scrape(&self) -> [Exposition; 3] {
        [0, 1, 2].map(|offset| {
            let mut stream = TcpStream::connect(("127.0.0.1", self.ports + offset)).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            let request = "GET /metrics HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n";
            stream.write_all(request.as_bytes()).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            assert!(head.starts_with("HTTP/1.1 200"), "{head}");
            Exposition::parse(body)
        })
    }

    /// Waits for the end: the exit status, the output, and the errors.
    fn end(mut self) -> (ExitStatus, String, String) {
        let end = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < end, "it does not end");
            thread::sleep(Duration::from_millis(5));
        };
        for line in &self.lines {
            self.seen += &line;
            self.seen.push('\n');
        }
        let errors = self.errors.take().unwrap().join().unwrap();
        (status, std::mem::take(&mut self.seen), errors)
    }
}

impl Drop for Trading {
    fn drop(&mut self) {
        // It may have ended, which is just as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A response in the text format 0.0.4, as far as this program's has label values without commas.
#[derive(Debug, Default)]
struct Exposition {
    types: BTreeMap<String, String>,
    series: BTreeMap<String, f64>,
}

impl Exposition {
    fn parse(text: &str) -> Self {
        let mut parsed = Self::default();
        for line in text.lines() {
            if let Some(line) = line.strip_prefix("# TYPE ") {
                let (name, kind) = line.split_once(' ').unwrap();
                parsed.types.insert(name.to_owned(), kind.to_owned());
            } else if !line.starts_with('#') {
                let (series, value) = line.rsplit_once(' ').unwrap();
                parsed.series.insert(series.to_owned(), value.parse().unwrap());
            }
        }
        parsed
    }

    /// The names of the labels of a family's series, `le` aside.
    fn label_sets(&self, family: &str) -> BTreeSet<BTreeSet<String>> {
        let is_histogram = self.types.get(family).is_some_and(|kind| kind == "histogram");
        let suffixes: &[&str] = if is_histogram { &["_bucket", "_sum", "_count"] } else { &[""] };
        let labels = |series: &String| {
            let (name, labels) = series.split_once('{').unwrap_or((series, ""));
            let of_family = |suffix: &&str| name == format!("{family}{suffix}");
            suffixes.iter().any(of_family).then(|| {
                let pairs = labels.trim_end_matches('}').split(',');
                let names = pairs.filter_map(|pair| pair.split_once('='));
                names.map(|(name, _)| name.to_owned()).filter(|name| name != "le").collect()
            })
        };
        self.series.keys().filter_map(labels).collect()
    }
}

#[test]
fn a_recording_gives_its_counts() {
    let stem = "data/binance_usdm_btcusdt_20240808";
    let file = shared(&format!("{stem}.csv.gz"));
    let expected = shared(&format!("{stem}.expected.json"));
    let (Some(file), Some(expected)) = (file, expected) else { return };
    let expected: Value = serde_json::from_str(&fs::read_to_string(expected).unwrap()).unwrap();
    let file = file.to_str().unwrap();
    let mut trading = Trading::start(&["--replay", file, "--speed", "max", "--hold"]);
    trading.wait_for("serving on");
    let [market_data, ..] = trading.scrape();
    let counted = |series: &str| market_data.series[series];
    for (stream, count) in expected["messages_by_stream"].as_object().unwrap() {
        let series = format!("feed_messages_total{{stream=\"{stream}\"}}");
        assert_eq!(Some(counted(&series)), count.as_f64(), "{series}");
    }
    let intervals = &expected["inter_arrival_ns"];
    assert_eq!(Some(counted("feed_inter_arrival_seconds_count")), intervals["n"].as_f64());
    let sum = intervals["sum"].as_f64().unwrap() / 1e9;
    assert!((counted("feed_inter_arrival_seconds_sum") - sum).abs() < 1e-6);
    let latency = &expected["local_minus_event_ns (NEGATIVE: receiver clock is behind)"];
    let negative = counted("feed_local_minus_event_seconds_negative_total");
    assert_eq!(Some(negative), latency["negatives"].as_f64());
    assert_eq!(counted("feed_local_minus_event_seconds_count"), 0.0);
    assert_eq!(counted("market_data_websocket_connected"), 0.0);
    assert_eq!(counted("market_data_message_queue_size"), 0.0);
    // The recording does not name the aggressor. The inferred sides are right in total to 0.05 % of
    // all trades.
    let sides = expected["trades_by_aggressor_side"].as_object().unwrap();
    let all: f64 = sides.values().filter_map(Value::as_f64).sum();
    let side = |side: &str| counted(&format!("feed_trades_total{{side=\"{side}\"}}"));
    assert_eq!(side("buy") + side("sell"), all);
    for (name, count) in sides {
        let wrong = (side(name) - count.as_f64().unwrap()).abs();
        assert!(wrong <= all * 0.0005, "{name}: {wrong} of {all} are wrong");
    }
    trading.interrupt();
    assert!(trading.end().0.success());
}

#[test]
fn the_metrics_are_those_of_the_catalogue() {
    let Some(catalogue) = shared("trading/catalogue.json") else { return };
    let catalogue: Value = serde_json::from_str(&fs::read_to_string(catalogue).unwrap()).unwrap();
    let metrics = catalogue["trading-services"]["metrics"].as_array().unwrap();
    assert_eq!(metrics.len(), 33);
    let mut trading = Trading::start(&["--seed", "3"]);
    // By the third line there were orders, fills and positions.
    for _ in 0..3 {
        trading.wait_for("ticks/s");
    }
    let endpoints = trading.scrape();
    let own = |name: &str| {
        ["market_data_", "execution_", "risk_"].iter().position(|prefix| name.starts_with(prefix))
    };
    let mut expected: [BTreeSet<&str>; 3] = Default::default();
    for metric in metrics {
        let name = metric["name"].as_str().unwrap();
        let at = own(name).unwrap();
        expected[at].insert(name);
        assert_eq!(endpoints[at].types.get(name).map(String::as_str), metric["type"].as_str());
        let labels = metric["labels"].as_array().unwrap();
        let labels = labels.iter().map(|label| label.as_str().unwrap().to_owned()).collect();
        let is = endpoints[at].label_sets(name);
        // Series of symbols are there once something happened to the symbol.
        assert!(is.is_empty() || is == BTreeSet::from([labels]), "{name}: {is:?}");
    }
    for (at, exposition) in endpoints.iter().enumerate() {
        // Metrics of the whole program are exposed once.
        let is_first = at == 0;
        assert_eq!(exposition.types.contains_key("process_threads"), is_first);
        let build = exposition.series.keys().find(|series| series.starts_with("build_info{"));
        assert_eq!(build.is_some_and(|series| series.contains("name=\"trading\"")), is_first);
        // A histogram's values out of its range are counted beside it.
        let beside = |name: &str| {
            let histogram = ["_negative_total", "_saturated_total"]
                .iter()
                .find_map(|suffix| name.strip_suffix(suffix));
            histogram.is_some_and(|name| expected[at].contains(name))
        };
        let names = exposition.types.keys().map(String::as_str);
        let more: Vec<&str> = names
            .filter(|name| own(name).is_some() && !expected[at].contains(name) && !beside(name))
            .collect();
        assert!(more.is_empty(), "{more:?} are not in the catalogue");
    }
    let feed =
        ["inter_arrival_seconds", "local_minus_event_seconds", "messages_total", "trades_total"];
    let is: Vec<&str> =
        endpoints[0].types.keys().filter_map(|name| name.strip_prefix("feed_")).collect();
    assert_eq!(is, feed);
    let filled = endpoints[1].series.iter();
    let filled = filled.filter(|(series, _)| series.starts_with("execution_orders_filled_total{"));
    assert!(filled.map(|(_, count)| count).sum::<f64>() > 0.0, "nothing was filled");
}

/// A file of its own for one test, gone when the test is.
struct Temporary(PathBuf);

impl Temporary {
    fn new(content: &str) -> Self {
        let name = format!("tickmetrics-trading-{}.csv", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::write(&path, content).unwrap();
        Self(path)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[test]
fn damaged_lines_are_told_counted_and_skipped() {
    let mut content = "local_ts_ns,stream,event_ms,transaction_ms,price,qty\n".to_owned();
    for nanosecond in 1..=30 {
        content += match nanosecond % 2 {
            0 => "1723161255088176367,trade,1723161256322,1723161256322,61800.30,0.006\n",
            _ => "1723161255088176367,trade,1723161256322,1723161256322,61800.30\n",
        };
    }
    let file = Temporary::new(&content);
    let file = file.0.to_str().unwrap();
    let (status, printed, errors) = Trading::start(&["--replay", file, "--speed", "max"]).end();
    assert!(status.success());
    assert!(printed.contains("15 messages;"), "{printed}");
    assert!(printed.contains("15 damaged lines were skipped"), "{printed}");
    assert!(errors.contains("line 2 is damaged"), "{errors}");
    assert_eq!(errors.lines().count(), 11, "{errors}");

    let (status, _, errors) = Trading::start(&["--replay", &format!("{file}-not-there")]).end();
    assert_eq!(status.code(), Some(1));
    assert!(errors.contains("can't read"), "{errors}");
}

#[test]
fn a_recording_that_is_cut_short_is_an_error() {
    let mut content = "local_ts_ns,stream,event_ms,transaction_ms,price,qty\n".to_owned();
    for at in 0..2_000 {
        let received = 1_723_161_255_080_000_000_u64 + at * 70_000;
        let _ = writeln!(content, "{received},trade,1723161256322,1723161256322,61800.30,0.006");
    }
    let Some(zipped) = feed("gzip", &["-c"], &content) else {
        return skip("gzip is not installed (apt-get install gzip)");
    };
    let path = std::env::temp_dir().join(format!("tickmetrics-cut-{}.csv.gz", std::process::id()));
    for (kept, code) in [(zipped.stdout.len(), 0), (zipped.stdout.len() / 2, 1)] {
        fs::write(&path, &zipped.stdout[..kept]).unwrap();
        let arguments = ["--replay", path.to_str().unwrap(), "--speed", "max"];
        let (status, printed, errors) = Trading::start(&arguments).end();
        assert_eq!(status.code(), Some(code), "{errors}");
        // The readable part is shown all the same.
        assert!(printed.contains(" messages; realized gain"), "{printed}");
        assert_eq!(errors.contains("can't be read on in line"), code == 1, "{errors}");
        assert_eq!(errors.lines().count(), usize::try_from(code).unwrap(), "{errors}");
    }
    fs::remove_file(path).unwrap();
}

#[test]
fn it_has_a_version() {
    for argument in ["--version", "-V"] {
        let (status, printed, errors) = Trading::start(&[argument]).end();
        assert!(status.success(), "{errors}");
        assert_eq!(printed, format!("trading {}\n", env!("CARGO_PKG_VERSION")));
    }
}

#[test]
fn a_taken_port_is_told() {
    for offset in [0, 2] {
        let ports = free_ports();
        let taken = TcpListener::bind(("127.0.0.1", ports + offset)).unwrap();
        let (status, _, errors) = Trading::start_on(ports, &["--seconds", "60"]).end();
        assert_eq!(status.code(), Some(1));
        assert!(errors.contains(&taken.local_addr().unwrap().to_string()), "{errors}");
        assert!(errors.contains("--port-base"), "{errors}");
    }
}

#[test]
fn where_files_run_out_other_ports_are_not_advised() {
    let mut of_files = 0;
    // Of these, some are too few for an exporter's socket, some for its thread, and some are enough.
    for limit in 4..40 {
        let ports = free_ports().to_string();
        let script = format!("ulimit -n {limit}; exec \"$0\" --seconds 0 --port-base {ports}");
        let output = Command::new("sh").args(["-c", &script]).arg(program()).output().unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(!errors.contains("--port-base"), "{errors}");
        of_files += usize::from(errors.contains("can't listen on") && errors.contains("ulimit -n"));
        if output.status.success() {
            break;
        }
    }
    assert!(of_files > 0);
}

#[test]
fn an_interrupt_ends_it_with_the_table() {
    let mut trading = Trading::start(&[]);
    trading.wait_for("ticks/s");
    trading.interrupt();
    let (status, printed, errors) = trading.end();
    assert!(status.success(), "{status}");
    assert!(printed.contains("on_tick") && printed.contains("p99.9"), "{printed}");
    assert_eq!(errors, "");
}

#[test]
fn it_ends_when_it_was_told_to() {
    let (status, printed, _) = Trading::start(&["--seconds", "0.2"]).end();
    assert!(status.success() && printed.contains("on_tick"), "{printed}");
    let (status, printed, errors) = Trading::start(&["--nonsense"]).end();
    assert_eq!((status.code(), printed.as_str()), (Some(1), ""));
    assert!(errors.contains("--nonsense"), "{errors}");
}
