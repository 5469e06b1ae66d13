//! The numbers of series: a row of the file names its series by one, so that names and labels are
//! stored once and not with each sample.

use super::connection::Connection;
use super::fault::no_columns;
use crate::batch::{Sample, Series};
use crate::store::columns;
use adbc_core::error::Result;
use ahash::AHashMap;
use arrow_array::cast::AsArray as _;
use arrow_array::types::{Int64Type, UInt64Type};
use arrow_array::{Array as _, ArrayRef, RecordBatch};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

/// The series that one query looks for.
const AT_ONCE: usize = 10_000;

/// Series are forgotten when so many more are known than the last batch has.
const SPARE: usize = 10_000;

/// A series' number in the file.
type Number = i64;

/// The numbers of the series that come in batches.
pub(super) struct Numbers {
    /// By the address of the series, which is kept alive here.
    known: AHashMap<usize, (Arc<Series>, Number)>,
    next: Number,
}

/// The numbers of a batch's samples.
pub(super) struct Numbered {
    /// One for each sample.
    pub(super) numbers: Vec<Number>,
    /// Series that are not in the file yet, as rows.
    pub(super) rows: Option<RecordBatch>,
    /// What is known when these rows are in the file.
    new: Vec<(Arc<Series>, Number)>,
}

impl Numbers {
    /// For a file that is open now.
    pub(super) fn of(connection: &mut Connection) -> Result<Self> {
        let last = connection.number("SELECT max(id) FROM metric_series")?;
        Ok(Self { known: AHashMap::new(), next: last.unwrap_or(0) + 1 })
    }

    /// Finds the numbers of samples' series, and gives one to each series that has none.
    ///
    /// # Errors
    /// Of a query.
    pub(super) fn find(
        &mut self,
        connection: &mut Connection,
        samples: &[Sample],
    ) -> Result<Numbered> {
        let mut numbers = vec![0; samples.len()];
        // The series without a number, in the order of the samples, and their samples.
        let mut missing: Vec<&Arc<Series>> = Vec::new();
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
            return Ok(Numbered { numbers, rows: None, new: Vec::new() });
        }
        // Only those of a new file are all new.
        let stored = if self.next > 1 { stored(connection, &missing)? } else { HashMap::new() };
        let mut rows = Vec::new();
        let found: Vec<Number> = missing
            .iter()
            .map(|series| {
                stored.get(&***series).copied().unwrap_or_else(|| {
                    let number = self.next;
                    self.next += 1;
                    rows.push((number, fingerprint(series), &***series));
                    number
                })
            })
            .collect();
        let mut new = Vec::with_capacity(open.len());
        for (index, place) in open {
            numbers[index] = found[place];
            new.push((samples[index].series.clone(), found[place]));
        }
        let rows = if rows.is_empty() {
            None
        } else {
            Some(columns::series(&rows).map_err(|error| no_columns(&error))?)
        };
        Ok(Numbered { numbers, rows, new })
    }

    /// Keeps the numbers of a batch that is in the file.
    pub(super) fn keep(&mut self, numbered: Numbered) {
        let live = numbered.numbers.len();
        for (series, number) in numbered.new {
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

/// What finds a series again. Other series may have the same, and another version of the standard
/// library may give another one: then the series gets a second number, which queries do not show.
fn fingerprint(series: &Series) -> u64 {
    let mut hasher = DefaultHasher::new();
    series.hash(&mut hasher);
    hasher.finish()
}

/// The numbers of those series that are in the file.
fn stored<'a>(
    connection: &mut Connection,
    wanted: &[&'a Arc<Series>],
) -> Result<HashMap<&'a Series, Number>> {
    let mut stored = HashMap::new();
    for some in wanted.chunks(AT_ONCE) {
        let mut sought: HashMap<u64, Vec<&Series>> = HashMap::new();
        for series in some {
            sought.entry(fingerprint(series)).or_default().push(series);
        }
        let fingerprints: Vec<_> = sought.keys().map(u64::to_string).collect();
        let sql = format!(
            "SELECT id, fingerprint, service, metric_name, kind, symbol, map_keys(labels), \
             map_values(labels) FROM metric_series \
             SEMI JOIN (SELECT unnest([{}]::UBIGINT[]) AS sought) ON fingerprint = sought",
            fingerprints.join(",")
        );
        for rows in connection.rows(&sql)? {
            let columns = rows.columns();
            let ids = columns[0].as_primitive::<Int64Type>();
            let fingerprints = columns[1].as_primitive::<UInt64Type>();
            for row in 0..rows.num_rows() {
                let sought = sought.get(&fingerprints.value(row)).into_iter().flatten();
                let same = sought.copied().find(|series| is_row(series, &columns[2..], row));
                if let Some(series) = same {
                    stored.insert(series, ids.value(row));
                }
            }
        }
    }
    Ok(stored)
}

/// Whether a row is that of a series.
fn is_row(series: &Series, columns: &[ArrayRef], row: usize) -> bool {
    let text = |column: usize| {
        let texts = columns[column].as_string::<i32>();
        texts.is_valid(row).then(|| texts.value(row))
    };
    let list = |column: usize| columns[column].as_list::<i32>().value(row);
    let (names, values) = (list(4), list(5));
    let stored = names.as_string::<i32>().iter().zip(values.as_string::<i32>());
    text(0) == Some(&*series.service)
        && text(1) == Some(&*series.name)
        && text(2) == Some(series.kind.name())
        && text(3) == series.symbol.as_deref()
        && stored.eq(series.labels.iter().map(|(name, value)| (Some(&**name), Some(&**value))))
}
