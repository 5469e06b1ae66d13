//! The recording threads, and their own counts.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ops::AddAssign;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tickmetrics::prelude::*;

#[derive(Clone, Copy, Label)]
enum Side {
    Buy,
    Sell,
}

#[derive(Clone, Copy, Label)]
#[label(capacity = 8)]
struct Symbol(LabelId);

/// More than there is room for: some are `other`.
const SYMBOLS: [&str; 12] =
    ["AAPL", "MSFT", "NVDA", "AMZN", "GOOG", "META", "AVGO", "TSLA", "COST", "NFLX", "ASML", "AMD"];

#[derive(Metrics)]
#[metrics(prefix = "soak")]
struct SoakMetrics {
    /// Records.
    records: Counter,
    /// Threads that ended, as their thread-locals' destructors count them.
    threads: Counter,
    /// Orders.
    orders: Counter<(Symbol, Side)>,
    /// Up before it goes down, on whichever thread.
    in_flight: UpDownCounter,
    /// Time.
    #[metric(sigfigs = 3, max = 1_000_000, buckets = [63, 1_023, 16_383, 131_071])]
    latency: Histogram,
    /// Time by symbol.
    #[metric(sigfigs = 1, max = 1_000_000, buckets = [63, 1_023, 16_383, 131_071])]
    latency_by_symbol: Histogram<Symbol>,
}

/// Upper edges of the buckets: each is the last value of a cell.
const EDGES: [u64; 4] = [63, 1_023, 16_383, 131_071];

/// The values that are recorded: 3 and 5, and 2^k times as much.
const VALUES: usize = 32;

fn value(number: usize) -> u64 {
    [3, 5][number % 2] << (number / 2)
}

/// The threads' own counts.
#[derive(Clone)]
pub(crate) struct Tally {
    rounds: u64,
    pub(crate) threads: u64,
    latency: [u64; VALUES],
    /// For each symbol, and then for `other`.
    symbols: Vec<OfSymbol>,
    trades_ok: u64,
    trades_err: u64,
}

#[derive(Clone, Default)]
struct OfSymbol {
    buys: u64,
    sells: u64,
    latency: [u64; VALUES],
}

impl Default for Tally {
    fn default() -> Self {
        let symbols = vec![OfSymbol::default(); SYMBOLS.len() + 1];
        Self { rounds: 0, threads: 0, latency: [0; VALUES], symbols, trades_ok: 0, trades_err: 0 }
    }
}

fn add<const N: usize>(to: &mut [u64; N], other: &[u64; N]) {
    to.iter_mut().zip(other).for_each(|(to, other)| *to += other);
}

impl AddAssign<&Tally> for Tally {
    fn add_assign(&mut self, other: &Tally) {
        self.rounds += other.rounds;
        self.threads += other.threads;
        self.trades_ok += other.trades_ok;
        self.trades_err += other.trades_err;
        add(&mut self.latency, &other.latency);
        for (to, other) in self.symbols.iter_mut().zip(&other.symbols) {
            to.buys += other.buys;
            to.sells += other.sells;
            add(&mut to.latency, &other.latency);
        }
    }
}

impl Tally {
    /// All records of all metrics but `#[timed]`'s.
    pub(crate) fn records(&self) -> u64 {
        let of_symbol = |one: &OfSymbol| one.buys + one.sells + one.latency.iter().sum::<u64>();
        let by_symbol: u64 = self.symbols.iter().map(of_symbol).sum();
        // The counter, up and down.
        3 * self.rounds + self.threads + self.latency.iter().sum::<u64>() + by_symbol
    }

    /// What the series must show, by their names and labels in the text format.
    pub(crate) fn expected(&self) -> BTreeMap<String, f64> {
        let mut expected = BTreeMap::new();
        let mut expect = |name: String, value: u64| {
            expected.insert(name, value as f64);
        };
        expect("soak_records_total".into(), self.rounds);
        expect("soak_threads_total".into(), self.threads);
        expect("soak_in_flight".into(), 0);
        expect_histogram(&mut expect, "soak_latency", "", &self.latency);
        for (number, of_symbol) in self.symbols.iter().enumerate() {
            let name = SYMBOLS.get(number).unwrap_or(&"other");
            let OfSymbol { buys, sells, latency } = of_symbol;
            for (side, count) in [("buy", *buys), ("sell", *sells)] {
                let name = format!("soak_orders_total{{symbol=\"{name}\",side=\"{side}\"}}");
                if count > 0 {
                    expect(name, count);
                }
            }
            if latency.iter().any(|&count| count > 0) {
                let label = format!("symbol=\"{name}\"");
                expect_histogram(&mut expect, "soak_latency_by_symbol", &label, latency);
            }
        }
        let of_outcome =
            [("ok", self.trades_ok), ("err", self.trades_err), ("panic", 0), ("cancelled", 0)];
        for (outcome, count) in of_outcome {
            let labels = format!("module=\"{}\",function=\"trade\"", module_path!());
            let name = format!("function_calls_total{{{labels},outcome=\"{outcome}\"}}");
            expect(name, count);
        }
        expected
    }
}

fn expect_histogram(
    expect: &mut impl FnMut(String, u64),
    name: &str,
    label: &str,
    counts: &[u64; VALUES],
) {
    let values = || counts.iter().enumerate().map(|(number, &count)| (value(number), count));
    let comma = if label.is_empty() { "" } else { "," };
    for edge in EDGES {
        let below = values().filter(|(value, _)| *value <= edge).map(|(_, count)| count).sum();
        expect(format!("{name}_bucket{{{label}{comma}le=\"{edge}.0\"}}"), below);
    }
    let count = counts.iter().sum();
    let braces = if label.is_empty() { String::new() } else { format!("{{{label}}}") };
    expect(format!("{name}_bucket{{{label}{comma}le=\"+Inf\"}}"), count);
    expect(format!("{name}_count{braces}"), count);
    expect(format!("{name}_sum{braces}"), values().map(|(value, count)| value * count).sum());
}

/// Threads on all cores, until they have to end.
pub(crate) struct Work {
    done: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Tally>>,
}

impl Work {
    /// One thread to a core that stays, and one that starts and joins short ones.
    pub(crate) fn start(cores: usize) -> Self {
        let done = Arc::new(AtomicBool::new(false));
        let threads = (0..cores as u64).flat_map(|core| {
            let (stay, come_and_go) = (Arc::clone(&done), Arc::clone(&done));
            [
                thread::spawn(move || stays(core, &stay)),
                thread::spawn(move || starts_others(core, &come_and_go)),
            ]
        });
        let threads = threads.collect();
        Self { done, threads }
    }

    pub(crate) fn end(self) -> Tally {
        self.done.store(true, Ordering::Relaxed);
        let mut all = Tally::default();
        for thread in self.threads {
            match thread.join() {
                Ok(tally) => all += &tally,
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    }
}

fn stays(core: u64, done: &AtomicBool) -> Tally {
    let mut recorder = Recorder::new(core);
    while !done.load(Ordering::Relaxed) {
        recorder.record(1000);
    }
    recorder.tally
}

/// Some at a time, and now and then more than there are shards.
fn starts_others(core: u64, done: &AtomicBool) -> Tally {
    let mut rng = fastrand::Rng::with_seed(!core);
    let mut all = Tally::default();
    while !done.load(Ordering::Relaxed) {
        let threads = if rng.u8(..32) == 0 { 2 * super::SHARDS } else { rng.usize(1..8) };
        let short: Vec<_> = (0..threads)
            .map(|_| {
                let (seed, pauses) = (rng.u64(..), rng.u64(..8));
                thread::spawn(move || {
                    let mut recorder = Recorder::new(seed);
                    for _ in 0..=pauses {
                        recorder.record(200);
                        thread::sleep(Duration::from_micros(500));
                    }
                    recorder.tally
                })
            })
            .collect();
        for thread in short {
            match thread.join() {
                Ok(tally) => all += &tally,
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    }
    all
}

/// Counts a thread once it ends: by then its shard may be given back.
struct OnExit(Cell<Option<Counter>>);

impl Drop for OnExit {
    fn drop(&mut self) {
        self.0.get().as_ref().map(Counter::inc);
    }
}

thread_local! {
    static ON_EXIT: OnExit = const { OnExit(Cell::new(None)) };
}

struct Recorder {
    metrics: &'static SoakMetrics,
    rng: fastrand::Rng,
    tally: Tally,
}

impl Recorder {
    fn new(seed: u64) -> Self {
        let metrics = SoakMetrics::global();
        // Half of them before the shard's own destructor is set up, half after.
        if seed.is_multiple_of(2) {
            metrics.records.add(0);
        }
        ON_EXIT.with(|on_exit| on_exit.0.set(Some(metrics.threads)));
        let tally = Tally { threads: 1, ..Tally::default() };
        Self { metrics, rng: fastrand::Rng::with_seed(seed), tally }
    }

    fn record(&mut self, rounds: u64) {
        let Self { metrics, rng, tally } = self;
        for _ in 0..rounds {
            let random = rng.usize(..);
            let (number, buys) = (random % SYMBOLS.len(), random & 1 << 40 == 0);
            let symbol = Symbol::intern(SYMBOLS[number]);
            let number = if symbol.0 == LabelId::OTHER { SYMBOLS.len() } else { number };
            let (at, at_symbol) = (random >> 10 & (VALUES - 1), random >> 20 & (VALUES - 1));
            let side = if buys { Side::Buy } else { Side::Sell };

            metrics.in_flight.inc();
            metrics.records.inc();
            metrics.orders.with((symbol, side)).inc();
            metrics.latency.record(value(at));
            metrics.latency_by_symbol.with(symbol).record(value(at_symbol));
            metrics.in_flight.dec();

            tally.rounds += 1;
            tally.latency[at] += 1;
            let of_symbol = &mut tally.symbols[number];
            *(if buys { &mut of_symbol.buys } else { &mut of_symbol.sells }) += 1;
            of_symbol.latency[at_symbol] += 1;
            if (random >> 50).is_multiple_of(256) {
                match trade(buys) {
                    Ok(()) => tally.trades_ok += 1,
                    Err(()) => tally.trades_err += 1,
                }
            }
        }
    }
}

#[timed(outcome)]
fn trade(ok: bool) -> Result<(), ()> {
    if ok { Ok(()) } else { Err(()) }
}
