//! Series of one kind, scraped in every format of every library.

use super::formats::{Buffer, Format, Library};
use crate::layout::Column;
use crate::run::{self, Effort};
use crate::stats::{Measured, Sample};
use crate::table::{Report, Table};

/// How many series there are, one column of the tables for each.
const SIZES: [usize; 3] = [1_000, 10_000, 100_000];

/// Series of one kind.
pub(super) struct Kind {
    pub(super) title: &'static str,
    pub(super) note: &'static str,
    pub(super) libraries: &'static [Library],
    /// The formats, each with the name of its table in the file.
    pub(super) tables: &'static [(Format, &'static str)],
    /// The name that each series has once, in a text.
    pub(super) name: &'static str,
}

/// A library, and the time of its first scrape of the most series, and of later ones.
pub(super) type First = (&'static str, [f64; 2]);

impl Kind {
    /// The column for so many series in the table of a format.
    ///
    /// # Panics
    /// If there is no such table or column: at compile time, where the result is a constant.
    pub(super) const fn column(&self, format: Format, series: usize) -> Column {
        let mut table = 0;
        while self.tables[table].0 as u8 != format as u8 {
            table += 1;
        }
        let mut at = 0;
        while SIZES[at] != series {
            at += 1;
        }
        Column { table: self.tables[table].1, at }
    }

    /// Scrapes all libraries and formats in turn, for each size, and pushes a table for each format.
    pub(super) fn measure(
        &self,
        effort: Effort,
        report: &mut Report,
    ) -> Result<Vec<First>, String> {
        let sizes = if effort.quick { &SIZES[..2] } else { &SIZES };
        let mut rows = vec![Vec::<(&str, Vec<f64>)>::new(); self.tables.len()];
        let mut first = Vec::new();
        for &series in sizes {
            first.clear();
            for (name, measured) in self.turns(series, effort)? {
                let mut medians = Vec::new();
                for (rows, One { once, later }) in rows.iter_mut().zip(measured) {
                    let Some(later) = later else { continue };
                    report.batches([&later]);
                    medians.push([once, later.median]);
                    match rows.iter_mut().find(|(library, _)| *library == name) {
                        Some((_, row)) => row.push(later.median),
                        None => rows.push((name, vec![later.median])),
                    }
                }
                // The first format's scrape prepares those of the others.
                first.extend(medians.first().map(|&it| (name, it)));
            }
        }
        let columns: Vec<_> = sizes.iter().map(|series| format!("{series} series")).collect();
        for ((at, (format, id)), rows) in self.tables.iter().enumerate().zip(rows) {
            let title = format!("{}, {}", self.title, format.what());
            let note = if at == 0 { self.note } else { "" };
            let mut table = Table::new(id, &title, note, &columns);
            rows.into_iter().for_each(|(name, row)| table.row(name, row));
            report.push(table);
        }
        Ok(first)
    }

    /// The time of each library in each of its formats.
    fn turns(
        &self,
        series: usize,
        effort: Effort,
    ) -> Result<Vec<(&'static str, Vec<One>)>, String> {
        let scrapes: Vec<_> =
            self.libraries.iter().map(|&(name, make)| (name, make(series))).collect();
        let mut samples = vec![vec![(f64::NAN, Vec::new()); self.tables.len()]; scrapes.len()];
        let mut kept = Buffer::default();
        for repetition in 0..=repetitions(series, effort) {
            for ((library, scrape), samples) in scrapes.iter().zip(&mut samples) {
                for (&(format, _), (once, later)) in self.tables.iter().zip(samples) {
                    let Some(write) = scrape.writes(format) else { continue };
                    // The first has memory that nobody wrote to.
                    let mut new = Buffer::default();
                    let buffer = if repetition == 0 { &mut new } else { &mut kept };
                    buffer.clear();
                    let sample = run::timed(|| write(buffer));
                    let nanos = sample.nanos / series as f64;
                    if repetition == 0 {
                        *once = nanos;
                        let found = buffer.series(format, self.name)?;
                        if found != series {
                            return Err(format!(
                                "{library}: {series} series were counted, and {found} scraped as {}",
                                format.what()
                            ));
                        }
                        kept.keep_larger(new);
                    } else {
                        // A scrape of milliseconds is seldom left alone: the median is of all.
                        later.push(Sample { nanos, interrupted: false });
                    }
                }
            }
        }
        let measured = |library, samples: Vec<(f64, Vec<Sample>)>| {
            let one = |(once, later): (f64, Vec<Sample>)| {
                let later = (!later.is_empty()).then(|| Measured::of(library, &later));
                One { once, later }
            };
            samples.into_iter().map(one).collect()
        };
        let all = scrapes.iter().zip(samples);
        Ok(all.map(|(&(library, _), samples)| (library, measured(library, samples))).collect())
    }
}

/// A library's figures in a format: of its first scrape, and of the later ones where it has any.
struct One {
    once: f64,
    later: Option<Measured>,
}

fn repetitions(series: usize, effort: Effort) -> usize {
    let repetitions = if effort.quick { 12_000 } else { 100_000 } / series;
    repetitions.clamp(3, 50)
}
