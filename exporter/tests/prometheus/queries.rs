//! Queries, against a program that records the same values between any two scrapes. So the counts
//! at a scrape depend on its number alone, and a true rate on nothing but the time between two
//! scrapes.

use super::{FORMATS, NATIVE, number, render, values};
use std::net::SocketAddr;
use tests::prometheus::{Prometheus, serve};
use tickmetrics::prelude::*;

/// The increments between two scrapes, and those before the first. These are so many that
/// Prometheus takes no rate to have begun at zero.
const STEP: u64 = 75;
const START: u64 = 1_000_000;

/// Numbers are computed in another order.
const ROUNDING: f64 = 1e-9;
/// A cell of two digits: a value is off by so much where an edge divides its cell.
const CELL: f64 = 0.01;
/// A native bucket of schema 3, which is `2^(1/8)` wide: a quantile may be anywhere in it.
const BUCKET: f64 = 0.0906;

/// The last values of cells, so that no edge divides one.
const BETWEEN_CELLS: [u64; 8] = [511, 1023, 2047, 8191, 65_535, 262_143, 1_048_575, 33_554_431];
const ROUND: [u64; 8] = [500, 1_000, 2_500, 10_000, 50_000, 250_000, 1_000_000, 30_000_000];

/// The values recorded between two scrapes, in nanoseconds, rising: from half a microsecond to some
/// dozen milliseconds, most of it near the start.
fn batch() -> Vec<u64> {
    (0..900_u64).map(|at| 500 + at * at * 7 + at.pow(3) / 40).collect()
}

fn program(format: tickmetrics_exporter::encode::Format) -> SocketAddr {
    let registry = Registry::new();
    let seconds = |name: &str| Description::new(name, "Waited.").unit("seconds");
    let ticks: Counter = registry.register(&Description::new("ticks_total", "Ticks.")).unwrap();
    ticks.add(START);
    let exact = seconds("exact_seconds").buckets(BETWEEN_CELLS);
    let histograms: [Histogram<bool>; 3] =
        [exact, seconds("round_seconds").buckets(ROUND), seconds("native_seconds").native(3)]
            .map(|description| registry.register(&description).unwrap());
    serve(move |_| {
        ticks.add(STEP);
        for histogram in histograms {
            batch().into_iter().for_each(|nanos| histogram.with(true).record(nanos));
        }
        render(&registry, format)
    })
}

/// Some scrapes of a job that follow each other.
struct Scrapes<'a> {
    prometheus: &'a Prometheus,
    job: &'a str,
    /// When the first and the last one were, in whole milliseconds since 1970 (seconds would be
    /// rounded, by more than is tolerated), and their numbers.
    first: (f64, f64),
    last: (f64, f64),
}

impl<'a> Scrapes<'a> {
    fn of(prometheus: &'a Prometheus, job: &'a str) -> Self {
        let query = format!("ticks_total{{job={job:?}}}[2m]");
        let samples = prometheus.until("five scrapes", || {
            let series = prometheus.query(&query, None)?;
            let samples = series.first()?["values"].as_array()?.clone();
            (samples.len() >= 5).then_some(samples)
        });
        let scrape = |at: usize| {
            let ticks = number(&samples[at][1]);
            let scrape = (ticks - START as f64) / STEP as f64;
            assert!(scrape.fract() == 0.0 && scrape >= 1.0, "{job}: {ticks} ticks");
            ((samples[at][0].as_f64().unwrap() * 1e3).round(), scrape)
        };
        let (first, last) = (scrape(samples.len() - 4), scrape(samples.len() - 1));
        assert!(last.1 - first.1 >= 3.0, "{job}: {samples:?}");
        Self { prometheus, job, first, last }
    }

    /// How many of something there are in a second of which there is one in each batch.
    fn rate(&self) -> f64 {
        (self.last.1 - self.first.1) / ((self.last.0 - self.first.0) / 1e3)
    }

    /// The result of a query at the last scrape. In it `$job` is a matcher of the job, and `$all`
    /// of it and the range that holds these scrapes and no other.
    fn ask(&self, query: &str) -> f64 {
        let job = format!("job={:?}", self.job);
        // The scrape before the first is some hundred milliseconds earlier. Prometheus 3 leaves out
        // the start of a range.
        let range = self.last.0 - self.first.0 + 10.0;
        let query = query.replace("$all", &format!("{{flag!=\"false\",{job}}}[{range}ms]"));
        let query = query.replace("$job", &format!("{{flag!=\"false\",{job}}}"));
        let series = self.prometheus.query(&query, Some(self.last.0 / 1e3)).unwrap();
        let [one] = &series[..] else { panic!("{query}: {series:?}") };
        number(&one["value"][1])
    }

    fn check(&self, query: &str, truth: f64, tolerance: f64) {
        let answer = self.ask(query);
        let close = (answer - truth).abs() <= tolerance * truth;
        assert!(close, "{}: {query} is {answer}, not {truth}", self.job);
    }
}

/// The result of `histogram_quantile` for classic buckets, by Prometheus' description of it
/// (<https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile>): the
/// rank is found by a straight line between the edges of its bucket, the first of which begins at
/// 0.
fn by_classic_buckets(quantile: f64, values: &[u64], edges: &[u64]) -> f64 {
    let below = |edge: u64| values.iter().filter(|&&value| value <= edge).count() as f64;
    let rank = quantile * values.len() as f64;
    let at = edges.iter().position(|&edge| below(edge) >= rank).unwrap();
    let (lower, before) =
        at.checked_sub(1).map_or((0.0, 0.0), |at| (edges[at] as f64, below(edges[at])));
    let (upper, here) = (edges[at] as f64, below(edges[at]));
    (lower + (upper - lower) * (rank - before) / (here - before)) / 1e9
}

#[test]
fn rates_and_quantiles_are_the_truth() {
    let jobs = FORMATS.map(|(job, format)| (job, program(format)));
    let Some(prometheus) = Prometheus::start("queries", &jobs, NATIVE) else { return };
    let batch = batch();
    let (count, sum) = (batch.len() as f64, batch.iter().sum::<u64>() as f64 / 1e9);
    let quantiles =
        [10, 250, 500, 900, 990, 999].map(|thousandths| (thousandths, thousandths as f64 / 1e3));
    for (job, _) in jobs {
        let scrapes = Scrapes::of(&prometheus, job);
        let (rate, number) = (scrapes.rate(), scrapes.last.1);
        let check = |query: &str, truth: f64, tolerance| scrapes.check(query, truth, tolerance);
        check("rate(ticks_total$all)", rate * STEP as f64, ROUNDING);
        for name in ["exact_seconds", "round_seconds"] {
            check(&format!("{name}_count$job"), number * count, 0.0);
            check(&format!("rate({name}_count$all)"), rate * count, ROUNDING);
            check(&format!("rate({name}_sum$all)"), rate * sum, ROUNDING);
        }
        for (_, quantile) in quantiles {
            let (classic, rounded) = (
                by_classic_buckets(quantile, &batch, &BETWEEN_CELLS),
                by_classic_buckets(quantile, &batch, &ROUND),
            );
            let query = |what: &str| format!("histogram_quantile({quantile}, {what})");
            check(&query("rate(exact_seconds_bucket$all)"), classic, ROUNDING);
            check(&query("exact_seconds_bucket$job"), classic, ROUNDING);
            check(&query("rate(round_seconds_bucket$all)"), rounded, CELL);
        }
    }

    let scrapes = Scrapes::of(&prometheus, "protobuf");
    let (rate, number) = (scrapes.rate(), scrapes.last.1);
    scrapes.check("histogram_count(native_seconds$job)", number * count, 0.0);
    scrapes.check("histogram_sum(native_seconds$job)", number * sum, ROUNDING);
    scrapes.check("histogram_count(rate(native_seconds$all))", rate * count, ROUNDING);
    scrapes.check("histogram_sum(rate(native_seconds$all))", rate * sum, ROUNDING);
    for (thousandths, quantile) in quantiles {
        // The value of this rank itself, not an interpolation in its bucket.
        let rank = (thousandths * batch.len()).div_ceil(1_000);
        let truth = batch[rank - 1] as f64 / 1e9;
        for what in ["native_seconds$job", "rate(native_seconds$all)"] {
            let query = format!("histogram_quantile({quantile}, {what})");
            scrapes.check(&query, truth, BUCKET + CELL);
        }
    }
}

/// Simple series are in every format. Native buckets are in protobuf alone, and the classic ones of
/// the same histogram in the others.
#[test]
fn series_are_the_same_ones_in_every_format() {
    let jobs = FORMATS.map(|(job, format)| (job, program(format)));
    let Some(prometheus) = Prometheus::start("identity", &jobs, NATIVE) else { return };
    let names = |job: &str| values(&prometheus, job).into_keys().collect::<Vec<_>>();
    let [text, openmetrics, mut protobuf] = jobs.map(|(job, _)| names(job));
    assert_eq!(text, openmetrics);
    let is_native = |name: &str| name.starts_with("native_seconds");
    protobuf.retain(|series| !is_native(&series["__name__"]));
    let simple = text.into_iter().filter(|series| !is_native(&series["__name__"]));
    assert_eq!(protobuf, simple.collect::<Vec<_>>());
    assert_eq!(protobuf.len(), 1 + 2 * 2 * (ROUND.len() + 3));
}
