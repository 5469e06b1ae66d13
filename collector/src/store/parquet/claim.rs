//! A folder that belongs to one process, and has a layout that it knows.

use super::fault::explain;
use crate::store::error::StoreError;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

const VERSION: &str = "1";

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

/// Notes the version of the layout in a new folder, and refuses another one.
pub(super) fn check_version(folder: &Path) -> Result<(), StoreError> {
    let path = folder.join("version");
    let explain = |error: io::Error| explain(folder, &error);
    match fs::read_to_string(&path) {
        Ok(version) if version.trim() == VERSION => Ok(()),
        Ok(version) => Err(StoreError::lasting(format!(
            "{} has files of version {}, and this program knows version {VERSION}. Use a newer \
             program, or name another folder",
            folder.display(),
            version.trim()
        ))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::write(&path, format!("{VERSION}\n")).map_err(explain)
        }
        Err(error) => Err(explain(error)),
    }
}
