//! The numbers of layouts: a row of a histogram names the edges of its buckets by one, and that of a
//! summary its ranks.

use super::connection::Connection;
use super::histograms::joined;
use super::numbers::{Found, Number, Numbers, Once, text};
use crate::batch::{Sample, Value};
use crate::store::columns::{Column, optional_texts};
use adbc_core::error::Error;
use ahash::AHashMap;
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::ArrowError;
use std::collections::HashMap;

/// All layouts are forgotten when those that are known take so many bytes.
const KNOWN_BYTES: usize = 4 << 20;

/// The edges and ranks, as they are stored.
#[derive(PartialEq, Eq, Hash)]
struct Layout {
    edges: Option<String>,
    quantiles: Option<String>,
}

impl Layout {
    fn of(edges: &[(f64, f64)], ranks: &[(f64, f64)]) -> Self {
        let keys = |pairs: &[(f64, f64)]| joined(pairs.iter().map(|(key, _)| *key));
        Self { edges: keys(edges), quantiles: keys(ranks) }
    }
}

impl Once for Layout {
    const TABLE: &str = "metric_layouts";
    const READ: &str = "edges, quantiles";

    fn columns(some: &[&Self]) -> Result<Vec<Column>, ArrowError> {
        let edges = some.iter().map(|layout| layout.edges.as_deref());
        let quantiles = some.iter().map(|layout| layout.quantiles.as_deref());
        Ok(vec![("edges", optional_texts(edges)), ("quantiles", optional_texts(quantiles))])
    }

    fn is_row(&self, columns: &[ArrayRef], row: usize) -> bool {
        text(&columns[0], row) == self.edges.as_deref()
            && text(&columns[1], row) == self.quantiles.as_deref()
    }
}

/// The number of edges, and the bits of edges and ranks. Several may have one text, which names NaN alone.
type Bits = Box<[u64]>;

/// The layouts that come in batches.
pub(super) struct KnownLayouts {
    known: AHashMap<Bits, Number>,
    /// What their bits take.
    bytes: usize,
    numbers: Numbers<Layout>,
}

/// The layouts of a batch's samples.
pub(super) struct LayoutsOf {
    /// One number for each sample; 0 for one that has no layout.
    pub(super) numbers: Vec<Number>,
    /// Layouts that are not in the file yet, as rows.
    pub(super) rows: Option<RecordBatch>,
    /// What is known when these rows are in the file.
    new: Vec<(Bits, Number)>,
}

impl KnownLayouts {
    /// For a file that is open now.
    pub(super) fn of(connection: &mut Connection) -> Result<Self, Error> {
        Ok(Self { known: AHashMap::new(), bytes: 0, numbers: Numbers::of(connection)? })
    }

    /// Finds the numbers of samples' layouts, and gives one to each layout that has none.
    ///
    /// # Errors
    /// Of a query.
    pub(super) fn find(
        &mut self,
        connection: &mut Connection,
        samples: &[Sample],
    ) -> Result<LayoutsOf, Error> {
        let mut numbers = vec![0; samples.len()];
        // The layouts without a number, in the order of the samples, and their samples.
        let mut places: HashMap<Layout, usize> = HashMap::new();
        let mut open: Vec<(usize, usize, Bits)> = Vec::new();
        let mut bits = Vec::new();
        for (index, sample) in samples.iter().enumerate() {
            let Some((edges, ranks)) = keys(&sample.value) else { continue };
            bits.clear();
            bits.push(edges.len() as u64);
            bits.extend(edges.iter().chain(ranks).map(|(key, _)| key.to_bits()));
            if let Some(number) = self.known.get(&*bits) {
                numbers[index] = *number;
                continue;
            }
            let next = places.len();
            let place = *places.entry(Layout::of(edges, ranks)).or_insert(next);
            open.push((index, place, (*bits).into()));
        }
        if places.is_empty() {
            return Ok(LayoutsOf { numbers, rows: None, new: Vec::new() });
        }
        let mut missing: Vec<_> = places.iter().collect();
        missing.sort_by_key(|(_, place)| **place);
        let missing: Vec<&Layout> = missing.into_iter().map(|(layout, _)| layout).collect();
        let Found { numbers: found, rows } = self.numbers.find(connection, &missing)?;
        let mut new = Vec::with_capacity(open.len());
        for (index, place, bits) in open {
            numbers[index] = found[place];
            new.push((bits, found[place]));
        }
        Ok(LayoutsOf { numbers, rows, new })
    }

    /// Keeps the numbers of a batch that is in the file.
    pub(super) fn keep(&mut self, batch: LayoutsOf) {
        if self.bytes > KNOWN_BYTES {
            self.forget();
        }
        for (bits, number) in batch.new {
            let bytes = size_of_val(&*bits);
            if self.known.insert(bits, number).is_none() {
                self.bytes += bytes;
            }
        }
    }

    /// Forgets all of them.
    pub(super) fn forget(&mut self) {
        self.known.clear();
        self.bytes = 0;
    }
}

/// The edge or rank of a pair, and its count or value.
type Pair = (f64, f64);

/// The pairs that begin with edges, and those that begin with ranks; `None` for one number.
fn keys(value: &Value) -> Option<(&[Pair], &[Pair])> {
    match value {
        Value::Number(_) => None,
        Value::Histogram(histogram) => Some((&histogram.buckets, &[])),
        Value::Summary(summary) => Some((&[], &summary.quantiles)),
    }
}
