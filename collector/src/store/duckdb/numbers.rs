//! The numbers of what a file holds once, in a table of its own: rows name it by its number.

use super::connection::Connection;
use super::fault::no_columns;
use crate::store::columns::{self, Column};
use adbc_core::error::Error;
use arrow_array::cast::AsArray as _;
use arrow_array::types::{Int64Type, UInt64Type};
use arrow_array::{Array as _, ArrayRef, Int64Array, RecordBatch, UInt64Array};
use arrow_schema::ArrowError;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::marker::PhantomData;
use std::sync::Arc;

/// How many one query looks for.
const AT_ONCE: usize = 10_000;

/// A number in the file.
pub(super) type Number = i64;

/// What a file holds once.
pub(super) trait Once: Eq + Hash {
    /// Its table, with the columns `id` and `fingerprint`.
    const TABLE: &str;
    /// What a query reads of it, for [`Once::is_row`].
    const READ: &str;

    /// The other columns of its table.
    ///
    /// # Errors
    /// They are none for Arrow.
    fn columns(some: &[&Self]) -> Result<Vec<Column>, ArrowError>;

    /// Whether a row is that of this one.
    fn is_row(&self, columns: &[ArrayRef], row: usize) -> bool;
}

/// Gives numbers.
pub(super) struct Numbers<T> {
    next: Number,
    of: PhantomData<fn(T)>,
}

/// Numbers that were found or given.
pub(super) struct Found {
    pub(super) numbers: Vec<Number>,
    /// What is not in the file yet, as rows.
    pub(super) rows: Option<RecordBatch>,
}

impl<T: Once> Numbers<T> {
    /// For a file that is open now.
    pub(super) fn of(connection: &mut Connection) -> Result<Self, Error> {
        let last = connection.number(&format!("SELECT max(id) FROM {}", T::TABLE))?;
        Ok(Self { next: last.unwrap_or(0) + 1, of: PhantomData })
    }

    /// Finds the number of each in the file, or gives it one. None may be there twice.
    ///
    /// # Errors
    /// Of a query.
    pub(super) fn find(
        &mut self,
        connection: &mut Connection,
        wanted: &[&T],
    ) -> Result<Found, Error> {
        // Only those of a new file are all new.
        let stored = if self.next > 1 { stored(connection, wanted)? } else { HashMap::new() };
        let mut new = Vec::new();
        let numbers = wanted.iter().map(|wanted| {
            stored.get(*wanted).copied().unwrap_or_else(|| {
                let number = self.next;
                self.next += 1;
                new.push((number, *wanted));
                number
            })
        });
        let numbers = numbers.collect();
        let rows = if new.is_empty() { None } else { Some(rows(&new)) };
        let rows = rows.transpose().map_err(|error| no_columns(&error))?;
        Ok(Found { numbers, rows })
    }
}

fn rows<T: Once>(new: &[(Number, &T)]) -> Result<RecordBatch, ArrowError> {
    let (numbers, new): (Vec<_>, Vec<_>) = new.iter().copied().unzip();
    let fingerprints = UInt64Array::from_iter_values(new.iter().map(|new| fingerprint(*new)));
    let first: [Column; 2] =
        [("id", Arc::new(Int64Array::from(numbers))), ("fingerprint", Arc::new(fingerprints))];
    columns::record(first.into_iter().chain(T::columns(&new)?))
}

/// What finds one again. Others may have the same, and another version of the standard library may
/// give another one: then it gets a second number, which queries do not show.
fn fingerprint(of: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

/// The numbers of those that are in the file.
fn stored<'a, T: Once>(
    connection: &mut Connection,
    wanted: &[&'a T],
) -> Result<HashMap<&'a T, Number>, Error> {
    let mut stored = HashMap::new();
    for some in wanted.chunks(AT_ONCE) {
        let mut sought: HashMap<u64, Vec<&T>> = HashMap::new();
        for one in some {
            sought.entry(fingerprint(*one)).or_default().push(one);
        }
        let fingerprints: Vec<_> = sought.keys().map(u64::to_string).collect();
        let sql = format!(
            "SELECT id, fingerprint, {} FROM {} \
             SEMI JOIN (SELECT unnest([{}]::UBIGINT[]) AS sought) ON fingerprint = sought",
            T::READ,
            T::TABLE,
            fingerprints.join(",")
        );
        for rows in connection.rows(&sql)? {
            let columns = rows.columns();
            let ids = columns[0].as_primitive::<Int64Type>();
            let fingerprints = columns[1].as_primitive::<UInt64Type>();
            for row in 0..rows.num_rows() {
                let sought = sought.get(&fingerprints.value(row)).into_iter().flatten();
                let same = sought.copied().find(|sought| sought.is_row(&columns[2..], row));
                if let Some(same) = same {
                    stored.insert(same, ids.value(row));
                }
            }
        }
    }
    Ok(stored)
}

/// The text of a row; `None` where it is null.
pub(super) fn text(column: &ArrayRef, row: usize) -> Option<&str> {
    let texts = column.as_string::<i32>();
    texts.is_valid(row).then(|| texts.value(row))
}
