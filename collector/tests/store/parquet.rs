//! Folders of Parquet files.

use crate::duckdb::{CHECK_VIEWS, DUCKDB, LIMITS, library};
use crate::folder::Folder;
use crate::rows;
use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant, SystemTime};
use tests::programs::python;
use tickmetrics_collector::batch::{Batch, EventKind, Kind};
use tickmetrics_collector::store::parquet::Parquet;
use tickmetrics_collector::store::{Keep, Place, Store as _, read};

#[test]
fn views_give_what_the_rows_give_by_hand() {
    let folder = Folder::new("parquet-[views]*'");
    let batches = rows::cycles(&mut fastrand::Rng::with_seed(2), &rows::ZERO_THRESHOLDS);
    let open = || Box::new(Parquet::open(&folder.0, Keep::default()).unwrap());
    let views = open().views();
    // Two runs, so that there are several files.
    for batches in batches.chunks(batches.len() / 2) {
        let mut store = open();
        batches.iter().for_each(|batch| store.write(batch).unwrap());
        store.close().unwrap();
    }
    python("duckdb", DUCKDB, &[CHECK_VIEWS, views.to_str().unwrap()], "");
}

/// The folders of days of `trading_metrics`, but for the one with the empty file.
fn days(folder: &Folder) -> BTreeSet<String> {
    fs::read_dir(folder.0.join("trading_metrics"))
        .unwrap()
        .map(|day| day.unwrap().file_name().into_string().unwrap())
        .filter(|day| day != "day=1970-01-01")
        .collect()
}

#[test]
fn a_row_is_seen_once_it_was_written() {
    if library().is_none() {
        return;
    }
    let folder = Folder::new("parquet-fresh");
    let mut store = Box::new(Parquet::open(&folder.0, Keep::default()).unwrap());
    let reader = store.reader().unwrap();
    let series = rows::series("up", Kind::Gauge, &[]);
    let mut write = |value| {
        let samples = vec![rows::number(SystemTime::now(), &series, value)];
        store.write(&Batch { samples, ..Batch::default() }).unwrap();
    };
    let count = || {
        let answer = reader.query("SELECT count(*) FROM trading_metrics", &LIMITS).unwrap();
        answer.rows[0].column(0).as_primitive::<Int64Type>().value(0)
    };
    write(1.0);
    assert_eq!(count(), 1);
    // Queries make at most one file each second, whatever their number is.
    let begin = Instant::now();
    write(2.0);
    while count() < 2 {}
    let most = begin.elapsed().as_secs() + 2;
    let names: BTreeSet<_> = files(&folder).collect();
    assert!(names.len() as u64 <= most, "{names:?}");
    for sql in ["DELETE FROM trading_metrics", "FROM read_text('/etc/passwd')"] {
        reader.query(sql, &LIMITS).unwrap_err();
    }
    store.close().unwrap();
    // The reader does not keep the folder.
    Parquet::open(&folder.0, Keep::default()).unwrap();
    let closed = reader.query("SELECT 1", &LIMITS).unwrap_err().to_string();
    assert!(closed.contains("is closed"), "{closed}");
}

/// The files of `trading_metrics`, but for the empty one.
fn files(folder: &Folder) -> impl Iterator<Item = PathBuf> {
    let days = fs::read_dir(folder.0.join("trading_metrics")).unwrap();
    let files = days.flat_map(|day| fs::read_dir(day.unwrap().path()).unwrap());
    files.map(|file| file.unwrap().path()).filter(|file| !file.ends_with("empty.parquet"))
}

/// Now, which is no time at which another day begins while a test runs: it waits for that day.
fn well_before_midnight() -> SystemTime {
    loop {
        let now = SystemTime::now();
        let seconds = now.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs() % 86_400;
        if seconds < 86_400 - 60 {
            return now;
        }
        thread::sleep(Duration::from_secs(1));
    }
}

#[test]
fn old_days_are_removed_and_today_stays() {
    let folder = Folder::new("days");
    let series = rows::series("up", Kind::Gauge, &[]);
    let now = well_before_midnight();
    let day = Duration::from_secs(86_400);
    let write = |keep| {
        let mut store = Box::new(Parquet::open(&folder.0, keep).unwrap());
        let events = store.maintain().unwrap();
        let samples = (0..5).map(|days| rows::number(now - day * days, &series, 1.0)).collect();
        store.write(&Batch { samples, ..Batch::default() }).unwrap();
        // A time that no source should give makes no folder of its own.
        let samples = vec![rows::number(SystemTime::UNIX_EPOCH + day, &series, 1.0)];
        store.write(&Batch { samples, ..Batch::default() }).unwrap();
        store.close().unwrap();
        events
    };
    assert!(write(Keep::default()).is_empty());
    let all = days(&folder);
    assert_eq!(all.len(), 5, "{all:?}");

    let keep = Keep { age: Some(day * 2), bytes: None };
    let events = Parquet::open(&folder.0, keep).unwrap().maintain().unwrap();
    assert_eq!(events[0].kind, EventKind::Retention);
    let oldest: Vec<_> = all.iter().take(2).collect();
    let expected = format!("2 days were removed, {} to {}", oldest[0], oldest[1]);
    assert!(events[0].message.contains(&expected), "{events:?}");
    assert_eq!(days(&folder), all.iter().skip(2).cloned().collect());

    // All that may go, goes: one byte is less than today's files have.
    let keep = Keep { age: None, bytes: Some(1) };
    Parquet::open(&folder.0, keep).unwrap().maintain().unwrap();
    assert_eq!(days(&folder), all.iter().skip(4).cloned().collect());
    // And none while there is room.
    let keep = Keep { age: None, bytes: Some(1 << 20) };
    assert!(write(keep).is_empty());
}

#[test]
fn a_store_that_opens_disturbs_no_reader() {
    if library().is_none() {
        return;
    }
    let folder = Folder::new("parquet-opening");
    let open = || Box::new(Parquet::open(&folder.0, Keep::default()).unwrap());
    open().close().unwrap();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let reading = scope.spawn(|| {
            while !is_over.load(Relaxed) {
                let reader = read(&Place::Parquet(folder.0.clone()), None).unwrap();
                reader.query("SELECT count(*) FROM trading_metrics", &LIMITS).unwrap();
            }
        });
        for _ in 0..100 {
            open().close().unwrap();
        }
        is_over.store(true, Relaxed);
        reading.join().unwrap();
    });
}
