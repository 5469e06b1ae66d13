use crate::prelude::*;
use crate::{Added, ClassicHistogram, Kind, Summary, Value};

fn described(name: &str) -> Description {
    Description::new(name, "Help.")
}

#[test]
fn added_values_are_among_the_families() {
    let registry = Registry::new();
    registry.register::<Counter>(&described("m_total")).unwrap().add(3);
    let mut snapshot = registry.snapshot();
    for (kind, value) in [("a\"b", 1.5), ("other", f64::NAN)] {
        let of_kind = described("c_seconds_total").unit("seconds").constant("type", kind);
        snapshot.add_counter(&of_kind, value).unwrap();
    }
    snapshot.add_gauge(&described("z"), -2.0).unwrap();

    let names: Vec<_> = snapshot.families().map(|family| family.name()).collect();
    assert_eq!(names, ["c_seconds_total", "m_total", "z"]);
    let family = snapshot.family("c_seconds_total").unwrap();
    assert_eq!((family.kind(), family.unit()), (Kind::Counter, "seconds"));
    let series = family.series().map(|one| (one.labels().next().unwrap(), one.value()));
    let series: Vec<_> = series.map(|(labels, value)| format!("{labels:?} {value:?}")).collect();
    assert_eq!(series, [r#"("type", "a\"b") Quantity(1.5)"#, r#"("type", "other") Quantity(0.0)"#]);
    assert_eq!(snapshot.gauge("z", &[]), Some(-2.0));
    assert!(matches!(
        snapshot.family("m_total").unwrap().series().next().unwrap().value(),
        Value::Counter(3)
    ));
    assert!(registry.snapshot().family("z").is_none());
}

#[test]
fn a_clash_changes_nothing() {
    let registry = Registry::new();
    registry.register::<Counter<bool>>(&described("labelled_total")).unwrap();
    registry.register::<Counter>(&described("plain_total")).unwrap();
    registry.register::<Histogram>(&described("wait")).unwrap();
    let mut snapshot = registry.snapshot();
    let one = described("one").constant("a", "1");
    snapshot.add_gauge(&one, 1.0).unwrap();
    for (name, asked) in [
        ("same series", &one),
        ("labels", &described("one").constant("b", "1")),
        ("help", &Description::new("one", "Other.").constant("a", "2")),
        ("unit", &described("one").constant("a", "2").unit("bytes")),
        ("kind", &described("plain_total")),
        ("name", &described("")),
        ("label", &described("two").constant("__a", "")),
        ("bucket", &described("wait_bucket")),
        ("count", &described("wait_count")),
    ] {
        assert!(snapshot.add_gauge(asked, 2.0).is_err(), "{name}");
    }
    for asked in ["labelled_total", "plain_total", "wait_negative_total"] {
        assert!(snapshot.add_counter(&described(asked), 2.0).is_err(), "{asked}");
    }
    assert_eq!(snapshot.families().count(), 4);
    assert_eq!(snapshot.gauge("one", &[("a", "1")]), Some(1.0));
    snapshot.add_gauge(&described("one").constant("a", "2"), 2.0).unwrap();
    assert_eq!(snapshot.gauge("one", &[("a", "2")]), Some(2.0));
}

fn label(name: &str, value: &str) -> Vec<(String, String)> {
    vec![(name.into(), value.into())]
}

#[test]
fn distributions_are_added_as_they_are() {
    let mut snapshot = Snapshot::default();
    let infinite = ClassicHistogram::new([(-1.0, 2), (0.5, 2), (f64::INFINITY, 3)], 3, -7.5);
    let finite = ClassicHistogram::new([(-1.0, 2), (0.5, 2)], 3, -7.5);
    assert_eq!(infinite, finite);
    snapshot.add_histogram(&described("wait_seconds"), infinite).unwrap();
    let summary = Summary::new([(0.5, 1.0), (1.0, f64::NAN)], 2, 3.0);
    snapshot.add_summary(&described("size"), summary).unwrap();

    let family = snapshot.family("wait_seconds").unwrap();
    assert!(family.kind() == Kind::Histogram && family.bucket_edges().eq([-1.0, 0.5]));
    let Some(Value::Classic(wait)) = snapshot.value("wait_seconds", &[]) else { panic!() };
    assert_eq!((wait, wait.count(), wait.sum()), (&finite, 3, -7.5));
    assert!(snapshot.histogram("wait_seconds", &[]).is_none());
    let family = snapshot.family("size").unwrap();
    let parts = family.exposures().map(|part| (part.suffix, part.label));
    assert!(parts.eq([
        ("", Some("quantile")),
        ("_sum", None),
        ("_count", None),
        ("_created", None)
    ]));
    let Some(Value::Summary(size)) = snapshot.value("size", &[]) else { panic!() };
    assert_eq!((size.quantiles().len(), size.count(), size.sum()), (2, 2, 3.0));
}

#[test]
fn wrong_distributions_are_refused() {
    let mut snapshot = Snapshot::default();
    for buckets in [
        &[(1.0, 1), (1.0, 1)][..],
        &[(1.0, 2), (2.0, 1)],
        &[(1.0, 4)],
        &[(f64::NAN, 1)],
        &[(f64::INFINITY, 2)],
        &[(f64::INFINITY, 3), (f64::INFINITY, 3)],
        &[(f64::NEG_INFINITY, 0)],
    ] {
        let histogram = ClassicHistogram::new(buckets.iter().copied(), 3, 0.0);
        assert!(snapshot.add_histogram(&described("h"), histogram).is_err(), "{buckets:?}");
    }
    for quantiles in
        [&[(0.5, 1.0), (0.5, 1.0)][..], &[(1.5, 1.0)], &[(-0.1, 1.0)], &[(f64::NAN, 1.0)]]
    {
        let summary = Summary::new(quantiles.iter().copied(), 3, 0.0);
        assert!(snapshot.add_summary(&described("s"), summary).is_err(), "{quantiles:?}");
    }
    let (le, quantile) =
        (described("h").constant("le", ""), described("s").constant("quantile", ""));
    assert!(snapshot.add_histogram(&le, ClassicHistogram::new([], 0, 0.0)).is_err());
    assert!(snapshot.add_summary(&quantile, Summary::new([], 0, 0.0)).is_err());
    assert!(snapshot.is_empty());
    snapshot.add_gauge(&quantile, 0.0).unwrap();
}

#[test]
fn a_name_meets_the_parts_of_others() {
    for (part, histogram, summary) in [
        ("x_bucket", false, true),
        ("x_sum", false, false),
        ("x_count", false, false),
        ("x_created", false, false),
        ("x_max", true, true),
    ] {
        let mut snapshot = Snapshot::default();
        snapshot.add_gauge(&described(part), 0.0).unwrap();
        let added = snapshot.add_summary(&described("x"), Summary::new([], 0, 0.0));
        assert_eq!(added.is_ok(), summary, "{part}");
        let mut snapshot = Snapshot::default();
        snapshot.add_gauge(&described(part), 0.0).unwrap();
        let added = snapshot.add_histogram(&described("x"), ClassicHistogram::new([], 0, 0.0));
        assert_eq!(added.is_ok(), histogram, "{part}");
        let after = snapshot.add_gauge(&described("x_sum_of_all"), 0.0);
        assert!(after.is_ok());
    }
}

#[test]
fn a_family_is_added_as_a_whole_or_not_at_all() {
    let mut snapshot = Snapshot::default();
    snapshot.add_gauge(&described("z"), 0.0).unwrap();
    let family = described("jobs_total").constant("of", "us");
    let one = |value: &str| (label("queue", value), Added::Counter(1.0));
    for second in [
        one("a"),
        (label("other", "a"), Added::Counter(1.0)),
        (Vec::new(), Added::Counter(1.0)),
        (label("queue", "b"), Added::Gauge(1.0)),
        (label("queue", &"b".repeat(1025)), Added::Counter(1.0)),
        (label("of", "b"), Added::Counter(1.0)),
    ] {
        assert!(snapshot.add_family(&family, [one("a"), second.clone()]).is_err(), "{second:?}");
        assert_eq!(snapshot.families().count(), 1);
    }
    snapshot.add_family(&family, []).unwrap();
    snapshot.add_family(&family, [one("a"), one("b")]).unwrap();
    assert!(snapshot.add_family(&family, [one("c"), one("b")]).is_err());
    snapshot.add_family(&family, [one("c")]).unwrap();
    let family = snapshot.family("jobs_total").unwrap();
    let queues = family.series().filter_map(|series| series.labels().nth(1));
    assert!(queues.eq([("queue", "a"), ("queue", "b"), ("queue", "c")]));
    let added = snapshot.value("jobs_total", &[("of", "us"), ("queue", "c")]);
    assert!(matches!(added, Some(Value::Quantity(1.0))));
}
