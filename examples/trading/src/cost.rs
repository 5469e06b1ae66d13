//! The cost of the instrumentation: the same ticks through the same logic with and without it.
//!
//! It is this program's cost for a tick, on the present machine. The figure "added to a tick" of
//! `benches` is for a smaller tick, with which other libraries can be compared.
//!
//! The services are metrics around logic that has none ([`Books`], [`Strategy`], [`Positions`],
//! [`Checks`], [`Venue`]). [`Bare`] is that logic alone, in the order of [`Path`]. Both must
//! produce the same orders, fills and gains.

use crate::execution::{Report, Venue};
use crate::feed::{Event, Feed, Message, Simulated};
use crate::market_data::Books;
use crate::path::{Path, Registries};
use crate::report::{Moment, total};
use crate::risk::{Checks, Positions};
use crate::strategy::Strategy;
use std::time::Instant;
use tickmetrics::Value;
use tickmetrics::prelude::*;

const BATCH: usize = 4_000;
const BATCHES: usize = 150;
/// Batches that only warm caches, predictors and the allocator.
const WARM: usize = 10;

const DEBUG: &str = "\n\nThis is a debug build, which costs many times more: build with --release.";

/// The path without its metrics.
struct Bare {
    books: Books,
    strategy: Strategy,
    positions: Positions,
    checks: Checks,
    venue: Venue,
}

impl Bare {
    fn new(seed: u64) -> Self {
        Self {
            books: Books::default(),
            strategy: Strategy::default(),
            positions: Positions::default(),
            checks: Checks::default(),
            venue: Venue::new(seed),
        }
    }

    fn on_message(&mut self, message: &Message) {
        let Some(top) = self.books.update(message).top(message) else { return };
        if self.venue.has(top.symbol) {
            while let Some(report) = self.venue.report(&top) {
                match report {
                    Report::Filled(fill) => self.positions.fill(&fill),
                    Report::Cancelled(order, _) if order.exit => {
                        self.positions.not_left(order.symbol);
                    }
                    Report::Cancelled(..) => {}
                }
            }
        }
        let exit = if self.positions.holds(top.symbol) {
            let stopped = self.positions.mark(&top);
            self.positions.trips(top.received);
            self.positions.paused(top.received);
            stopped.map(|(_, order)| order)
        } else {
            None
        };
        let entry = self.strategy.signal(message, &top);
        for order in exit.into_iter().chain(entry) {
            let now = message.received;
            if self.checks.check(&order, &mut self.positions, now).is_ok()
                && self.venue.submit(order, now).1.is_err()
                && order.exit
            {
                self.positions.not_left(order.symbol);
            }
        }
    }
}

/// Measures, and returns the text to print.
///
/// # Errors
/// If a metric can't be registered, or the two versions produce different results.
pub(crate) fn measure(seed: u64) -> Result<String, String> {
    let batches = batches(seed);
    let registries = Registries::default();
    let mut path = Path::new(&registries, seed).map_err(|error| error.to_string())?;
    let mut bare = Bare::new(seed);
    tickmetrics::warm_up();
    let before = Moment::now(&registries);
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for (at, batch) in batches.iter().enumerate() {
        let mut metered = || with.push(per_tick(batch, |message| path.on_message(message)));
        let mut plain = || without.push(per_tick(batch, |message| bare.on_message(message)));
        // They take turns in going first, so that neither finds the messages in the cache more
        // often than the other.
        if at % 2 == 0 {
            metered();
            plain();
        } else {
            plain();
            metered();
        }
    }
    let moment = Moment::now(&registries).since(&before);
    let (tally, gain) = (bare.venue.tally, bare.positions.realized);
    let metered = (path.execution.venue.tally, path.risk.positions.realized);
    if metered.0 != tally || metered.1.to_bits() != gain.to_bits() {
        return Err(format!("with metrics {metered:?}, and without {:?}", (tally, gain)));
    }
    let (with, without) = (spread(&mut with[WARM..]), spread(&mut without[WARM..]));
    let ticks = (BATCH * BATCHES) as f64;
    let [timings, counts] = records(&moment).map(|records| records as f64 / ticks);
    Ok(format!(
        "{ticks} ticks, {} orders, {} fills, the same with and without metrics\n\n\
         {:<18} {:>10} {:>10} {:>10}\n{}\n{}\n{:<18} {:>10} {:>10.1}\n\n\
         {}{}",
        tally.submitted,
        tally.filled,
        "ns per tick",
        "p25",
        "median",
        "p75",
        row("with metrics", with),
        row("without", without),
        "added (medians)",
        "",
        with[1] - without[1],
        explained(timings, counts),
        if cfg!(debug_assertions) { DEBUG } else { "" },
    ))
}

fn explained(timings: f64, counts: f64) -> String {
    format!(
        "A tick of this program has {timings:.2} timings of two clock reads, one clock read\n\
         more (the timer from tick to order, mostly discarded), {counts:.2} counts, and\n\
         gauges.\n\
         The README's \"added to a tick\" is of another, smaller tick: a book, a signal\n\
         and a risk check, with 9 records and 2 timings."
    )
}

fn batches(seed: u64) -> Vec<Vec<Message>> {
    let mut feed = Simulated::new(seed, 1_700_000_000_000_000_000);
    let mut messages = std::iter::from_fn(|| {
        loop {
            match feed.next()? {
                Event::Message(message) => return Some(message),
                Event::Reconnected { .. } => {}
            }
        }
    });
    (0..BATCHES).map(|_| messages.by_ref().take(BATCH).collect()).collect()
}

/// Nanoseconds for each tick of a batch.
fn per_tick(batch: &[Message], mut tick: impl FnMut(&Message)) -> f64 {
    let start = Instant::now();
    for message in batch {
        tick(message);
    }
    start.elapsed().as_secs_f64() * 1e9 / batch.len() as f64
}

/// The quartiles.
fn spread(values: &mut [f64]) -> [f64; 3] {
    values.sort_by(f64::total_cmp);
    let at = |quarter: usize| values.get(values.len() * quarter / 4).copied().unwrap_or(0.0);
    [at(1), at(2), at(3)]
}

fn row(name: &str, [lower, median, upper]: [f64; 3]) -> String {
    format!("{name:<18} {lower:>10.1} {median:>10.1} {upper:>10.1}")
}

/// The numbers of recorded timings and counts.
fn records(moment: &Moment) -> [u64; 2] {
    // The volume grows by lots, once for each trade.
    let trades = |snapshot| total(snapshot, "feed_trades_total");
    let (mut timings, mut counts) = (0, moment.all().into_iter().map(trades).sum());
    for family in moment.all().into_iter().flat_map(Snapshot::families) {
        for series in family.series() {
            match series.value() {
                // The exchange's and the venue's durations are not timed here: each is one add.
                Value::Histogram(values) if is_timing(family.name()) => timings += values.count(),
                Value::Histogram(values) => counts += values.count() + values.negative(),
                Value::Counter(count) => counts += count,
                _ => {}
            }
        }
    }
    [timings, counts]
}

/// Whether a histogram's values are from clock reads of this program.
fn is_timing(name: &str) -> bool {
    [
        "market_data_processing_latency_ms",
        "function_duration_seconds",
        "risk_check_duration_ms",
        "execution_time_ms",
    ]
    .contains(&name)
}

#[cfg(test)]
mod tests {
    use super::{DEBUG, explained, row};

    #[test]
    fn what_is_printed_fits_80_columns() {
        let text = explained(99.99, 999.99) + DEBUG + "\n" + &row("without", [99_999.9; 3]);
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }
}
