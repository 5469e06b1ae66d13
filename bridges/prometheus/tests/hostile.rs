//! Registries that are wrong: nothing invalid is exposed, and nothing else is lost.

mod support;

use prometheus::Registry;
use prometheus::core::{Collector, Desc};
use prometheus::proto::{MetricFamily, MetricType};
use proptest::prelude::*;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;
use support::{Given, family, flat, gauge, summary};
use tests::http::{Client, series};
use tickmetrics::Snapshot;
use tickmetrics_exporter::parse::{self, Limits};
use tickmetrics_exporter::{Exporter, LeftOut, Source, encode};
use tickmetrics_prometheus::PrometheusRegistry;

fn registry(collector: impl Collector + 'static) -> Registry {
    let registry = Registry::new();
    registry.register(Box::new(collector)).unwrap();
    registry
}

fn exposed(families: Vec<MetricFamily>) -> (Snapshot, Vec<LeftOut>) {
    let mut source = PrometheusRegistry::new(registry(Given(families)));
    (source.snapshot().unwrap(), source.left_out())
}

#[test]
fn what_is_refused_is_left_out_as_a_whole() {
    let histogram = |name: &str| {
        let one = gauge(&[], 0.0);
        family(name, MetricType::HISTOGRAM, vec![one])
    };
    let gauges = |name: &str, labels: &[&[(&str, &str)]]| {
        let metrics = labels.iter().map(|labels| gauge(labels, 1.0)).collect();
        family(name, MetricType::GAUGE, metrics)
    };
    let mut without_type = gauges("untyped", &[&[]]);
    without_type.set_field_type(MetricType::UNTYPED);
    let (snapshot, left_out) = exposed(vec![
        gauges("sound", &[&[("b", "1"), ("a", "2")], &[("a", "3"), ("b", "1")]]),
        gauges("named\n", &[&[]]),
        gauges("reserved", &[&[("__a", "1")]]),
        gauges("mixed", &[&[("a", "1")], &[("b", "1")]]),
        gauges("same", &[&[("a", "1")], &[("a", "1")]]),
        gauges("twice", &[&[("a", "1"), ("a", "2")]]),
        gauges("x_count", &[&[]]),
        histogram("x"),
        summary("falling", &[(0.9, 1.0), (0.5, 1.0)], 1, 1.0),
        without_type,
    ]);
    let names: Vec<_> = snapshot.families().map(|family| family.name()).collect();
    // The registry sorts by name: the histogram comes first.
    assert_eq!(names, ["sound", "x"]);
    assert_eq!(snapshot.family("sound").unwrap().series_count(), 2);
    let mut left_out = left_out.iter().map(|it| (&*it.name, &*it.reason));
    let expected = [
        ("falling", "quantiles must rise"),
        ("mixed", "other labels"),
        ("named\n", "control character"),
        ("reserved", "reserved"),
        ("same", "same series"),
        ("twice", "twice"),
        ("untyped", "no type"),
        ("x_count", "both would be exposed as \"x_count\""),
    ];
    for (name, reason) in expected {
        let (there, why) = left_out.next().unwrap();
        assert!(there == name && why.contains(reason), "{there}: {why}");
    }
    assert!(left_out.next().is_none());
}

#[test]
fn texts_are_mended() {
    let mut blank = family("blank", MetricType::GAUGE, vec![gauge(&[], 1.0)]);
    blank.set_help(" \n".to_owned());
    let mut tab = family("tab", MetricType::GAUGE, vec![gauge(&[("a", "\0\r\n")], 1.0)]);
    tab.set_help("a\tb\nc".to_owned());
    let (snapshot, left_out) = exposed(vec![blank, tab]);
    assert_eq!(left_out, []);
    let help = snapshot.families().map(|family| family.help());
    assert!(help.eq(["No help text.", "a b\nc"]));
}

/// The exporter's own metrics and a program's go before.
#[test]
fn clashes_are_counted() {
    let own = tickmetrics::Registry::new();
    let ticks = tickmetrics::Description::new("ticks_total", "Ticks.");
    own.register::<tickmetrics::Counter>(&ticks).unwrap().add(5);
    let one = |name: &str| family(name, MetricType::GAUGE, vec![gauge(&[], 7.0)]);
    let families = vec![
        one("sound"),
        one("ticks_total"),
        one("tickmetrics_exporter_scrapes_total"),
        one("bad\0name"),
    ];
    let source = PrometheusRegistry::new(registry(Given(families)));
    let builder = Exporter::builder().registry(&own).source(source).process_metrics(false);
    let exporter = builder.listen("127.0.0.1:0").start().unwrap();
    let mut client = Client::new(exporter.local_addr().unwrap());
    for _ in 0..3 {
        let answer = client.request("GET", "/metrics");
        let series = series(&answer.body);
        assert_eq!((series["sound"], series["ticks_total"]), (7.0, 5.0));
        assert_eq!(series["tickmetrics_exporter_left_out_families"], 3.0, "{}", answer.body);
        assert_eq!(series["tickmetrics_exporter_source_errors_total"], 0.0);
    }
    exporter.shutdown();
}

/// A collector of one gauge, and what it does at its next collections.
#[derive(Clone)]
struct Mood(&'static str, Arc<(Mutex<Does>, Condvar)>);

#[derive(Clone, Copy, PartialEq)]
enum Does {
    Answers,
    Blocks,
    Panics,
}

impl Mood {
    fn new(gauge: &'static str, does: Does) -> Self {
        Self(gauge, Arc::new((Mutex::new(does), Condvar::new())))
    }

    fn set(&self, does: Does) {
        let (mood, changed) = &*self.1;
        *mood.lock().unwrap() = does;
        changed.notify_all();
    }
}

impl Collector for Mood {
    fn desc(&self) -> Vec<&Desc> {
        Vec::new()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let (mood, changed) = &*self.1;
        let blocks = |does: &mut Does| *does == Does::Blocks;
        let does = *changed.wait_while(mood.lock().unwrap(), blocks).unwrap();
        assert!(does != Does::Panics, "the collector panics");
        vec![family(self.0, MetricType::GAUGE, vec![gauge(&[], 1.0)])]
    }
}

#[test]
fn a_collector_that_blocks_or_panics_takes_nothing_else_away() {
    let (moody, stuck) = (Mood::new("moody", Does::Answers), Mood::new("stuck", Does::Blocks));
    // Long enough for a busy machine, and shorter than any answer of the second one.
    let limits = [Duration::from_secs(60), Duration::from_millis(1)];
    let mut builder = Exporter::builder().process_metrics(false);
    for (mood, limit) in [&moody, &stuck].into_iter().zip(limits) {
        builder = builder.source(PrometheusRegistry::new(registry(mood.clone())).time_limit(limit));
    }
    let exporter = builder.listen("127.0.0.1:0").start().unwrap();
    let mut client = Client::new(exporter.local_addr().unwrap());
    let mut scrape = |gauge: &str| {
        let answer = client.request("GET", "/metrics");
        assert!(answer.body.contains("tickmetrics_exporter_scrapes_total"));
        series(&answer.body).get(gauge).copied()
    };
    for does in [Does::Answers, Does::Panics, Does::Panics, Does::Answers] {
        moody.set(does);
        assert_eq!(scrape("moody"), (does == Does::Answers).then_some(1.0));
        assert_eq!(scrape("stuck"), None);
    }
    stuck.set(Does::Answers);
    // Sooner or later it answers within a millisecond.
    while scrape("stuck").is_none() {}
    exporter.shutdown();
}

#[test]
fn a_late_answer_is_not_used() {
    let mood = Mood::new("late", Does::Blocks);
    let source = PrometheusRegistry::new(registry(mood.clone()));
    let mut source = source.time_limit(Duration::from_millis(1));
    for _ in 0..3 {
        let error = source.snapshot().unwrap_err().to_string();
        assert!(error.contains("takes more than 1ms"), "{error}");
    }
    mood.set(Does::Panics);
    let mut source = source.time_limit(Duration::from_secs(60));
    // The late thread panics now, and so do those after it.
    while !source.snapshot().unwrap_err().to_string().contains("panicked") {}
    mood.set(Does::Answers);
    assert_eq!(source.snapshot().unwrap().families().count(), 1);
}

/// Any text, and mostly short ones of few characters, so that some are the same.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[a-c_:.é\"\\\\\n ]{0,3}", 2 => "[a-z_][a-z0-9_]{0,9}", 1 => ".{0,20}"]
}

fn families() -> impl Strategy<Value = Vec<MetricFamily>> {
    let labels = prop::collection::vec((text(), text()), 0..4);
    let gauges = prop::collection::vec((labels, any::<f64>()), 1..4);
    let one = (text(), text(), gauges, prop::sample::select(&KINDS[..]));
    let family = |(name, help, gauges, kind): (String, String, Vec<(Vec<_>, f64)>, MetricType)| {
        let metrics = gauges.iter().map(|(labels, value)| {
            let labels: Vec<(&str, &str)> =
                labels.iter().map(|(name, value): &(String, String)| (&**name, &**value)).collect();
            gauge(&labels, *value)
        });
        let mut family = family(&name, kind, metrics.collect());
        family.set_help(help);
        family
    };
    prop::collection::vec(one.prop_map(family), 0..5)
}

const KINDS: [MetricType; 5] = [
    MetricType::COUNTER,
    MetricType::GAUGE,
    MetricType::HISTOGRAM,
    MetricType::SUMMARY,
    MetricType::UNTYPED,
];

proptest! {
    #[test]
    fn any_registry_is_a_valid_exposition(families in families()) {
        let mut names: Vec<_> = families.iter().map(|it| it.name().to_owned()).collect();
        names.sort();
        names.dedup();
        let (snapshot, left_out) = exposed(families);
        // Each family is there, or it is left out and has a reason.
        prop_assert_eq!(snapshot.families().count() + left_out.len(), names.len());
        let limits = Limits::default();
        let (mut text, mut openmetrics) = (String::new(), String::new());
        encode::text(&snapshot, &mut text);
        encode::openmetrics(&snapshot, &mut openmetrics);
        let mut protobuf = Vec::new();
        encode::protobuf(&snapshot, &mut protobuf);
        let text = flat(&parse::text(text.as_bytes(), &limits).unwrap());
        parse::openmetrics(openmetrics.as_bytes(), &limits).unwrap();
        let protobuf = flat(&parse::protobuf(&protobuf, &limits).unwrap());
        prop_assert_eq!(text, protobuf);
    }
}
