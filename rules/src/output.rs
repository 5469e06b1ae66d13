//! Files that are made of catalogues, written or compared with those that are there.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process;

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

/// Parts of the heads of all files that are made of catalogues, and of the texts of dashboards.
const MARKS: [&str; 2] = ["Made by `tickmetrics ", "Made of the catalogue of "];

/// Writes the files below a folder, and makes folders that are missing. A file is complete or as it
/// was before. One that is current already is left alone. All files are there under other names before
/// the first one is in its place, so that a full disk changes none.
///
/// # Errors
/// The path, and why it could not be written. A file that somebody else made is an error before
/// anything is written.
pub fn write(folder: &Path, outputs: &[Output]) -> Result<(), (PathBuf, io::Error)> {
    let stale = stale(folder, outputs);
    for output in &stale {
        let path = folder.join(&output.path);
        replaceable(&path).map_err(|error| (path, error))?;
    }
    let mut staged = Staged::default();
    for output in stale {
        let path = folder.join(&output.path);
        staged.add(&path, &output.text).map_err(|error| (path, error))?;
    }
    staged.place()
}

/// The files that are missing, or differ.
pub fn stale<'a>(folder: &Path, outputs: &'a [Output]) -> Vec<&'a Output> {
    outputs.iter().filter(|output| !is_current(&folder.join(&output.path), output)).collect()
}

fn is_current(path: &Path, output: &Output) -> bool {
    let size = output.text.len() as u64;
    // Another kind of file, such as a pipe, may have no end.
    let may_be = fs::metadata(path).is_ok_and(|it| it.is_file() && it.len() == size);
    may_be && fs::read(path).is_ok_and(|there| there == output.text.as_bytes())
}

/// Refuses to replace what this program has not made.
fn replaceable(path: &Path) -> io::Result<()> {
    // What is wrong with the folder shows when it is written to.
    let Ok(there) = fs::metadata(path) else { return Ok(()) };
    if !there.is_file() {
        return Err(io::Error::other(
            "it is there, and is no file: move it, or give another folder",
        ));
    }
    let text = fs::read(path)?;
    let text = String::from_utf8_lossy(&text);
    if text.is_empty() || MARKS.iter().any(|mark| text.contains(mark)) {
        return Ok(());
    }
    Err(io::Error::other(
        "it is there, and is not made of a catalogue: move it, or give another folder",
    ))
}

/// Files that are written under other names, with their places. Those that are left are removed.
#[derive(Default)]
struct Staged {
    files: Vec<(PathBuf, PathBuf)>,
}

impl Staged {
    fn add(&mut self, path: &Path, text: &str) -> io::Result<()> {
        let folder = path.parent().unwrap_or(Path::new(""));
        fs::create_dir_all(folder)?;
        // Two programs that run at once have files of their own.
        let beside = folder.join(format!(".{}.{}.new", process::id(), self.files.len()));
        self.files.push((beside.clone(), path.to_owned()));
        fs::write(&beside, text)
    }

    fn place(self) -> Result<(), (PathBuf, io::Error)> {
        for (beside, path) in &self.files {
            fs::rename(beside, path).map_err(|error| (path.clone(), error))?;
        }
        Ok(())
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        for (beside, _) in &self.files {
            // It is in its place, or an error is reported already.
            let _ = fs::remove_file(beside);
        }
    }
}
