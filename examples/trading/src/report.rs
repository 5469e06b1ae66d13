//! The output: the endpoints, a line a second, and a table at the end. All numbers come from
//! snapshots, like those of a scrape.

use crate::path::Registries;
use hdrhistogram::Histogram as Hdr;
use std::fmt::{self, Write as _};
use std::io::Write as _;
use std::time::Duration;
use tickmetrics::prelude::*;
use tickmetrics::{HistogramSnapshot, Series, Value};

const TICKS: &str = "market_data_ticks_processed_total";
const ORDERS: &str = "execution_orders_submitted_total";
const TIME: &str = "execution_time_ms";

/// Prints a line. A closed pipe is no reason to stop: its reader does not want the line.
pub(crate) fn line(text: impl fmt::Display) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// All services at one moment.
pub(crate) struct Moment {
    market_data: Snapshot,
    execution: Snapshot,
    risk: Snapshot,
    /// The `#[timed]` functions without a histogram of their own.
    functions: Snapshot,
}

impl Moment {
    pub(crate) fn now(registries: &Registries) -> Self {
        Self {
            market_data: registries.market_data.snapshot(),
            execution: registries.execution.snapshot(),
            risk: registries.risk.snapshot(),
            functions: Registry::global().snapshot(),
        }
    }

    pub(crate) fn since(&self, earlier: &Self) -> Self {
        Self {
            market_data: self.market_data.since(&earlier.market_data),
            execution: self.execution.since(&earlier.execution),
            risk: self.risk.since(&earlier.risk),
            functions: self.functions.since(&earlier.functions),
        }
    }

    pub(crate) fn all(&self) -> [&Snapshot; 4] {
        [&self.market_data, &self.execution, &self.risk, &self.functions]
    }

    /// The events of an interval of this length.
    pub(crate) fn interval(&self, took: Duration) -> String {
        let ticks = total(&self.market_data, TICKS) as f64 / took.as_secs_f64().max(1e-9);
        let orders = Orders::of(&self.execution).submitted;
        let tick_to_order = self.execution.histogram(TIME, &[("operation", "tick_to_order")]);
        let shown = |milliseconds: Option<f64>| {
            milliseconds.map_or_else(|| "-".to_owned(), |ms| Nanoseconds(ms * 1e6).to_string())
        };
        let quantile = |q| shown(tick_to_order.and_then(|times| times.quantile(q)));
        // With the orders of one second, a percentile above the 99th is the largest value.
        format!(
            "{ticks:>7.0} ticks/s {orders:>5} orders  tick→order p50 {:>8} p99 {:>8} max {:>8}",
            quantile(0.5),
            quantile(0.99),
            shown(tick_to_order.and_then(HistogramSnapshot::max))
        )
    }

    /// The events in total.
    pub(crate) fn table(&self) -> String {
        let mut text = String::new();
        // Writing to a string can't fail.
        let _ = writeln!(
            text,
            "{} messages; realized gain {:.2}\n{}\n",
            total(&self.market_data, "feed_messages_total"),
            self.risk.gauge("risk_pnl_realized", &[]).unwrap_or(0.0),
            Orders::of(&self.execution),
        );
        let _ = writeln!(
            text,
            "{:<16} {:>10} {:>9} {:>9} {:>9} {:>9}",
            "stage", "timed", "p50", "p99", "p99.9", "max"
        );
        for (stage, times) in self.stages() {
            let at = |q| Nanoseconds(times.value_at_quantile(q) as f64).to_string();
            let _ = writeln!(
                text,
                "{stage:<16} {:>10} {:>9} {:>9} {:>9} {:>9}",
                times.len(),
                at(0.5),
                at(0.99),
                at(0.999),
                at(1.0)
            );
        }
        text
    }

    /// The timed stages of the path, in its order, each with all its symbols.
    fn stages(&self) -> Vec<(String, Hdr<u64>)> {
        let any = |_: &Series| true;
        let mut stages = Vec::new();
        let mut push = |stage: &str, times: Option<Hdr<u64>>| {
            stages.extend(times.map(|times| (stage.to_owned(), times)));
        };
        let function = |name: &'static str| {
            let of = labelled("function", name);
            merged(&self.functions, "function_duration_seconds", of)
        };
        let operation = |name| merged(&self.execution, TIME, labelled("operation", name));
        push("(between ticks)", merged(&self.market_data, "feed_inter_arrival_seconds", any));
        push("on_tick", merged(&self.market_data, "market_data_processing_latency_ms", any));
        push("  update_book", function("MarketData::update_book"));
        push("settle", operation("settle"));
        push("  on_fill", function("Risk::on_fill"));
        push("mark_held", function("Risk::mark_held"));
        push("signal", function("Path::signal"));
        push("check_order", merged(&self.risk, "risk_check_duration_ms", any));
        push("submit", operation("submit"));
        push("tick to order", operation("tick_to_order"));
        stages
    }
}

/// The outcomes of orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Orders {
    /// Stopped by our own risk checks: the venue never saw them.
    stopped: u64,
    submitted: u64,
    filled: u64,
    /// By the venue.
    rejected: u64,
    cancelled: u64,
}

impl Orders {
    fn of(execution: &Snapshot) -> Self {
        let count = |name| total(execution, name);
        let of_risk = labelled("reason", "risk_limit");
        let stopped = total_of(execution, "execution_orders_rejected_total", of_risk);
        Self {
            stopped,
            submitted: count(ORDERS),
            filled: count("execution_orders_filled_total"),
            rejected: count("execution_orders_rejected_total") - stopped,
            cancelled: count("execution_orders_cancelled_total"),
        }
    }

    /// The orders without an answer of the venue in the end. The counters of a snapshot are read
    /// one after the other.
    fn open(&self) -> u64 {
        self.submitted.saturating_sub(self.filled + self.rejected + self.cancelled)
    }
}

impl fmt::Display for Orders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stopped, submitted, filled, rejected, cancelled } = self;
        let all = stopped + submitted;
        writeln!(f, "{all} orders: {stopped} rejected by risk checks, {submitted} submitted")?;
        write!(
            f,
            "{submitted} submitted: {filled} filled, {rejected} rejected by the venue, \
             {cancelled} cancelled, {} open",
            self.open()
        )
    }
}

/// The sum of a counter's series.
pub(crate) fn total(snapshot: &Snapshot, name: &str) -> u64 {
    total_of(snapshot, name, |_| true)
}

fn total_of(snapshot: &Snapshot, name: &str, keep: impl Fn(&Series) -> bool) -> u64 {
    series(snapshot, name)
        .filter(keep)
        .map(|series| match series.value() {
            Value::Counter(count) => count,
            _ => 0,
        })
        .sum()
}

fn series<'a>(snapshot: &'a Snapshot, name: &'a str) -> impl Iterator<Item = Series<'a>> {
    let families = snapshot.families().filter(move |family| family.name() == name);
    families.flat_map(|family| family.series())
}

fn labelled(name: &'static str, value: &'static str) -> impl Fn(&Series) -> bool {
    move |series| series.labels().any(|label| label == (name, value))
}

/// The values of a histogram's series together; `None` without series.
fn merged(snapshot: &Snapshot, name: &str, keep: impl Fn(&Series) -> bool) -> Option<Hdr<u64>> {
    let mut all: Option<Hdr<u64>> = None;
    for series in series(snapshot, name).filter(keep) {
        let Value::Histogram(values) = series.value() else { continue };
        let values = values.to_hdr();
        match &mut all {
            // Series of one name have one layout, so nothing can be out of range.
            Some(all) => drop(all.add(&values)),
            None => all = Some(values),
        }
    }
    all.filter(|all| !all.is_empty())
}

/// Shown in a suitable unit.
struct Nanoseconds(f64);

impl fmt::Display for Nanoseconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (value, unit) = match self.0 {
            below if below < 999.5 => return f.pad(&format!("{below:.0} ns")),
            below if below < 999_950.0 => (below / 1e3, "µs"),
            below if below < 999_950_000.0 => (below / 1e6, "ms"),
            more => (more / 1e9, "s"),
        };
        f.pad(&format!("{value:.1} {unit}"))
    }
}

#[cfg(test)]
mod tests {
    use super::{Moment, Nanoseconds, Orders};
    use crate::feed::{Feed, Simulated};
    use crate::path::{Path, Registries};
    use std::time::Duration;

    /// The venue counts the outcomes of its orders by itself.
    #[test]
    fn outcomes_of_orders_add_up() {
        let registries = Registries::default();
        let mut path = Path::new(&registries, 1).unwrap();
        let mut feed = Simulated::new(1, 1_700_000_000_000_000_000);
        for _ in 0..200_000 {
            path.on_event(&feed.next().unwrap());
        }
        let moment = Moment::now(&registries);
        let orders = Orders::of(&moment.execution);
        let Orders { submitted, filled, rejected: refused, cancelled, stopped } = orders;
        let tally = path.execution.venue.tally;
        assert_eq!((tally.submitted, tally.filled), (submitted, filled));
        assert_eq!((tally.refused, tally.cancelled), (refused, cancelled));
        assert_eq!(orders.open(), path.execution.venue.open());
        assert!(stopped > 0 && refused > 0 && cancelled > 0, "{orders:?}");
        let table = moment.table();
        let open = orders.open();
        assert!(
            table.contains(&format!("{} orders: {stopped} rejected by risk", stopped + submitted))
        );
        assert!(table.contains(&format!(
            "{refused} rejected by the venue, {cancelled} cancelled, {open} open"
        )));
        // As fast as a replay is, and as a simulation.
        for seconds in [Duration::from_millis(20), Duration::from_mins(1)] {
            let line = moment.interval(seconds);
            assert!(line.chars().count() <= 80 && line.contains("ticks/s"), "{line}");
        }
        assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
    }

    #[test]
    fn times_fit_their_columns() {
        for nanoseconds in [0.0, 999.9, 999_949.0, 999_951.0, 9e8, 3.6e12] {
            let text = Nanoseconds(nanoseconds).to_string();
            assert!(text.chars().count() <= 8, "{text}");
        }
    }
}
