//! `query` and `status`: a store with its collector and without.

use crate::collect::{Collecting, exporter, nowhere};
use crate::support::{Folder, failure, output, python, run, text};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};
use tests::programs::skip;
use tickmetrics_collector::store::duckdb::Library;

const ROWS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/query_rows.py");

/// Every type that has a form of its own.
const TYPES: &str = "SELECT 1 AS a, NULL AS b, 1.5 AS c, 'nan'::DOUBLE AS d, true AS e, \
    MAP {'side': 'buy', 'x': 'y'} AS m, {'count': 2.0, 'le': [0.1, 'inf'::DOUBLE]} AS s, \
    TIMESTAMP '2026-11-29 11:30:00.25' AS t, DATE '2026-11-29' AS day, '' AS empty, \
    'say \"a,b\"' AS quoted, 'a' || chr(10) || 'b' AS two, 170141183460469231731687303715884105727 \
    AS huge, -9223372036854775808 AS low, \
    INTERVAL '14 months -3 days 90 minutes 250 milliseconds' AS i, INTERVAL 0 DAY AS j, \
    INTERVAL '-1500 microseconds' AS k";

/// As DuckDB writes them.
const INTERVALS: [&str; 3] = ["1 year 2 months -3 days 01:30:00.25", "00:00:00", "-00:00:00.0015"];

/// Whether the library of DuckDB is there; its absence is reported.
fn has_library() -> bool {
    Library::load(None).map_err(|error| skip(&error.to_string())).is_ok()
}

fn json_rows(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What Python reads.
fn read(arguments: &[&str]) -> Option<Value> {
    let (module, install) = match arguments[0] {
        "parquet" => ("duckdb", "duckdb==2.0.1"),
        _ => ("csv", ""),
    };
    let arguments: Vec<_> = [ROWS].iter().chain(arguments).copied().collect();
    Some(serde_json::from_slice(&python(module, install, &arguments, "")?).unwrap())
}

/// A store with rows, and no collector.
fn store(folder: &Folder, name: &str) -> String {
    let (_exporter, address) = exporter();
    let place = format!("{name}:{}", text(&folder.file("metrics")));
    let target = format!("feed={address}");
    let output = run(&["collect", &target, "--store", &place, "--once", "--allow", "orders_total"]);
    assert!(output.status.success(), "{output:?}");
    place
}

#[test]
fn a_running_collector_answers() {
    if !has_library() {
        return;
    }
    let folder = Folder::new("query-running");
    let (_exporter, address) = exporter();
    let place = text(&folder.file("metrics.duckdb")).to_owned();
    let target = format!("feed={address}");
    let options = ["--interval", "50ms", "--allow", "orders_total"];
    let arguments = [&*target, "--store", &place].into_iter().chain(options);
    let mut collecting = Collecting::start(&arguments.collect::<Vec<_>>());
    collecting.wait_for("source_up");
    let count = "SELECT count(*) AS n FROM trading_metrics WHERE service = 'feed'";
    let ask = |sql: &str| {
        let all = run(&["query", sql, "--store", &place, "--format", "json"]);
        assert!(all.status.success(), "{all:?}");
        let told = String::from_utf8(all.stderr).unwrap();
        assert!(told.contains("answered by the collector at "), "{told}");
        json_rows(std::str::from_utf8(&all.stdout).unwrap())
    };
    let end = Instant::now() + Duration::from_secs(60);
    while ask(count)[0]["n"].as_u64().unwrap() < 5 {
        assert!(Instant::now() < end, "no rows come");
    }
    let last = ask("SELECT value, labels FROM trading_metrics LIMIT 1");
    assert_eq!(last, [json!({"value": 7.0, "labels": {}})]);
    let cut = run(&["query", "FROM range(9)", "--store", &place, "--rows", "2"]);
    assert!(String::from_utf8(cut.stderr).unwrap().contains("only the first 2 rows"));
    assert_eq!(String::from_utf8(cut.stdout).unwrap(), "range\n-----\n    0\n    1\n");
    for sql in ["DELETE FROM trading_metrics", "FROM '/etc/passwd'", "ATTACH 'x' AS y"] {
        let output = run(&["query", sql, "--store", &place]);
        assert!(!output.status.success() && output.stdout.is_empty(), "{sql}");
    }
    // Its state.
    let state = output(&["status", "--store", &place]);
    assert!(state.contains("source       feed (") && state.contains("up, 1 series"), "{state}");
    let state: Value =
        serde_json::from_str(&output(&["status", "--store", &place, "--json"])).unwrap();
    assert_eq!((&state["lost"], &state["warnings"]), (&json!(0), &json!([])));
    assert!(state["store_bytes"].as_u64().unwrap() > 0);
    collecting.end();
    let none = failure(&["status", "--store", &place]);
    assert!(none.contains("no collector listens on the socket"), "{none}");
    assert!(none.contains("start tickmetrics collect with the same --store"), "{none}");
    let none = failure(&["status", "--store", &place, "--socket", "nowhere.sock"]);
    assert!(none.contains("give --socket as tickmetrics collect has it"), "{none}");
}

#[test]
fn a_row_of_parquet_files_is_seen_soon_after_it_was_written() {
    if !has_library() {
        return;
    }
    let folder = Folder::new("query-fresh");
    let (_exporter, address) = exporter();
    let place = format!("parquet:{}", text(&folder.file("metrics")));
    let target = format!("feed={address}");
    let options = ["--store", &place, "--interval", "50ms"];
    let arguments = [&*target].into_iter().chain(options);
    let mut collecting = Collecting::start(&arguments.collect::<Vec<_>>());
    collecting.wait_for("source_up");
    let count = || {
        let sql = "SELECT count(*) AS n FROM trading_metrics WHERE metric_name = 'orders_total'";
        let all = run(&["query", sql, "--store", &place, "--format", "json"]);
        let told = String::from_utf8(all.stderr).unwrap();
        assert!(told.contains("answered by the collector at "), "{told}");
        json_rows(std::str::from_utf8(&all.stdout).unwrap())[0]["n"].as_u64().unwrap()
    };
    // Files are made each minute without a query.
    let end = Instant::now() + Duration::from_secs(30);
    for least in [1, 40] {
        while count() < least {
            assert!(Instant::now() < end, "no rows come");
            thread::sleep(Duration::from_millis(200));
        }
    }
    collecting.end();
}

#[test]
fn a_collector_without_the_library_leaves_queries_to_others() {
    if !has_library() {
        return;
    }
    let folder = Folder::new("query-without");
    let (_exporter, address) = exporter();
    let place = format!("parquet:{}", text(&folder.file("metrics")));
    let target = format!("feed={address}");
    let config = folder.file("config.yaml");
    let none = folder.file("none.so");
    fs::write(&config, format!("store: {{place: '{place}', library: '{}'}}", text(&none))).unwrap();
    let mut collecting = Collecting::start(&[&*target, "--config", text(&config)]);
    collecting.wait_for("source_up");
    let all = run(&["query", "SELECT 1 AS a", "--store", &place]);
    let told = String::from_utf8(all.stderr).unwrap();
    assert!(told.contains("warning: the collector can't answer") && told.contains("none.so"));
    assert!(told.contains("answered by the files of "), "{told}");
    assert_eq!(all.stdout, b"a\n-\n1\n");
    collecting.end();
}

#[test]
fn a_state_with_warnings_fails() {
    let folder = Folder::new("query-warnings");
    let socket = folder.file("socket");
    let place = format!("parquet:{}", text(&folder.file("metrics")));
    let target = format!("risk={}", nowhere());
    let arguments = [&*target, "--store", &place, "--interval", "50ms", "--socket", text(&socket)];
    let mut collecting = Collecting::start(&arguments);
    collecting.wait_for("source_down");
    let end = Instant::now() + Duration::from_secs(60);
    let status = || run(&["status", "--store", &place, "--socket", text(&socket)]);
    while !String::from_utf8(status().stdout).unwrap().contains("risk is down") {
        assert!(Instant::now() < end, "no warning comes");
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(status().status.code(), Some(1));
    collecting.end();
}

#[test]
fn stores_without_a_collector_are_read() {
    if !has_library() {
        return;
    }
    for name in ["duckdb", "parquet"] {
        let folder = Folder::new(&format!("query-{name}"));
        let place = store(&folder, name);
        let sql = "SELECT service, metric_name, value FROM trading_metrics";
        let all = run(&["query", sql, "--store", &place, "--format", "json"]);
        let told = String::from_utf8(all.stderr).unwrap();
        assert!(told.contains(&format!("answered by the files of {place}")), "{told}");
        let row = json!({"service": "feed", "metric_name": "orders_total", "value": 7.0});
        assert_eq!(json_rows(std::str::from_utf8(&all.stdout).unwrap()), [row]);
        // Views and macros, too.
        output(&["query", "FROM candles", "--store", &place]);
        let other = folder.file("other.parquet");
        fs::write(&other, "PAR1").unwrap();
        let secret = format!("FROM read_parquet('{}')", text(&other));
        for sql in ["DELETE FROM trading_metrics", "FROM '/etc/passwd'", &secret, "SET threads = 9"]
        {
            let output = run(&["query", sql, "--store", &place]);
            assert!(!output.status.success() && output.stdout.is_empty(), "{sql}");
        }
        // A dead collector's socket is no collector.
        drop(std::os::unix::net::UnixListener::bind(folder.file("metrics.sock")).unwrap());
        output(&["query", sql, "--store", &place]);
        let slow = "SELECT count(*) FROM range(100000000) a, range(10000000) b \
                    WHERE a.range % 7 = b.range % 5";
        let late = run(&["query", slow, "--store", &place, "--timeout", "50ms"]);
        assert!(String::from_utf8(late.stderr).unwrap().contains("took longer than 50ms"));
    }
}

#[test]
fn what_is_not_there_or_locked_is_named() {
    if !has_library() {
        return;
    }
    let folder = Folder::new("query-locked");
    let nothing = text(&folder.file("nothing.duckdb")).to_owned();
    let error = failure(&["query", "SELECT 1", "--store", &nothing]);
    assert!(error.contains("nothing.duckdb does not exist"), "{error}");
    assert!(!folder.file("nothing.duckdb").exists());
    // Its collector listens elsewhere.
    let (_exporter, address) = exporter();
    let place = text(&folder.file("metrics.duckdb")).to_owned();
    let socket = folder.file("socket");
    let mut collecting =
        Collecting::start(&[&*address, "--store", &place, "--socket", text(&socket)]);
    collecting.wait_for("source_up");
    let error = failure(&["query", "SELECT 1", "--store", &place]);
    assert!(error.contains("is in use by process"), "{error}");
    let at = ["query", "SELECT 1 AS a", "--store", &place, "--socket", text(&socket)];
    assert_eq!(output(&at), "a\n-\n1\n");
    collecting.end();
    let error = failure(&at);
    assert!(error.contains("no collector listens"), "{error}");
}

#[test]
fn formats_are_read_by_others() {
    if !has_library() {
        return;
    }
    let folder = Folder::new("query-formats");
    let place = store(&folder, "duckdb");
    let written = |format: &str| {
        let path = folder.file(format);
        let path = text(&path).to_owned();
        let arguments = ["query", TYPES, "--store", &place, "--format", format, "--output", &path];
        assert_eq!(output(&arguments), "");
        path
    };
    let histogram = json!({"count": 2.0, "le": [0.1, "Infinity"]});
    let huge: Value = serde_json::from_str("170141183460469231731687303715884105727").unwrap();
    if let Some(rows) = read(&["json", &written("json")]) {
        let row = json!({
            "a": 1, "b": null, "c": 1.5, "d": "NaN", "e": true, "m": {"side": "buy", "x": "y"},
            "s": histogram, "t": "2026-11-29 11:30:00.250", "day": "2026-11-29", "empty": "",
            "quoted": "say \"a,b\"", "two": "a\nb", "huge": huge, "low": i64::MIN,
            "i": INTERVALS[0], "j": INTERVALS[1], "k": INTERVALS[2],
        });
        assert_eq!(rows, json!([row]));
    }
    if let Some(rows) = read(&["csv", &written("csv")]) {
        let row = json!({
            "a": "1", "b": "", "c": "1.5", "d": "NaN", "e": "true",
            "m": "{\"side\":\"buy\",\"x\":\"y\"}",
            "s": "{\"count\":2.0,\"le\":[0.1,\"Infinity\"]}", "t": "2026-11-29 11:30:00.250",
            "day": "2026-11-29", "empty": "", "quoted": "say \"a,b\"", "two": "a\nb",
            "huge": "170141183460469231731687303715884105727", "low": "-9223372036854775808",
            "i": INTERVALS[0], "j": INTERVALS[1], "k": INTERVALS[2],
        });
        assert_eq!(rows, json!([row]));
    }
    let table = output(&["query", TYPES, "--store", &place]);
    assert!(table.contains("{side=buy, x=y}") && table.contains("a\\nb"), "{table}");
    assert!(table.contains("2026-11-29 11:30:00.250"), "{table}");
    let sql = "SELECT a, c, m['side'], s.count, t, quoted, low, \
               i::INTERVAL = INTERVAL '14 months -3 days 90 minutes 250 milliseconds', \
               k::INTERVAL = INTERVAL '-1500 microseconds' FROM FILE";
    if let Some(rows) = read(&["parquet", &written("parquet"), sql]) {
        let row = json!([
            1,
            "1.5",
            "buy",
            "2.0",
            "2026-11-29 11:30:00.250000",
            "say \"a,b\"",
            i64::MIN,
            true,
            true
        ]);
        assert_eq!(rows, json!([row]));
    }
    for (format, sql, kind) in [
        ("table", "SELECT union_value(k := 3) AS v", "UNION"),
        ("parquet", "SELECT {'a': union_value(k := 3)} AS v", "UNION"),
        ("parquet", "SELECT [INTERVAL 1 DAY] AS v", "INTERVAL"),
    ] {
        let error = run(&["query", sql, "--store", &place, "--format", format]);
        let told = failure_of(&error);
        assert!(told.contains(&format!("\"v\" has the type {kind}")), "{told}");
        assert!(told.contains("CAST(") && told.lines().count() == 2, "{told}");
    }
    let left: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|it| it.unwrap().path())
        .filter(|it| it.extension() == Some("unfinished".as_ref()))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    let nowhere = folder.file("no/where");
    let arguments = ["query", "SELECT 1", "--store", &place, "--output", text(&nowhere)];
    assert!(!run(&arguments).status.success());
    assert!(!Path::new(&nowhere).exists());
}

#[test]
fn days_are_exported() {
    if !has_library() {
        return;
    }
    let folder = Folder::new("export");
    let (_exporter, address) = exporter();
    let place = text(&folder.file("metrics.duckdb")).to_owned();
    let target = format!("feed={address}");
    let mut collecting = Collecting::start(&[&*target, "--store", &place, "--interval", "50ms"]);
    collecting.wait_for("source_up");
    let archive = folder.file("archive");
    let day = |sql: &str| {
        let text = output(&["query", sql, "--store", &place, "--format", "json"]);
        json_rows(&text)[0]["day"].as_str().unwrap().to_owned()
    };
    let end = Instant::now() + Duration::from_secs(60);
    let first = loop {
        let sql = "SELECT coalesce(min(timestamp)::DATE::VARCHAR, '') AS day FROM trading_metrics";
        let day = day(sql);
        if !day.is_empty() {
            break day;
        }
        assert!(Instant::now() < end, "no rows come");
    };
    let last = "9999-12-31";
    let export = |place: &str, from: &str, to: &str| {
        let output = text(&archive);
        run(&["export", "--store", place, "--from", from, "--to", to, "--output", output])
    };
    // While the collector writes, and again over the files that are there.
    for _ in 0..2 {
        let done = export(&place, &first, &first);
        assert!(done.status.success(), "{done:?}");
    }
    collecting.end();
    let next = day("SELECT (max(timestamp)::DATE + 1)::VARCHAR AS day FROM trading_metrics");
    let done = export(&place, &first, &next);
    let told = String::from_utf8(done.stderr).unwrap();
    assert!(done.status.success() && told.contains("answered by the files of"), "{told}");
    let expected = output(&[
        "query",
        "SELECT count(*) AS n, count(DISTINCT (metric_name, labels)) AS series FROM trading_metrics",
        "--store",
        &place,
        "--format",
        "json",
    ]);
    let expected = &json_rows(&expected)[0];
    let files = format!("{}/trading_metrics/*/*.parquet", text(&archive));
    let sql = "SELECT count(*), count(DISTINCT (metric_name, labels)), min(day)::VARCHAR FROM FILE";
    if let Some(rows) = read(&["parquet", &files, sql]) {
        assert_eq!(rows, json!([[expected["n"], expected["series"], first]]));
    }
    let none = failure_of(&export(&place, last, last));
    assert!(none.contains("no rows of these days"), "{none}");
    let wrong = failure_of(&export(&place, &next, &first));
    assert!(wrong.contains("--from is after --to"), "{wrong}");
    assert!(!run(&["export", "--store", &place, "--output", "x"]).status.success());
}

#[test]
fn a_store_whose_path_is_too_long_for_a_socket_is_written() {
    let folder = Folder::new("long");
    let (_exporter, address) = exporter();
    let place = format!("parquet:{}", text(&folder.file(&"x".repeat(120))));
    let target = format!("feed={address}");
    let mut collecting = Collecting::start(&[&*target, "--store", &place]);
    collecting.wait_for("warning: queries can't be answered on the socket");
    collecting.wait_for("source_up");
    collecting.end();
    // A socket that is named must be there.
    let long = "x".repeat(120);
    let error = run(&["collect", &target, "--store", &place, "--socket", &long]);
    assert!(failure_of(&error).contains("queries can't be answered on the socket"));
}

fn failure_of(output: &std::process::Output) -> String {
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr.clone()).unwrap()
}
