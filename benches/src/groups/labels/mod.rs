//! Counting by labels whose values are known at run time only.

mod by_side;
mod by_symbol;
mod counters;
mod intern;
mod orders;

use super::names::OURS;
use crate::goal::Goal;
use crate::layout::{Column, Layout, MEASURED};
use crate::run::{self, Effort};
use crate::table::Report;
use counters::UNLABELLED;

const ENUM: Layout = Layout {
    id: "enum label",
    title: "Enum label chosen at run time",
    note: "Sides at random, read from a table. The second row reads them, too, and adds to one cell. \
           The third does by hand what labels do: a table of unlabelled handles, of which the side \
           picks one.",
    columns: MEASURED,
};

pub(crate) const BY_ENUM: Column = ENUM.column(0);

const INTERNED: Layout = Layout {
    id: "interned label",
    title: "Interned label and enum label",
    note: "64 symbols and two sides at random. tickmetrics, and the handles kept in a table, have \
           interned the symbol before; the libraries that take strings look them up. \"From strings\" \
           does both: `intern`, then count.",
    columns: MEASURED,
};

const BY_INTERNED: Column = INTERNED.column(0);

const INTERN: Layout = Layout {
    id: "intern",
    title: "A known value's number",
    note: "64 symbols at random.",
    columns: MEASURED,
};

pub(super) const GOALS: &[Goal] = &[
    Goal::ratio(
        "enum label chosen at run time",
        1.3,
        "× unlabelled",
        (BY_ENUM.of(OURS), BY_ENUM.of(UNLABELLED)),
    ),
    Goal::ratio(
        "interned label and enum",
        1.6,
        "× unlabelled",
        (BY_INTERNED.of(OURS), BY_INTERNED.of(UNLABELLED)),
    ),
    Goal::value("`intern` of a known value", 20.0, "ns", INTERN.column(0).of(OURS)),
];

pub(crate) fn measure(effort: Effort, report: &mut Report) -> Result<(), String> {
    let measured = run::interleaved(&by_side::all(), effort)?;
    report.push_measured(ENUM.table(), &measured);
    let measured = run::interleaved(&by_symbol::all(), effort)?;
    report.push_measured(INTERNED.table(), &measured);
    let measured = run::interleaved(&intern::all(), effort.divided_by(2))?;
    report.push_measured(INTERN.table(), &measured);
    Ok(())
}
