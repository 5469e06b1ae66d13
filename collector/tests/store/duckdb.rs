//! Files of DuckDB.

use crate::folder::Folder;
use crate::rows;
use std::path::Path;
use tests::programs::{python, skip};
use tickmetrics_collector::store::Store as _;
use tickmetrics_collector::store::duckdb::{DuckDb, Library};

pub(crate) const CHECK_VIEWS: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/tests/store/check_views.py");
/// The independent reader, as it is installed.
pub(crate) const DUCKDB: &str = "duckdb==2.0.1";
const READ: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/store/read.py");

/// `None`, loudly, where the library is not installed.
pub(crate) fn library() -> Option<Library> {
    Library::load(None).map_err(|error| skip(&error.to_string())).ok()
}

/// The rows as another DuckDB reads them, one JSON array a row.
fn read(file: &Path, sql: &str) -> Option<Vec<String>> {
    let rows = python("duckdb", DUCKDB, &[READ, file.to_str().unwrap(), sql], "")?;
    Some(String::from_utf8(rows).unwrap().lines().map(str::to_owned).collect())
}

#[test]
fn another_duckdb_reads_what_was_written() {
    let Some(library) = library() else { return };
    let folder = Folder::new("written");
    let mut store = Box::new(DuckDb::open(library, &folder.file()).unwrap());
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
    let btc = r#"["BTC-USD", "1m", "2026-11-18 11:06:40", 1.0, 4.0, 0.5, 2.0, 12.5, 60]"#;
    let eth = r#"["ETH-USD", "5s", "2026-11-18 11:06:40", 1.0, 4.0, 0.5, 2.0, null, 60]"#;
    assert_eq!(candles.unwrap(), [btc, eth, eth]);
    let events = read(&folder.file(), "SELECT * FROM system_events");
    let start = r#"["2026-11-18 11:06:45", null, "start", "The collector began."]"#;
    let down = r#"["2026-11-18 11:06:45", "risk", "source_down", "Connection refused."]"#;
    assert_eq!(events.unwrap(), [start, down, start, down]);
}

#[test]
fn views_give_what_the_rows_give_by_hand() {
    let Some(library) = library() else { return };
    let folder = Folder::new("views");
    let mut store = Box::new(DuckDb::open(library, &folder.file()).unwrap());
    for batch in rows::cycles(&mut fastrand::Rng::with_seed(1)) {
        store.write(&batch).unwrap();
    }
    store.close().unwrap();
    python("duckdb", DUCKDB, &[CHECK_VIEWS, folder.file().to_str().unwrap()], "");
}
