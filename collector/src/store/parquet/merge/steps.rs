//! The steps of a merge. After each of them, the folder of the day is whole.
//!
//! Who reads the store lists a folder, then opens what it found. So a merged file has to appear, and
//! those that it replaces have to go, in one moment. A second folder gets the merged file, and a link
//! to each of the other files. Then both folders exchange their places. Names are never used again:
//! a reader that listed the old folder may miss a file, which is an error, but counts no row twice.

use crate::store::parquet::flush;
use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder as Reader;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Writes the merged file into a new folder. Returns the files that are in it: fewer where other
/// columns begin, and none if that leaves no two.
pub(super) fn build(
    files: &[PathBuf],
    folder: &Path,
    is_stopping: &AtomicBool,
) -> io::Result<Vec<PathBuf>> {
    let mut columns = Vec::new();
    for path in files {
        let schema = Reader::try_new(File::open(path)?)?.schema().clone();
        columns.push((path, schema));
    }
    // A version with other columns wrote some.
    let alike = columns.chunk_by(|(_, one), (_, next)| one.fields() == next.fields());
    let Some(alike @ [(first, schema), .., (last, _)]) = alike.max_by_key(|files| files.len())
    else {
        return Ok(Vec::new());
    };
    let mut content = flush::Content::new(schema.clone())?;
    for (path, _) in alike {
        for rows in Reader::try_new(File::open(path)?)?.build()? {
            // Relaxed: it is looked at again and again.
            if is_stopping.load(Relaxed) {
                return Ok(Vec::new());
            }
            content.add(&rows.map_err(io::Error::other)?)?;
        }
    }
    fs::create_dir_all(folder)?;
    content.write(&folder.join(name(first, last)))?;
    Ok(alike.iter().map(|(path, _)| (*path).clone()).collect())
}

/// The names of merged files sort as those of their parts: the first and the last of them.
fn name(first: &Path, last: &Path) -> String {
    let stem = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let (first, last) = (stem(first), stem(last));
    let first = first.split('-').next().unwrap_or_default();
    let last = last.rsplit('-').next().unwrap_or_default();
    format!("{first}-{last}.parquet")
}

/// Adds links to the files of the day that were not merged. Nobody may add files from here to the
/// exchange. Returns `false` if one that was merged is gone: it was removed with its day.
pub(super) fn link(merged: &[PathBuf], day: &Path, folder: &Path) -> io::Result<bool> {
    let mut found = 0;
    for entry in fs::read_dir(day)? {
        let path = entry?.path();
        if merged.contains(&path) {
            found += 1;
        } else if let Some(name) = path.file_name() {
            fs::hard_link(&path, folder.join(name))?;
        }
    }
    File::open(folder)?.sync_all()?;
    Ok(found == merged.len())
}

/// Exchanges the two folders.
pub(super) fn exchange(day: &Path, folder: &Path) -> io::Result<()> {
    renameat2(AT_FDCWD, folder, AT_FDCWD, day, RenameFlags::RENAME_EXCHANGE)?;
    for parent in [day.parent(), folder.parent()].into_iter().flatten() {
        File::open(parent)?.sync_all()?;
    }
    Ok(())
}
