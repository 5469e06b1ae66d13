//! Stores that version 1 of the tables wrote: a candle had no service.

use crate::duckdb::{DUCKDB, LIMITS, library, read};
use crate::folder::Folder;
use crate::rows::at;
use arrow_array::RecordBatch;
use std::fs;
use std::time::Duration;
use tests::programs::python;
use tickmetrics_collector::batch::{Batch, Candle, EventKind};
use tickmetrics_collector::store::{self, Place, Settings};

const VERSION_1: &str = include_str!("version_1.sql");

/// Makes a file of DuckDB: FILE SQL.
const MAKE: &str = "import duckdb, sys\n\
    config = {'storage_compatibility_version': 'v1.2.0'}\n\
    duckdb.connect(sys.argv[1], config=config).execute(sys.argv[2])";

/// Copies the tables of such a script into a folder of Parquet files: FOLDER SQL.
const COPY: &str = "\
import duckdb, os, sys
folder = sys.argv[1]
connection = duckdb.connect()
connection.execute(sys.argv[2])
for table in ('trading_metrics', 'trading_candles', 'system_events'):
    for day, rows in (('1970-01-01', ' LIMIT 0'), ('2026-11-18', '')):
        at = f'{folder}/{table}/day={day}'
        os.makedirs(at)
        connection.execute(f\"COPY (FROM {table}{rows}) TO '{at}/00000001.parquet' (FORMAT parquet)\")
";

/// The rest of the interrupted candle, and a candle of another service with its symbol.
fn more() -> Batch {
    let candle = |service: &str| Candle {
        service: service.into(),
        symbol: "BTC-USD".into(),
        interval: Duration::from_secs(60),
        start: at(-40.0),
        open: 8.0,
        high: 9.0,
        low: 7.0,
        close: 8.5,
        volume: 2.0,
        samples: 3,
    };
    Batch { candles: vec![candle("feed"), candle("venue"), candle("feed")], ..Batch::default() }
}

const CANDLES: &str = "SELECT service, symbol, open, high, low, close, volume, samples, count(*) OVER () \
     FROM candles ORDER BY service NULLS FIRST";
const OLD: &str = r#"[null, "BTC-USD", 1.0, 5.0, 0.5, 2.0, 11.0, 6, "#;
const NEW: [&str; 2] = [
    r#"["feed", "BTC-USD", 8.0, 9.0, 7.0, 8.5, 4.0, 6, 3]"#,
    r#"["venue", "BTC-USD", 8.0, 9.0, 7.0, 8.5, 2.0, 3, 3]"#,
];

fn open(place: &Place) -> Box<dyn store::Store> {
    store::open(&Settings { place: Some(place.clone()), ..Settings::default() }).unwrap().store
}

fn count(rows: &[RecordBatch]) -> usize {
    rows.iter().map(RecordBatch::num_rows).sum()
}

#[test]
fn a_file_of_version_1_is_migrated_with_its_rows() {
    let Some(_) = library() else { return };
    let folder = Folder::new("version-1");
    let file = folder.file();
    if python("duckdb", DUCKDB, &["-c", MAKE, file.to_str().unwrap(), VERSION_1], "").is_none() {
        return;
    }
    let mut store = open(&Place::DuckDb(file.clone()));
    let events = store.maintain().unwrap();
    assert_eq!(events[0].kind, EventKind::Migration, "{events:?}");
    assert_eq!(events[0].message, "The tables were brought from version 1 to 4.");
    store.write(&more()).unwrap();
    store.close().unwrap();
    let rows = read(&file, CANDLES).unwrap();
    assert_eq!(rows, [&format!("{OLD}3]"), NEW[0], NEW[1]]);
    let versions = read(&file, "SELECT version FROM tickmetrics_schema ORDER BY ALL").unwrap();
    assert_eq!(versions, ["[1]", "[4]"]);
    let up = read(&file, "SELECT service, value FROM trading_metrics").unwrap();
    assert_eq!(up, [r#"["risk", 1.0]"#]);
    // Only once.
    assert!(open(&Place::DuckDb(file)).maintain().unwrap().is_empty());
}

#[test]
fn parquet_files_of_both_versions_are_read() {
    let folder = Folder::new("version-1-parquet");
    let root = folder.0.to_str().unwrap();
    if python("duckdb", DUCKDB, &["-c", COPY, root, VERSION_1], "").is_none() {
        return;
    }
    fs::write(folder.0.join("version"), "1\n").unwrap();
    let place = Place::Parquet(folder.0.clone());
    // Without a collector, nothing of them is written.
    if library().is_some() {
        let reader = store::read(&place, None).unwrap();
        let rows = reader.query("FROM candles WHERE service IS NULL", &LIMITS).unwrap().rows;
        assert_eq!(count(&rows), 1);
        assert_eq!(fs::read_to_string(folder.0.join("version")).unwrap(), "1\n");
    }
    let mut store = open(&place);
    let events = store.maintain().unwrap();
    assert_eq!(events[0].kind, EventKind::Migration, "{events:?}");
    store.write(&more()).unwrap();
    store.close().unwrap();
    let script = "import duckdb, json, sys\n\
        connection = duckdb.connect()\n\
        connection.execute(open(sys.argv[1] + '/views.sql').read())\n\
        for sql in sys.argv[2:]:\n\
        \x20   [print(json.dumps(row)) for row in connection.execute(sql).fetchall()]";
    let table = "SELECT service, open FROM trading_candles WHERE service IS NULL ORDER BY ALL";
    let rows = python("duckdb", DUCKDB, &["-c", script, root, CANDLES, table], "").unwrap();
    let rows = String::from_utf8(rows).unwrap();
    let old = format!("{OLD}3]");
    let expected = [&old, NEW[0], NEW[1], "[null, 1.0]", "[null, 3.0]"];
    assert_eq!(rows.lines().collect::<Vec<_>>(), expected);
    assert_eq!(fs::read_to_string(folder.0.join("version")).unwrap(), "2\n");
    assert!(open(&place).maintain().unwrap().is_empty());
}
