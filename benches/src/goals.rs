//! The goals, as ratios within the run. A missed goal is no failure: a figure depends on the
//! machine.

use crate::groups::segment::{ANONYMOUS, FILE};
use crate::groups::{FETCH_ADD, FIRST, NOTHING, OUR_CLOCK, OURS, PEAK, RAW};
use crate::stats::median;
use crate::table::{Report, shown};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// One line of the table that ends the report.
#[derive(Clone, Debug)]
pub(crate) struct Goal {
    pub(crate) what: &'static str,
    limit: f64,
    /// The base of the limit's multiple, or its unit.
    of: &'static str,
    pub(crate) measured: Option<f64>,
}

impl Goal {
    pub(crate) fn must_be(&self) -> String {
        format!("≤ {} {}", self.limit, self.of)
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "what": self.what,
            "must_be": self.must_be(),
            "measured": self.measured,
            "met": self.met(),
        })
    }

    pub(crate) fn met(&self) -> Option<bool> {
        self.measured.map(|measured| measured <= self.limit)
    }
}

/// The goals, with the median of the ratios within each process.
pub(crate) fn of(reports: &[Report]) -> Vec<Goal> {
    let each: Vec<Vec<Goal>> = reports.iter().map(within).collect();
    let mut goals = each.last().map_or(Vec::new(), Clone::clone);
    for (at, goal) in goals.iter_mut().enumerate() {
        let mut all: Vec<f64> = each.iter().filter_map(|goals| goals.get(at)?.measured).collect();
        goal.measured = Some(median(&mut all)).filter(|measured| measured.is_finite());
    }
    goals
}

/// The goals, with an earlier run's results as [`Goal::to_json`] wrote them.
pub(crate) fn from_json(report: &Report, json: &Value) -> Vec<Goal> {
    let mut goals = within(report);
    for goal in &mut goals {
        let is_it = |one: &&Value| one["what"] == goal.what && one["must_be"] == goal.must_be();
        let written = json.as_array().and_then(|all| all.iter().find(is_it));
        goal.measured = written.and_then(|one| one["measured"].as_f64());
    }
    goals
}

/// The goals, with their values in the report of one process.
#[expect(clippy::too_many_lines, reason = "it is a table")]
fn within(report: &Report) -> Vec<Goal> {
    let value = |(table, row, column)| report.value(table, row, column);
    let ratio = |a, b| Some(value(a)? / value(b)?);
    // The least cost that another library adds to a tick.
    let best_peer = |our_clock: bool| {
        let table = report.tables.iter().find(|one| one.id == "tick")?;
        let peer = |name: &str| {
            ![OURS, NOTHING].contains(&name) && (our_clock || !name.ends_with(OUR_CLOCK))
        };
        let peers = table.rows.iter().filter(|(name, _)| peer(name));
        peers.filter_map(|(_, values)| values.get(1).copied()).reduce(f64::min)
    };
    let tick = |our_clock| Some(value(("tick", OURS, 1))? / best_peer(our_clock)?);
    let goal = |what, limit, of, measured| Goal { what, limit, of, measured };
    let unlabelled = "tickmetrics, unlabelled";
    vec![
        goal(
            "`inc`, one cell back to back",
            1.25,
            "× the raw design",
            ratio(("counter", OURS, 0), ("counter", RAW, 0)),
        ),
        goal(
            "`inc`, eight counters in rotation",
            1.25,
            "× the raw design",
            ratio(("counter", OURS, 2), ("counter", RAW, 2)),
        ),
        goal(
            "`inc`, one cell back to back",
            0.45,
            "× an uncontended `fetch_add`",
            ratio(("counter", OURS, 0), ("counter", FETCH_ADD, 0)),
        ),
        goal(
            "`inc` of one counter from two threads",
            1.15,
            "× from one",
            ratio(("counter threads", OURS, 1), ("counter threads", OURS, 0)),
        ),
        goal(
            "enum label chosen at run time",
            1.3,
            "× unlabelled",
            ratio(("enum label", OURS, 0), ("enum label", unlabelled, 0)),
        ),
        goal(
            "interned label and enum",
            1.6,
            "× unlabelled",
            ratio(("interned label", OURS, 0), ("interned label", unlabelled, 0)),
        ),
        goal("`intern` of a known value", 20.0, "ns", value(("intern", OURS, 0))),
        goal(
            "`Histogram::record`",
            1.35,
            "× a raw owned log-linear histogram",
            ratio(("histogram", OURS, 0), ("histogram", "raw owned log-linear", 0)),
        ),
        goal(
            "`Histogram::record`",
            0.7,
            "× `hdrhistogram`, plain",
            ratio(("histogram", OURS, 0), ("histogram", "hdrhistogram, plain", 0)),
        ),
        goal(
            "`record` into one histogram from two threads",
            1.2,
            "× from one",
            ratio(("histogram threads", OURS, 1), ("histogram threads", OURS, 0)),
        ),
        goal(
            "`#[timed]` on an empty function",
            1.15,
            "× two clock reads, scaling, raw record",
            ratio(
                ("timing", "#[timed]", 0),
                ("timing", "floor: two clock reads, scaling, raw record", 0),
            ),
        ),
        goal(
            "`#[timed(sample = 64)]`",
            0.12,
            "× `#[timed]`",
            ratio(("timing", "#[timed(sample = 64)]", 0), ("timing", "#[timed]", 0)),
        ),
        goal(
            "a chain of `lap()` through 4 stages",
            0.75,
            "× four timers",
            ratio(("stages", "start, lap, lap, lap, drop", 0), ("stages", "four timers", 0)),
        ),
        goal(
            "an async function, ready at the first poll",
            1.3,
            "× the sync one",
            ratio(("timing", "#[timed] async, ready at first poll", 0), ("timing", "#[timed]", 0)),
        ),
        goal("the tick path: added cost", 0.4, "× the best peer's", tick(false)),
        goal(
            "the tick path, where peers are given our clock by hand",
            0.4,
            "× the best peer's",
            tick(true),
        ),
        goal(
            "p99.9 of `inc`, alone",
            1.2,
            "× the raw design's",
            ratio(("tails", "inc", 1), ("tails", "raw inc", 1)),
        ),
        goal(
            "p99.9 of `record`, alone",
            1.2,
            "× the raw design's",
            ratio(("tails", "record", 1), ("tails", "raw record", 1)),
        ),
        goal(
            "scrape of 100,000 counter series",
            40.0,
            "ns a series",
            value(("scrape counters", OURS, 2)),
        ),
        goal(
            "scrape of 10,000 histogram series",
            600.0,
            "ns a series",
            value(("scrape histograms", OURS, 1)),
        ),
        goal(
            "scrape of 100,000 histogram series",
            600.0,
            "ns a series",
            value(("scrape histograms", OURS, 2)),
        ),
        goal(
            "OpenMetrics, 100,000 counter series",
            1.2,
            "× text",
            ratio(("scrape counters openmetrics", OURS, 2), ("scrape counters", OURS, 2)),
        ),
        goal(
            "OpenMetrics, 100,000 histogram series",
            1.2,
            "× text",
            ratio(("scrape histograms openmetrics", OURS, 2), ("scrape histograms", OURS, 2)),
        ),
        goal(
            "native histograms in protobuf, 10,000 series",
            300.0,
            "ns a series",
            value(("scrape native protobuf", OURS, 1)),
        ),
        goal(
            "native histograms in protobuf, 100,000 series",
            300.0,
            "ns a series",
            value(("scrape native protobuf", OURS, 2)),
        ),
        goal(
            "first scrape of counters",
            2.0,
            "× later ones",
            ratio((FIRST, OURS, 0), (FIRST, OURS, 1)),
        ),
        goal(
            "first scrape of histograms",
            2.0,
            "× later ones",
            ratio((FIRST, OURS, 2), (FIRST, OURS, 3)),
        ),
        goal(
            "first scrape of native histograms",
            2.0,
            "× later ones",
            ratio((FIRST, OURS, 4), (FIRST, OURS, 5)),
        ),
        goal(
            "memory at the peak of a scrape, 100,000 counters as text",
            1.1,
            "× the response",
            value((PEAK, OURS, 0)),
        ),
        goal(
            "memory at the peak of a scrape, 100,000 counters in protobuf",
            1.1,
            "× the response",
            value((PEAK, OURS, 1)),
        ),
        goal(
            "memory at the peak of a scrape, 10,000 histograms as text",
            1.1,
            "× the response",
            value((PEAK, OURS, 2)),
        ),
        goal(
            "memory at the peak of a scrape, 10,000 histograms in protobuf",
            1.1,
            "× the response",
            value((PEAK, OURS, 3)),
        ),
        goal(
            "resident memory of 100,000 counter series",
            64.0,
            "bytes a series",
            value(("memory", OURS, 0)),
        ),
        goal(
            "`inc` into a segment in a file",
            1.1,
            "× into anonymous memory",
            ratio(("segment", FILE, 0), ("segment", ANONYMOUS, 0)),
        ),
        goal(
            "`record` into a segment in a file",
            1.1,
            "× into anonymous memory",
            ratio(("segment", FILE, 2), ("segment", ANONYMOUS, 2)),
        ),
        goal(
            "threads, as many as cores, on one counter",
            1.15,
            "× one thread, CPU time",
            value(("scaling", "inc: most threads that have a core, to one", 0)),
        ),
    ]
}

/// In Markdown.
pub(crate) fn render(goals: &[Goal]) -> String {
    let mut text = "| operation | must be | measured | met? |\n|---|---|--:|---|\n".to_owned();
    for goal in goals {
        let measured = goal.measured.map_or("not measured".to_owned(), shown);
        let met = goal.met().map_or("–", |met| if met { "yes" } else { "**no**" });
        let _ = writeln!(text, "| {} | {} | {measured} | {met} |", goal.what, goal.must_be());
    }
    text
}
