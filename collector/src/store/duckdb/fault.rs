//! DuckDB's errors, as ones that name what to do.

use crate::store::error::StoreError;
use crate::store::query::QueryError;
use adbc_core::error::{Error, Status};
use arrow_schema::ArrowError;
use std::path::Path;

/// Whether the database is unusable until it is opened again.
pub(super) fn is_fatal(error: &Error) -> bool {
    error.message.contains("database has been invalidated")
}

const NO_COLUMNS: &str = "a batch can't be put into columns";

/// Rows that are none for Arrow.
pub(super) fn no_columns(error: &ArrowError) -> Error {
    Error::with_message_and_status(format!("{NO_COLUMNS}: {error}"), Status::InvalidArguments)
}

/// What is wrong with the file, and what to do.
pub(super) fn explain(file: &Path, error: &Error) -> StoreError {
    let file = file.display();
    let text = error.message.trim();
    let has = |part: &str| text.contains(part);
    if has("Could not set lock") {
        let holder = holder(text).unwrap_or_else(|| "another process".to_owned());
        return StoreError::passing(format!(
            "{file} is in use by {holder}. DuckDB lets one process open a file that is written. \
             Stop that process, or name another file"
        ));
    }
    if has("No space left") || has("Disk quota exceeded") || has("File too large") {
        return StoreError::passing(format!(
            "The disk of {file} is full, and nothing of the batch was written. Free some space, \
             or limit the store's size. DuckDB reports: {text}"
        ));
    }
    if has("Permission denied")
        || has("Read-only file system")
        || has("No such file or directory")
        || has("Is a directory")
    {
        return StoreError::lasting(format!(
            "{file} can't be opened for writing. It must be a file, and its folder must be \
             writable, for its log. DuckDB reports: {text}"
        ));
    }
    if has("we can only read version") || has("newer version of DuckDB") {
        return StoreError::lasting(format!(
            "{file} was written by a newer DuckDB than the one that is loaded. Load a newer \
             library, or name another file. DuckDB reports: {text}"
        ));
    }
    let damaged =
        ["not a valid DuckDB database", "Corrupt", "checksum", "Failure while replaying WAL"];
    if damaged.into_iter().any(has) {
        return StoreError::lasting(format!(
            "{file} is damaged, or no file of DuckDB. Move it and its log ({file}.wal) away; a new \
             one is made. DuckDB reports: {text}"
        ));
    }
    let wrong_rows =
        [NO_COLUMNS, "Constraint Error", "Conversion Error", "Invalid Input Error", "Binder Error"];
    if wrong_rows.into_iter().any(has) {
        return StoreError::lasting(format!("{file} does not take these rows: {text}"));
    }
    StoreError::passing(format!("{file}: {text}"))
}

/// Why a query was refused, in DuckDB's words. What follows is about the statement around the query,
/// and about DuckDB itself.
pub(super) fn refused(error: &Error) -> QueryError {
    if error.message.contains("Out of Memory Error") {
        // DuckDB advises to change settings, which a query can't.
        let advice = "Ask for a shorter time or fewer series";
        return QueryError::Refused(format!(
            "The query needs more memory than the 512 MB that queries have, or more than 1 GB of \
             temporary files. {advice}"
        ));
    }
    let text = ["\nLINE ", "\nStack Trace:"].into_iter().fold(&*error.message, |text, rest| {
        text.split_once(rest).map_or(text, |(reason, _)| reason)
    });
    QueryError::Refused(text.trim().to_owned())
}

/// The program and the process that hold the lock, from DuckDB's
/// `Conflicting lock is held in PROGRAM (PID N) by user NAME`.
fn holder(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("lock is held in ")?;
    let (program, rest) = rest.split_once(" (PID ")?;
    let (pid, _) = rest.split_once(')')?;
    Some(format!("process {pid} ({program})"))
}
