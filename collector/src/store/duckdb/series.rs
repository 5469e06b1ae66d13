//! The numbers of series: a row of the file names its series by one, so that names and labels are
//! stored once and not with each sample.

use super::connection::Connection;
use super::numbers::{Found, Number, Numbers, Once, text};
use crate::batch::{Sample, Series};
use crate::store::columns::{self, Column};
use adbc_core::error::Error;
use ahash::AHashMap;
use arrow_array::cast::AsArray as _;
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::ArrowError;
use std::collections::HashMap;
use std::sync::Arc;

/// Series are forgotten when so many more are known than the last batch has.
const SPARE: usize = 10_000;

impl Once for Series {
    const TABLE: &str = "metric_series";
    const READ: &str = "service, metric_name, kind, symbol, map_keys(labels), map_values(labels)";

    fn columns(some: &[&Self]) -> Result<Vec<Column>, ArrowError> {
        columns::names(some.iter().copied()).map(Vec::from)
    }

    fn is_row(&self, columns: &[ArrayRef], row: usize) -> bool {
        let list = |column: usize| columns[column].as_list::<i32>().value(row);
        let (names, values) = (list(4), list(5));
        let stored = names.as_string::<i32>().iter().zip(values.as_string::<i32>());
        text(&columns[0], row) == Some(&*self.service)
            && text(&columns[1], row) == Some(&*self.name)
            && text(&columns[2], row) == Some(self.kind.name())
            && text(&columns[3], row) == self.symbol.as_deref()
            && stored.eq(self.labels.iter().map(|(name, value)| (Some(&**name), Some(&**value))))
    }
}

/// The series that come in batches.
pub(super) struct KnownSeries {
    /// By the address of the series, which is kept alive here.
    known: AHashMap<usize, (Arc<Series>, Number)>,
    numbers: Numbers<Series>,
}

/// The series of a batch's samples.
pub(super) struct SeriesOf {
    /// One number for each sample.
    pub(super) numbers: Vec<Number>,
    /// Series that are not in the file yet, as rows.
    pub(super) rows: Option<RecordBatch>,
    /// What is known when these rows are in the file.
    new: Vec<(Arc<Series>, Number)>,
}

impl KnownSeries {
    /// For a file that is open now.
    pub(super) fn of(connection: &mut Connection) -> Result<Self, Error> {
        Ok(Self { known: AHashMap::new(), numbers: Numbers::of(connection)? })
    }

    /// Finds the numbers of samples' series, and gives one to each series that has none.
    ///
    /// # Errors
    /// Of a query.
    pub(super) fn find(
        &mut self,
        connection: &mut Connection,
        samples: &[Sample],
    ) -> Result<SeriesOf, Error> {
        let mut numbers = vec![0; samples.len()];
        // The series without a number, in the order of the samples, and their samples.
        let mut missing: Vec<&Series> = Vec::new();
        let mut places: HashMap<&Series, usize> = HashMap::new();
        let mut open: Vec<(usize, usize)> = Vec::new();
        for (index, sample) in samples.iter().enumerate() {
            if let Some((_, number)) = self.known.get(&address(&sample.series)) {
                numbers[index] = *number;
                continue;
            }
            let place = *places.entry(&sample.series).or_insert_with(|| {
                missing.push(&sample.series);
                missing.len() - 1
            });
            open.push((index, place));
        }
        if missing.is_empty() {
            return Ok(SeriesOf { numbers, rows: None, new: Vec::new() });
        }
        let Found { numbers: found, rows } = self.numbers.find(connection, &missing)?;
        let mut new = Vec::with_capacity(open.len());
        for (index, place) in open {
            numbers[index] = found[place];
            new.push((samples[index].series.clone(), found[place]));
        }
        Ok(SeriesOf { numbers, rows, new })
    }

    /// Keeps the numbers of a batch that is in the file.
    pub(super) fn keep(&mut self, batch: SeriesOf) {
        let live = batch.numbers.len();
        for (series, number) in batch.new {
            self.known.insert(address(&series), (series, number));
        }
        if self.known.len() > live + SPARE {
            // Others are held by nobody else, so that their address could be another's.
            self.known.retain(|_, (series, _)| Arc::strong_count(series) > 1);
        }
    }

    /// Forgets all of them, since rows of series were removed.
    pub(super) fn forget(&mut self) {
        self.known.clear();
    }
}

fn address(series: &Arc<Series>) -> usize {
    Arc::as_ptr(series).addr()
}
