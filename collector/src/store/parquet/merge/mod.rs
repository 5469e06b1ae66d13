//! Merges the small files of a day into larger ones: a file each minute is 1,440 a day.
//!
//! A thread writes the merged file, so that no batch waits for it. Between two cycles, the writer
//! puts it in the place of its parts. A process that is killed leaves the folder of the day whole, and
//! a folder of `_merging` that the next one removes.
//!
//! | module | what it is |
//! |---|---|
//! | `choose` | which files are merged |
//! | `steps` | the steps, after each of which a folder is whole |

mod choose;
mod steps;

use super::days;
use crate::store::columns;
use crate::store::sql::TABLES;
use std::collections::{BTreeSet, VecDeque};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

/// The folder in that of a table. Readers of whole folders leave out names that begin so.
const PLACE: &str = "_merging";

/// The time between two looks for small files.
const PAUSE: Duration = Duration::from_secs(60);

/// The time after an error: a disk may be full for long.
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(600);

/// A folder that was replaced stays so long: a reader may still list it, and must not find a part.
const OLD_AGE: Duration = Duration::from_secs(60);

/// As many of them: they take space.
const MOST_OLD: usize = 4;

/// The merges of a store, one at a time.
pub(super) struct Merges {
    root: PathBuf,
    /// The folders of days that may have small files.
    days: BTreeSet<PathBuf>,
    /// Those of them that are still to be looked at.
    next: VecDeque<PathBuf>,
    /// When all of them are looked at again.
    look: Instant,
    work: Option<Work>,
    /// Folders that were replaced, and when.
    old: VecDeque<(PathBuf, Instant)>,
}

/// A merge.
struct Work {
    day: PathBuf,
    /// Its place, which gets the merged file.
    folder: PathBuf,
    is_stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<io::Result<Vec<PathBuf>>>>,
}

impl Merges {
    /// Finds the days.
    pub(super) fn open(root: &Path) -> io::Result<Self> {
        let mut days = BTreeSet::new();
        for table in TABLES {
            for entry in fs::read_dir(root.join(table))? {
                let path = entry?.path();
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                if name.starts_with("day=") && *name != *days::folder(0) {
                    days.insert(path);
                }
            }
        }
        let root = root.to_path_buf();
        let (next, old) = (VecDeque::new(), VecDeque::new());
        Ok(Self { root, days, next, look: Instant::now(), work: None, old })
    }

    /// A day has got a file.
    pub(super) fn note(&mut self, day: PathBuf) {
        self.days.insert(day);
    }

    /// Does one step, which takes no time worth a mention. `journal` is the name of the files that the
    /// journal becomes.
    ///
    /// # Errors
    /// Why files stay as they are. It is tried again later.
    pub(super) fn step(&mut self, journal: Option<&str>) -> io::Result<()> {
        let stepped = self.try_step(journal);
        if stepped.is_err() {
            self.give_up();
            self.look = Instant::now() + PAUSE_AFTER_ERROR;
        }
        stepped
    }

    fn try_step(&mut self, journal: Option<&str>) -> io::Result<()> {
        if self.old.front().is_some_and(|(_, since)| since.elapsed() >= OLD_AGE) {
            self.remove_old()?;
        }
        match &self.work {
            Some(work) if !work.is_finished() => Ok(()),
            Some(_) => self.finish(),
            None if self.old.len() < MOST_OLD => self.begin(journal),
            None => Ok(()),
        }
    }

    fn begin(&mut self, journal: Option<&str>) -> io::Result<()> {
        if self.next.is_empty() && Instant::now() >= self.look {
            self.look = Instant::now() + PAUSE;
            self.next.extend(self.days.iter().cloned());
        }
        let Some(day) = self.next.pop_front() else { return Ok(()) };
        let now = SystemTime::now();
        let today = days::folder(days::number(columns::micros(now)));
        let is_over = day.file_name().is_some_and(|name| *name < *today);
        let files = match choose::choose(&day, journal, is_over, now) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // It was removed for its age.
                self.days.remove(&day);
                return Ok(());
            }
            files => files?,
        };
        if !files.is_empty() {
            let table = day.parent().unwrap_or(&self.root);
            let folder = table.join(PLACE).join(columns::micros(now).to_string());
            self.work = Some(Work::start(day, folder, files)?);
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        let Some(mut work) = self.work.take() else { return Ok(()) };
        let merged = match work.result() {
            Ok(merged) if merged.is_empty() => return Ok(()),
            // The day was removed for its age.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            merged => merged?,
        };
        if !steps::link(&merged, &work.day, &work.folder)? {
            return remove(&work.folder);
        }
        steps::exchange(&work.day, &work.folder)?;
        self.old.push_back((work.folder.clone(), Instant::now()));
        // It may have more.
        self.next.push_front(work.day.clone());
        Ok(())
    }

    fn remove_old(&mut self) -> io::Result<()> {
        let Some((folder, _)) = self.old.pop_front() else { return Ok(()) };
        remove(&folder)
    }

    /// Ends the merge under way, and frees what merges take on disk.
    pub(super) fn give_up(&mut self) {
        self.work = None;
        self.old.clear();
        self.next.clear();
        // The next process that opens the store removes what stays.
        let _ = clean(&self.root);
    }
}

impl Work {
    fn start(day: PathBuf, folder: PathBuf, files: Vec<PathBuf>) -> io::Result<Self> {
        let is_stopping = Arc::new(AtomicBool::new(false));
        let (place, stop) = (folder.clone(), is_stopping.clone());
        let thread = thread::Builder::new()
            .name("collector-merge".into())
            .spawn(move || steps::build(&files, &place, &stop))?;
        Ok(Self { day, folder, is_stopping, thread: Some(thread) })
    }

    fn is_finished(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    fn result(&mut self) -> io::Result<Vec<PathBuf>> {
        let Some(thread) = self.thread.take() else { return Ok(Vec::new()) };
        thread.join().unwrap_or_else(|_| Err(io::Error::other("the thread panicked")))
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.is_stopping.store(true, Relaxed);
        // Only for the end: what it did is of no use any more.
        let _ = self.result();
    }
}

/// Removes what a killed process left.
pub(super) fn clean(root: &Path) -> io::Result<()> {
    TABLES.iter().try_for_each(|table| remove(&root.join(table).join(PLACE)))
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

#[cfg(test)]
mod tests {
    use super::super::folder::Folder;
    use super::{Merges, PLACE, choose, steps};
    use crate::batch::{Batch, Kind, Sample, Series, Value};
    use crate::store::keep::Keep;
    use arrow_array::cast::AsArray as _;
    use arrow_array::types::Float64Type;
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    use std::fs::{self, File};
    use std::path::PathBuf;
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;
    use std::time::{Duration, Instant, SystemTime};

    /// A loop that takes longer hangs.
    const PATIENCE: Duration = Duration::from_secs(1800);

    struct Store(PathBuf);

    impl Drop for Store {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn open(store: &Store) -> Folder {
        Folder::open(&store.0, Keep::default()).unwrap()
    }

    /// A file for each value.
    fn store(name: &str, values: u32) -> Store {
        // One day, though midnight may come.
        let time = SystemTime::now();
        let store = Store(std::env::temp_dir().join(format!("{name}-{}", std::process::id())));
        let _ = fs::remove_dir_all(&store.0);
        for value in 0..values {
            let mut folder = open(&store);
            let series = Arc::new(Series {
                service: "a".into(),
                name: "b".into(),
                kind: Kind::Gauge,
                symbol: None,
                labels: vec![("c".into(), "d".into())],
            });
            let value = Value::Number(value.into());
            let samples = vec![Sample { time, series, value }];
            folder.write(&Batch { samples, ..Batch::default() }).unwrap();
            folder.close().unwrap();
        }
        store
    }

    fn days(store: &Store) -> Vec<PathBuf> {
        let entries = fs::read_dir(store.0.join("trading_metrics")).unwrap();
        let entries = entries.map(|entry| entry.unwrap().path());
        let is_day =
            |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with("day");
        entries.filter(is_day).collect()
    }

    fn files(store: &Store) -> Vec<PathBuf> {
        let entries = days(store).into_iter().flat_map(|day| fs::read_dir(day).unwrap());
        let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        files.retain(|path| !path.ends_with("empty.parquet"));
        files.sort();
        files
    }

    /// The values in the order of files and rows, as any reader sees them.
    fn values(store: &Store) -> Vec<f64> {
        let mut values = Vec::new();
        for path in files(store) {
            let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap());
            for rows in reader.unwrap().build().unwrap() {
                let rows = rows.unwrap();
                let column = rows.column_by_name("value").unwrap();
                values.extend(column.as_primitive::<Float64Type>().values());
            }
        }
        values
    }

    fn until_merged(store: &Store, folder: &mut Folder, most: usize) {
        let end = Instant::now() + PATIENCE;
        while files(store).len() > most {
            assert!(Instant::now() < end, "{:?}", files(store));
            let events = folder.maintain().unwrap();
            assert!(events.is_empty(), "{events:?}");
        }
    }

    #[test]
    fn small_files_become_one_and_keep_their_rows_in_order() {
        let store = store("merge", 25);
        let before = values(&store);
        assert_eq!(before, (0..25).map(f64::from).collect::<Vec<_>>());
        let mut folder = open(&store);
        until_merged(&store, &mut folder, 1);
        assert_eq!(values(&store), before);
        folder.close().unwrap();
        assert!(!store.0.join("trading_metrics").join(PLACE).exists());
    }

    #[test]
    fn a_process_that_is_killed_after_any_step_loses_no_row_and_has_none_twice() {
        for step in 0..6 {
            let store = store(&format!("merge-step-{step}"), 12);
            let before = values(&store);
            let day = files(&store)[0].parent().unwrap().to_path_buf();
            let mut all = choose::choose(&day, None, false, SystemTime::now()).unwrap();
            assert_eq!(all.len(), 12);
            // Two files stay.
            all.drain(..1);
            all.pop();
            let place = store.0.join("trading_metrics").join(PLACE).join("1");
            let seen = || assert_eq!(values(&store), before, "step {step}");
            if step > 0 {
                fs::create_dir_all(&place).unwrap();
                fs::write(place.join("half.parquet"), "PAR1").unwrap();
                seen();
            }
            let mut merged = Vec::new();
            if step > 1 {
                fs::remove_dir_all(&place).unwrap();
                merged = steps::build(&all, &place, &AtomicBool::new(false)).unwrap();
                assert_eq!(merged, all);
                seen();
            }
            if step > 2 {
                assert!(steps::link(&merged, &day, &place).unwrap());
                seen();
            }
            if step > 3 {
                steps::exchange(&day, &place).unwrap();
                seen();
                assert_eq!(files(&store).len(), 3);
            }
            if step > 4 {
                // In the middle of the removal.
                let old = fs::read_dir(&place).unwrap().next().unwrap().unwrap().path();
                fs::remove_file(old).unwrap();
                seen();
            }
            let mut folder = open(&store);
            assert!(!place.exists());
            seen();
            until_merged(&store, &mut folder, 3);
            seen();
            folder.close().unwrap();
        }
    }

    #[test]
    fn files_that_are_gone_come_not_back_and_those_of_the_journal_stay() {
        let store = store("merge-gone", 12);
        let day = files(&store)[0].parent().unwrap().to_path_buf();
        let last = files(&store).pop().unwrap();
        let journal = last.file_stem().unwrap().to_str().unwrap();
        let all = choose::choose(&day, Some(journal), false, SystemTime::now()).unwrap();
        assert_eq!(all, files(&store)[..11]);
        let place = store.0.join("trading_metrics").join(PLACE).join("1");
        let merged = steps::build(&all, &place, &AtomicBool::new(false)).unwrap();
        // As by the removal of old days, and a late row.
        fs::remove_file(&all[3]).unwrap();
        assert!(!steps::link(&merged, &day, &place).unwrap());
        // The whole day, while its files are read.
        let mut work = Merges::open(&store.0).unwrap();
        work.next.push_back(day.clone());
        work.step(None).unwrap();
        assert!(work.work.is_some());
        fs::remove_dir_all(&day).unwrap();
        while work.work.is_some() {
            work.step(None).unwrap();
        }
        assert!(!day.exists());
    }

    #[test]
    fn files_of_other_columns_are_merged_with_their_like() {
        let store = store("merge-columns", 14);
        let all = files(&store);
        // Each of the first four loses a column, as an older version would have written it.
        for path in &all[..4] {
            let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap());
            let rows = reader.unwrap().build().unwrap().next().unwrap().unwrap();
            let rows = rows.project(&[0, 1, 2, 3, 4, 5, 6]).unwrap();
            let mut content = super::super::flush::Content::new(rows.schema()).unwrap();
            content.add(&rows).unwrap();
            content.write(path).unwrap();
        }
        let before = values(&store);
        let mut folder = open(&store);
        until_merged(&store, &mut folder, 5);
        assert_eq!(files(&store)[..4], all[..4]);
        assert_eq!(values(&store), before);
    }

    #[test]
    fn a_damaged_file_is_reported_and_stays() {
        let store = store("merge-damaged", 12);
        let all = files(&store);
        fs::write(&all[5], "PAR1").unwrap();
        let mut folder = open(&store);
        let end = Instant::now() + PATIENCE;
        let events = loop {
            let events = folder.maintain().unwrap();
            if !events.is_empty() {
                break events;
            }
            assert!(Instant::now() < end, "nothing is reported");
        };
        assert!(events[0].message.contains("small files of"), "{events:?}");
        assert_eq!(files(&store), all);
    }
}
