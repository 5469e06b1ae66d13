//! Files that are made of catalogues, written or compared with those that are there.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A file that is made of a catalogue. Equal catalogues give equal files.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Output {
    /// The path below the output folder, with `/` between its parts.
    pub path: String,
    /// The content.
    pub text: String,
}

impl Output {
    /// A file with this content.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self { path: path.into(), text: text.into() }
    }
}

/// Writes the files below a folder, and makes folders that are missing. A file is complete or as it
/// was before. One that is current already is left alone.
///
/// # Errors
/// The path, and why it could not be written.
pub fn write(folder: &Path, outputs: &[Output]) -> Result<(), (PathBuf, io::Error)> {
    for output in outputs {
        let path = folder.join(&output.path);
        if is_current(&path, output) {
            continue;
        }
        write_one(&path, &output.text).map_err(|error| (path, error))?;
    }
    Ok(())
}

/// The files that are missing, or differ.
pub fn stale<'a>(folder: &Path, outputs: &'a [Output]) -> Vec<&'a Output> {
    outputs.iter().filter(|output| !is_current(&folder.join(&output.path), output)).collect()
}

fn is_current(path: &Path, output: &Output) -> bool {
    fs::read(path).is_ok_and(|there| there == output.text.as_bytes())
}

fn write_one(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    fs::write(&beside, text).and_then(|()| fs::rename(&beside, path)).inspect_err(|_| {
        // The first error is the one to report.
        let _ = fs::remove_file(&beside);
    })
}
