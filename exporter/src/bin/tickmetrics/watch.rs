//! The segments that patterns and directories mean, opened as their files come and closed as they
//! go.

use crate::Result;
use crate::failure::Failure;
use crate::segment::{Process, Segment};
use metrics_core::Snapshot;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What to look for: a file, the files that match a pattern, or all segments in a directory.
struct Wanted {
    path: PathBuf,
    pattern: String,
}

/// A segment and what its process is called.
struct Watched {
    name: String,
    segment: Segment,
}

/// The segments that are there.
pub(crate) struct Watch {
    wanted: Vec<Wanted>,
    open: BTreeMap<PathBuf, Watched>,
    /// Files that can't be read, and why not.
    unreadable: BTreeMap<PathBuf, String>,
}

/// What happened to a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Came { path: PathBuf, name: String },
    Went { path: PathBuf, name: String },
    Unreadable { reason: String },
}

impl Watch {
    /// For paths as the user gave them.
    pub(crate) fn new(paths: &[String]) -> Result<Self> {
        let wanted = paths.iter().map(|text| {
            let path = PathBuf::from(text);
            // A file whose name looks like a pattern is a file.
            let pattern = if path.exists() { glob::Pattern::escape(text) } else { text.clone() };
            if let Err(error) = glob::Pattern::new(&pattern) {
                let reason = format!("{text:?} is no pattern: {} at {}", error.msg, error.pos);
                return Err(Failure::told(reason));
            }
            Ok(Wanted { path, pattern })
        });
        let wanted = wanted.collect::<Result<_>>()?;
        Ok(Self { wanted, open: BTreeMap::new(), unreadable: BTreeMap::new() })
    }

    /// Whether no segment is there.
    pub(crate) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Reads all segments, sorted by path; answers with what can't be read, where it is news.
    pub(crate) fn read(&mut self, mut each: impl FnMut(&str, Process, Snapshot)) -> Vec<Change> {
        let mut changes = Vec::new();
        for (path, Watched { name, segment }) in &mut self.open {
            // Before the snapshot: what was dead then has written all it ever will.
            let read = segment.process().and_then(|process| Ok((process, segment.snapshot()?)));
            match read {
                Ok((process, snapshot)) => {
                    self.unreadable.remove(path);
                    each(name, process, snapshot);
                }
                Err(failure) => {
                    changes.extend(note(&mut self.unreadable, path, failure.to_string()));
                }
            }
        }
        changes
    }

    /// How many files are named, or match a pattern, and can't be read.
    pub(crate) fn unreadable(&self) -> usize {
        self.unreadable.len()
    }

    /// Looks for files that came and went.
    pub(crate) fn refresh(&mut self) -> Vec<Change> {
        let mut changes = Vec::new();
        let mut named = BTreeSet::new();
        let mut found = BTreeSet::new();
        for Wanted { path, pattern } in &self.wanted {
            if path.is_dir() {
                // What is no segment there is somebody else's, and nothing to tell.
                found.extend(files_in(path));
            } else {
                let files = glob::glob(pattern).into_iter().flatten().flatten();
                named.extend(files.filter(|path| path.is_file()));
            }
        }
        found.extend(named.iter().cloned());
        // A file that was replaced is another process's.
        let gone = |_: &PathBuf, watched: &mut Watched| !watched.segment.is_current();
        for (path, it) in self.open.extract_if(.., gone) {
            changes.push(Change::Went { path, name: it.name });
        }
        self.unreadable.retain(|path, _| found.contains(path));
        for path in found {
            if self.open.contains_key(&path) {
                continue;
            }
            match Segment::open(&path) {
                Ok(segment) => {
                    self.unreadable.remove(&path);
                    let name = self.name(&path);
                    changes.push(Change::Came { path: path.clone(), name: name.clone() });
                    self.open.insert(path, Watched { name, segment });
                }
                Err(failure) if named.contains(&path) => {
                    changes.extend(note(&mut self.unreadable, &path, failure.to_string()));
                }
                Err(_) => {}
            }
        }
        changes
    }

    /// The stem of the file's name; the whole path where another has that.
    fn name(&self, path: &Path) -> String {
        let stem = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        if self.open.values().any(|watched| watched.name == stem) {
            return path.to_string_lossy().into_owned();
        }
        stem
    }
}

/// Notes that a file can't be read, and answers with that where it is news.
fn note(all: &mut BTreeMap<PathBuf, String>, path: &Path, reason: String) -> Option<Change> {
    let before = all.insert(path.into(), reason.clone());
    (before.as_ref() != Some(&reason)).then_some(Change::Unreadable { reason })
}

fn files_in(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.is_file()).collect()
}
