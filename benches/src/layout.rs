//! The tables of the report as they are before a run, and the places of figures in them.

use crate::table::{Report, Table};

/// A table without rows. The groups define them as constants, so that a reference to a missing
/// table or column does not compile.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    /// Its name in the file.
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    /// The explanation for the reader.
    pub(crate) note: &'static str,
    pub(crate) columns: &'static [&'static str],
}

impl Layout {
    pub(crate) fn table(&self) -> Table {
        Table::new(self.id, self.title, self.note, self.columns)
    }

    /// A column, counted from 0.
    ///
    /// # Panics
    /// If the table has no such column: at compile time, where the result is a constant.
    pub(crate) const fn column(&self, at: usize) -> Column {
        assert!(at < self.columns.len(), "the table has no such column");
        Column { table: self.id, at }
    }
}

/// The columns of a table of medians and minima; see `Report::push_measured`.
pub(crate) const MEASURED: &[&str] = &["median ns", "minimum ns"];

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    pub(crate) table: &'static str,
    pub(crate) at: usize,
}

impl Column {
    /// The figure of a row.
    pub(crate) const fn of(self, row: &'static str) -> Figure {
        Figure { column: self, row }
    }

    /// All rows, each with its value in this column.
    pub(crate) fn rows(self, report: &Report) -> impl Iterator<Item = (&str, f64)> {
        let table = report.tables.iter().find(|one| one.id == self.table);
        let rows = table.into_iter().flat_map(|table| &table.rows);
        rows.filter_map(move |(name, values)| Some((name.as_str(), *values.get(self.at)?)))
    }
}

/// The place of one figure in the report.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figure {
    pub(crate) column: Column,
    pub(crate) row: &'static str,
}

impl Figure {
    /// Its value, if it was measured.
    pub(crate) fn value(&self, report: &Report) -> Option<f64> {
        report.value(self.column.table, self.row, self.column.at)
    }
}
