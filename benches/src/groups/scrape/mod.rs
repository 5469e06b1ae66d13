//! Encoding all series for Prometheus, in every format.

pub(crate) mod counters;
pub(crate) mod formats;
pub(crate) mod histograms;
mod kind;
pub(crate) mod peak;
pub(crate) mod series;

use super::names::OURS;
use crate::goal::Goal;
use crate::layout::{Column, Layout};
use crate::run::Effort;
use crate::table::Report;
use formats::Format;
use kind::Kind;

const COUNTERS: Kind = Kind {
    title: "Scrape: counters with two labels",
    note: "Nanoseconds for each series of a scrape: the values read and written out, into a buffer \
           that is kept where the library lets one. One thread counted. The libraries and the formats \
           take turns. The text of `prometheus-client` is OpenMetrics.",
    libraries: counters::LIBRARIES,
    tables: &[
        (Format::Text, "scrape counters"),
        (Format::OpenMetrics, "scrape counters openmetrics"),
        (Format::Protobuf, "scrape counters protobuf"),
    ],
    name: "a",
};

const HISTOGRAMS: Kind = Kind {
    title: "Scrape: histograms of 15 buckets",
    note: "100 log-normal values in each series. tickmetrics sums some hundred fine cells into the 15 \
           buckets; the others have 15 buckets. It says how much finer it keeps them, not that anybody \
           needs it.",
    libraries: histograms::LIBRARIES,
    tables: &[
        (Format::Text, "scrape histograms"),
        (Format::OpenMetrics, "scrape histograms openmetrics"),
        (Format::Protobuf, "scrape histograms protobuf"),
    ],
    name: "a_bucket",
};

const NATIVE: Kind = Kind {
    title: "Scrape: native histograms",
    note: "The same values, in exponential buckets that are 9 % wide, and no others. tickmetrics puts \
           its cells into them at the scrape; the others record into them.",
    libraries: histograms::NATIVE,
    tables: &[(Format::Protobuf, "scrape native protobuf")],
    name: "a",
};

pub(crate) const MOST_COUNTERS: Column = COUNTERS.column(Format::Text, 100_000);
pub(crate) const SOME_HISTOGRAMS: Column = HISTOGRAMS.column(Format::Text, 10_000);
const MOST_HISTOGRAMS: Column = HISTOGRAMS.column(Format::Text, 100_000);

/// The times of the first scrape of all series, and of later ones: two columns for each kind.
const FIRST: Layout = Layout {
    id: "scrape first",
    title: "Scrape: the first one, and later ones",
    note: "Nanoseconds for each series of the most that there are above: the first time that anybody \
           asks for them, in text and for native ones in protobuf, into new memory, and the median of \
           the times after it.",
    columns: &["counters, first", "later", "histograms, first", "later", "native, first", "later"],
};

pub(super) const GOALS: &[Goal] = &[
    Goal::value("scrape of 100,000 counter series", 40.0, "ns a series", MOST_COUNTERS.of(OURS)),
    Goal::value(
        "scrape of 10,000 histogram series",
        600.0,
        "ns a series",
        SOME_HISTOGRAMS.of(OURS),
    ),
    Goal::value(
        "scrape of 100,000 histogram series",
        600.0,
        "ns a series",
        MOST_HISTOGRAMS.of(OURS),
    ),
    Goal::ratio(
        "OpenMetrics, 100,000 counter series",
        1.2,
        "× text",
        (COUNTERS.column(Format::OpenMetrics, 100_000).of(OURS), MOST_COUNTERS.of(OURS)),
    ),
    Goal::ratio(
        "OpenMetrics, 100,000 histogram series",
        1.2,
        "× text",
        (HISTOGRAMS.column(Format::OpenMetrics, 100_000).of(OURS), MOST_HISTOGRAMS.of(OURS)),
    ),
    Goal::value(
        "native histograms in protobuf, 10,000 series",
        300.0,
        "ns a series",
        NATIVE.column(Format::Protobuf, 10_000).of(OURS),
    ),
    Goal::value(
        "native histograms in protobuf, 100,000 series",
        300.0,
        "ns a series",
        NATIVE.column(Format::Protobuf, 100_000).of(OURS),
    ),
    Goal::ratio(
        "first scrape of counters",
        2.0,
        "× later ones",
        (FIRST.column(0).of(OURS), FIRST.column(1).of(OURS)),
    ),
    Goal::ratio(
        "first scrape of histograms",
        2.0,
        "× later ones",
        (FIRST.column(2).of(OURS), FIRST.column(3).of(OURS)),
    ),
    Goal::ratio(
        "first scrape of native histograms",
        2.0,
        "× later ones",
        (FIRST.column(4).of(OURS), FIRST.column(5).of(OURS)),
    ),
];

pub(crate) fn measure(effort: Effort, report: &mut Report) -> Result<(), String> {
    let mut first = FIRST.table();
    for (at, kind) in [COUNTERS, HISTOGRAMS, NATIVE].iter().enumerate() {
        for (library, [once, later]) in kind.measure(effort, report)? {
            if !first.rows.iter().any(|(name, _)| name == library) {
                first.row(library, [f64::NAN; FIRST.columns.len()]);
            }
            if let Some((_, row)) = first.rows.iter_mut().find(|(name, _)| name == library) {
                (row[2 * at], row[2 * at + 1]) = (once, later);
            }
        }
    }
    report.push(first);
    Ok(())
}
