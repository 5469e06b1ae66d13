//! Histograms and summaries that something else keeps, in every format.

use serde_json::{Value as Json, json};
use tests::programs::{CHECK_OPENMETRICS, CHECK_TEXT, PROMETHEUS_CLIENT, python};
use tickmetrics::prelude::*;
use tickmetrics::{Added, ClassicHistogram, Summary};
use tickmetrics_exporter::encode;
use tickmetrics_exporter::parse::{self, Exposition, FamilyType, Limits, Value};

const BUCKETS: [(f64, u64); 3] = [(0.005, 2), (1.0, 3), (2.5, 3)];
const QUANTILES: [(f64, f64); 2] = [(0.5, 0.25), (0.99, f64::NAN)];

/// Two histograms with buckets of their own, two summaries, and a histogram of this library.
fn snapshot() -> Snapshot {
    let registry = Registry::new();
    let own: Histogram = registry.register(&Description::new("own", "Own.")).unwrap();
    own.record(3);
    let mut snapshot = registry.snapshot();
    let of = |kind: &str| vec![("kind".to_owned(), kind.to_owned())];
    let wait = Description::new("wait_seconds", "Time \"waited\".").unit("seconds");
    let histograms = [
        (of("a\"b"), ClassicHistogram::new(BUCKETS, 4, 7.125)),
        (of("none"), ClassicHistogram::new([], 0, 0.0)),
    ];
    let histograms = histograms.map(|(labels, it)| (labels, Added::Histogram(it)));
    snapshot.add_family(&wait, histograms).unwrap();
    let size = Description::new("size_bytes", "Size.").unit("bytes");
    snapshot.add_summary(&size, Summary::new(QUANTILES, 5, 12.5)).unwrap();
    let labelled = Description::new("rank", "Rank.").constant("of", "it");
    snapshot.add_summary(&labelled, Summary::new([], 1, 2.0)).unwrap();
    snapshot
}

fn check(exposition: &Exposition<'_>, has_unit: bool) {
    let family = |name: &str| exposition.families.iter().find(|it| it.name == name).unwrap();
    let wait = family("wait_seconds");
    assert_eq!(wait.family_type, FamilyType::Histogram);
    assert_eq!(
        (&*wait.help, &*wait.unit),
        ("Time \"waited\".", if has_unit { "seconds" } else { "" })
    );
    let [some, none] = &wait.series[..] else { panic!("{wait:?}") };
    assert!(some.labels[0].1 == "a\"b" && some.labels.len() == 1);
    let Value::Histogram(some) = &some.value else { panic!("{some:?}") };
    let expected = BUCKETS.map(|(upper, count)| (upper, count as f64));
    assert_eq!(some.buckets, [&expected[..], &[(f64::INFINITY, 4.0)]].concat());
    assert_eq!((some.count, some.sum), (4.0, Some(7.125)));
    let Value::Histogram(none) = &none.value else { panic!("{none:?}") };
    assert_eq!((&none.buckets[..], none.sum), (&[(f64::INFINITY, 0.0)][..], Some(0.0)));

    let size = family("size_bytes");
    assert_eq!(size.family_type, FamilyType::Summary);
    let Value::Summary(it) = &size.series[0].value else { panic!("{size:?}") };
    assert_eq!((it.count, it.sum, it.quantiles.len()), (Some(5.0), Some(12.5), 2));
    assert_eq!(it.quantiles[0], QUANTILES[0]);
    assert!(it.quantiles[1].0 == 0.99 && it.quantiles[1].1.is_nan());
    let Value::Summary(rank) = &family("rank").series[0].value else { panic!() };
    assert_eq!((rank.count, rank.sum, &rank.quantiles[..]), (Some(1.0), Some(2.0), &[][..]));
}

#[test]
fn every_format_has_them() {
    let (snapshot, limits) = (snapshot(), Limits::default());
    let mut text = String::new();
    encode::text(&snapshot, &mut text);
    check(&parse::text(text.as_bytes(), &limits).unwrap(), false);
    let mut openmetrics = String::new();
    encode::openmetrics(&snapshot, &mut openmetrics);
    check(&parse::openmetrics(openmetrics.as_bytes(), &limits).unwrap(), true);
    let mut protobuf = Vec::new();
    encode::protobuf(&snapshot, &mut protobuf);
    check(&parse::protobuf(&protobuf, &limits).unwrap(), true);

    let (module, install) = PROMETHEUS_CLIENT;
    let read = |script: &[&str], text: &str| -> Option<Json> {
        Some(serde_json::from_slice(&python(module, install, script, text)?).unwrap())
    };
    let (Some(text), Some(openmetrics)) =
        (read(&[CHECK_TEXT], &text), read(&CHECK_OPENMETRICS, &openmetrics))
    else {
        return;
    };
    for read in [&text, &openmetrics] {
        let samples = read["samples"].as_array().unwrap();
        for sample in [
            json!(["wait_seconds_bucket", {"kind": "a\"b", "le": "0.005"}, "2.0"]),
            json!(["wait_seconds_bucket", {"kind": "a\"b", "le": "+Inf"}, "4.0"]),
            json!(["wait_seconds_sum", {"kind": "a\"b"}, "7.125"]),
            json!(["size_bytes", {"quantile": "0.5"}, "0.25"]),
            json!(["size_bytes", {"quantile": "0.99"}, "nan"]),
            json!(["size_bytes_sum", {}, "12.5"]),
            json!(["rank_count", {"of": "it"}, "1.0"]),
        ] {
            assert!(samples.contains(&sample), "{sample} is not in {samples:?}");
        }
        assert_eq!(read["families"]["size_bytes"][0], "summary");
    }
}

/// The specification forbids them: <https://prometheus.io/docs/specs/om/open_metrics_spec/#histogram>.
#[test]
fn openmetrics_has_no_negative_sums() {
    let mut snapshot = Snapshot::default();
    for (name, edge, sum) in
        [("edge", -1.0, 1.0), ("sum", 1.0, -1.0), ("nan", 1.0, f64::NAN), ("sound", 1.0, 1.0)]
    {
        let (histogram, summary) = (format!("{name}_histogram"), format!("{name}_summary"));
        let it = ClassicHistogram::new([(edge, 1)], 2, sum);
        snapshot.add_histogram(&Description::new(histogram, "Help."), it).unwrap();
        let it = Summary::new([(0.5, edge)], 2, sum);
        snapshot.add_summary(&Description::new(summary, "Help."), it).unwrap();
    }
    let mut text = String::new();
    encode::openmetrics(&snapshot, &mut text);
    let has = |line: &str| text.lines().any(|it| it == line);
    for (name, sum, count, quantile) in [
        ("edge", "1", false, None),
        ("sum", "-1", false, Some("1")),
        ("nan", "NaN", false, Some("1")),
        ("sound", "1", true, Some("1")),
    ] {
        assert_eq!(has(&format!("{name}_histogram_sum {sum}")), count, "{name}");
        assert_eq!(has(&format!("{name}_histogram_count 2")), count, "{name}");
        assert!(has(&format!("{name}_histogram_bucket{{le=\"+Inf\"}} 2")));
        assert_eq!(text.contains(&format!("{name}_summary{{")), quantile.is_some());
        assert!(has(&format!("{name}_summary_count 2")));
    }
    let (module, install) = PROMETHEUS_CLIENT;
    let script = "import sys; from prometheus_client.openmetrics.parser import *; \
                  list(text_string_to_metric_families(sys.stdin.read()))";
    python(module, install, &["-c", script], &text);
    // The other formats have all of it.
    let mut text = String::new();
    encode::text(&snapshot, &mut text);
    for line in ["sum_histogram_sum -1", "nan_summary_sum NaN", "edge_summary{quantile=\"0.5\"} -1"]
    {
        assert!(text.lines().any(|it| it == line), "{line}\n{text}");
    }
}

#[cfg(feature = "json")]
#[test]
fn json_has_what_is_known() {
    let mut text = String::new();
    encode::json(&snapshot(), None, &mut text);
    let read: Json = serde_json::from_str(&text).unwrap();
    let family = |name: &str| {
        let all = read["metrics"].as_array().unwrap();
        all.iter().find(|family| family["name"] == name).unwrap()
    };
    assert_eq!(family("wait_seconds")["kind"], "histogram");
    let buckets = json!([
        {"le": 0.005, "count": 2}, {"le": 1.0, "count": 3}, {"le": 2.5, "count": 3},
        {"le": "+Inf", "count": 4},
    ]);
    let wait = json!({"labels": {"kind": "a\"b"}, "count": 4, "sum": 7.125, "buckets": buckets});
    assert_eq!(family("wait_seconds")["series"][0], wait);
    let quantiles = json!({"0.5": 0.25, "0.99": "NaN"});
    let size = json!({"labels": {}, "count": 5, "sum": 12.5, "quantiles": quantiles});
    assert_eq!(family("size_bytes")["series"][0], size);
    assert_eq!(family("size_bytes")["kind"], "summary");
}
