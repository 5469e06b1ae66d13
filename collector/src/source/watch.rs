//! The segments for patterns and directories, opened as their files come and closed as they go.

use super::credentials::Form;
use super::message::Result;
use super::segment::{LeftOut, Process, Segment};
use super::trust::{self, Rank, Refused, Trust};
use crate::file_id::FileId;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use tickmetrics::__text::PrintablePath;
use tickmetrics::Snapshot;

/// The most paths that are checked for new files.
const MOST_PATHS: usize = 1 << 16;

/// The most bytes of a process's name, apart from a number behind it. The name is the value of a
/// label, which has at most 1,024 bytes.
const MOST_NAME: usize = 1000;

/// The limits for all files together. Each user other than the program's own has a quarter of them.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub files: usize,
    /// Bytes of all snapshots.
    pub memory: u64,
    /// Bytes of each snapshot, if set.
    pub of_one: Option<u64>,
    /// Who reads the messages: a user of `tickmetrics serve`, whose options they name, or of a
    /// collector.
    pub form: Form,
}

/// A path to look for: a file, the files that match a pattern, or all segments in a directory.
struct Wanted {
    path: PathBuf,
    pattern: String,
}

/// A segment and the name of its process.
struct Watched {
    name: String,
    rank: Rank,
    /// The order of arrival, which decides among those of one rank.
    number: u64,
    segment: Segment,
}

/// The present segments.
pub struct Watch {
    wanted: Vec<Wanted>,
    /// What another watch follows: its files are left out here.
    elsewhere: Vec<Wanted>,
    /// Whether files were left out at the last look.
    has_elsewhere: bool,
    trust: Trust,
    limits: Limits,
    open: BTreeMap<PathBuf, Watched>,
    /// The number of arrivals so far.
    came: u64,
    /// Files that can't be read, with the reason.
    unreadable: BTreeMap<PathBuf, String>,
    /// The number of segments not followed because of their owner or their number.
    refused: usize,
    /// The refusals reported so far, each once, since anybody can make any number of files.
    told: HashSet<String>,
}

/// An event of a file.
#[derive(Debug, PartialEq, Eq)]
pub enum Change {
    Came { path: PathBuf, name: String },
    Renamed { path: PathBuf, before: String, name: String },
    Went { path: PathBuf, name: String },
    Unreadable { reason: String },
}

/// The remaining memory for the files of each user.
pub struct Shares {
    all: u64,
    left: u64,
    of_users: HashMap<u32, u64>,
}

impl Shares {
    pub fn new(all: u64) -> Self {
        Self { all, left: all, of_users: HashMap::new() }
    }

    /// The bytes that a user's files may still take.
    pub fn left(&self, rank: Rank) -> u64 {
        let taken = self.of_users.get(&rank.user).copied().unwrap_or(0);
        let share = if rank.is_own() { self.all } else { self.all.div_ceil(4) };
        self.left.min(share.saturating_sub(taken))
    }

    pub fn take(&mut self, rank: Rank, amount: u64) {
        self.left = self.left.saturating_sub(amount);
        *self.of_users.entry(rank.user).or_default() += amount;
    }
}

impl Watch {
    /// For paths as the user gave them.
    pub fn new(paths: &[String], trust: Trust, limits: Limits) -> Result<Self> {
        let wanted = paths.iter().map(|text| Wanted::of(text));
        Ok(Self {
            wanted: wanted.collect::<Result<_>>()?,
            elsewhere: Vec::new(),
            has_elsewhere: false,
            trust,
            limits,
            open: BTreeMap::new(),
            came: 0,
            unreadable: BTreeMap::new(),
            refused: 0,
            told: HashSet::new(),
        })
    }

    /// Leaves out the files that other paths stand for, since another watch follows them.
    pub(crate) fn without(mut self, paths: &[String]) -> Result<Self> {
        let paths = paths.iter().map(|text| Wanted::of(text));
        self.elsewhere = paths.collect::<Result<_>>()?;
        Ok(self)
    }

    /// Whether there is no segment, here or in the other watch.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty() && !self.has_elsewhere
    }

    /// Reads all segments, the most trusted first, then sorted by path. Returns new errors.
    pub fn read(
        &mut self,
        each: impl FnMut(&str, Rank, Process, Option<LeftOut>, Snapshot),
    ) -> Vec<Change> {
        self.read_wanted(|_, _| true, each)
    }

    /// As [`read`](Self::read), without the snapshots of processes that are not wanted.
    pub(crate) fn read_wanted(
        &mut self,
        mut is_wanted: impl FnMut(&str, Process) -> bool,
        mut each: impl FnMut(&str, Rank, Process, Option<LeftOut>, Snapshot),
    ) -> Vec<Change> {
        let mut changes = Vec::new();
        let mut shares = Shares::new(self.limits.memory);
        let mut all: Vec<_> = self.open.iter_mut().collect();
        all.sort_by_key(|(_, watched)| watched.rank);
        for (path, Watched { name, rank, segment, .. }) in all {
            let most = shares.left(*rank);
            // Before the snapshot: a process that is dead at this point has written all its counts.
            let read = segment.process().and_then(|process| {
                let snapshot = if is_wanted(name, process) {
                    Some(segment.snapshot_within(most)?)
                } else {
                    None
                };
                Ok((process, snapshot))
            });
            match read {
                Ok((_, None)) => {}
                Ok((process, Some(snapshot))) => {
                    shares.take(*rank, segment.memory());
                    self.unreadable.remove(path);
                    each(name, *rank, process, segment.left_out(), snapshot);
                }
                Err(failure) => {
                    changes.extend(note(&mut self.unreadable, path, failure));
                }
            }
        }
        changes
    }

    /// The number of files that are named, or match a pattern, and can't be read.
    pub fn unreadable(&self) -> usize {
        self.unreadable.len()
    }

    /// The number of segments not followed because of their owner or their number.
    pub fn refused(&self) -> usize {
        self.refused
    }

    /// Looks for files that came and went.
    pub fn refresh(&mut self) -> Vec<Change> {
        let (mut changes, mut notes) = (Vec::new(), Vec::new());
        let (named, mut found) = look(&self.wanted);
        notes.extend(self.leave_out(&mut found));
        if found.len() >= MOST_PATHS {
            let reason = format!("there are more than {MOST_PATHS} files: not all are checked");
            notes.extend(self.tell_once("paths".into(), reason));
        }
        // A replaced file belongs to another process.
        self.open.retain(|path, watched| {
            let is_current = watched.segment.is_current();
            if !is_current {
                let name = std::mem::take(&mut watched.name);
                changes.push(Change::Went { path: path.clone(), name });
            }
            is_current
        });
        self.unreadable.retain(|path, _| found.contains(path));
        self.refused = 0;
        found.retain(|path| !self.open.contains_key(path));
        // The limit of served files applies to each user, and to all together: the least trusted
        // go.
        let mut candidates = BTreeMap::new();
        let mut of_users: HashMap<u32, usize> = HashMap::new();
        let most = Shares::new(self.limits.files as u64);
        for path in found {
            match self.trust.open(&path) {
                Ok((file, _)) if self.is_open(&file) => {}
                Ok((file, rank)) => {
                    let of_user = of_users.entry(rank.user).or_default();
                    *of_user += 1;
                    if *of_user as u64 <= most.left(rank) {
                        candidates.insert((rank, path), file);
                    } else {
                        notes.extend(self.too_many(rank, &path, named.contains(&path)));
                    }
                }
                Err(refused) => {
                    notes.extend(self.refuse(&path, named.contains(&path), refused));
                }
            }
            if candidates.len() > self.limits.files
                && let Some(((rank, path), _)) = candidates.pop_last()
            {
                notes.extend(self.too_many(rank, &path, named.contains(&path)));
            }
        }
        for ((rank, path), file) in candidates {
            if self.is_open(&file) {
                continue;
            }
            let mut shares = Shares::new(self.limits.files as u64);
            self.open.values().for_each(|watched| shares.take(watched.rank, 1));
            if shares.left(rank) == 0 && !(rank.is_own() && self.make_room(rank, &mut changes)) {
                notes.extend(self.too_many(rank, &path, named.contains(&path)));
                continue;
            }
            match Segment::of_file(file, &path, self.limits.of_one) {
                Ok(segment) => {
                    self.unreadable.remove(&path);
                    self.came += 1;
                    let (name, number) = (String::new(), self.came);
                    self.open.insert(path, Watched { name, rank, number, segment });
                }
                Err(failure) if named.contains(&path) => {
                    notes.extend(self.note(&path, failure));
                }
                Err(_) => {}
            }
        }
        self.name_all(&mut changes);
        changes.extend(notes);
        changes
    }

    /// Whether a file is served already, by another path: its process would be counted twice.
    fn is_open(&self, file: &File) -> bool {
        self.open.values().any(|watched| watched.segment.is_of(file))
    }

    /// Leaves out the files that are read elsewhere: their processes would be counted twice.
    fn leave_out(&mut self, found: &mut BTreeSet<PathBuf>) -> Option<Change> {
        if self.elsewhere.is_empty() {
            return None;
        }
        let (_, others) = look(&self.elsewhere);
        let others: HashSet<_> = others.iter().filter_map(|path| FileId::at(path)).collect();
        let is_other = |path: &PathBuf| FileId::at(path).is_some_and(|it| others.contains(&it));
        let first = found.iter().find(|path| is_other(path) && trust::is_segment(path)).cloned();
        found.retain(|path| !is_other(path));
        self.has_elsewhere = first.is_some();
        let path = first?;
        self.tell_once(
            "elsewhere".into(),
            format!(
                "{} is read for an earlier target already, and not twice: leave one of the targets \
                 out, or name another service for it",
                PrintablePath(&path)
            ),
        )
    }

    /// Closes the least trusted file to make room for a more trusted one.
    fn make_room(&mut self, rank: Rank, changes: &mut Vec<Change>) -> bool {
        let last = self.open.iter().max_by_key(|(_, watched)| (watched.rank, watched.number));
        let last = last.filter(|(_, watched)| watched.rank > rank).map(|(path, _)| path.clone());
        let Some(path) = last else { return false };
        let gone = self.open.remove(&path);
        changes.extend(gone.map(|it| Change::Went { path, name: it.name }));
        true
    }

    fn too_many(&mut self, rank: Rank, path: &Path, is_named: bool) -> Option<Change> {
        if !is_named && !trust::is_segment(path) {
            return None;
        }
        self.refused += 1;
        let (user, most) = (rank.user, self.limits.files);
        self.tell_once(
            format!("number {user}"),
            match self.limits.form {
                Form::Options => format!(
                    "user {user} has more segments than are served, of {most} in all: raise \
                     --max-files"
                ),
                Form::Keys => format!(
                    "user {user} has more segments than are read, of {most} in all: raise \
                     limits.targets in the configuration file"
                ),
            },
        )
    }

    /// Reports why a file is not followed, if the user may have meant it.
    fn refuse(&mut self, path: &Path, is_named: bool, refused: Refused) -> Option<Change> {
        if !is_named && !trust::is_segment(path) {
            return None;
        }
        match refused {
            Refused::Owner(user) => {
                self.refused += 1;
                let path = PrintablePath(path);
                let reason = match self.limits.form {
                    Form::Options => format!(
                        "files of user {user} are not served, as {path}: give --user {user} to \
                         trust them"
                    ),
                    Form::Keys => format!(
                        "files of user {user} are not read, as {path}: run a collector as this \
                         user, or collect from tickmetrics serve --user {user}"
                    ),
                };
                self.tell_once(format!("owner {user}"), reason)
            }
            Refused::Way(reason) => {
                self.refused += 1;
                self.note(path, reason)
            }
            Refused::Unopened(reason) if is_named => self.note(path, reason),
            Refused::Unopened(_) => None,
        }
    }

    fn note(&mut self, path: &Path, reason: String) -> Option<Change> {
        let has_room = self.unreadable.len() < self.limits.files;
        let is_known = self.unreadable.contains_key(path);
        (has_room || is_known).then(|| note(&mut self.unreadable, path, reason)).flatten()
    }

    fn tell_once(&mut self, what: String, reason: String) -> Option<Change> {
        let has_room = self.told.len() < self.limits.files;
        (has_room && self.told.insert(what)).then_some(Change::Unreadable { reason })
    }

    /// Names each process by the stem of its file's name, or by the whole path if a more trusted or
    /// an earlier one has that stem.
    fn name_all(&mut self, changes: &mut Vec<Change>) {
        let mut all: Vec<_> = self.open.iter_mut().collect();
        all.sort_by_key(|(_, watched)| (watched.rank, watched.number));
        let mut taken = HashSet::new();
        for (path, watched) in all {
            let stem = trust::stem_text(path);
            let name = if taken.contains(&stem) { trust::path_text(path) } else { stem };
            let mut name = ending(&name, MOST_NAME).to_owned();
            let (base, mut number) = (name.len(), 1);
            while taken.contains(&name) {
                number += 1;
                name.truncate(base);
                let _ = write!(name, "'{number}");
            }
            taken.insert(name.clone());
            if watched.name == name {
                continue;
            }
            let before = std::mem::replace(&mut watched.name, name.clone());
            let path = path.clone();
            changes.push(if before.is_empty() {
                Change::Came { path, name }
            } else {
                Change::Renamed { path, before, name }
            });
        }
    }
}

impl Wanted {
    fn of(text: &str) -> Result<Self> {
        let path = PathBuf::from(text);
        // A file whose name looks like a pattern is a file.
        let pattern = if path.exists() { glob::Pattern::escape(text) } else { text.to_owned() };
        if let Err(error) = glob::Pattern::new(&pattern) {
            return Err(format!("{text:?} is not a pattern: {} at {}", error.msg, error.pos));
        }
        Ok(Self { path, pattern })
    }
}

/// The files that are named or match a pattern, and all files.
fn look(wanted: &[Wanted]) -> (BTreeSet<PathBuf>, BTreeSet<PathBuf>) {
    let (mut named, mut found) = (BTreeSet::new(), BTreeSet::new());
    for Wanted { path, pattern } in wanted {
        if path.is_dir() {
            // Another file in the directory is somebody else's, and no error.
            found.extend(files_in(path));
        } else {
            let files = glob::glob(pattern).into_iter().flatten().flatten();
            named.extend(files.take(MOST_PATHS).filter(|path| path.is_file()));
        }
    }
    found.extend(named.iter().cloned());
    (named, found)
}

/// The end of a text: of a path, the part that most often distinguishes it.
fn ending(text: &str, most: usize) -> &str {
    let first = text.len().saturating_sub(most);
    (first..=text.len()).find_map(|first| text.get(first..)).unwrap_or_default()
}

/// Notes that a file can't be read, and returns that if it is news.
fn note(all: &mut BTreeMap<PathBuf, String>, path: &Path, reason: String) -> Option<Change> {
    let before = all.insert(path.into(), reason.clone());
    (before.as_ref() != Some(&reason)).then_some(Change::Unreadable { reason })
}

fn files_in(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten().take(MOST_PATHS);
    entries.map(|entry| entry.path()).filter(|path| path.is_file()).collect()
}
