//! Tables of results, and their transfer between processes.

use crate::stats::{Measured, median};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// The results of one operation, for each library.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    /// Its name in the file and in the goals.
    pub(crate) id: String,
    pub(crate) title: String,
    /// The explanation for the reader.
    pub(crate) note: String,
    pub(crate) columns: Vec<String>,
    /// Names, and a value for each column: NaN for none.
    pub(crate) rows: Vec<(String, Vec<f64>)>,
}

impl Table {
    pub(crate) fn new(id: &str, title: &str, note: &str, columns: &[impl AsRef<str>]) -> Self {
        let columns = columns.iter().map(|column| column.as_ref().to_owned()).collect();
        Self {
            id: id.to_owned(),
            title: title.to_owned(),
            note: note.to_owned(),
            columns,
            rows: Vec::new(),
        }
    }

    pub(crate) fn row(&mut self, name: &str, values: impl IntoIterator<Item = f64>) {
        self.rows.push((name.to_owned(), values.into_iter().collect()));
    }

    /// In Markdown.
    pub(crate) fn render(&self) -> String {
        let mut text = format!("### {}\n\n", self.title);
        if !self.note.is_empty() {
            let _ = writeln!(text, "{}\n", self.note);
        }
        let heads = self.columns.join(" | ");
        let _ = writeln!(text, "| | {heads} |\n|---|{}", "--:|".repeat(self.columns.len()));
        for (name, values) in &self.rows {
            let cells = values.iter().copied().map(shown).collect::<Vec<_>>().join(" | ");
            let _ = writeln!(text, "| {name} | {cells} |");
        }
        text
    }
}

/// The significant digits.
pub(crate) fn shown(value: f64) -> String {
    match value.abs() {
        _ if value.is_nan() => "–".to_owned(),
        0.0..10.0 => format!("{value:.2}"),
        10.0..100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

/// The results of a run, so far.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) tables: Vec<Table>,
    pub(crate) kept: u64,
    pub(crate) discarded: u64,
}

impl Report {
    pub(crate) fn push(&mut self, table: Table) {
        eprintln!("  {}", table.title);
        self.tables.push(table);
    }

    /// Adds to the count of batches.
    pub(crate) fn batches<'a>(&mut self, measured: impl IntoIterator<Item = &'a Measured>) {
        for one in measured {
            self.kept += one.kept as u64;
            self.discarded += one.discarded as u64;
        }
    }

    /// Adds a table of medians and minima.
    pub(crate) fn push_measured(&mut self, mut table: Table, measured: &[Measured]) {
        for one in measured {
            table.row(&one.name, [one.median, one.minimum]);
        }
        self.batches(measured);
        self.push(table);
    }

    /// As JSON, with null for NaN.
    pub(crate) fn to_json(&self) -> Value {
        let tables = self.tables.iter().map(|table| {
            let rows = table.rows.iter().map(|(name, values)| {
                let values: Vec<_> =
                    values.iter().map(|value| value.is_finite().then_some(value)).collect();
                json!({ "name": name, "values": values })
            });
            json!({
                "id": table.id,
                "title": table.title,
                "note": table.note,
                "columns": table.columns,
                "rows": rows.collect::<Vec<_>>(),
            })
        });
        json!({
            "tables": tables.collect::<Vec<_>>(),
            "batches_kept": self.kept,
            "batches_discarded": self.discarded,
        })
    }

    /// From the output of [`to_json`](Self::to_json).
    pub(crate) fn from_json(json: &Value) -> Option<Self> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let row = |row: &Value| {
            let values = row["values"].as_array()?;
            let values = values.iter().map(|value| value.as_f64().unwrap_or(f64::NAN));
            Some((text(&row["name"])?, values.collect()))
        };
        let table = |table: &Value| {
            Some(Table {
                id: text(&table["id"])?,
                title: text(&table["title"])?,
                note: text(&table["note"])?,
                columns: table["columns"].as_array()?.iter().map(text).collect::<Option<_>>()?,
                rows: table["rows"].as_array()?.iter().map(row).collect::<Option<_>>()?,
            })
        };
        Some(Self {
            tables: json["tables"].as_array()?.iter().map(table).collect::<Option<_>>()?,
            kept: json["batches_kept"].as_u64()?,
            discarded: json["batches_discarded"].as_u64()?,
        })
    }

    /// The medians of several processes' values, and the least of their minima.
    pub(crate) fn merged(reports: &[Self]) -> Self {
        let tables = |at: usize| reports.iter().filter_map(move |report| report.tables.get(at));
        let merge = |(at, first): (usize, &Table)| {
            let mut merged = first.clone();
            for (row, (_, values)) in merged.rows.iter_mut().enumerate() {
                for (column, value) in values.iter_mut().enumerate() {
                    let cell = |table: &Table| table.rows.get(row)?.1.get(column).copied();
                    let mut all: Vec<f64> = tables(at).filter_map(cell).collect();
                    *value = if first.columns.get(column).is_some_and(|it| it.contains("minimum")) {
                        all.into_iter().fold(f64::NAN, f64::min)
                    } else {
                        median(&mut all)
                    };
                }
            }
            merged
        };
        Self {
            tables: reports
                .first()
                .map_or(Vec::new(), |first| first.tables.iter().enumerate().map(merge).collect()),
            kept: reports.iter().map(|report| report.kept).sum(),
            discarded: reports.iter().map(|report| report.discarded).sum(),
        }
    }

    /// Adds another process's results.
    pub(crate) fn append(&mut self, other: &Self) {
        self.tables.extend(other.tables.iter().cloned());
        self.kept += other.kept;
        self.discarded += other.discarded;
    }

    /// A value of a table, if it was measured.
    pub(crate) fn value(&self, table: &str, row: &str, column: usize) -> Option<f64> {
        let table = self.tables.iter().find(|one| one.id == table)?;
        let (_, values) = table.rows.iter().find(|(name, _)| name == row)?;
        values.get(column).copied().filter(|value| value.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use super::{Report, Table};

    fn report(median: f64, minimum: f64) -> Report {
        let mut report = Report { kept: 7, ..Report::default() };
        let mut table = Table::new("t", "T", "", &["median ns", "minimum ns"]);
        table.row("x", [median, minimum]);
        table.row("y", [f64::NAN]);
        report.tables.push(table);
        report
    }

    #[test]
    fn processes_are_merged_after_their_way_through_json() {
        let reports = [report(2.0, 1.0), report(9.0, 0.5), report(3.0, 2.5)];
        let read = |report: &Report| Report::from_json(&report.to_json()).unwrap();
        let merged = Report::merged(&reports.each_ref().map(read));
        assert_eq!(merged.value("t", "x", 0), Some(3.0));
        assert_eq!(merged.value("t", "x", 1), Some(0.5));
        assert_eq!((merged.value("t", "y", 0), merged.kept), (None, 21));
    }
}
