//! What is printed: where to look, a line a second, and a table at the end. All numbers come from
//! snapshots, as those of a scrape do.

use crate::path::Registries;
use hdrhistogram::Histogram as Hdr;
use std::fmt::{self, Write as _};
use std::io::Write as _;
use std::time::Duration;
use tickmetrics::prelude::*;
use tickmetrics::{Series, Value};

const TICKS: &str = "market_data_ticks_processed_total";
const ORDERS: &str = "execution_orders_submitted_total";
const TIME: &str = "execution_time_ms";

/// Prints a line. Who closed the pipe does not want to read it, which is no reason to stop.
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

    /// What happened in an interval that took so long.
    pub(crate) fn interval(&self, took: Duration) -> String {
        let ticks = total(&self.market_data, TICKS) as f64 / took.as_secs_f64().max(1e-9);
        let orders = total(&self.execution, ORDERS);
        let tick_to_order = self.execution.histogram(TIME, &[("operation", "tick_to_order")]);
        let quantile = |q| {
            let milliseconds = tick_to_order.and_then(|times| times.quantile(q));
            milliseconds.map_or_else(|| "-".to_owned(), |ms| Nanoseconds(ms * 1e6).to_string())
        };
        format!(
            "{ticks:>9.0} ticks/s {orders:>5} orders   tick to order p50 {:>8}  p99 {:>8}  p99.9 {:>8}",
            quantile(0.5),
            quantile(0.99),
            quantile(0.999)
        )
    }

    /// What happened in all.
    pub(crate) fn table(&self) -> String {
        let mut text = String::new();
        let count = |name| total(&self.execution, name);
        // Writing to a string can't fail.
        let _ = writeln!(
            text,
            "{} messages, {} orders: {} filled, {} rejected, {} cancelled; realized gain {:.2}\n",
            total(&self.market_data, "feed_messages_total"),
            count(ORDERS),
            count("execution_orders_filled_total"),
            count("execution_orders_rejected_total"),
            count("execution_orders_cancelled_total"),
            self.risk.gauge("risk_pnl_realized", &[]).unwrap_or(0.0),
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

/// The sum of a counter's series.
pub(crate) fn total(snapshot: &Snapshot, name: &str) -> u64 {
    series(snapshot, name)
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

/// The values of a histogram's series together; `None` where there are none.
fn merged(snapshot: &Snapshot, name: &str, keep: impl Fn(&Series) -> bool) -> Option<Hdr<u64>> {
    let mut all: Option<Hdr<u64>> = None;
    for series in series(snapshot, name).filter(keep) {
        let Value::Histogram(values) = series.value() else { continue };
        let values = values.to_hdr();
        match &mut all {
            // Series of one name have one layout, so that nothing can be out of range.
            Some(all) => drop(all.add(&values)),
            None => all = Some(values),
        }
    }
    all.filter(|all| !all.is_empty())
}

/// Shown in the unit that suits it.
struct Nanoseconds(f64);

impl fmt::Display for Nanoseconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (value, unit) = match self.0 {
            below if below < 1e3 => return f.pad(&format!("{below:.0} ns")),
            below if below < 1e6 => (below / 1e3, "µs"),
            below if below < 1e9 => (below / 1e6, "ms"),
            more => (more / 1e9, "s"),
        };
        f.pad(&format!("{value:.1} {unit}"))
    }
}
