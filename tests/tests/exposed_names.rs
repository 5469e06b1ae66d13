//! Every registered metric is exposed under its own name in every format, and nothing else is:
//! metrics of all kinds beside metrics of all kinds, whose names end in the formats' suffixes.

use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;
use tests::programs::{CHECK_OPENMETRICS, PROMETHEUS_CLIENT, feed, python, skip};
use tickmetrics::prelude::*;
use tickmetrics::{Exposure, Kind, Metric};
use tickmetrics_exporter::Exporter;

/// The suffixes of formats and conventions, apart from those in the table.
const ENDS: [&str; 14] = [
    "_total",
    "_total_total",
    "_total_created",
    "_created",
    "_created_total",
    "_bucket_total",
    "_saturated",
    "_max_total",
    "_quantiles_total",
    "_quantiles_bucket",
    "_info",
    "_gsum",
    "_gcount",
    "_seconds",
];

/// A kind of metric, with the options that expose more of it.
#[derive(Clone, Copy, Debug)]
enum What {
    Counter,
    Gauge,
    UpDown,
    Histogram,
    Extremes,
    Quantiles,
}

impl What {
    const ALL: [Self; 6] = [
        Self::Counter,
        Self::Gauge,
        Self::UpDown,
        Self::Histogram,
        Self::Extremes,
        Self::Quantiles,
    ];

    fn register(self, registry: &Registry, name: &str) -> Result<(), RegisterError> {
        let description = Description::new(name, "Help.");
        let histogram = || description.clone().scale(1.0).sigfigs(1).max(100).buckets([10]);
        match self {
            // With a scale, a name may end in seconds.
            Self::Counter => {
                registry.register::<Counter>(&description.clone().scale(1.0)).map(|it| it.add(3))
            }
            Self::Gauge => registry.register::<Gauge>(&description).map(|it| it.set(3.0)),
            Self::UpDown => registry.register::<UpDownCounter>(&description).map(|it| it.add(3)),
            Self::Histogram => record(registry, &histogram()),
            Self::Extremes => record(registry, &histogram().extremes()),
            Self::Quantiles => record(registry, &histogram().quantiles([0.5])),
        }
    }

    /// The names of its series but for creation times, which are not asked for.
    fn series(self, name: &str) -> BTreeSet<String> {
        let suffixes: &[&str] = match self {
            Self::Counter | Self::Gauge | Self::UpDown => return [name.to_owned()].into(),
            Self::Histogram => &[],
            Self::Extremes => &["_max", "_min"],
            Self::Quantiles => &["_quantiles", "_quantiles_sum", "_quantiles_count"],
        };
        let own = ["_bucket", "_sum", "_count", "_saturated_total", "_negative_total"];
        own.iter().chain(suffixes).map(|suffix| format!("{name}{suffix}")).collect()
    }
}

/// One value of each sort, so that everything that can be is exposed.
fn record(registry: &Registry, description: &Description) -> Result<(), RegisterError> {
    let wait: Histogram = registry.register(description)?;
    [5, 500].into_iter().for_each(|value| wait.record(value));
    wait.record_signed(-1);
    Ok(())
}

fn start(registries: &[&Registry]) -> Exporter {
    let builder = Exporter::builder().listen("127.0.0.1:0").interval(Duration::ZERO);
    let builder = registries.iter().fold(builder, |builder, &registry| builder.registry(registry));
    builder.process_metrics(false).start().unwrap()
}

/// The names of all samples but the exporter's own, as a parser of OpenMetrics reads them.
fn read(text: &str) -> Option<BTreeSet<String>> {
    let (module, install) = PROMETHEUS_CLIENT;
    let read = python(module, install, &CHECK_OPENMETRICS, text)?;
    let read: Value = serde_json::from_slice(&read).unwrap();
    let samples = read["samples"].as_array().unwrap().iter();
    Some(not_own(samples.map(|sample| sample[0].as_str().unwrap())))
}

/// The same of a text, whose families and series are there once. Python's parser of it puts `_total`
/// behind the names of counters.
fn names(text: &str) -> BTreeSet<String> {
    let (about, samples): (Vec<_>, Vec<_>) = text.lines().partition(|line| line.starts_with('#'));
    let types: Vec<_> = about.iter().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
    let families: BTreeSet<_> = types.iter().map(|line| line.split(' ').next()).collect();
    assert_eq!(families.len(), types.len(), "{text}");
    let series: BTreeSet<_> = samples.iter().map(|line| line.rsplit_once(' ').unwrap().0).collect();
    assert_eq!(series.len(), samples.len(), "{text}");
    not_own(series.into_iter().map(|series| series.split('{').next().unwrap()))
}

fn not_own<'a>(names: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    names.filter(|name| !name.starts_with("tickmetrics_")).map(str::to_owned).collect()
}

/// The same metrics clash in both orders of registration. The others are exposed whole: Prometheus'
/// own parsers read them in text and in OpenMetrics.
#[test]
fn registered_metrics_are_exposed_under_their_names() {
    let (forth, back) = (Registry::new(), Registry::new());
    let mut expected = BTreeSet::new();
    let (mut taken, mut refused) = (0, 0);
    let suffixes = Exposure::ALL.iter().map(|series| series.suffix).filter(|it| !it.is_empty());
    let suffixes: BTreeSet<&str> = suffixes.chain(ENDS).collect();
    for (number, suffix) in suffixes.into_iter().enumerate() {
        for (a, first) in What::ALL.into_iter().enumerate() {
            for (b, second) in What::ALL.into_iter().enumerate() {
                let stem = format!("m{number}_{a}{b}x");
                let longer = format!("{stem}{suffix}");
                first.register(&forth, &stem).unwrap();
                second.register(&back, &longer).unwrap();
                let then = second.register(&forth, &longer).map_err(|error| error.to_string());
                let there = first.register(&back, &stem).map_err(|error| error.to_string());
                let pair = format!("{first:?} {stem} and {second:?} {longer}: {then:?}, {there:?}");
                assert_eq!(then.is_ok(), there.is_ok(), "{pair}");
                let common = !first.series(&stem).is_disjoint(&second.series(&longer));
                assert!(!common || then.is_err(), "{pair}");
                expected.extend(first.series(&stem));
                if let Err(error) = &then {
                    refused += 1;
                    assert!(error.contains("both would be exposed as"), "{error}");
                } else {
                    taken += 1;
                    expected.extend(second.series(&longer));
                }
            }
        }
    }
    assert!(taken > 500 && refused > 100, "{taken} taken, {refused} refused");

    let exporter = start(&[&forth]);
    let text = serves(&exporter, "text/plain");
    match feed("promtool", &["check", "metrics"], &text) {
        None => skip("promtool is not installed (apt-get install prometheus)"),
        // It finds fault with names as such, which is 3.
        Some(output) => assert!(matches!(output.status.code(), Some(0 | 3)), "{output:?}"),
    }
    let openmetrics = serves(&exporter, "application/openmetrics-text");
    assert_eq!(names(&text), expected);
    let Some(samples) = read(&openmetrics) else { return };
    assert_eq!(samples, expected);

    let exporter = Exporter::builder().listen("127.0.0.1:0").interval(Duration::ZERO);
    let exporter = exporter.registry(&forth).created(true).start().unwrap();
    let openmetrics = serves(&exporter, "application/openmetrics-text");
    let (module, install) = PROMETHEUS_CLIENT;
    python(module, install, &CHECK_OPENMETRICS, &openmetrics);
}

/// A series differs from the others of its name by labels that the metric itself can't have.
#[test]
fn labels_that_are_exposed_beside_a_metric_s_own_are_refused() {
    #[derive(Clone, Copy, Label)]
    #[label(rename = "quantile")]
    enum Fixed {
        One,
    }
    #[derive(Clone, Copy, Label)]
    #[label(rename = "quantile", capacity = 4)]
    struct Interned(LabelId);
    #[derive(Clone, Copy, Labels)]
    struct Both {
        quantile: Fixed,
        flag: bool,
    }
    #[derive(Clone, Copy, Label)]
    enum Le {
        One,
    }
    fn refused<M: Metric>(description: &Description) -> String {
        let error = Registry::new().register::<M>(description).err();
        error.unwrap_or_else(|| panic!("{description:?} registers")).to_string()
    }
    let wait = Description::new("wait", "Waited.");
    let quantiles = wait.clone().quantiles([0.5]);
    let constant = quantiles.clone().constant("quantile", "x");
    let _ = (Both { quantile: Fixed::One, flag: true }, Le::One, Interned::intern("a"));
    for error in [
        refused::<Histogram<Fixed>>(&quantiles),
        refused::<Histogram<(bool, Fixed)>>(&quantiles),
        refused::<Histogram<Both>>(&quantiles),
        refused::<Histogram<Interned>>(&quantiles),
        refused::<Histogram>(&constant),
    ] {
        assert!(error.contains("\"quantile\" can't name a label of \"wait\""), "{error}");
    }
    for error in [
        refused::<Histogram<Le>>(&wait),
        refused::<Histogram>(&wait.clone().constant("le", "1")),
        refused::<Histogram>(&wait.clone().native(2).constant("le", "1")),
    ] {
        assert!(error.contains("\"le\" can't name a label of \"wait\""), "{error}");
    }
    // Where nothing exposes them, they are labels like others.
    let registry = Registry::new();
    registry.register::<Histogram>(&wait.clone().constant("quantile", "x")).unwrap();
    registry.register::<Counter<Le>>(&Description::new("a_total", "Help.")).unwrap();
    registry.register::<Gauge<Both>>(&Description::new("b", "Help.")).unwrap();
}

#[test]
fn names_that_escaping_makes_one_clash() {
    for (one, other) in
        [("a.b", "a_b"), ("a.b", "a b"), ("a.b", "a_dot_b"), ("a.b", "U__a_2e_b"), ("é", "ü")]
    {
        for (one, other) in [(one, other), (other, one)] {
            let registry = Registry::new();
            registry.register::<Gauge>(&Description::new(one, "Help.")).unwrap();
            let error = registry.register::<Gauge>(&Description::new(other, "Help.")).unwrap_err();
            assert!(error.to_string().contains("scrapers that do not take all names"), "{error}");
        }
    }
    let registry = Registry::new();
    registry.register::<Histogram>(&Description::new("a.b", "Help.")).unwrap();
    let count = registry.register::<Gauge>(&Description::new("a_b_count", "Help."));
    assert!(count.is_err());
    // Each under another escaping.
    registry.register::<Gauge>(&Description::new("a.dot.b", "Help.")).unwrap();
}

#[test]
fn between_two_registries_the_first_has_the_name() {
    let (first, second) = (Registry::new(), Registry::new());
    for (at, suffix) in Exposure::of(Kind::Histogram, true, true).map(|it| it.suffix).enumerate() {
        let wait = Description::new(format!("wait{at}"), "Waited.").extremes().quantiles([0.5]);
        record(&first, &wait).unwrap();
        What::Gauge.register(&second, &format!("wait{at}{suffix}")).unwrap();
    }
    What::Gauge.register(&second, "second").unwrap();
    for registries in [[&first, &second], [&second, &first]] {
        let exporter = start(&registries);
        serves(&exporter, "text/plain");
        let left_out =
            format!("\ntickmetrics_exporter_left_out_families {}\n", Exposure::ALL.len());
        let text = serves(&exporter, "text/plain");
        assert!(text.contains(&left_out) && text.contains("\nsecond 3\n"), "{text}");
        let openmetrics = serves(&exporter, "application/openmetrics-text");
        let Some(samples) = read(&openmetrics) else { return };
        assert_eq!(samples, names(&text));
    }
}

/// By HTTP/1.0, which has no chunks.
fn serves(exporter: &Exporter, accept: &str) -> String {
    let mut client = TcpStream::connect(exporter.local_addr().unwrap()).unwrap();
    client
        .write_all(format!("GET /metrics HTTP/1.0\r\nAccept: {accept}\r\n\r\n").as_bytes())
        .unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.0 200 "), "{head}");
    body.to_owned()
}
