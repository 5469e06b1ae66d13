//! A folder that belongs to one process, and has a layout that it knows.

use super::fault::explain;
use crate::batch::{Event, EventKind};
use crate::store::error::StoreError;
use crate::store::interface::event;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

const VERSION: &str = "2";
/// Versions whose files the views read, too: what they lack is null there.
const OLDER: [&str; 1] = ["1"];

/// Locks the folder for this process. The lock ends with it.
pub(super) fn lock(folder: &Path) -> Result<File, StoreError> {
    let explain = |error: io::Error| explain(folder, &error);
    let path = folder.join("lock");
    let mut options = fs::OpenOptions::new();
    let mut file =
        options.read(true).write(true).create(true).truncate(false).open(&path).map_err(explain)?;
    match file.try_lock() {
        Ok(()) => {
            file.set_len(0).map_err(explain)?;
            writeln!(file, "{}", std::process::id()).map_err(explain)?;
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let _ = file.read_to_string(&mut holder);
            Err(StoreError::passing(format!(
                "{} is in use by process {}. Stop that process, or name another folder",
                folder.display(),
                holder.trim()
            )))
        }
        Err(TryLockError::Error(error)) => Err(explain(error)),
    }
}

/// Notes the version of the layout, and refuses a newer one. Returns what happened if the files had an
/// older one.
pub(super) fn check_version(folder: &Path) -> Result<Option<Event>, StoreError> {
    let path = folder.join("version");
    let explain = |error: io::Error| explain(folder, &error);
    let found = match fs::read_to_string(&path) {
        Ok(found) => Some(found.trim().to_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(explain(error)),
    };
    let migrated = match found.as_deref() {
        Some(VERSION) => return Ok(None),
        None => None,
        Some(older) if OLDER.contains(&older) => {
            let message = format!("The files were brought from version {older} to {VERSION}.");
            Some(event(EventKind::Migration, message))
        }
        Some(other) => {
            return Err(StoreError::lasting(format!(
                "{} has files of version {other}, and this program knows versions up to \
                 {VERSION}. Use a newer program, or name another folder",
                folder.display(),
            )));
        }
    };
    let unfinished = folder.join("version.unfinished");
    fs::write(&unfinished, format!("{VERSION}\n")).map_err(explain)?;
    fs::rename(unfinished, path).map_err(explain)?;
    Ok(migrated)
}
