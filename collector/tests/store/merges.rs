//! Small Parquet files that become larger ones, while they are read, on full disks, and when the
//! process is killed.

use crate::disk::Disk;
use crate::duckdb::{LIMITS, library};
use crate::folder::Folder;
use crate::rows;
use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant, SystemTime};
use tickmetrics_collector::batch::{Batch, EventKind, Kind};
use tickmetrics_collector::store::parquet::Parquet;
use tickmetrics_collector::store::{Keep, Place, Reader, Store as _, read};

/// A loop that takes longer hangs. How long a disk takes is not of interest.
const PATIENCE: Duration = Duration::from_secs(1800);

/// Rows of one day, though midnight may come while a test runs: the files of a day are merged, and
/// only if there are some.
static TIME: LazyLock<SystemTime> = LazyLock::new(SystemTime::now);

fn batch(count: usize) -> Batch {
    let series = rows::series("orders_total", Kind::Counter, &[("symbol", "BTC-USD")]);
    let time = *TIME;
    // Values that can't be compressed, and differ.
    let samples = (0..count).map(|_| rows::number(time, &series, fastrand::f64())).collect();
    Batch { samples, ..Batch::default() }
}

fn open(folder: &Path) -> Parquet {
    Parquet::open(folder, Keep::default()).unwrap()
}

fn close(store: Parquet) {
    Box::new(store).close().unwrap();
}

/// Writes files of so many rows each.
fn write(folder: &Path, files: usize, rows: usize) {
    for _ in 0..files {
        let mut store = open(folder);
        store.write(&batch(rows)).unwrap();
        close(store);
    }
}

/// The number of rows, and of different values.
fn counts(reader: &Reader) -> (i64, i64) {
    let sql = "SELECT count(*), count(DISTINCT value) FROM trading_metrics";
    let rows = &reader.query(sql, &LIMITS).unwrap().rows[0];
    let column = |index| rows.column(index).as_primitive::<Int64Type>().value(0);
    (column(0), column(1))
}

fn reader(folder: &Path) -> Reader {
    read(&Place::Parquet(folder.to_path_buf()), None).unwrap()
}

fn files(folder: &Path) -> usize {
    let days = fs::read_dir(folder.join("trading_metrics")).unwrap().map(|day| day.unwrap());
    let days = days.filter(|day| day.file_name().to_str().unwrap().starts_with("day="));
    // But for the empty one.
    days.map(|day| fs::read_dir(day.path()).unwrap().count()).sum::<usize>() - 1
}

#[test]
fn queries_count_each_row_once_while_files_are_merged() {
    if library().is_none() {
        return;
    }
    let folder = Folder::new("merge-reading");
    write(&folder.0, 60, 10);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let readers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let reader = reader(&folder.0);
                    // One that is opened slowly has its first query afterwards.
                    loop {
                        assert_eq!(counts(&reader), (600, 600));
                        if is_over.load(Relaxed) {
                            return;
                        }
                    }
                })
            })
            .collect();
        let mut store = open(&folder.0);
        let end = Instant::now() + PATIENCE;
        while files(&folder.0) > 1 {
            assert!(Instant::now() < end, "{} files stay", files(&folder.0));
            assert!(store.maintain().unwrap().is_empty());
        }
        is_over.store(true, Relaxed);
        for reader in readers {
            reader.join().unwrap();
        }
        // The end removes the files that were merged, which a query may have listed.
        close(store);
    });
}

/// Not a test of its own: what the killed process runs.
#[test]
fn merger_that_is_killed() {
    let Ok(folder) = env::var("MERGES_TO_KILL") else { return };
    let mut store = open(folder.as_ref());
    loop {
        store.maintain().unwrap();
    }
}

#[test]
fn a_process_that_is_killed_while_it_merges_loses_no_row_and_has_none_twice() {
    if library().is_none() {
        return;
    }
    let folder = Folder::new("merge-kill");
    let mut random = fastrand::Rng::with_seed(7);
    let (mut all, mut merged, mut cut_off) = (0, 0, 0);
    for round in 0..10 {
        write(&folder.0, 12, 10);
        all += 120;
        let before = files(&folder.0);
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "merges::merger_that_is_killed", "--nocapture"])
            .env("MERGES_TO_KILL", &folder.0)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Until it works, and then somewhere in its steps.
        let place = folder.0.join("trading_metrics/_merging");
        let end = Instant::now() + PATIENCE;
        while !place.exists() {
            assert!(Instant::now() < end, "nothing is merged in round {round}");
        }
        std::hint::black_box((0..random.u32(..3_000_000)).fold(0, |sum, value| sum ^ value));
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(counts(&reader(&folder.0)), (all, all), "round {round}");
        if files(&folder.0) < before {
            merged += 1;
        } else {
            cut_off += 1;
        }
        close(open(&folder.0));
        assert!(!place.exists());
        assert_eq!(counts(&reader(&folder.0)), (all, all), "round {round}");
    }
    println!("{merged} merges were complete, {cut_off} were cut off");
}

#[test]
fn a_full_disk_leaves_files_as_they_are_and_takes_batches_as_before() {
    let folder = Folder::new("merge-full");
    let Some(_disk) = Disk::new(&folder.0, "12m") else { return };
    let (store, ballast) = (folder.0.join("store"), folder.0.join("ballast"));
    let (rows, count) = (20_000, 12);
    write(&store, count, rows);
    // Less than the merged file needs, and enough for some batches.
    let free = free_bytes(&folder.0);
    fs::write(&ballast, vec![1; usize::try_from(free - (1 << 20)).unwrap()]).unwrap();
    let mut open_store = open(&store);
    let end = Instant::now() + PATIENCE;
    let events = loop {
        let events = open_store.maintain().unwrap();
        if !events.is_empty() {
            break events;
        }
        assert!(Instant::now() < end, "the disk is not full");
    };
    assert_eq!(events[0].kind, EventKind::WriteError);
    assert!(events[0].message.contains("small files of"), "{events:?}");
    assert_eq!(files(&store), count);
    // What it took is free again.
    assert!(!store.join("trading_metrics/_merging").exists());
    let mut all = rows * count;
    let error = loop {
        match open_store.write(&batch(1000)) {
            Ok(()) => all += 1000,
            Err(error) => break error,
        }
        open_store.maintain().unwrap();
    };
    assert!(error.to_string().contains("is full") && !error.is_final(), "{error}");
    assert!(all > rows * count);
    fs::remove_file(&ballast).unwrap();
    open_store.write(&batch(1000)).unwrap();
    close(open_store);
    all += 1000;
    // With room, they are merged.
    let mut open_store = open(&store);
    while files(&store) > 1 {
        assert!(Instant::now() < end, "{} files stay", files(&store));
        open_store.maintain().unwrap();
    }
    close(open_store);
    if library().is_some() {
        let all = i64::try_from(all).unwrap();
        assert_eq!(counts(&reader(&store)), (all, all));
    }
}

fn free_bytes(path: &Path) -> u64 {
    let output = Command::new("df").args(["--output=avail", "-B1"]).arg(path).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().nth(1).unwrap().trim().parse().unwrap()
}
