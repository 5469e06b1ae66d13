//! Catalogues against what is exposed, written and read.

use std::collections::BTreeSet;
use tickmetrics::Dynamic;
use tickmetrics::prelude::*;
use tickmetrics_exporter::encode::{self, Format, render_as};
use tickmetrics_exporter::parse::{self, Limits};
use tickmetrics_rules::catalogue::{CatalogueError, Part};
use tickmetrics_rules::lint::{Linter, Purpose};
use tickmetrics_rules::{Catalogue, Family, Kind, Label as Listed, Values};

#[derive(Clone, Copy, Label)]
enum Side {
    Buy,
    Sell,
}

#[derive(Clone, Copy, Label)]
#[label(capacity = 4)]
struct Symbol(LabelId);

#[derive(Metrics)]
struct GatewayMetrics {
    /// Orders sent.
    orders: Counter<(Side, Symbol)>,
    /// Orders in flight.
    in_flight: UpDownCounter<Side>,
    /// Whether it is connected.
    connected: Gauge,
    /// Time to acknowledge.
    #[metric(unit = "seconds", max = "1s", buckets = ["10us", "1ms"], native = 3, quantiles = [0.5, 0.99], extremes)]
    ack: Histogram<bool>,
    /// Slippage.
    #[metric(unit = "bps", buckets = [1, 5, 10])]
    slippage: Histogram,
}

fn registry() -> (Registry, GatewayMetrics) {
    let registry = Registry::new();
    let metrics = GatewayMetrics::register(&registry).unwrap();
    for venue in ["a", "b"] {
        let about = Description::new("sessions", "Sessions.").constant("venue", venue);
        registry.register::<Gauge>(&about).unwrap();
    }
    (registry, metrics)
}

fn record(metrics: &GatewayMetrics) {
    metrics.orders.with((Side::Buy, Symbol::intern("AAPL"))).inc();
    metrics.orders.with((Side::Sell, Symbol::intern("MSFT"))).inc();
    metrics.ack.with(true).record(20_000);
    metrics.slippage.record(3);
    metrics.connected.set(1.0);
    metrics.in_flight.with(Side::Buy).add(1);
}

/// The name and the labels of each sample of a text, which has no quotes in values.
fn samples(text: &str) -> Vec<(String, Vec<(String, String)>)> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (series, _) = line.rsplit_once(' ').unwrap();
            let (name, labels) = series.split_once('{').unwrap_or((series, ""));
            let labels = labels.trim_end_matches('}').split(',').filter(|it| !it.is_empty());
            let label = |text: &str| {
                let (name, value) = text.split_once('=').unwrap();
                (name.to_owned(), value.trim_matches('"').to_owned())
            };
            (name.to_owned(), labels.map(label).collect())
        })
        .collect()
}

#[test]
fn all_that_is_exposed_is_listed_and_nothing_else() {
    let (registry, metrics) = registry();
    // Before the first event.
    let catalogue = Catalogue::of_registry(&registry);
    record(&metrics);
    assert_eq!(Catalogue::of_registry(&registry), catalogue);
    let mut text = String::new();
    encode::text(&registry.snapshot(), &mut text);
    let mut exposed = BTreeSet::new();
    for (name, labels) in samples(&text) {
        let sample = catalogue.sample(&name).unwrap_or_else(|| panic!("{name} is not listed"));
        for (label, value) in &labels {
            if sample.part.label() == Some(label) {
                continue;
            }
            let Listed { values, .. } = sample.family.label(label).expect(label);
            assert!(!values.is_complete() || values.known().contains(value), "{name} {value}");
        }
        let expected = sample.family.labels.len() + usize::from(sample.part.label().is_some());
        assert_eq!(labels.len(), expected, "{name}");
        exposed.insert(name);
    }
    let listed: BTreeSet<_> = catalogue
        .families()
        .iter()
        .flat_map(Family::samples)
        // Other formats have the first two. An interval has the third and quantiles. The last is
        // there once a value is outside.
        .filter(|(_, part)| {
            !matches!(part, Part::Native | Part::Created | Part::Extreme | Part::Outside)
        })
        .map(|(name, _)| name)
        .filter(|name| !name.contains("_quantiles"))
        .collect();
    assert_eq!(listed.difference(&exposed).collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn labels_have_their_values() {
    let (registry, _metrics) = registry();
    let catalogue = Catalogue::of_registry(&registry);
    let texts = |values: &[&str]| values.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
    let orders = catalogue.family("gateway_orders_total").or(catalogue.family("orders_total"));
    let orders = orders.unwrap();
    assert_eq!(orders.label("side").unwrap().values, Values::Fixed(texts(&["buy", "sell"])));
    assert_eq!(orders.label("symbol").unwrap().values, Values::Interned(4));
    assert_eq!((orders.kind, orders.from_start), (Kind::Counter, false));
    let ack = catalogue.families().iter().find(|it| it.name.ends_with("ack_seconds")).unwrap();
    assert_eq!((&ack.buckets[..], ack.native, ack.max), (&[1e-5, 1e-3][..], Some(3), Some(1.0)));
    assert_eq!((&ack.quantiles[..], ack.extremes), (&[0.5, 0.99][..], true));
    assert!(ack.from_start);
    let venue = catalogue.family("sessions").unwrap().label("venue").unwrap().clone();
    assert_eq!(venue.values, Values::Seen(texts(&["a", "b"])));
}

#[test]
fn an_exporters_answer_is_a_part_of_what_the_program_declares() {
    let (registry, metrics) = registry();
    record(&metrics);
    let own = Catalogue::of_registry(&registry);
    for format in [Format::Text, Format::OpenMetrics, Format::Protobuf] {
        let body = render_as(&registry.snapshot(), format.into());
        let limits = Limits::default();
        let parsed = parse::exposition(&body, Some(format.content_type()), &limits).unwrap();
        let scraped = Catalogue::of_exposition(&parsed);
        for family in scraped.families() {
            let sample = own.sample(&family.name).or_else(|| {
                // A part with parts of its own.
                own.sample(&format!("{}_bucket", family.name))
            });
            let sample = sample.unwrap_or_else(|| panic!("{} in {format:?}", family.name));
            for label in &family.labels {
                let declared = sample.family.label(&label.name).expect(&label.name);
                for value in label.values.known() {
                    let known = declared.values.known();
                    assert!(!declared.values.is_complete() || known.contains(value), "{value}");
                }
            }
            if family.kind == Kind::Histogram {
                // In protobuf, a histogram has native buckets or classic ones.
                let native = sample.family.native.filter(|_| format == Format::Protobuf);
                let classic = if native.is_some() { &[][..] } else { &sample.family.buckets };
                assert_eq!((&*family.buckets, family.native), (classic, native), "{format:?}");
            }
        }
        for family in own.families() {
            assert!(scraped.family(&family.name).is_some(), "{} in {format:?}", family.name);
        }
    }
}

#[test]
fn json_is_read_back_and_stable() {
    let (registry, metrics) = registry();
    let catalogue = Catalogue::of_registry(&registry).service("gateway");
    let json = catalogue.to_json();
    assert_eq!(Catalogue::from_json(&json), Ok(catalogue));
    record(&metrics);
    assert_eq!(Catalogue::of_registry(&registry).service("gateway").to_json(), json);
}

#[test]
fn other_documents_are_refused() {
    let message = |text: &str| Catalogue::from_json(text).unwrap_err().to_string();
    for (text, why) in [
        ("", "EOF while parsing"),
        ("{}", "there is no field \"tickmetrics_catalogue\""),
        (r#"{"tickmetrics_catalogue": 2}"#, "version 2, and this program reads up to version 1"),
        (r#"{"tickmetrics_catalogue": 1}"#, "missing field `families`"),
        (
            r#"{"tickmetrics_catalogue": 1, "families": [{"name": "a", "kind": "meter", "from_start": true}]}"#,
            "families[0].kind: unknown variant `meter`",
        ),
        (
            r#"{"tickmetrics_catalogue": 1, "families": [{"name": "a", "kind": "gauge", "from_start": true, "labels": [{"name": "b"}]}]}"#,
            "the label \"b\" must have exactly one of constant, values, interned and seen",
        ),
        (
            r#"{"tickmetrics_catalogue": 1, "families": [{"name": "a", "kind": "histogram", "from_start": true, "buckets": [2, 1]}]}"#,
            "\"a\" has bucket edges that do not rise",
        ),
        (
            r#"{"tickmetrics_catalogue": 1, "families": [{"name": "a", "kind": "histogram", "from_start": true, "native": 9}]}"#,
            "\"a\" has native buckets whose schema is not within -4 and 8",
        ),
        (
            r#"{"tickmetrics_catalogue": 1, "families": [{"name": "a", "kind": "gauge", "from_start": true, "labels": [{"name": "", "interned": 2}]}]}"#,
            "\"a\" has a label whose name is empty",
        ),
        (r#"{"tickmetrics_catalogue": 1, "families": [], "rules": 1}"#, "unknown field `rules`"),
    ] {
        assert!(message(text).contains(why), "{text}: {}", message(text));
    }
    let large = format!("{{\"tickmetrics_catalogue\": 1{}}}", " ".repeat(64 << 20));
    assert!(matches!(Catalogue::from_json(&large), Err(CatalogueError::TooLarge(_))));
}

/// Each difference, as text with its mark, after a change of a catalogue.
fn change(change: impl FnOnce(&mut Vec<Family>)) -> Vec<String> {
    let (registry, _metrics) = registry();
    let old = Catalogue::of_registry(&registry);
    let mut families = old.families().to_vec();
    change(&mut families);
    let differences = Catalogue::new(families).since(&old);
    let mark = |is_breaking| if is_breaking { "! " } else { "" };
    differences.iter().map(|it| format!("{}{it}", mark(it.change.is_breaking()))).collect()
}

fn named<'a>(families: &'a mut [Family], end: &str) -> &'a mut Family {
    families.iter_mut().find(|family| family.name.ends_with(end)).unwrap()
}

#[test]
fn differences_are_named() {
    assert_eq!(change(|_| {}), [] as [&str; 0]);
    let prefix = |texts: &[&str]| texts.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
    let changes = change(|all| all.retain(|family| family.name != "sessions"));
    assert_eq!(changes, prefix(&["! sessions: removed"]));
    let changes = change(|all| named(all, "sessions").name = "venue_sessions".into());
    assert_eq!(changes, prefix(&["! venue_sessions: renamed, was sessions"]));
    let changes = change(|all| {
        let family = named(all, "sessions");
        (family.kind, family.help) = (Kind::Counter, "Other.".into());
        family.labels.clear();
    });
    assert_eq!(
        changes,
        prefix(&[
            "! sessions: kind changed from \"gauge\" to \"counter\"",
            "sessions: help changed from \"Sessions.\" to \"Other.\"",
            "! sessions: label venue is gone",
        ])
    );
    let changes = change(|all| {
        let family = named(all, "orders_total");
        family.labels[0].values = Values::Fixed(vec!["buy".into(), "short".into()]);
        family.labels[1].values = Values::Interned(3);
        family.labels.push(Listed::new("account", Values::Seen(Vec::new())));
    });
    let name = change(|all| all.retain(|it| !it.name.ends_with("orders_total")))[0].clone();
    let name = name.trim_start_matches("! ").trim_end_matches(": removed");
    assert_eq!(
        changes,
        [
            format!("! {name}: value \"sell\" of label side is gone"),
            format!("{name}: value \"short\" of label side is new"),
            format!("! {name}: room for 1 more values of label symbol is gone"),
            format!("{name}: label account is new"),
        ]
    );
    let changes = change(|all| {
        let family = named(all, "ack_seconds");
        family.buckets = vec![1e-3, 1e-2];
        (family.native, family.quantiles, family.extremes) = (Some(2), vec![0.5], false);
        (family.max, family.from_start) = (Some(0.5), false);
    });
    let texts: Vec<_> =
        changes.iter().map(|it| it.split_once("ack_seconds: ").unwrap().1).collect();
    assert_eq!(
        texts,
        [
            "bucket edge 0.00001 is gone",
            "bucket edge 0.01 is new",
            "quantile 0.99 is gone",
            "native schema 3 is gone",
            "the extremes is gone",
            "that all series exist from the start is gone",
            "the range from 0.5 to 1 is gone",
        ]
    );
    let breaking = changes.iter().filter(|text| text.starts_with('!')).count();
    assert_eq!(breaking, 6);
}

#[test]
fn families_of_one_name_have_the_labels_of_both() {
    let mut one = Family::new("a", Kind::Gauge);
    one.labels = vec![Listed::new("side", Values::Constant("buy".into()))];
    let mut other = one.clone();
    other.labels[0].values = Values::Constant("sell".into());
    other.labels.push(Listed::new("venue", Values::Interned(2)));
    let both = Catalogue::new([one, other]);
    let [family] = both.families() else { panic!() };
    let sides = Values::Fixed(vec!["buy".into(), "sell".into()]);
    assert_eq!(family.label("side"), Some(&Listed::new("side", sides)));
    assert!(family.label("venue").unwrap().optional);
}

#[test]
fn two_answers_of_one_exporter_have_all_buckets() {
    let (registry, metrics) = registry();
    record(&metrics);
    let scraped = |format: Format| {
        let body = render_as(&registry.snapshot(), format.into());
        let limits = Limits::default();
        let parsed = parse::exposition(&body, Some(format.content_type()), &limits).unwrap();
        Catalogue::of_exposition(&parsed)
    };
    let answers = [scraped(Format::Protobuf), scraped(Format::Text)];
    let both = Catalogue::new(answers.iter().flat_map(|it| it.families().to_vec()));
    let ack = both.family("ack_seconds").unwrap();
    assert_eq!((&ack.buckets[..], ack.native), (&[1e-5, 1e-3][..], Some(3)));
    assert_eq!(ack.unit, "seconds");
    assert_eq!(ack.labels, scraped(Format::Text).family("ack_seconds").unwrap().labels);
}

#[test]
fn a_dynamic_family_can_have_any_label() {
    let registry = Registry::new();
    let peers = Description::new("peers_total", "By labels of peers.").constant("host", "ny4");
    let peers: Dynamic<Counter> = registry.register_dynamic(&peers, 9).unwrap();
    peers.with(&[("peer", "a")]).inc();
    let catalogue = Catalogue::of_snapshot(&registry.snapshot());
    let [family] = catalogue.families() else { panic!() };
    assert_eq!((family.dynamic, family.from_start), (Some(9), false));
    assert!(!family.label("host").unwrap().optional && family.label("peer").unwrap().optional);
    assert_eq!(Catalogue::from_json(&catalogue.to_json()), Ok(catalogue.clone()));

    // The next label set may have the label, and the text of a missing one is a guess.
    let linter = Linter::new(&[catalogue]);
    let rate = r#"sum by (session) (rate(peers_total{session="b"}[5m]))"#;
    assert_eq!(linter.expression(rate, Purpose::Record), []);
    let host = r#"rate(peers_total{host="ld4"}[5m])"#;
    assert!(!linter.expression(host, Purpose::Record).is_empty());
}
