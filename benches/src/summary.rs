//! The most important figures of a report, for each library and operation.

use crate::groups::names::{FETCH_ADD, OURS, RAW};
use crate::groups::tick::OUR_CLOCK;
use crate::groups::timing::{NO_SUBSCRIBER, STRIDE_64};
use crate::groups::{counters, histograms, labels, memory, scrape, tick, timing};
use crate::layout::{Column, Figure};
use crate::machine::{CORES, CPU, PROFILE, RUSTC};
use crate::results::Run;
use crate::table::{Report, shown};
use std::fmt::Write as _;

/// An operation, and its place in the report.
pub(crate) struct Headline {
    /// Its name in the table.
    what: &'static str,
    /// Its name in the picture.
    pub(crate) title: &'static str,
    ours: Figure,
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
        ours: counters::IN_ROTATION.of(OURS),
        by_hand: &[(RAW, OWN_CELL), (FETCH_ADD, SHARED_CELL)],
    },
    Headline {
        what: "`inc`, one counter, two threads",
        title: "Count: two threads, the same counter, ns",
        ours: counters::TWO_THREADS.of(OURS),
        by_hand: &[(RAW, OWN_CELL), (FETCH_ADD, SHARED_CELL)],
    },
    Headline {
        what: "`record`",
        title: "Record a value into a histogram, ns",
        ours: histograms::RECORD.of(OURS),
        by_hand: &[(histograms::RAW, "own cells, by hand")],
    },
    Headline {
        what: "`record`, one histogram, two threads",
        title: "Record: two threads, the same histogram, ns",
        ours: histograms::TWO_THREADS.of(OURS),
        by_hand: &[(histograms::RAW_EACH, "own cells, by hand")],
    },
    Headline {
        what: "`inc` by an enum label",
        title: "Count by a label chosen at run time, ns",
        ours: labels::BY_ENUM.of(OURS),
        by_hand: &[],
    },
    Headline {
        what: "time an empty function: `#[timed]`",
        title: "Time an empty function, ns",
        ours: timing::EMPTY.of(timing::TIMED),
        by_hand: &[(timing::FLOOR, "two clock reads")],
    },
    Headline {
        what: "added to a tick: 9 records, 2 timings",
        title: "Added to a tick with 9 records and 2 timings, ns",
        ours: tick::ADDED.of(OURS),
        by_hand: &[],
    },
    Headline {
        what: "resident bytes of a histogram series",
        title: "Memory of a histogram series, bytes",
        ours: memory::OF_HISTOGRAM.of(OURS),
        by_hand: &[],
    },
    Headline {
        what: "scrape of a counter, of 100,000",
        title: "Scrape 100,000 counters, ns for each",
        ours: scrape::MOST_COUNTERS.of(OURS),
        by_hand: &[],
    },
    Headline {
        what: "scrape of a histogram, of 10,000",
        title: "Scrape 10,000 histograms, ns for each",
        ours: scrape::SOME_HISTOGRAMS.of(OURS),
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
const OTHER_WAYS: [&str; 3] = [OUR_CLOCK, STRIDE_64, NO_SUBSCRIBER];

/// The meaning of a row of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Ours,
    Peer,
    ByHand,
}

impl Headline {
    fn column(&self) -> Column {
        self.ours.column
    }

    /// A library's figure, for the fastest of its ways.
    fn peer(&self, report: &Report, library: &str) -> Option<f64> {
        let of_library = |name: &str| {
            let rest = name.strip_prefix(library);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(','))
                && !OTHER_WAYS.iter().any(|way| name.contains(way))
        };
        let rows = self.column().rows(report).filter(|(name, _)| of_library(name));
        rows.map(|(_, value)| value).filter(|value| value.is_finite()).reduce(f64::min)
    }

    /// All figures, the least first.
    pub(crate) fn rows(&self, report: &Report) -> Vec<(Kind, &'static str, f64)> {
        let peers = IN_TABLE.iter().chain(&IN_PICTURE);
        let peers = peers.map(|name| (Kind::Peer, *name, self.peer(report, name)));
        let by_hand = self
            .by_hand
            .iter()
            .map(|(row, name)| (Kind::ByHand, *name, self.column().of(row).value(report)));
        let ours = [(Kind::Ours, OURS, self.ours.value(report))];
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
        let all: Vec<Option<f64>> =
            [headline.ours.value(&run.report)].into_iter().chain(peers).collect();
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
    use crate::results::Run;
    use crate::table::{Report, Table};

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
        let timing = HEADLINES.iter().find(|one| one.column().table == "timing").unwrap();
        assert_eq!(timing.peer(&report, "metrics"), Some(60.0));
        assert_eq!(timing.peer(&report, "prometheus"), None);
        assert_eq!(timing.peer(&report, "tracing"), None);
        let rows: Vec<_> = timing.rows(&report).into_iter().map(|(_, name, _)| name).collect();
        assert_eq!(rows, ["tickmetrics", "prometheus-client", "metrics"]);
    }

    #[test]
    fn the_last_run_has_every_row_by_its_name() {
        let run = Run::last();
        for headline in &HEADLINES {
            let rows = headline.rows(&run.report);
            let of_kind = |kind| rows.iter().filter(|row| row.0 == kind).count();
            assert_eq!(of_kind(Kind::Ours), 1, "{}", headline.title);
            assert_eq!(of_kind(Kind::ByHand), headline.by_hand.len(), "{}", headline.title);
            assert!(of_kind(Kind::Peer) >= 5, "{}", headline.title);
        }
    }
}
