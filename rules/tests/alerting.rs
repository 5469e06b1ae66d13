//! A generated alert on its whole way: Prometheus, Alertmanager, and the receiver.

use serde_json::Value;
use std::env::temp_dir;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;
use tests::programs::skip;
use tests::prometheus::Prometheus;
use tickmetrics::prelude::*;
use tickmetrics_exporter::Exporter;
use tickmetrics_rules::Catalogue;
use tickmetrics_rules::generate::Generator;
use tickmetrics_rules::output::write;

/// What is waited for comes within seconds on an idle machine.
const PATIENCE: Duration = Duration::from_secs(120);

#[derive(Metrics)]
#[metrics(prefix = "feed")]
struct FeedMetrics {
    /// Whether the feed is connected.
    #[metric(alert(
        name = "FeedDown",
        equals = 0,
        priority = "P0",
        summary = "The feed is down."
    ))]
    connected: Gauge,
    /// Messages that wait.
    #[metric(alert(name = "Backlog", above = 80, priority = "P1", summary = "Messages wait."))]
    waiting: Gauge,
}

/// A receiver of notifications, which are passed on.
fn receiver() -> (SocketAddr, Receiver<Value>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, notifications) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            let mut reader = BufReader::new(&stream);
            let mut length = 0;
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
                    break;
                }
                if let Some((name, value)) = line.split_once(": ")
                    && name.eq_ignore_ascii_case("content-length")
                {
                    length = value.trim().parse().unwrap();
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            (&stream).write_all(answer).unwrap();
            // The test may be over.
            let _ = sender.send(serde_json::from_slice(&body).unwrap());
        }
    });
    (address, notifications)
}

/// Alertmanager, killed at the end.
struct Alertmanager {
    child: Child,
    address: SocketAddr,
}

impl Alertmanager {
    fn start(folder: &std::path::Path) -> Option<Self> {
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        let child = Command::new("prometheus-alertmanager")
            .arg(format!("--config.file={}", folder.join("alertmanager.yml").display()))
            .arg(format!("--storage.path={}", folder.join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .arg("--cluster.listen-address=")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        match child {
            Ok(child) => Some(Self { child, address }),
            Err(error) => {
                let install = "apt-get install prometheus-alertmanager";
                skip(&format!("prometheus-alertmanager is not installed ({install}): {error}"));
                None
            }
        }
    }

    /// The state of an alert, once it is there.
    fn state(&self, name: &str) -> Option<String> {
        let mut stream = TcpStream::connect(self.address).ok()?;
        stream.write_all(b"GET /api/v2/alerts HTTP/1.0\r\nHost: a\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let alerts: Value = serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()?;
        let alert = alerts.as_array()?.iter().find(|it| it["labels"]["alertname"] == name)?;
        alert["status"]["state"].as_str().map(str::to_owned)
    }
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn an_alert_reaches_its_receiver_and_ends() {
    let registry = Registry::new();
    let metrics = FeedMetrics::register(&registry).unwrap();
    metrics.connected.set(1);
    let exporter = Exporter::builder().registry(&registry).listen("127.0.0.1:0").start().unwrap();
    let target = exporter.local_addr().unwrap();
    let (webhook, notifications) = receiver();

    let folder = temp_dir().join(format!("tickmetrics-alerting-{}", std::process::id()));
    let catalogue = Catalogue::of_registry(&registry).service("feed");
    let generator = Generator::new().webhook(format!("http://{webhook}/"));
    write(&folder, &generator.outputs(&[catalogue]).unwrap()).unwrap();
    let Some(alertmanager) = Alertmanager::start(&folder) else { return };
    let rules = folder.join("feed.rules.yml");
    let jobs = [("feed", target)];
    let Some(prometheus) =
        Prometheus::start_alerting("alerting", &jobs, &rules, alertmanager.address)
    else {
        return;
    };

    // Nothing fires while all is well.
    prometheus.until("feed_connected", || {
        prometheus.query("feed_connected == 1", None).filter(|series| !series.is_empty())
    });
    assert_eq!(prometheus.query("ALERTS{alertstate=\"firing\"}", None), Some(Vec::new()));

    metrics.waiting.set(100);
    metrics.connected.set(0);
    let notification = notifications.recv_timeout(PATIENCE).unwrap();
    assert_eq!(notification["receiver"], "p0");
    assert_eq!(notification["status"], "firing");
    let alert = &notification["alerts"][0];
    let labels = serde_json::json!({
        "alertname": "FeedDown", "instance": target.to_string(), "job": "feed", "priority": "P0",
        "service": "feed",
    });
    assert_eq!(alert["labels"], labels);
    assert_eq!(alert["annotations"]["summary"], "The feed is down.");
    // The urgent one explains the other one.
    prometheus
        .until("Backlog", || alertmanager.state("Backlog").filter(|state| state == "suppressed"));
    assert_eq!(alertmanager.state("FeedDown").as_deref(), Some("active"));

    metrics.connected.set(1);
    prometheus.until("the end of FeedDown", || {
        let query = "ALERTS{alertname=\"FeedDown\"}";
        prometheus.query(query, None).filter(Vec::is_empty)
    });
    prometheus
        .until("Backlog alone", || alertmanager.state("Backlog").filter(|state| state == "active"));
    drop(prometheus);
    let _ = fs::remove_dir_all(&folder);
}
