//! The most important figures of a report, for each library and operation.

use crate::groups::{FETCH_ADD, OUR_CLOCK, OURS, RAW};
use crate::machine::{CORES, CPU, PROFILE, RUSTC};
use crate::report::Run;
use crate::table::{Report, shown};
use std::fmt::Write as _;

/// An operation, and its place in the report.
pub(crate) struct Headline {
    /// Its name in the table.
    what: &'static str,
    /// Its name in the picture.
    pub(crate) title: &'static str,
    table: &'static str,
    column: usize,
    ours: &'static str,
    /// Rows of code written by hand, with their names in the picture.
    by_hand: &'static [(&'static str, &'static str)],
}

const OWN_CELL: &str = "own cell, by hand";
const SHARED_CELL: &str = "one shared atomic";

/// In pairs that stand side by side in the picture.
pub(crate) const HEADLINES: [Headline; 10] = [
    Headline {
        what: "`inc`, eight counters in turn",
        title: "Count: eight counters in turn, ns",
        table: "counter",
        column: 2,
        ours: OURS,
        by_hand: &[(RAW, OWN_CELL), (FETCH_ADD, SHARED_CELL)],
    },
    Headline {
        what: "`inc`, one counter, two threads",
        title: "Count: two threads, the same counter, ns",
        table: "counter threads",
        column: 1,
        ours: OURS,
        by_hand: &[(RAW, OWN_CELL), (FETCH_ADD, SHARED_CELL)],
    },
    Headline {
        what: "`record`",
        title: "Record a value into a histogram, ns",
        table: "histogram",
        column: 0,
        ours: OURS,
        by_hand: &[("raw owned log-linear", "own cells, by hand")],
    },
    Headline {
        what: "`record`, one histogram, two threads",
        title: "Record: two threads, the same histogram, ns",
        table: "histogram threads",
        column: 1,
        ours: OURS,
        by_hand: &[("raw owned log-linear, one a thread", "own cells, by hand")],
    },
    Headline {
        what: "`inc` by an enum label",
        title: "Count by a label chosen at run time, ns",
        table: "enum label",
        column: 0,
        ours: OURS,
        by_hand: &[],
    },
    Headline {
        what: "time an empty function: `#[timed]`",
        title: "Time an empty function, ns",
        table: "timing",
        column: 0,
        ours: "#[timed]",
        by_hand: &[("floor: two clock reads, scaling, raw record", "two clock reads")],
    },
    Headline {
        what: "added to a tick: 9 records, 2 timings",
        title: "Added to a tick with 9 records and 2 timings, ns",
        table: "tick",
        column: 1,
        ours: OURS,
        by_hand: &[],
    },
    Headline {
        what: "resident bytes of a histogram series",
        title: "Memory of a histogram series, bytes",
        table: "memory",
        column: 1,
        ours: OURS,
        by_hand: &[],
    },
    Headline {
        what: "scrape of a counter, of 100,000",
        title: "Scrape 100,000 counters, ns for each",
        table: "scrape counters",
        column: 2,
        ours: OURS,
        by_hand: &[],
    },
    Headline {
        what: "scrape of a histogram, of 10,000",
        title: "Scrape 10,000 histograms, ns for each",
        table: "scrape histograms",
        column: 1,
        ours: OURS,
        by_hand: &[],
    },
];

/// Libraries in the table; the picture has room for more.
const IN_TABLE: [&str; 6] =
    ["metriken", "fast-telemetry", "measured", "prometheus-client", "prometheus", "metrics"];
const IN_PICTURE: [&str; 5] =
    ["fastmetrics", "opentelemetry_sdk", "hdrhistogram", "autometrics", "tracing"];

/// Ways that do something else: with a clock that the library lacks, for a part of the calls, or
/// nothing at all.
const OTHER_WAYS: [&str; 3] = [OUR_CLOCK, "stride 64", "no subscriber"];

/// The meaning of a row of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Ours,
    Peer,
    ByHand,
}

impl Headline {
    fn ours(&self, report: &Report) -> Option<f64> {
        report.value(self.table, self.ours, self.column)
    }

    /// A library's figure, for the fastest of its ways.
    fn peer(&self, report: &Report, library: &str) -> Option<f64> {
        let table = report.tables.iter().find(|one| one.id == self.table)?;
        let of_library = |name: &str| {
            let rest = name.strip_prefix(library);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(','))
                && !OTHER_WAYS.iter().any(|way| name.contains(way))
        };
        let rows = table.rows.iter().filter(|(name, _)| of_library(name));
        let values = rows.filter_map(|(_, values)| values.get(self.column).copied());
        values.filter(|value| value.is_finite()).reduce(f64::min)
    }

    /// All figures, the least first.
    pub(crate) fn rows(&self, report: &Report) -> Vec<(Kind, &'static str, f64)> {
        let peers = IN_TABLE.iter().chain(&IN_PICTURE);
        let peers = peers.map(|name| (Kind::Peer, *name, self.peer(report, name)));
        let by_hand = self
            .by_hand
            .iter()
            .map(|(row, name)| (Kind::ByHand, *name, report.value(self.table, row, self.column)));
        let ours = [(Kind::Ours, OURS, self.ours(report))];
        let all = ours.into_iter().chain(peers).chain(by_hand);
        let mut all: Vec<_> =
            all.filter_map(|(kind, name, value)| Some((kind, name, value?))).collect();
        all.sort_by(|a, b| a.2.total_cmp(&b.2));
        all
    }
}

/// In Markdown. The least figure of each row is set bold.
pub(crate) fn render(run: &Run) -> String {
    let [cpu, cores, rustc, profile] = [CPU, CORES, RUSTC, PROFILE].map(|name| run.about(name));
    let mut text = format!("Medians in nanoseconds: {cpu}, {cores} cores, {rustc}, {profile}.\n\n");
    let heads = IN_TABLE.join(" | ");
    let _ = writeln!(text, "| | {OURS} | {heads} |\n|---|--:|{}", "--:|".repeat(IN_TABLE.len()));
    for headline in &HEADLINES {
        let peers = IN_TABLE.map(|library| headline.peer(&run.report, library));
        let all: Vec<Option<f64>> = [headline.ours(&run.report)].into_iter().chain(peers).collect();
        let least = all.iter().flatten().copied().reduce(f64::min);
        let cells = all.iter().map(|value| match value {
            Some(value) if Some(*value) == least => format!("**{}**", shown(*value)),
            value => shown(value.unwrap_or(f64::NAN)),
        });
        let _ = writeln!(text, "| {} | {} |", headline.what, cells.collect::<Vec<_>>().join(" | "));
    }
    let met = run.goals.iter().filter(|goal| goal.met() == Some(true)).count();
    let _ = writeln!(text, "\nOf the project's own {} goals, {met} are met.", run.goals.len());
    text
}

#[cfg(test)]
mod tests {
    use super::{HEADLINES, Kind};
    use crate::report::Run;
    use crate::table::{Report, Table};
    use std::path::Path;

    #[test]
    fn the_fastest_comparable_way_counts() {
        let mut table = Table::new("timing", "T", "", &["median ns"]);
        for (name, value) in [
            ("#[timed]", 28.0),
            ("metrics, Instant", 70.0),
            ("metrics, another way", 60.0),
            ("metrics, our clock", 30.0),
            ("prometheus-client, Instant", 50.0),
            ("tracing, no subscriber", 2.0),
        ] {
            table.row(name, [value]);
        }
        let report = Report { tables: vec![table], ..Report::default() };
        let timing = HEADLINES.iter().find(|one| one.table == "timing").unwrap();
        assert_eq!(timing.peer(&report, "metrics"), Some(60.0));
        assert_eq!(timing.peer(&report, "prometheus"), None);
        assert_eq!(timing.peer(&report, "tracing"), None);
        let rows: Vec<_> = timing.rows(&report).into_iter().map(|(_, name, _)| name).collect();
        assert_eq!(rows, ["tickmetrics", "prometheus-client", "metrics"]);
    }

    #[test]
    fn the_last_run_has_every_row_by_its_name() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("overhead.json");
        let run = Run::read(&path).unwrap();
        for headline in &HEADLINES {
            let rows = headline.rows(&run.report);
            let of_kind = |kind| rows.iter().filter(|row| row.0 == kind).count();
            assert_eq!(of_kind(Kind::Ours), 1, "{}", headline.title);
            assert_eq!(of_kind(Kind::ByHand), headline.by_hand.len(), "{}", headline.title);
            assert!(of_kind(Kind::Peer) >= 5, "{}", headline.title);
        }
    }
}
