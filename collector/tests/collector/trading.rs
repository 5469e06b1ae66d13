//! The three services of the program `trading`, collected as their user would.

use crate::support::{Memory, PATIENCE};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tickmetrics_collector::batch::EventKind::{SourceDown, SourceUp};
use tickmetrics_collector::{Candles, Collector, Source};

pub(crate) const SERVICES: [&str; 3] = ["market-data", "execution", "risk"];

/// The program, running. It ends with this value.
pub(crate) struct Trading(Child);

impl Trading {
    /// Starts it on three ports from this one on. By the second line there were orders and fills.
    pub(crate) fn start(ports: u16) -> Self {
        Self::start_with(ports, &["--seed", "3"], "ticks/s", 2)
    }

    /// Starts it, and waits for a number of lines with a text.
    pub(crate) fn start_with(ports: u16, arguments: &[&str], text: &str, count: usize) -> Self {
        let build = ["build", "--bin", "trading", "--message-format=json"];
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
        let output = Command::new(env!("CARGO"))
            .args(build)
            .current_dir(root)
            .stderr(Stdio::inherit())
            .output()
            .unwrap();
        let messages = String::from_utf8(output.stdout).unwrap();
        let program = messages.lines().find_map(|line| {
            let message: serde_json::Value = serde_json::from_str(line).ok()?;
            (message["target"]["name"] == "trading").then_some(())?;
            message["executable"].as_str().map(str::to_owned)
        });
        let mut child = Command::new(program.expect("cargo names the program"))
            .args(arguments)
            .args(["--port-base", &ports.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let found = lines.by_ref().filter(|line| line.contains(text)).take(count).count();
        let trading = Self(child);
        assert_eq!(found, count, "it ended before");
        // It goes on printing.
        std::thread::spawn(move || lines.for_each(drop));
        trading
    }
}

impl Drop for Trading {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The first of three ports that nobody listens on.
pub(crate) fn free_ports() -> u16 {
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

#[test]
fn all_services_are_collected_continuously() {
    let ports = free_ports();
    let trading = Trading::start(ports);
    let memory = Memory::default();
    let batches = Arc::new(Mutex::new(Vec::new()));
    let seen = batches.clone();
    let mut builder = Collector::builder().interval(Duration::from_millis(200));
    for (service, port) in SERVICES.into_iter().zip(ports..) {
        let prefix = format!("{}_*", service.replace('-', "_"));
        let source = Source::new(format!("127.0.0.1:{port}")).service(service);
        builder = builder.source(source.allow(prefix).timeout(PATIENCE));
    }
    let candles = Candles::of("market_data_price").volume("market_data_volume_total");
    let collector = builder
        .candles(candles.interval(Duration::from_secs(1)))
        .store(Box::new(memory.clone()))
        .on_cycle(move |cycle| seen.lock().unwrap().push(cycle.batch.samples.len()))
        .start()
        .unwrap();
    // Each endpoint is there, and cycles go on.
    for service in SERVICES {
        memory.wait_for("samples of three cycles", |stored| {
            let times: BTreeSet<_> = stored.samples(service).iter().map(|it| it.time).collect();
            (times.len() >= 3).then_some(())
        });
    }
    let status = collector.status();
    assert!(
        status.sources.iter().all(tickmetrics_collector::SourceStatus::is_up)
            && status.failed_scrapes == 0,
        "{status:?}"
    );
    // The whole program goes: each service is down, once.
    drop(trading);
    memory.wait_for("three ends", |stored| {
        let is_down = |service: &&str| stored.kinds(service) == [SourceUp, SourceDown];
        SERVICES.iter().all(is_down).then_some(())
    });
    let status = collector.stop().unwrap();
    assert!(status.sources.iter().all(|it| !it.is_up()), "{status:?}");
    memory.with(|stored| {
        // One cycle is one batch, however many rows it has.
        let written: Vec<_> = stored.batches.iter().map(|it| it.samples.len()).collect();
        let seen: Vec<_> = batches.lock().unwrap().clone();
        let with_rows =
            |all: &[usize]| all.iter().copied().filter(|&it| it > 0).collect::<Vec<_>>();
        assert_eq!(with_rows(&written), with_rows(&seen));
        for (service, least) in SERVICES.into_iter().zip([8, 7, 8]) {
            let samples = stored.samples(service);
            let names: BTreeSet<_> = samples.iter().map(|it| &*it.series.name).collect();
            let prefix = service.replace('-', "_");
            assert!(names.iter().all(|name| name.starts_with(&prefix)), "{names:?}");
            assert!(names.len() >= least, "{names:?}");
        }
        // Candles agree with the prices that were stored.
        let prices = stored.samples("market-data").into_iter();
        let prices: Vec<_> = prices.filter(|it| &*it.series.name == "market_data_price").collect();
        let candles: Vec<_> = stored.batches.iter().flat_map(|it| &it.candles).collect();
        assert!(!candles.is_empty());
        assert_eq!(candles.iter().map(|it| it.samples).sum::<u64>(), prices.len() as u64);
        for candle in candles {
            let of_candle: Vec<f64> = prices
                .iter()
                .filter(|it| it.series.symbol.as_ref() == Some(&candle.symbol))
                .filter(|it| (candle.start..candle.start + candle.interval).contains(&it.time))
                .filter_map(|it| match it.value {
                    tickmetrics_collector::batch::Value::Number(value) => Some(value),
                    _ => None,
                })
                .collect();
            let ends = (of_candle.first().copied(), of_candle.last().copied());
            assert_eq!(ends, (Some(candle.open), Some(candle.close)));
            assert_eq!(of_candle.iter().copied().fold(f64::MIN, f64::max), candle.high);
            assert_eq!(of_candle.iter().copied().fold(f64::MAX, f64::min), candle.low);
        }
    });
}
