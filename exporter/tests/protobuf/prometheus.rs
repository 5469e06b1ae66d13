//! Prometheus itself scrapes, and is asked what it has. Another one than the system's can be named
//! by the environment variable `PROMETHEUS`.

use exporter::Format;
use metrics_core::prelude::*;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};
use tests::programs::skip;

/// A first scrape takes some seconds on an idle machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// A server of a program's own, on a thread that ends with the process: answers every request with
/// the registry, and tells which type of content it answered with.
fn serve(registry: Registry) -> (SocketAddr, mpsc::Receiver<&'static str>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut accept = None;
            for line in BufReader::new(&stream).lines() {
                let Ok(line) = line else { break };
                match line.split_once(": ") {
                    Some(("Accept", value)) => accept = Some(value.to_owned()),
                    None if line.is_empty() => break,
                    _ => {}
                }
            }
            let (content_type, body) = exporter::render(&registry.snapshot(), accept.as_deref());
            let length = body.len();
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\
                 Connection: close\r\n\r\n"
            );
            // A client that went away is its own loss.
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
            let _ = tell.send(content_type);
        }
    });
    (address, told)
}

struct Prometheus {
    child: Child,
    address: SocketAddr,
    folder: PathBuf,
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Prometheus {
    /// Scraping the target; `None`, loudly, where it is not installed.
    fn start(name: &str, target: SocketAddr, arguments: &[&str]) -> Option<Self> {
        let program = std::env::var_os("PROMETHEUS").unwrap_or_else(|| "prometheus".into());
        if let Err(error) = Command::new(&program).arg("--version").output() {
            skip(&format!("prometheus is not installed (apt-get install prometheus): {error}"));
            return None;
        }
        let folder =
            std::env::temp_dir().join(format!("tickmetrics-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let config = folder.join("prometheus.yml");
        let text = format!(
            "global: {{scrape_interval: 1s}}\nscrape_configs: [{{job_name: tick, \
             static_configs: [{{targets: ['{target}']}}]}}]\n"
        );
        std::fs::write(&config, text).unwrap();
        // It does not tell which port it has when it may choose: one that was free just now.
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        let child = Command::new(program)
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(folder.join("log")).unwrap())
            .spawn()
            .unwrap();
        Some(Self { child, address, folder })
    }

    /// The answer of its HTTP interface, if there is one yet.
    fn ask(&self, query: &str) -> Option<Value> {
        let mut stream = TcpStream::connect(self.address).ok()?;
        // With 1.0 the answer ends with the connection.
        let request = format!("GET /api/v1/query?query={query} HTTP/1.0\r\nHost: a\r\n\r\n");
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()
    }

    /// What it has of the target, once that is up.
    fn series(&self) -> Vec<Value> {
        let begin = Instant::now();
        while begin.elapsed() < PATIENCE {
            let up = self.ask("up").map(|answer| answer["data"]["result"][0]["value"][1].clone());
            if up.is_some_and(|up| up == "1") {
                let answer = self.ask("%7Bjob=%22tick%22%7D").unwrap();
                assert_eq!(answer["status"], "success", "{answer}");
                return answer["data"]["result"].as_array().unwrap().clone();
            }
            thread::sleep(Duration::from_millis(100));
        }
        let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        let targets = self.ask("up");
        panic!("the target is not up: {targets:?}\n{log}");
    }

    /// Names and labels of all simple series of the target, and their values.
    fn values(&self) -> BTreeMap<BTreeMap<String, String>, f64> {
        let of_prometheus = |name: &str| name == "up" || name.starts_with("scrape_");
        let series = self.series().into_iter().filter(|one| one["value"].is_array());
        series
            .filter_map(|one| {
                let mut labels: BTreeMap<String, String> =
                    serde_json::from_value(one["metric"].clone()).unwrap();
                if of_prometheus(&labels["__name__"]) {
                    return None;
                }
                labels.retain(|name, _| !matches!(&**name, "job" | "instance"));
                Some((labels, one["value"][1].as_str().unwrap().parse().unwrap()))
            })
            .collect()
    }
}

fn series(name: &str, labels: &[(&str, &str)]) -> BTreeMap<String, String> {
    let labels = labels.iter().map(|&(name, value)| (name.to_owned(), value.to_owned()));
    labels.chain([("__name__".to_owned(), name.to_owned())]).collect()
}

/// A registry of every kind of metric, and what Prometheus should have of it.
fn known() -> (Registry, BTreeMap<BTreeMap<String, String>, f64>) {
    let registry = Registry::new();
    let mut truth = BTreeMap::new();
    let described = |name: &str| Description::new(name, "Help, \"quoted\",\nin \\ lines.");
    let register = |description: Description| registry.register::<Counter<bool>>(&description);

    let odd = ("odd", "a\"b\\c\nd→😀} 5");
    let orders = register(described("orders_total").constant(odd.0, odd.1)).unwrap();
    orders.with(true).add(12_345_678_901);
    truth.insert(series("orders_total", &[odd, ("flag", "true")]), 12_345_678_901.0);
    truth.insert(series("orders_total", &[odd, ("flag", "false")]), 0.0);

    let waited = described("waited_seconds_total").unit("seconds");
    registry.register::<Counter>(&waited).unwrap().add(1_500_000_001);
    truth.insert(series("waited_seconds_total", &[]), 1.500_000_001);
    registry.register::<Gauge>(&described("limit").unit("bytes")).unwrap().set(-0.1);
    truth.insert(series("limit", &[]), -0.1);
    registry.register::<UpDownCounter>(&described("depth")).unwrap().sub(3);
    truth.insert(series("depth", &[]), -3.0);

    let wait = described("wait_seconds").unit("seconds").max(10_000_000_000);
    let edges = [100, 25_000, 500_000_000, 1_000_000_000, 10_000_000_000];
    let wait: Histogram = registry.register(&wait.buckets(edges)).unwrap();
    [50, 100, 20_000, 3_000_000, 999_000_000, 7_000_000_000, 60_000_000_000]
        .into_iter()
        .for_each(|nanos| wait.record(nanos));
    for (le, count) in
        [("1e-07", 2), ("2.5e-05", 3), ("0.5", 4), ("1.0", 5), ("10.0", 6), ("+Inf", 7)]
    {
        truth.insert(series("wait_seconds_bucket", &[("le", le)]), f64::from(count));
    }
    truth.insert(series("wait_seconds_count", &[]), 7.0);
    truth.insert(series("wait_seconds_sum", &[]), 68.002_020_15);
    truth.insert(series("wait_seconds_saturated_total", &[]), 1.0);

    let size = described("size").buckets([10, 2_000_000]);
    registry.register::<Histogram>(&size).unwrap().record(11);
    for (le, count) in [("10.0", 0), ("2e+06", 1), ("+Inf", 1)] {
        truth.insert(series("size_bucket", &[("le", le)]), f64::from(count));
    }
    truth.insert(series("size_count", &[]), 1.0);
    truth.insert(series("size_sum", &[]), 11.0);
    (registry, truth)
}

/// The same series, by name, labels and value, in whichever format.
fn prometheus_has_all(name: &str, format: Format, arguments: &[&str]) {
    let (registry, truth) = known();
    let (target, told) = serve(registry);
    let Some(prometheus) = Prometheus::start(name, target, arguments) else { return };
    let values = prometheus.values();
    for (series, value) in &truth {
        assert_eq!(values.get(series), Some(value), "{series:?} in {values:?}");
    }
    assert_eq!(values.len(), truth.len(), "{values:?}");
    assert_eq!(told.try_recv(), Ok(format.content_type()));
}

/// Its buckets are Prometheus' own, and what is in them is counted here.
#[test]
fn prometheus_has_native_histograms() {
    let registry = Registry::new();
    let wait = Description::new("wait_seconds", "Waited.").unit("seconds").native(3);
    let wait: Histogram<bool> = registry.register(&wait).unwrap();
    // Each in a cell of its own; powers of two of seconds are the last ones of their buckets.
    let nanos = [0, 0, 1, 1, 2, 3, 7, 100, 101, 255, 250_000_000, 500_000_000, 1_000_000_000];
    nanos.into_iter().for_each(|nanos| wait.with(true).record(nanos));
    let (target, told) = serve(registry);
    let arguments = ["--enable-feature=native-histograms"];
    let Some(prometheus) = Prometheus::start("native", target, &arguments) else { return };
    let series = prometheus.series();
    assert_eq!(told.try_recv(), Ok(Format::Protobuf.content_type()));
    let of = |flag: &str| {
        let one = series.iter().find(|one| {
            one["metric"]["__name__"] == "wait_seconds" && one["metric"]["flag"] == flag
        });
        one.unwrap_or_else(|| panic!("{flag} is not in {series:?}"))["histogram"][1].clone()
    };
    assert_eq!((&of("false")["count"], &of("false")["buckets"]), (&"0".into(), &Value::Null));
    let histogram = of("true");
    let number = |of: &Value| of.as_str().unwrap().parse::<f64>().unwrap();
    assert_eq!(number(&histogram["count"]), nanos.len() as f64);
    assert_eq!(number(&histogram["sum"]), nanos.iter().sum::<u64>() as f64 / 1e9);
    let mut seen = 0;
    for bucket in histogram["buckets"].as_array().unwrap() {
        // 3 has both edges in it, 0 the upper one.
        let (closed, low, high) = (&bucket[0], number(&bucket[1]), number(&bucket[2]));
        let values = nanos.iter().map(|&nanos| nanos as f64 / 1e9);
        let inside = values
            .filter(|&value| value <= high && (value > low || *closed == 3 && value == low))
            .count();
        assert_eq!(number(&bucket[3]), inside as f64, "{bucket}");
        assert!(high < 0.0 || low <= 0.0 || high / low < 1.0906, "{bucket}");
        seen += inside;
    }
    assert_eq!(seen, nanos.len(), "{histogram}");
}

#[test]
fn prometheus_reads_protobuf() {
    let arguments = ["--enable-feature=native-histograms"];
    prometheus_has_all("protobuf", Format::Protobuf, &arguments);
}

/// Through the exporter, compressed, which Prometheus always accepts.
#[test]
fn prometheus_scrapes_an_exporter() {
    let (registry, truth) = known();
    let builder = exporter::Exporter::builder().registry(&registry).listen("127.0.0.1:0");
    let exporter = builder.compress(true).start().unwrap();
    let arguments = ["--enable-feature=native-histograms"];
    let Some(prometheus) = Prometheus::start("gzip", exporter.local_addr(), &arguments) else {
        return;
    };
    let values = prometheus.values();
    for (series, value) in &truth {
        assert_eq!(values.get(series), Some(value), "{series:?} in {values:?}");
    }
    assert!(values.contains_key(&series("tickmetrics_exporter_scrapes_total", &[])));
}

#[test]
fn prometheus_reads_openmetrics() {
    prometheus_has_all("openmetrics", Format::OpenMetrics, &[]);
}
