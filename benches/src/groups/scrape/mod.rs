//! Encoding all series for Prometheus, in every format.

pub(crate) mod counters;
mod formats;
pub(crate) mod histograms;
pub(crate) mod peak;

pub(crate) use formats::{Buffer, Format, Scrape};

use super::OURS;
use crate::run::{self, Effort};
use crate::stats::{Measured, Sample};
use crate::table::{Report, Table};
use counters::Library;
use std::sync::OnceLock;
use tickmetrics::prelude::*;

/// The times of the first scrape of all series, and of later ones.
pub(crate) const FIRST: &str = "scrape first";

pub(crate) fn measure(effort: Effort, report: &mut Report) -> Result<(), String> {
    let sizes: &[usize] = if effort.quick { &[1_000, 10_000] } else { &[1_000, 10_000, 100_000] };
    let columns =
        ["counters, first", "later", "histograms, first", "later", "native, first", "later"];
    let note = "Nanoseconds for each series of the most that there are above: the first time that \
                anybody asks for them, in text and for native ones in protobuf, into new memory, and \
                the median of the times after it.";
    let mut first = Table::new(FIRST, "Scrape: the first one, and later ones", note, &columns);
    for (at, kind) in KINDS.iter().enumerate() {
        for (library, [once, later]) in kind.measure(sizes, effort, report)? {
            if !first.rows.iter().any(|(name, _)| name == library) {
                first.row(library, [f64::NAN; 6]);
            }
            if let Some((_, row)) = first.rows.iter_mut().find(|(name, _)| name == library) {
                (row[2 * at], row[2 * at + 1]) = (once, later);
            }
        }
    }
    report.push(first);
    Ok(())
}

/// Series of one kind.
struct Kind {
    /// The name of its tables in the file, with the format behind it.
    id: &'static str,
    title: &'static str,
    note: &'static str,
    libraries: &'static [Library],
    formats: &'static [Format],
    /// The name that each series has once, in a text.
    name: &'static str,
}

const KINDS: [Kind; 3] = [
    Kind {
        id: "scrape counters",
        title: "Scrape: counters with two labels",
        note: "Nanoseconds for each series of a scrape: the values read and written out, into a buffer \
               that is kept where the library lets one. One thread counted. The libraries and the \
               formats take turns. The text of `prometheus-client` is OpenMetrics.",
        libraries: counters::LIBRARIES,
        formats: &Format::ALL,
        name: "a",
    },
    Kind {
        id: "scrape histograms",
        title: "Scrape: histograms of 15 buckets",
        note: "100 log-normal values in each series. tickmetrics sums some hundred fine cells into \
               the 15 buckets; the others have 15 buckets. It says how much finer it keeps them, not \
               that anybody needs it.",
        libraries: histograms::LIBRARIES,
        formats: &Format::ALL,
        name: "a_bucket",
    },
    Kind {
        id: "scrape native",
        title: "Scrape: native histograms",
        note: "The same values, in exponential buckets that are 9 % wide, and no others. tickmetrics \
               puts its cells into them at the scrape; the others record into them.",
        libraries: histograms::NATIVE,
        formats: &[Format::Protobuf],
        name: "a",
    },
];

/// A library, and what its first scrape of the most series took, and later ones.
type First = (&'static str, [f64; 2]);

impl Kind {
    /// Scrapes all libraries and formats in turn, for each size, and pushes a table for each format.
    fn measure(
        &self,
        sizes: &[usize],
        effort: Effort,
        report: &mut Report,
    ) -> Result<Vec<First>, String> {
        let mut rows = vec![Vec::<(&str, Vec<f64>)>::new(); self.formats.len()];
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
                // The others find what the first format's scrape left them.
                first.extend(medians.first().map(|&it| (name, it)));
            }
        }
        for (format, rows) in self.formats.iter().zip(rows) {
            let id = format!("{}{}", self.id, format.id());
            let title = format!("{}, {}", self.title, format.what());
            let columns: Vec<_> = sizes.iter().map(|series| format!("{series} series")).collect();
            let note = if *format == self.formats[0] { self.note } else { "" };
            let mut table = Table::new(&id, &title, note, &columns);
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
        let mut samples = vec![vec![(f64::NAN, Vec::new()); self.formats.len()]; scrapes.len()];
        let mut kept = Buffer::default();
        for repetition in 0..=repetitions(series, effort) {
            for ((library, scrape), samples) in scrapes.iter().zip(&mut samples) {
                for (format, (once, later)) in self.formats.iter().zip(samples) {
                    let Some(write) = scrape.writes(*format) else { continue };
                    // The first has memory that nobody wrote to.
                    let mut new = Buffer::default();
                    let buffer = if repetition == 0 { &mut new } else { &mut kept };
                    buffer.clear();
                    let sample = run::timed(|| write(buffer));
                    let nanos = sample.nanos / series as f64;
                    if repetition == 0 {
                        *once = nanos;
                        let found = buffer.series(*format, self.name)?;
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

/// The names of half as many symbols as series: each has two sides.
pub(crate) fn symbols(series: usize) -> impl Iterator<Item = &'static str> {
    static NAMES: OnceLock<Vec<String>> = OnceLock::new();
    let names = NAMES.get_or_init(|| (0..50_000).map(|at| format!("COIN{at:05}USDT")).collect());
    names[..series / 2].iter().map(String::as_str)
}

/// Symbols that are interned, in a table for as many as there are series.
macro_rules! interned {
    ($($name:ident $capacity:literal),+) => {
        $(
            #[derive(Clone, Copy, Label)]
            #[label(rename = "symbol", capacity = $capacity)]
            struct $name(LabelId);
        )+
    };
}

interned!(Symbol500 500, Symbol5000 5_000, Symbol50000 50_000);
