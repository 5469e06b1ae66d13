//! The cost of a scrape by stage and format: nanoseconds for each series, medians, all in turn.
//!
//! `cargo bench -p benches --bench formats -- [SERIES…]`

use std::time::Instant;
use tickmetrics::prelude::*;
use tickmetrics::{Segment, Snapshot};

#[derive(Clone, Copy, Label)]
#[label(rename = "symbol", capacity = 100_000)]
struct Symbol(LabelId);

const EDGES: [u64; 15] = [
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
    250_000,
    500_000,
    1_000_000,
    10_000_000,
    100_000_000,
];

/// Values in each histogram.
const VALUES: usize = 100;

fn main() {
    Segment::builder().shard_bytes(8 << 30).install().expect("the first use of the segment");
    let sizes: Vec<usize> = std::env::args().filter_map(|size| size.parse().ok()).collect();
    let mut sizes = if sizes.is_empty() { vec![1_000, 10_000, 100_000] } else { sizes };
    sizes.sort_unstable();
    println!("{:<34}{:>9}     min  median   first", "", "series");
    for size in sizes {
        // Later sizes are larger: a snapshot looks at each series whose labels have values.
        let symbols: Vec<Symbol> =
            (0..size / 2).map(|at| Symbol::intern(&format!("COIN{at:05}USDT"))).collect();
        let counters = Registry::new();
        let counter: Counter<(Symbol, bool)> =
            counters.register(&Description::new("a", "Counted.")).expect("the name is new");
        each(&symbols, |at, labels| counter.with(labels).add(at as u64 * 77 + 1));
        report("counters", &counters, size);
        for (name, native) in [("histograms", None), ("native histograms", Some(3))] {
            let registry = Registry::new();
            let description =
                Description::new("a", "Waited.").unit("seconds").max(10_000_000_000).buckets(EDGES);
            let description = match native {
                Some(schema) => description.sigfigs(2).native(schema),
                None => description,
            };
            let histogram: Histogram<(Symbol, bool)> =
                registry.register(&description).expect("the name is new");
            let durations = durations();
            each(&symbols, |at, labels| {
                let one = histogram.with(labels);
                let start = at * 7 % (durations.len() - VALUES);
                durations[start..start + VALUES].iter().for_each(|&value| one.record(value));
            });
            report(name, &registry, size);
        }
    }
}

fn each(symbols: &[Symbol], mut record: impl FnMut(usize, (Symbol, bool))) {
    for (at, &symbol) in symbols.iter().enumerate() {
        for flag in [false, true] {
            record(2 * at + usize::from(flag), (symbol, flag));
        }
    }
}

/// Log-normal around 1.5 µs.
fn durations() -> Vec<u64> {
    let mut state = 1_u64;
    let mut uniform = move || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut normal = move || (0..12).map(|_| uniform()).sum::<f64>() - 6.0;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive")]
    (0..1_024).map(|_| (1_500.0 * (0.6 * normal()).exp()) as u64).collect()
}

type Stage = (&'static str, fn(&Snapshot, &mut Vec<u8>));

const STAGES: [Stage; 3] = [
    ("text", |snapshot, out| as_text(out, |out| tickmetrics_exporter::encode::text(snapshot, out))),
    ("openmetrics", |snapshot, out| {
        as_text(out, |out| tickmetrics_exporter::encode::openmetrics(snapshot, out));
    }),
    ("protobuf", tickmetrics_exporter::encode::protobuf),
];

fn as_text(out: &mut Vec<u8>, write: impl FnOnce(&mut String)) {
    let mut text = String::from_utf8(std::mem::take(out)).unwrap_or_default();
    write(&mut text);
    *out = text.into_bytes();
}

fn report(what: &str, registry: &Registry, series: usize) {
    let turns = (200_000 / series).clamp(7, 100);
    let mut nanos = vec![Vec::new(); STAGES.len() + 1];
    let mut buffers = vec![Vec::new(); STAGES.len()];
    for _ in 0..=turns {
        let start = Instant::now();
        let snapshot = registry.snapshot();
        nanos[0].push(start.elapsed().as_nanos() as f64 / series as f64);
        for (at, (_, write)) in STAGES.iter().enumerate() {
            let out = &mut buffers[at];
            out.clear();
            let start = Instant::now();
            write(&snapshot, out);
            nanos[at + 1].push(start.elapsed().as_nanos() as f64 / series as f64);
        }
    }
    let names = ["snapshot"].into_iter().chain(STAGES.map(|(name, _)| name));
    for (at, (name, mut nanos)) in names.zip(nanos).enumerate() {
        let first = nanos.remove(0);
        nanos.sort_by(f64::total_cmp);
        let bytes = if at == 0 { 0 } else { buffers[at - 1].len() / series };
        let (least, median) = (nanos[0], nanos[nanos.len() / 2]);
        println!(
            "{:<34}{series:>9}{least:>8.1}{median:>8.1}{first:>8.1}{bytes:>8} B",
            format!("{what}, {name}")
        );
    }
}
