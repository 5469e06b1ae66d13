//! Files of DuckDB.

use crate::folder::Folder;
use crate::rows;
use std::path::Path;
use std::time::{Duration, SystemTime};
use tests::programs::{feed, python, skip};
use tickmetrics_collector::batch::{Batch, EventKind, Kind};
use tickmetrics_collector::store::duckdb::{DuckDb, Library};
use tickmetrics_collector::store::query::{Limits, QueryError};
use tickmetrics_collector::store::{Keep, Place, Settings, Store as _, open};

pub(crate) const CHECK_VIEWS: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/tests/store/check_views.py");
const CHECK_PROMETHEUS: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/tests/store/check_prometheus.py");
/// The independent reader, as it is installed.
pub(crate) const DUCKDB: &str = "duckdb==2.0.1";
const READ: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/store/read.py");

/// `None`, loudly, where the library is not installed.
pub(crate) fn library() -> Option<Library> {
    Library::load(None).map_err(|error| skip(&error.to_string())).ok()
}

/// The rows as another DuckDB reads them, one JSON array a row.
pub(crate) fn read(file: &Path, sql: &str) -> Option<Vec<String>> {
    let rows = python("duckdb", DUCKDB, &[READ, file.to_str().unwrap(), sql], "")?;
    Some(String::from_utf8(rows).unwrap().lines().map(str::to_owned).collect())
}

#[test]
fn another_duckdb_reads_what_was_written() {
    let Some(library) = library() else { return };
    let folder = Folder::new("written");
    let mut store = Box::new(DuckDb::open(library, &folder.file(), Keep::default()).unwrap());
    store.write(&rows::every_kind()).unwrap();
    store.write(&rows::every_kind()).unwrap();
    store.close().unwrap();

    let Some(metrics) = read(
        &folder.file(),
        "SELECT DISTINCT timestamp, service, metric_name, kind, symbol, labels, value, histogram \
         FROM trading_metrics ORDER BY timestamp, metric_name",
    ) else {
        return;
    };
    let odd = r#"{"text": "\"quoted\", 'q'\n{}=\\ \u20ac"}"#;
    let expected = [
        format!(r#"["1900-02-16 04:00:00", "gateway", "odd", "gauge", null, {odd}, 1.7976931348623157e+308, null]"#),
        r#"["2026-11-18 11:06:40.000001", "gateway", "orders_total", "counter", "BTC-USD", {"side": "buy", "symbol": "BTC-USD"}, 17.0, null]"#.to_owned(),
        format!(r#"["2026-11-18 11:06:41", "gateway", "odd", "gauge", null, {odd}, NaN, null]"#),
        r#"["2026-11-18 11:06:41.250000", "gateway", "latency_seconds", "histogram", null, {}, null, {"count": 10.0, "sum": 2.5, "buckets": [{"le": 0.1, "count": 4.0}, {"le": 0.5, "count": 9.0}, {"le": Infinity, "count": 10.0}], "native": null, "quantiles": []}]"#.to_owned(),
        r#"["2026-11-18 11:06:41.250000", "gateway", "native_seconds", "histogram", null, {"venue": "x"}, null, {"count": 6.0, "sum": -1.5, "buckets": [], "native": {"schema": -3, "zero_threshold": 1e-09, "zero_count": 1.0, "positive": [{"index": -7, "count": 2.0}, {"index": 12, "count": 1.0}], "negative": [{"index": 3, "count": 2.0}]}, "quantiles": []}]"#.to_owned(),
        format!(r#"["2026-11-18 11:06:42", "gateway", "odd", "gauge", null, {odd}, -Infinity, null]"#),
        r#"["2026-11-18 11:06:43", "gateway", "size", "summary", null, {}, null, {"count": 5.0, "sum": 50.0, "buckets": [], "native": null, "quantiles": [{"quantile": 0.5, "value": 9.0}, {"quantile": 0.99, "value": 20.0}]}]"#.to_owned(),
    ];
    assert_eq!(metrics, expected);
    let candles =
        read(&folder.file(), "SELECT * FROM trading_candles ORDER BY symbol LIMIT 3 OFFSET 1");
    let btc =
        r#"["BTC-USD", "1m", "2026-11-18 11:06:40", 1.0, 4.0, 0.5, 2.0, 12.5, 60, "gateway"]"#;
    let eth =
        r#"["ETH-USD", "5s", "2026-11-18 11:06:40", 1.0, 4.0, 0.5, 2.0, null, 60, "gateway"]"#;
    assert_eq!(candles.unwrap(), [btc, eth, eth]);
    let events = read(&folder.file(), "SELECT * FROM system_events");
    let start = r#"["2026-11-18 11:06:45", null, "start", "The collector began."]"#;
    let down = r#"["2026-11-18 11:06:45", "risk", "source_down", "Connection refused."]"#;
    assert_eq!(events.unwrap(), [start, down, start, down]);
}

/// A file of cycles.
fn cycles(name: &str, seed: u64, zero_thresholds: &[f64]) -> Option<Folder> {
    let folder = Folder::new(name);
    let mut store = Box::new(DuckDb::open(library()?, &folder.file(), Keep::default()).unwrap());
    for batch in rows::cycles(&mut fastrand::Rng::with_seed(seed), zero_thresholds) {
        store.write(&batch).unwrap();
    }
    store.close().unwrap();
    Some(folder)
}

#[test]
fn views_give_what_the_rows_give_by_hand() {
    let Some(folder) = cycles("views", 1, &rows::ZERO_THRESHOLDS) else { return };
    python("duckdb", DUCKDB, &[CHECK_VIEWS, folder.file().to_str().unwrap()], "");
}

#[test]
fn views_give_what_prometheus_gives() {
    let Some(promtool) = promtool() else { return };
    for (seed, threshold) in [(1, 0.001), (2, 0.25)] {
        let Some(folder) = cycles("prometheus", seed, &[threshold]) else { return };
        let file = folder.file();
        python("duckdb", DUCKDB, &[CHECK_PROMETHEUS, file.to_str().unwrap(), &promtool], "");
    }
}

/// Prometheus' tool of version 3 or newer, which knows series of native histograms.
fn promtool() -> Option<String> {
    let program = std::env::var("PROMTOOL").unwrap_or_else(|_| "promtool".into());
    let version = feed(&program, &["--version"], "").map(|output| output.stdout);
    let version = String::from_utf8(version.unwrap_or_default()).unwrap();
    let major = version.split("version ").nth(1).and_then(|it| it.split('.').next()?.parse().ok());
    if major < Some(3) {
        skip("promtool 3 is not installed: PROMTOOL can name it");
        return None;
    }
    Some(program)
}

pub(crate) const LIMITS: Limits =
    Limits { rows: 1000, bytes: 10 << 20, time: Duration::from_secs(60) };

#[test]
fn a_query_reads_whole_batches_and_nothing_else() {
    let Some(library) = library() else { return };
    let folder = Folder::new("query");
    let mut store = Box::new(DuckDb::open(library, &folder.file(), Keep::default()).unwrap());
    let reader = store.reader().unwrap();
    for count in [7, 14] {
        store.write(&rows::every_kind()).unwrap();
        let answer = reader.query("SELECT * FROM trading_metrics; -- all", &LIMITS).unwrap();
        let found: usize = answer.rows.iter().map(arrow_array::RecordBatch::num_rows).sum();
        assert_eq!((found, answer.is_cut_off), (count, false));
        assert_eq!(answer.schema.field(2).name(), "metric_name");
    }
    let limits = Limits { rows: 3, ..LIMITS };
    let answer = reader.query("FROM trading_metrics", &limits).unwrap();
    let found: usize = answer.rows.iter().map(arrow_array::RecordBatch::num_rows).sum();
    assert_eq!((found, answer.is_cut_off), (3, true));
    // Not one row fits.
    let limits = Limits { bytes: 10, ..LIMITS };
    let error = reader.query("FROM trading_metrics", &limits).unwrap_err().to_string();
    assert!(error.contains("The first row has more"), "{error}");
    let file = folder.file().display().to_string();
    let secret = format!("SELECT * FROM read_text('{}/../Cargo.toml')", folder.0.display());
    for sql in [
        "DELETE FROM trading_metrics",
        "SELECT 1; DELETE FROM trading_metrics",
        "') ; DELETE FROM trading_metrics; FROM query('SELECT 1",
        "SET threads = 8",
        "COPY trading_metrics TO '/tmp/x.csv'",
        "ATTACH ':memory:' AS other",
        "SELECT nothing",
        "SELECT 1; SELECT 2",
        "FROM arrow_scan(1, 2, 3)",
        "FROM query('FROM arrow_scan(1, 2, 3)')",
        "SELECT (SELECT count(*) FROM checkpoint())",
        "",
        &secret,
        // Reading it would release the lock.
        &format!("SELECT * FROM system.main.read_blob('{file}')"),
        &format!("DESCRIBE FROM read_text('{file}.wal')"),
        &format!("FROM '{file}'"),
    ] {
        let error = reader.query(sql, &LIMITS).expect_err(sql);
        assert!(matches!(error, QueryError::Refused(_)), "{sql}: {error}");
    }
    for sql in ["DESCRIBE trading_metrics", "SUMMARIZE candles", "SHOW TABLES", "VALUES (1)"] {
        reader.query(sql, &LIMITS).expect(sql);
    }
    // Some 10¹⁵ rows.
    let slow = "SELECT count(*) FROM range(100000000) a, range(10000000) b WHERE a.range % 7 = b.range % 5";
    let limits = Limits { time: Duration::from_millis(50), ..LIMITS };
    assert!(matches!(reader.query(slow, &limits), Err(QueryError::TooSlow(_))));
    store.write(&rows::every_kind()).unwrap();
    store.close().unwrap();
    assert!(matches!(reader.query("SELECT 1", &LIMITS), Err(QueryError::Store(_))));
}

#[test]
fn old_rows_are_removed_for_their_age_and_for_space() {
    let Some(library) = library() else { return };
    let folder = Folder::new("retention");
    let keep = Keep { age: Some(Duration::from_secs(3600)), bytes: None };
    let mut store = Box::new(DuckDb::open(library, &folder.file(), keep).unwrap());
    let orders = rows::series("orders_total", Kind::Counter, &[("symbol", "BTC-USD")]);
    let hour = Duration::from_secs(3600);
    let now = SystemTime::now();
    let sample = |time, value| rows::number(time, &orders, value);
    let samples = vec![sample(now - hour * 2, 1.0), sample(now - hour / 2, 2.0), sample(now, 3.0)];
    store.write(&Batch { samples, ..Batch::default() }).unwrap();
    let events = store.maintain().unwrap();
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(
        (events[0].kind, &*events[0].message),
        (EventKind::Retention, "1 row was removed for their age.")
    );
    let reader = store.reader().unwrap();
    let left = reader.query("SELECT 1 FROM trading_metrics WHERE value > 1.5", &LIMITS).unwrap();
    assert_eq!(left.rows[0].num_rows(), 2);
    store.close().unwrap();

    let keep = Keep { age: None, bytes: Some(6 << 20) };
    let mut store =
        Box::new(DuckDb::open(crate::duckdb::library().unwrap(), &folder.file(), keep).unwrap());
    let mut random = fastrand::Rng::with_seed(3);
    for batch in 0..40 {
        let time = |row: u64| now + Duration::from_millis(batch * 20_000 + row);
        let samples = (0..20_000).map(|row| sample(time(row), random.f64())).collect();
        store.write(&Batch { samples, ..Batch::default() }).unwrap();
    }
    let events = store.maintain().unwrap();
    assert!(
        events.iter().any(|event| event.message.contains("to keep 6291456 bytes")),
        "{events:?}"
    );
    let reader = store.reader().unwrap();
    let used = "SELECT 1 FROM pragma_database_size() WHERE used_blocks * block_size > 6291456";
    assert!(reader.query(used, &LIMITS).unwrap().rows.iter().all(|rows| rows.num_rows() == 0));
    // The oldest are gone, the newest are there.
    let newest = format!(
        "SELECT min(timestamp) > make_timestamp({0}), max(timestamp) FROM trading_metrics \
         HAVING max(timestamp) >= make_timestamp({0} + 799999000) AND count(*) > 50000 \
         AND min(timestamp) > make_timestamp({0})",
        now.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_micros()
    );
    assert_eq!(reader.query(&newest, &LIMITS).unwrap().rows.len(), 1);
}

#[test]
fn a_store_without_a_name_is_a_file_of_duckdb() {
    let Some(_) = library() else { return };
    let folder = Folder::new("default");
    let settings = Settings { folder: folder.0.join("new/folder"), ..Settings::default() };
    let opened = open(&settings).unwrap();
    assert_eq!(opened.place, Place::DuckDb(folder.0.join("new/folder/metrics.duckdb")));
    assert_eq!(opened.fallback, None);
    // Twice in one process would destroy it: DuckDB's lock does not see that.
    let error = open(&settings).err().unwrap();
    assert!(error.to_string().contains("open already") && !error.is_final(), "{error}");
    drop(opened);
    open(&settings).unwrap();
}

#[test]
fn a_series_is_stored_once() {
    let Some(library) = library() else { return };
    let folder = Folder::new("series");
    let file = folder.file();
    let mut store = Box::new(DuckDb::open(library, &file, Keep::default()).unwrap());
    // Each call makes the same series anew, at other addresses.
    for _ in 0..3 {
        store.write(&rows::every_kind()).unwrap();
    }
    let kept = rows::every_kind();
    store.write(&kept).unwrap();
    store.write(&kept).unwrap();
    store.close().unwrap();
    let counts = || {
        let sql = "SELECT (SELECT count(*) FROM metric_series), \
                   (SELECT count(*) FROM (SELECT DISTINCT service, metric_name, kind, symbol, \
                   labels FROM metric_series)), (SELECT count(*) FROM trading_metrics)";
        read(&file, sql)
    };
    let Some(before) = counts() else { return };
    assert_eq!(before, ["[5, 5, 35]"]);
    // They are found again when the file is opened again; a new one gets the next number.
    let reopen = || DuckDb::open(Library::load(None).unwrap(), &file, Keep::default());
    let mut store = Box::new(reopen().unwrap());
    store.write(&kept).unwrap();
    let mut more = rows::every_kind();
    let mut other = (*more.samples[0].series).clone();
    other.service = "another".into();
    more.samples[0].series = other.into();
    store.write(&more).unwrap();
    store.close().unwrap();
    assert_eq!(counts().unwrap(), ["[6, 6, 49]"]);
}
