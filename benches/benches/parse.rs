//! What it costs to parse an exposition: megabytes a second and nanoseconds a sample, least and median,
//! all in turn. With the feature `peers`, the crate `prometheus-parse` reads the text, too.
//!
//! `cargo bench -p benches --bench parse -- [SERIES…]`; `… -- only FORMAT TURNS` for a profiler.

use std::time::Instant;
use tickmetrics::prelude::*;
use tickmetrics_exporter::encode::{Format, render_as};
use tickmetrics_exporter::parse::{self, Limits, Value};

#[derive(Clone, Copy, Label)]
#[label(rename = "symbol", capacity = 100_000)]
struct Symbol(LabelId);

const EDGES: [u64; 13] = [
    100,
    250,
    500,
    1_000,
    2_500,
    5_000,
    10_000,
    25_000,
    50_000,
    100_000,
    1_000_000,
    10_000_000,
    100_000_000,
];

/// A quarter of the series each: counters, gauges with decimals, histograms, native histograms.
fn registry(series: usize) -> Registry {
    let registry = Registry::new();
    let described = |name: &'static str| Description::new(name, "Of each symbol, as measured.");
    let wait = || described("wait_seconds").unit("seconds").max(10_000_000_000);
    let native = described("lag_seconds").unit("seconds").max(10_000_000_000).sigfigs(2).native(3);
    let (Ok(orders), Ok(price), Ok(wait), Ok(lag)) = (
        registry.register::<Counter<(Symbol, bool)>>(&described("orders_total")),
        registry.register::<Gauge<(Symbol, bool)>>(&described("price")),
        registry.register::<Histogram<(Symbol, bool)>>(&wait().buckets(EDGES)),
        registry.register::<Histogram<(Symbol, bool)>>(&native),
    ) else {
        panic!("the names are new")
    };
    for at in 0..(series / 8) as u64 {
        let symbol = Symbol::intern(&format!("COIN{at:05}USDT"));
        for side in [false, true] {
            orders.with((symbol, side)).add(at * 7_777 + 1);
            price.with((symbol, side)).set(at as f64 * 1.37 + 0.01);
            for value in 0..50 {
                wait.with((symbol, side)).record((at * 31 + value * value * 997) % 90_000_000);
                lag.with((symbol, side)).record((at * 31 + value * value * 997) % 90_000);
            }
        }
    }
    registry
}

type Parse = fn(&[u8]) -> usize;

fn samples(parsed: Result<parse::Exposition<'_>, parse::ParseError>) -> usize {
    let parsed = parsed.expect("it is valid");
    let series = parsed.families.iter().flat_map(|family| &family.series);
    let samples = series.map(|one| match &one.value {
        Value::Histogram(it) => it.buckets.len() + 2,
        _ => 1,
    });
    samples.sum()
}

const PARSERS: &[(&str, Format, Parse)] = &[
    ("text", Format::Text, |body| samples(parse::text(body, &Limits::default()))),
    ("openmetrics", Format::OpenMetrics, |body| {
        samples(parse::openmetrics(body, &Limits::default()))
    }),
    ("protobuf", Format::Protobuf, |body| samples(parse::protobuf(body, &Limits::default()))),
    #[cfg(feature = "peers")]
    ("prometheus-parse, text", Format::Text, |body| {
        let lines = std::str::from_utf8(body).expect("it is text").lines();
        let scrape = prometheus_parse::Scrape::parse(lines.map(|line| Ok(line.to_owned())));
        let samples = scrape.expect("it is valid").samples;
        let each = samples.iter().map(|sample| match &sample.value {
            prometheus_parse::Value::Histogram(buckets) => buckets.len(),
            _ => 1,
        });
        each.sum()
    }),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|it| it != "--bench").collect();
    if let [only, format, turns] = &arguments[..]
        && only == "only"
    {
        let found = PARSERS.iter().find(|(name, ..)| name == format);
        let (_, of, parse) = found.expect("a known format");
        let body = render_as(&registry(1_000).snapshot(), (*of).into());
        let turns: usize = turns.parse().expect("a number");
        println!("{} bytes", body.len());
        (0..turns).for_each(|_| _ = std::hint::black_box(parse(std::hint::black_box(&body))));
        return;
    }
    let sizes: Vec<usize> = arguments.iter().filter_map(|size| size.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![1_000, 10_000] } else { sizes };
    println!(
        "{:<26}{:>8}{:>10}{:>10}  MB/s best  median  ns a sample",
        "", "series", "bytes", "samples"
    );
    for size in sizes {
        let snapshot = registry(size).snapshot();
        let bodies: Vec<_> =
            PARSERS.iter().map(|(_, format, _)| render_as(&snapshot, (*format).into())).collect();
        let mut nanos = vec![Vec::new(); PARSERS.len()];
        let mut counts = vec![0; PARSERS.len()];
        for _ in 0..(400_000 / size).clamp(9, 200) {
            for (at, (_, _, parse)) in PARSERS.iter().enumerate() {
                let start = Instant::now();
                counts[at] = parse(&bodies[at]);
                nanos[at].push(start.elapsed().as_nanos() as f64);
            }
        }
        for (at, (name, ..)) in PARSERS.iter().enumerate() {
            nanos[at].sort_by(f64::total_cmp);
            let (least, median) = (nanos[at][0], nanos[at][nanos[at].len() / 2]);
            let bytes = bodies[at].len();
            println!(
                "{name:<26}{size:>8}{bytes:>10}{:>10}{:>11.0}{:>8.0}{:>13.1}",
                counts[at],
                bytes as f64 * 1e3 / least,
                bytes as f64 * 1e3 / median,
                median / counts[at] as f64,
            );
        }
    }
}
