//! Stores that no collector has open, opened to be read.

use super::connection::Database;
use super::library::Library;
use super::shared::Shared;
use crate::store::error::StoreError;
use crate::store::query::{Answer, Limits, QueryError};
use crate::store::reader::{Queries, Reader};
use crate::store::sql;
use adbc_core::error::Error;
use std::path::Path;
use std::sync::Arc;

/// The same shares of the machine as beside a writer, and no extensions.
const OPTIONS: &[(&str, &str)] = &[
    ("threads", "2"),
    ("memory_limit", "512MB"),
    ("max_temp_directory_size", "1GB"),
    ("autoinstall_known_extensions", "false"),
    ("autoload_known_extensions", "false"),
];

/// Opens a file that exists, and never writes it.
pub(in crate::store) fn file(library: &Library, file: &Path) -> Result<Reader, StoreError> {
    let shown = file.display();
    if !file.exists() {
        return Err(StoreError::lasting(format!("{shown} does not exist")));
    }
    let more = [("access_mode", "READ_ONLY"), ("enable_external_access", "false")];
    let options: Vec<_> = OPTIONS.iter().copied().chain(more).collect();
    let database = Database::open(library, file, &options).map_err(|error| {
        let text = error.message.trim();
        if text.contains("Could not set lock") {
            return super::fault::explain(file, &error);
        }
        StoreError::lasting(format!("{shown} can't be read: {text}"))
    })?;
    Ok(Reader::new(Arc::new(Shared::new(file.to_path_buf(), database))))
}

/// Opens a folder of Parquet files through its views, which `views` gives.
pub(in crate::store) fn folder(
    library: &Library,
    folder: &Path,
    views: fn(&Path) -> String,
) -> Result<Reader, StoreError> {
    let shown = folder.display().to_string();
    let unreadable = |reason: &str| StoreError::lasting(format!("{shown} can't be read: {reason}"));
    let path = folder.canonicalize().map_err(|error| unreadable(&error.to_string()))?;
    if !path.join("version").exists() {
        return Err(StoreError::lasting(format!("{shown} is no store of Parquet files")));
    }
    let wrong = |error: Error| unreadable(error.message.trim());
    let database = Database::open(library, Path::new(":memory:"), OPTIONS).map_err(wrong)?;
    let mut connection = database.connect().map_err(wrong)?;
    // Queries read the files in this folder and no other, and can't change that.
    let quoted = |text: String| text.replace('\'', "''");
    let allowed = format!(
        "SET allowed_directories = ['{}', '{}']; SET enable_external_access = false; \
         SET lock_configuration = true",
        quoted(path.display().to_string()),
        // DuckDB holds a pattern against them, too, before it looks for files.
        quoted(sql::pattern(&path))
    );
    // The views are made anew: the folder may have been moved since they were written.
    connection.execute(&allowed).map_err(wrong)?;
    let views = views(&path);
    again(|| connection.execute(&views), |error| is_gone(&error.message)).map_err(wrong)?;
    Ok(Reader::new(Arc::new(Files(Shared::new(path, database)))))
}

/// How often files are looked at.
const TRIES: u32 = 5;

/// Whether a file is missing. The writer may merge files that DuckDB has just found.
fn is_gone(reason: &str) -> bool {
    reason.contains("No such file or directory")
}

/// Begins anew while files are gone, a few times.
fn again<T, E>(
    mut look: impl FnMut() -> Result<T, E>,
    are_files_gone: impl Fn(&E) -> bool,
) -> Result<T, E> {
    for _ in 1..TRIES {
        match look() {
            Err(error) if are_files_gone(&error) => {}
            result => return result,
        }
    }
    look()
}

/// Files that their writer may merge while a query runs.
struct Files(Shared);

impl Queries for Files {
    fn query(
        &self,
        sql: &str,
        limits: &Limits,
        is_wanted: &(dyn Fn() -> bool + Sync),
    ) -> Result<Answer, QueryError> {
        again(
            || self.0.query(sql, limits, is_wanted),
            |error| matches!(error, QueryError::Refused(reason) if is_gone(reason)),
        )
    }
}
