//! Users' own sources, their failures and their order; and labels for all of them.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use tests::http::{Client, series};
use tickmetrics::prelude::*;
use tickmetrics_exporter::{Exporter, Source};

/// The results of its scrapes, in turn.
struct Moody(Arc<AtomicU64>);

impl Source for Moody {
    fn snapshot(&mut self) -> Result<Snapshot, Box<dyn Error + Send + Sync>> {
        let turn = self.0.fetch_add(1, Relaxed);
        match turn % 3 {
            0 => Err("the disk is away".into()),
            1 => panic!("the source panics"),
            _ => {
                let mut snapshot = Snapshot::default();
                let turns = Description::new("turns_total", "Turns.").constant("of", "a \"b\"");
                snapshot.add_counter(&turns, turn as f64)?;
                Ok(snapshot)
            }
        }
    }
}

fn registry(name: &str) -> Registry {
    let registry = Registry::new();
    registry.register::<Counter>(&Description::new(name, "Help.")).unwrap().add(3);
    registry
}

#[test]
fn a_source_that_fails_takes_nothing_else_away() {
    let turns = Arc::new(AtomicU64::new(2));
    let builder = Exporter::builder().source(Moody(Arc::clone(&turns))).process_metrics(false);
    let exporter =
        builder.registry(&registry("ticks_total")).listen("127.0.0.1:0").start().unwrap();
    let mut client = Client::new(exporter.local_addr().unwrap());
    // The exporter may ask before the first client does.
    let failures = "tickmetrics_exporter_source_errors_total";
    let before = series(&client.request("GET", "/metrics").body)[failures];
    turns.store(3, Relaxed);
    for (turn, failed) in [(3, 1.0), (4, 2.0), (5, 2.0), (6, 3.0), (7, 4.0), (8, 4.0)] {
        let answer = client.request("GET", "/metrics");
        let series = series(&answer.body);
        assert_eq!(series["ticks_total"], 3.0);
        assert_eq!(series[failures], before + failed, "{turn}");
        let own = series.get("turns_total{of=\"a \\\"b\\\"\"}").copied();
        assert_eq!(own, (turn % 3 == 2).then_some(f64::from(turn)), "{}", answer.body);
    }
    exporter.shutdown();
}

#[test]
fn the_first_source_keeps_a_name() {
    let other = registry("turns_total");
    let builder = Exporter::builder().registry(&other).source(Moody(Arc::new(2.into())));
    let exporter = builder.listen("127.0.0.1:0").start().unwrap();
    let mut client = Client::new(exporter.local_addr().unwrap());
    for _ in 0..3 {
        let answer = client.request("GET", "/metrics");
        let series = series(&answer.body);
        assert_eq!(series["turns_total"], 3.0);
    }
    exporter.shutdown();
}

#[derive(Clone, Copy, Label)]
#[label(capacity = 100)]
struct Symbol(LabelId);

#[test]
fn all_metrics_get_the_labels_of_the_exporter() {
    let (one, two) = (registry("ticks_total"), Registry::new());
    let orders: Counter<Symbol> = two.register(&Description::new("orders_total", "O.")).unwrap();
    let host = Description::new("wait", "Waited.").constant("host", "its own").extremes();
    let wait: Histogram = two.register(&host).unwrap();
    let builder = Exporter::builder().registry(&one).registry(&two).label("host", "a\"b");
    let builder = builder.label("desk.name", "x").interval(std::time::Duration::ZERO);
    let exporter = builder.listen("127.0.0.1:0").start().unwrap();
    let mut client = Client::new(exporter.local_addr().unwrap());
    let both = r#"host="a\"b",desk_name="x""#;
    for turn in 1..=4_u32 {
        orders.with(Symbol::intern(&format!("S{turn}"))).inc();
        wait.record(u64::from(turn));
        let answer = client.request("GET", "/metrics");
        let series = series(&answer.body);
        assert_eq!(series[&*format!("ticks_total{{{both}}}")], 3.0);
        assert!(series[&*format!("process_threads{{{both}}}")] > 0.0);
        let scrapes = format!("tickmetrics_exporter_scrapes_total{{{both}}}");
        assert_eq!(series[&*scrapes], f64::from(turn));
        for symbol in 1..=turn {
            let name = format!("orders_total{{{both},symbol=\"S{symbol}\"}}");
            assert_eq!(series[&*name], 1.0, "{}", answer.body);
        }
        let own = r#"{desk_name="x",host="its own"}"#;
        assert_eq!(series[&*format!("wait_count{own}")], f64::from(turn));
        // The values since the scrape before.
        assert_eq!(series[&*format!("wait_max{own}")], f64::from(turn));
        assert_eq!(series[&*format!("wait_min{own}")], f64::from(turn));
        let without = answer.body.lines().filter(|line| !line.starts_with('#'));
        assert!(without.clone().all(|line| line.contains("desk_name=\"x\"")), "{}", answer.body);
        assert!(without.count() > 40);
    }
    exporter.shutdown();
}

#[test]
fn a_label_that_can_be_none_is_an_error() {
    for (name, value) in
        [("le", "x"), ("quantile", "x"), ("__a", "x"), ("", "x"), ("a", &"x".repeat(1025)[..])]
    {
        let started = Exporter::builder().label(name, value).listen("127.0.0.1:0").start();
        let Err(error) = started else { panic!("{name:?} is taken") };
        let error = error.to_string();
        assert!(error.contains(&format!("{name:?}")), "{error}");
    }
    let twice = Exporter::builder().label("a", "x").label("a", "y").listen("127.0.0.1:0").start();
    assert!(twice.err().unwrap().to_string().contains("appears twice"));
}
