//! What is wrong with the files, and what to do.

use crate::store::error::StoreError;
use std::io;
use std::path::Path;

pub(super) fn explain(folder: &Path, error: &io::Error) -> StoreError {
    let folder = folder.display();
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            StoreError::passing(format!(
                "The disk of {folder} is full, and nothing of the batch was written. Free some \
                 space, or limit the store's size: {error}"
            ))
        }
        io::ErrorKind::PermissionDenied
        | io::ErrorKind::ReadOnlyFilesystem
        | io::ErrorKind::NotADirectory
        | io::ErrorKind::AlreadyExists => StoreError::lasting(format!(
            "{folder} can't be written: {error}. Name a folder that this user may write"
        )),
        io::ErrorKind::NotFound => StoreError::lasting(format!(
            "{folder}, or a file in it, was removed or replaced while it was written, and rows are \
             lost with it. Start again; move a store only after its collector has ended"
        )),
        io::ErrorKind::InvalidData => StoreError::lasting(format!(
            "{folder}/journal is damaged: {error}. Move the file of the journal away"
        )),
        _ => StoreError::passing(format!("{folder}: {error}")),
    }
}
