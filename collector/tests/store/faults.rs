//! Full disks, killed processes, and files that are damaged, locked, newer or out of reach.

use crate::disk::Disk;
use crate::duckdb::{DUCKDB, LIMITS, library, read};
use crate::folder::Folder;
use crate::rows;
use arrow_array::cast::AsArray as _;
use arrow_array::types::{Float64Type, Int64Type};
use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::SystemTime;
use tests::programs::{python, skip};
use tickmetrics_collector::batch::{Batch, Event, EventKind, Kind};
use tickmetrics_collector::store::{Opened, Place, Settings, Store, StoreError, open};

const ROWS: usize = 500;

/// A batch whose rows have one value, in two tables.
fn batch(value: f64) -> Batch {
    let series = rows::series("orders_total", Kind::Counter, &[("symbol", "BTC-USD")]);
    let time = SystemTime::now();
    let samples = (0..ROWS).map(|_| rows::number(time, &series, value)).collect();
    let message = value.to_string();
    let event = Event { time, service: None, kind: EventKind::Start, message };
    Batch { samples, candles: Vec::new(), events: vec![event] }
}

fn open_at(place: &Place) -> Result<Box<dyn Store>, StoreError> {
    open(&Settings { place: Some(place.clone()), ..Settings::default() })
        .map(|Opened { store, .. }| store)
}

/// The error of opening a file of DuckDB: its text, and whether it stays.
fn refusal(file: &Path) -> (String, bool) {
    let error = open_at(&Place::DuckDb(file.to_path_buf())).err().expect("it opens");
    (error.to_string(), error.is_final())
}

/// The number of rows with each value, in both tables; `None` where nothing reads them.
fn counts(place: &Place) -> Option<BTreeMap<u64, i64>> {
    let sql = "SELECT value, count(*) FROM (SELECT value FROM trading_metrics UNION ALL \
               SELECT message::DOUBLE FROM system_events) GROUP BY ALL";
    let rows = match place {
        Place::DuckDb(file) => read(file, sql)?,
        Place::Parquet(folder) => {
            let views = fs::read_to_string(folder.join("views.sql")).unwrap();
            let script = "import duckdb, json, sys\n\
                connection = duckdb.connect()\n\
                views, sql = sys.stdin.read().split('\\0')\n\
                connection.execute(views)\n\
                for row in connection.execute(sql).fetchall(): print(json.dumps(row))";
            let rows = python("duckdb", DUCKDB, &["-c", script], &format!("{views}\0{sql}"))?;
            String::from_utf8(rows).unwrap().lines().map(str::to_owned).collect()
        }
    };
    let row = |row: &String| -> Option<(u64, i64)> {
        let (value, count) = row.trim_matches(['[', ']']).split_once(", ")?;
        Some((value.strip_suffix(".0")?.parse().ok()?, count.parse().ok()?))
    };
    Some(rows.iter().map(|text| row(text).expect(text)).collect())
}

/// Not a test of its own: what the killed process runs.
#[test]
fn writer_that_is_killed() {
    let Ok(place) = env::var("STORE_TO_KILL") else { return };
    let place: Place = place.parse().unwrap();
    let first: u64 = env::var("STORE_FIRST").unwrap().parse().unwrap();
    let mut store = open_at(&place).unwrap();
    for value in first.. {
        store.write(&batch(value as f64)).unwrap();
        // Straight to the pipe: the harness keeps what is printed. In one piece: a process that is
        // killed within a line must not leave a part of it.
        let _ = std::io::stderr().write_all(format!("written {value}\n").as_bytes());
        store.maintain().unwrap();
        // So that checkpoints and Parquet files are cut off, too.
        if value % 5 == 0 {
            store.close().unwrap();
            store = open_at(&place).unwrap();
        }
    }
}

/// Kills a writer twenty times. Every batch that was acknowledged is there as a whole.
fn kill(place: &Place) {
    let mut random = fastrand::Rng::with_seed(4);
    let mut acknowledged = BTreeSet::new();
    let mut next = 0;
    for round in 0..20 {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "faults::writer_that_is_killed", "--nocapture"])
            .env("STORE_TO_KILL", place.to_string())
            .env("STORE_FIRST", next.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        let mut seen = 0;
        let enough = random.usize(1..15);
        let mut note = |line: &str| {
            if let Some(value) = line.strip_prefix("written ") {
                let value: u64 = value.parse().unwrap();
                acknowledged.insert(value);
                // The next one may be complete and not acknowledged any more.
                next = next.max(value + 2);
                seen += 1;
            }
            seen
        };
        while note(&lines.next().expect("the writer ended")) < enough {}
        // Somewhere in the next write.
        std::hint::black_box((0..random.u32(..4_000_000)).fold(0, |sum, value| sum ^ value));
        child.kill().unwrap();
        child.wait().unwrap();
        lines.for_each(|line| {
            note(&line);
        });
        let store = open_at(place).unwrap_or_else(|error| panic!("round {round}: {error}"));
        store.close().unwrap();
    }
    let Some(counts) = counts(place) else { return };
    assert!(counts.values().all(|count| *count == i64::try_from(ROWS).unwrap() + 1), "{counts:?}");
    let lost: Vec<_> = acknowledged.iter().filter(|value| !counts.contains_key(value)).collect();
    assert!(lost.is_empty(), "{lost:?} were acknowledged");
    assert!(acknowledged.len() >= 20);
}

#[test]
fn a_file_of_duckdb_keeps_whole_batches_when_the_writer_is_killed() {
    let Some(_) = library() else { return };
    let folder = Folder::new("kill");
    kill(&Place::DuckDb(folder.file()));
}

#[test]
fn parquet_files_keep_whole_batches_when_the_writer_is_killed() {
    let folder = Folder::new("kill-parquet");
    kill(&Place::Parquet(folder.0.join("store")));
}

/// Fills the disk, then frees some space: what was refused goes in once.
fn fill(place: &Place, ballast: &Path) {
    fs::write(ballast, vec![1; 6 << 20]).unwrap();
    let mut store = open_at(place).unwrap();
    let mut written = 0;
    let error = loop {
        match store.write(&batch(f64::from(written))) {
            Ok(()) => written += 1,
            Err(error) => break error,
        }
        assert!(written < 10_000, "the disk is not full");
    };
    assert!(error.to_string().contains("is full") && !error.is_final(), "{error}");
    // Again, in the same state.
    let error = store.write(&batch(f64::from(written))).unwrap_err();
    assert!(!error.is_final(), "{error}");
    fs::remove_file(ballast).unwrap();
    store.write(&batch(f64::from(written))).unwrap();
    store.maintain().unwrap();
    store.close().unwrap();
    let Some(counts) = counts(place) else { return };
    assert_eq!(counts.len(), usize::try_from(written).unwrap() + 1, "{counts:?}");
    assert!(counts.values().all(|count| *count == i64::try_from(ROWS).unwrap() + 1), "{counts:?}");
}

#[test]
fn a_full_disk_leaves_no_part_of_a_batch_in_a_file_of_duckdb() {
    let Some(_) = library() else { return };
    let folder = Folder::new("full");
    let Some(_disk) = Disk::new(&folder.0, "12m") else { return };
    fill(&Place::DuckDb(folder.file()), &folder.0.join("ballast"));
}

#[test]
fn a_full_disk_leaves_no_part_of_a_batch_in_parquet_files() {
    let folder = Folder::new("full-parquet");
    let Some(_disk) = Disk::new(&folder.0, "12m") else { return };
    fill(&Place::Parquet(folder.0.join("store")), &folder.0.join("ballast"));
}

#[test]
fn a_file_that_can_not_be_written_is_refused() {
    let Some(_) = library() else { return };
    let folder = Folder::new("unwritable");
    let (error, is_final) = refusal(Path::new("/proc/none/metrics.duckdb"));
    assert!(is_final && error.contains("/proc/none can't be created"), "{error}");
    let (error, is_final) = refusal(&folder.0);
    assert!(is_final && error.contains("It must be a file"), "{error}");
    let Some(disk) = Disk::new(&folder.0, "12m") else { return };
    disk.make_read_only();
    let (error, is_final) = refusal(&folder.file());
    assert!(is_final && error.contains("can't be opened for writing"), "{error}");
    let error = open_at(&Place::Parquet(folder.0.join("store"))).err().unwrap();
    assert!(error.is_final() && error.to_string().contains("can't be written"), "{error}");
}

#[test]
fn a_file_that_is_removed_or_replaced_is_noticed() {
    if library().is_none() {
        return;
    }
    let folder = Folder::new("removed");
    for (number, is_replaced) in [false, true].into_iter().enumerate() {
        let opened = |name: &str| {
            let file = folder.0.join(format!("{name}-{number}.duckdb"));
            let mut store = open_at(&Place::DuckDb(file.clone())).unwrap();
            store.write(&batch(1.0)).unwrap();
            let other = folder.0.join("other");
            fs::write(&other, "").unwrap();
            if is_replaced { fs::rename(other, &file) } else { fs::remove_file(&file) }.unwrap();
            store
        };
        let mut store = opened("written");
        let error = store.write(&batch(2.0)).unwrap_err();
        assert!(error.is_final() && error.to_string().contains("removed or replaced"), "{error}");
        let error = opened("closed").close().unwrap_err();
        assert!(error.to_string().contains("removed or replaced"), "{error}");
    }
}

/// Its journal stays open, and takes batches that nobody will ever find.
#[test]
fn a_folder_that_is_removed_or_replaced_is_noticed() {
    for (number, is_replaced) in [false, true].into_iter().enumerate() {
        let folder = Folder::new(&format!("removed-{number}"));
        let place = Place::Parquet(folder.0.join("store"));
        let remove = || {
            let Place::Parquet(store) = &place else { return };
            fs::rename(store, folder.0.join(format!("away-{}", fastrand::u64(..)))).unwrap();
            if is_replaced {
                open_at(&place).unwrap().close().unwrap();
            }
        };
        for is_empty in [false, true] {
            let mut store = open_at(&place).unwrap();
            if !is_empty {
                store.write(&batch(1.0)).unwrap();
            }
            remove();
            let written = store.write(&batch(2.0));
            if is_empty && is_replaced {
                // The rows are in the folder that is there.
                written.unwrap();
                continue;
            }
            let error = written.unwrap_err();
            assert!(error.is_final() && error.to_string().contains("was removed"), "{error}");
        }
        let mut store = open_at(&place).unwrap();
        store.write(&batch(1.0)).unwrap();
        remove();
        let error = store.close().unwrap_err();
        assert!(error.to_string().contains("was removed"), "{error}");
    }
}

#[test]
fn a_damaged_file_is_refused() {
    let Some(_) = library() else { return };
    let folder = Folder::new("damaged");
    fs::write(folder.file(), "timestamp,value\n1,2\n".repeat(1000)).unwrap();
    let (error, is_final) = refusal(&folder.file());
    assert!(is_final && error.contains("is damaged, or no file of DuckDB"), "{error}");

    let file = folder.0.join("flipped.duckdb");
    let place = Place::DuckDb(file.clone());
    let mut store = open_at(&place).unwrap();
    store.write(&batch(1.0)).unwrap();
    store.close().unwrap();
    let mut bytes = fs::read(&file).unwrap();
    // Past the three headers, where the catalogue and the rows are.
    for byte in bytes.iter_mut().skip(3 * 4096).step_by(1000) {
        *byte ^= 0x55;
    }
    fs::write(&file, bytes).unwrap();
    let (error, is_final) = refusal(&file);
    assert!(is_final && error.contains("is damaged"), "{error}");
}

#[test]
fn a_file_of_a_newer_version_is_refused_and_stays() {
    let Some(_) = library() else { return };
    let folder = Folder::new("newer");
    let file = folder.file();
    open_at(&Place::DuckDb(file.clone())).unwrap().close().unwrap();
    let script = "import duckdb, sys\n\
        duckdb.connect(sys.argv[1]).execute('UPDATE tickmetrics_schema SET version = 99')";
    let path = file.to_str().unwrap();
    if python("duckdb", DUCKDB, &["-c", script, path], "").is_none() {
        return;
    }
    let before = fs::read(&file).unwrap();
    let (error, is_final) = refusal(&file);
    assert!(is_final && error.contains("has tables of version 99"), "{error}");
    assert!(fs::read(&file).unwrap() == before, "the file was changed");
    assert!(!folder.0.join("metrics.duckdb.wal").exists());

    let other = folder.0.join("other.duckdb");
    let script = "import duckdb, sys\n\
        duckdb.connect(sys.argv[1], config={'storage_compatibility_version': 'v1.2.0'})\
        .execute('CREATE TABLE system_events (x INTEGER)')";
    python("duckdb", DUCKDB, &["-c", script, other.to_str().unwrap()], "");
    let before = fs::read(&other).unwrap();
    let (error, is_final) = refusal(&other);
    assert!(
        is_final && error.contains("table system_events that this program did not make"),
        "{error}"
    );
    assert!(fs::read(&other).unwrap() == before, "the file was changed");

    let newest = folder.0.join("newest.duckdb");
    let script = "import duckdb, sys\n\
        duckdb.connect(sys.argv[1], config={'storage_compatibility_version': 'latest'})\
        .execute('CREATE TABLE x (x INTEGER)')";
    python("duckdb", DUCKDB, &["-c", script, newest.to_str().unwrap()], "");
    match open_at(&Place::DuckDb(newest)) {
        Ok(_) => skip("a file of a newer DuckDB (Python's is no newer than the library)"),
        Err(error) => {
            assert!(error.is_final() && error.to_string().contains("newer DuckDB"), "{error}");
        }
    }

    let folder = folder.0.join("parquet");
    let place = Place::Parquet(folder.clone());
    open_at(&place).unwrap().close().unwrap();
    fs::write(folder.join("version"), "99\n").unwrap();
    let error = open_at(&place).err().unwrap();
    assert!(error.is_final() && error.to_string().contains("files of version 99"), "{error}");
}

#[test]
fn a_locked_file_names_its_holder() {
    let Some(_) = library() else { return };
    let folder = Folder::new("locked");
    let file = folder.file();
    open_at(&Place::DuckDb(file.clone())).unwrap().close().unwrap();
    if python("duckdb", DUCKDB, &["-c", "import duckdb"], "").is_none() {
        return;
    }
    let script = "import duckdb, sys\n\
        connection = duckdb.connect(sys.argv[1])\n\
        print('open', flush=True)\n\
        sys.stdin.read()";
    let mut holder = Command::new("python3")
        .args(["-c", script, file.to_str().unwrap()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(holder.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let (error, is_final) = refusal(&file);
    holder.kill().unwrap();
    holder.wait().unwrap();
    assert!(
        !is_final && error.contains(&format!("in use by process {} (", holder.id())),
        "{error}"
    );

    // And the other way: neither a query nor a checkpoint gives the lock away.
    let mut store = open_at(&Place::DuckDb(file.clone())).unwrap();
    store.write(&batch(1.0)).unwrap();
    let answer = store
        .reader()
        .unwrap()
        .query("SELECT value, count(*) FROM trading_metrics GROUP BY 1", &LIMITS);
    let rows = &answer.unwrap().rows[0];
    assert_eq!(rows.column(0).as_primitive::<Float64Type>().value(0), 1.0);
    assert_eq!(rows.column(1).as_primitive::<Int64Type>().value(0), 500);
    store.maintain().unwrap();
    let script = "import duckdb, sys\n\
        try: duckdb.connect(sys.argv[1])\n\
        except duckdb.IOException as error: print(error)";
    let output = python("duckdb", DUCKDB, &["-c", script, file.to_str().unwrap()], "").unwrap();
    let output = String::from_utf8(output).unwrap();
    assert!(output.contains(&format!("PID {}", std::process::id())), "{output}");

    let folder = folder.0.join("parquet");
    let _store = open_at(&Place::Parquet(folder.clone())).unwrap();
    let error = open_at(&Place::Parquet(folder)).err().unwrap();
    let holder = format!("in use by process {}.", std::process::id());
    assert!(error.to_string().contains(&holder) && !error.is_final(), "{error}");
}
