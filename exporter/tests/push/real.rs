//! Debian's prometheus-pushgateway, which exposes the pushed metrics.

use super::{PATIENCE, counter, start};
use std::io::{BufRead, BufReader, ErrorKind};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tests::http::Client;
use tests::processes::Folder;
use tests::programs::skip;
use tickmetrics::prelude::*;
use tickmetrics_exporter::encode::Format;
use tickmetrics_exporter::{AtEnd, Exporter, Push, PushError};

pub(crate) struct Pushgateway {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Pushgateway {
    /// On a port that the system chooses; `None` where it is not installed; the skip is reported.
    pub(crate) fn start(arguments: &[&str]) -> Option<Self> {
        let mut command = Command::new("prometheus-pushgateway");
        command.args(["--web.listen-address=127.0.0.1:0", "--persistence.file="]).args(arguments);
        let mut child = match command.stderr(Stdio::piped()).spawn() {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                skip("prometheus-pushgateway is not installed (apt-get install it)");
                return None;
            }
            child => child.unwrap(),
        };
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = loop {
            let line = lines.next().expect("it says where it listens").unwrap();
            if let Some((_, address)) = line.split_once("msg=\"Listening on\" address=") {
                break address.parse().unwrap();
            }
        };
        // It must not be stopped by a pipe that is full.
        std::thread::spawn(move || lines.for_each(drop));
        Some(Self { child, address })
    }

    fn push(&self) -> Push {
        Push::new(format!("http://{}", self.address), "a/b").at_end(AtEnd::Nothing)
    }

    /// The lines of samples of some names.
    fn samples(&self, names: &[&str]) -> Vec<String> {
        let answer = Client::new(self.address).request("GET", "/metrics");
        assert_eq!(answer.status, 200, "{}", answer.body);
        let lines = answer.body.lines().filter(|line| {
            names.iter().any(|name| line.strip_prefix(name).is_some_and(|it| it.starts_with('{')))
        });
        lines.map(str::to_owned).collect()
    }
}

impl Drop for Pushgateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn it_exposes_what_was_pushed_under_any_grouping_key() {
    let Some(gateway) = Pushgateway::start(&[]) else { return };
    let (registry, orders) = counter();
    let wait: Histogram<bool> = registry
        .register(&Description::new("wait", "Waited.").buckets([10, 100]).native(0))
        .unwrap();
    orders.add(3);
    wait.with(true).record(50);
    let mut count = 3;
    for (value, escaped) in [
        ("plain", "plain"),
        ("/var/tmp", "/var/tmp"),
        ("", ""),
        ("..", ".."),
        ("Προμηθεύς", "Προμηθεύς"),
        ("a b+c%2F?d#e", "a b+c%2F?d#e"),
        ("quote\" back\\ line\n", "quote\\\" back\\\\ line\\n"),
    ] {
        for format in [Format::Text, Format::Protobuf] {
            let push = gateway.push().grouping("last", "x").grouping("name", value).format(format);
            // With the process's metrics, which the gateway has of its own too.
            let builder = Exporter::builder().registry(&registry).push(push);
            builder.listen_nowhere().start().unwrap().push_now(PATIENCE).unwrap();
            let labels = format!("instance=\"\",job=\"a/b\",last=\"x\",name=\"{escaped}\"");
            let of_group = |name| {
                let mut samples = gateway.samples(&[name]);
                samples.retain(|sample| sample.contains(&labels));
                samples
            };
            assert_eq!(of_group("orders_total"), [format!("orders_total{{{labels}}} {count}")]);
            let buckets = of_group("wait_bucket");
            for (le, count) in [("10", 0), ("100", 1), ("+Inf", 1)] {
                let line = format!("wait_bucket{{flag=\"true\",{labels},le=\"{le}\"}} {count}");
                assert!(buckets.contains(&line), "{line} is not in {buckets:?}");
            }
            assert_eq!(of_group("process_start_time_seconds").len(), 1);
            orders.inc();
            count += 1;
        }
    }
}

#[test]
fn it_keeps_replaces_and_deletes() {
    let Some(gateway) = Pushgateway::start(&[]) else { return };
    let registry = |name: &str| {
        let registry = Registry::new();
        registry.register::<Gauge>(&Description::new(name, "Gauge.")).unwrap().set(1.5);
        registry
    };
    let names = || {
        let samples = gateway.samples(&["first", "second"]);
        samples.iter().map(|line| line.split('{').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    start(&registry("first"), gateway.push()).push_now(PATIENCE).unwrap();
    start(&registry("second"), gateway.push().replace(false)).push_now(PATIENCE).unwrap();
    assert_eq!(names(), ["first", "second"]);
    start(&registry("second"), gateway.push()).push_now(PATIENCE).unwrap();
    assert_eq!(names(), ["second"]);
    let push = gateway.push().at_end(AtEnd::Delete).end_within(PATIENCE);
    drop(start(&registry("second"), push));
    // It takes a deletion first, and makes it later.
    let end = Instant::now() + PATIENCE;
    while !names().is_empty() {
        assert!(Instant::now() < end, "it is not deleted");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn it_says_why_it_refuses() {
    let Some(gateway) = Pushgateway::start(&[]) else { return };
    let registry = Registry::new();
    // A gauge of the gateway's own.
    registry.register::<Counter>(&Description::new("go_goroutines", "Not these.")).unwrap();
    let outcome = start(&registry, gateway.push()).push_now(PATIENCE);
    let Err(PushError::Refused { status: 400, answer, .. }) = outcome else {
        panic!("{outcome:?}")
    };
    assert!(answer.contains("go_goroutines"), "{answer}");
}

#[test]
fn it_knows_who_pushes() {
    let folder = Folder::new("pushgateway");
    let file = folder.file();
    // "secret"
    let hash = "$2b$04$5otEYOdUGmTYxJ6fdIIu7O3WW1gwqJ1IUER3RBf4A.oMeAwU2cgpm";
    std::fs::write(&file, format!("basic_auth_users:\n  me: {hash}\n")).unwrap();
    let argument = format!("--web.config.file={}", file.display());
    let Some(gateway) = Pushgateway::start(&[&argument]) else { return };
    let (registry, _) = counter();
    let push = |push: Push| start(&registry, push).push_now(PATIENCE);
    push(gateway.push().basic_auth("me", "secret")).unwrap();
    for wrong in [gateway.push(), gateway.push().basic_auth("me", "Secret")] {
        let outcome = push(wrong);
        assert!(matches!(outcome, Err(PushError::Refused { status: 401, .. })), "{outcome:?}");
    }
}
