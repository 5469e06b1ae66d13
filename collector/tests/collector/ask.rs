//! Questions to a collector while it writes.

use crate::support::{Memory, PATIENCE, Server, quick};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};
use tests::processes::Folder;
use tests::programs::skip;
use tickmetrics_collector::ask::{AskError, Client, MOST};
use tickmetrics_collector::store::duckdb::{DuckDb, Library};
use tickmetrics_collector::store::query::{Answer, Limits};
use tickmetrics_collector::store::{Keep, Place, read};
use tickmetrics_collector::{Collector, Source};

/// Some 10¹⁵ rows.
const ENDLESS: &str =
    "SELECT count(*) FROM range(100000000) a, range(10000000) b WHERE a.range % 7 = b.range % 5";

fn place(folder: &Folder) -> Place {
    Place::DuckDb(folder.0.join("metrics.duckdb"))
}

/// A collector of one source with a file of DuckDB; `None`, loudly, without the library.
fn collector(folder: &Folder) -> Option<(Collector, Client, Server)> {
    let library = Library::load(None).map_err(|error| skip(&error.to_string())).ok()?;
    let place = place(folder);
    let store = DuckDb::open(library, place.path(), Keep::default()).unwrap();
    let server = Server::of_text("# TYPE price gauge\nprice{symbol=\"A\"} 1\n");
    let collector = Collector::builder()
        .interval(Duration::from_millis(20))
        .source(server.source("a"))
        .store(Box::new(store))
        .socket(place.socket())
        .start()
        .unwrap();
    Some((collector, Client::new(place.socket()), server))
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
        thread::sleep(Duration::from_millis(5));
    }
}

fn rows(answer: &Answer) -> usize {
    answer.rows.iter().map(arrow_array::RecordBatch::num_rows).sum()
}

fn send(path: &Path, line: &str) -> UnixStream {
    let mut stream = UnixStream::connect(path).unwrap();
    stream.write_all(line.as_bytes()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

#[test]
fn queries_are_answered_while_the_collector_writes() {
    let folder = Folder::new("ask-writing");
    let Some((collector, client, _server)) = collector(&folder) else { return };
    let mode = std::fs::metadata(client.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // More rows each time: the collector goes on.
    for count in [1, 5, 10] {
        until("no rows come", || {
            let answer = client.query("FROM trading_metrics WHERE service = 'a'", &MOST).unwrap();
            assert_eq!(answer.schema.field(2).name(), "metric_name");
            rows(&answer) >= count
        });
    }
    let few = client.query("FROM range(100000)", &Limits { rows: 7, ..MOST }).unwrap();
    assert_eq!((rows(&few), few.is_cut_off), (7, true));
    let all = client.query("FROM range(100000)", &MOST).unwrap();
    assert_eq!((rows(&all), all.is_cut_off), (100_000, false));
    let none = client.query("FROM trading_metrics WHERE false", &MOST).unwrap();
    assert_eq!((rows(&none), none.schema.fields().len()), (0, 8));
    let slow = client.query(ENDLESS, &Limits { time: Duration::from_millis(50), ..MOST });
    let slow = slow.unwrap_err().to_string();
    assert!(slow.contains("took longer than 50ms"), "{slow}");
    for sql in ["DELETE FROM trading_metrics", "FROM read_text('/etc/passwd')", "INSTALL json"] {
        assert!(matches!(client.query(sql, &MOST), Err(AskError::Refused(_))), "{sql}");
    }
    let refused = client.query("DELETE FROM trading_metrics", &MOST).unwrap_err().to_string();
    assert!(refused.ends_with("A query is one SELECT, and can't change the store"), "{refused}");
    // The file is locked by this collector, and a reader of another process would be refused.
    assert_eq!(collector.status().lost, 0);
    collector.stop().unwrap();
    assert!(!client.path().exists());
    assert!(matches!(client.query("SELECT 1", &MOST), Err(AskError::NoCollector(_))));
    // Without a collector, the file itself is read.
    let reader = read(&place(&folder), None).unwrap();
    assert!(rows(&reader.query("FROM trading_metrics", &MOST).unwrap()) >= 10);
    reader.query("DELETE FROM trading_metrics", &MOST).unwrap_err();
}

#[test]
fn a_client_that_goes_ends_its_query() {
    let folder = Folder::new("ask-gone");
    let Some((collector, client, _server)) = collector(&folder) else { return };
    let line = format!("{{\"query\": \"{ENDLESS}\"}}\n");
    // All places are taken.
    let streams: Vec<_> = (0..4).map(|_| send(client.path(), &line)).collect();
    until("the queries do not run", || {
        let refused = client.query("SELECT 1", &MOST);
        refused.is_err_and(|it| it.to_string().contains("4 queries run already"))
    });
    // The state is there nevertheless, and batches are written.
    let batches = collector.status().batches;
    until("no batch is written", || collector.status().batches > batches + 2);
    client.status().unwrap();
    drop(streams);
    until("the queries go on", || client.query("SELECT 1", &MOST).is_ok());
    // One that still runs does not hold up the end.
    let _stream = send(client.path(), &line);
    let status = collector.stop().unwrap();
    assert_eq!(status.lost, 0);
}

#[test]
fn a_query_that_duckdb_can_not_interrupt_is_answered_in_time() {
    let folder = Folder::new("ask-constant");
    let Some((collector, client, _server)) = collector(&folder) else { return };
    // DuckDB computes constants before it looks whether it is to stop.
    let limits = Limits { time: Duration::from_millis(20), ..MOST };
    let slow = "SELECT list_sum(list_transform(range(10000000), x -> sin(x)))";
    let refused = client.query(slow, &limits).unwrap_err().to_string();
    assert!(refused.contains("took longer than 20ms"), "{refused}");
    collector.stop().unwrap();
}

#[test]
fn an_answer_has_the_rows_that_fit() {
    let folder = Folder::new("ask-large");
    let Some((collector, client, _server)) = collector(&folder) else { return };
    // 2,048 rows at once, each of 100,000 bytes.
    let sql = "SELECT range, repeat('x', 100000) AS x FROM range(5000)";
    let answer = client.query(sql, &MOST).unwrap();
    let all = rows(&answer);
    assert!(answer.is_cut_off && all <= (64 << 20) / 100_000 && all > 600, "{all}");
    // A later row is too large.
    let sql = "SELECT CASE range WHEN 5 THEN repeat('x', 70000000) END FROM range(10)";
    let answer = client.query(sql, &MOST).unwrap();
    assert_eq!((rows(&answer), answer.is_cut_off), (5, true));
    collector.stop().unwrap();
}

#[test]
fn errors_are_about_the_query_that_was_asked() {
    let folder = Folder::new("ask-wrong");
    let Some((collector, client, _server)) = collector(&folder) else { return };
    for (sql, expected) in [
        ("SELECT foo FROM trading_metrics", "Referenced column \"foo\" not found"),
        ("SELECT nothing('x')", "nothing does not exist"),
        ("FROM tradingmetrics", "Did you mean \"trading_metrics\"?"),
        ("SELECT ? FROM trading_metrics", "no parameters"),
        ("SELECT $1", "no parameters"),
        ("PIVOT trading_metrics ON symbol USING max(value)", "ON symbol IN ('A', 'B')"),
        (
            "SELECT list(repeat('x', 1000) || range) FROM range(2000000)",
            "more memory than the 512 MB that queries have",
        ),
        ("SELECT repeat('x', 70000000)", "first row has more than the 64 MiB"),
    ] {
        let refused = client.query(sql, &MOST).unwrap_err().to_string();
        assert!(refused.contains(expected), "{sql}: {refused}");
        for inner in ["query(", "LINE 1", "Stack Trace", "INTERNAL"] {
            assert!(!refused.contains(inner), "{sql}: {refused}");
        }
    }
    collector.stop().unwrap();
}

#[test]
fn clients_that_hang_or_lie_are_answered_or_left() {
    let folder = Folder::new("ask-hanging");
    let Some((collector, client, _server)) = collector(&folder) else { return };
    let answer = |line: &str| {
        let mut answer = String::new();
        BufReader::new(send(client.path(), line)).read_line(&mut answer).unwrap();
        answer
    };
    for (line, reason) in [
        ("GET / HTTP/1.1\r\n", "one line of JSON"),
        ("{\"query\": \"SELECT 1\"}\n{}\n", "for one question"),
        ("{\"attach\": 1}\n", "is none of"),
    ] {
        let answer = answer(line);
        assert!(answer.starts_with("{\"error\":") && answer.contains(reason), "{answer}");
    }
    // It asks for much and does not read: the server gives up, and its place is free again.
    let line = "{\"query\": \"SELECT repeat('x', 1000) FROM range(50000)\"}\n";
    let mut lazy: Vec<_> = (0..4).map(|_| send(client.path(), line)).collect();
    until("the places are free", || client.query("SELECT 1", &MOST).is_err());
    // Those that send nothing are closed, too.
    let mut silent = send(client.path(), "");
    let batches = collector.status().batches;
    until("no batch is written", || collector.status().batches > batches + 2);
    until("lazy clients keep their places", || client.query("SELECT 1", &MOST).is_ok());
    assert_eq!(silent.read(&mut [0]).unwrap(), 0);
    // The one whose place is free now did not get all.
    let got = lazy.iter_mut().map(|stream| {
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
        rest.len()
    });
    assert!(got.min().unwrap() < 50_000_000);
    collector.stop().unwrap();
}

#[test]
fn more_clients_than_are_allowed_are_refused() {
    let folder = Folder::new("ask-many");
    let (server, memory) = (Server::of_text("up 1\n"), Memory::default());
    let socket = place(&folder).socket();
    let collector = quick(&memory).source(server.source("a")).socket(&socket).start().unwrap();
    let silent: Vec<_> = (0..16).map(|_| UnixStream::connect(&socket).unwrap()).collect();
    let refused = Client::new(&socket).status().unwrap_err().to_string();
    assert!(refused.contains("Too many clients ask"), "{refused}");
    drop(silent);
    until("there is no room", || Client::new(&socket).status().is_ok());
    // This store has no queries.
    let refused = Client::new(&socket).query("SELECT 1", &MOST).unwrap_err().to_string();
    assert!(refused.contains("no queries"), "{refused}");
    drop(collector);
}

#[test]
fn the_state_names_what_is_wrong() {
    let folder = Folder::new("ask-state");
    let (server, memory) = (Server::of_text("up 1\n"), Memory::default());
    let nowhere = Server::of_text("").address();
    let socket = place(&folder).socket();
    let collector = quick(&memory)
        .source(server.source("good"))
        .source(Source::new(&nowhere).service("bad"))
        .socket(&socket)
        .start()
        .unwrap();
    memory.wait_for_samples("good", 1);
    let state = || -> serde_json::Value {
        serde_json::from_str(&Client::new(&socket).status().unwrap()).unwrap()
    };
    until("the sources are not known", || state()["sources"].as_array().unwrap().len() == 2);
    until("no write is known", || state()["last_write"].as_f64().is_some());
    let now = state();
    let warnings = now["warnings"].as_array().unwrap();
    let has = |text: &str| warnings.iter().any(|it| it.as_str().unwrap().starts_with(text));
    assert!(has("bad is down: ") && !has("good is down"), "{now}");
    assert_eq!(now["sources"][0]["is_up"], true);
    assert_eq!(now["interval_seconds"], 0.02);
    // Nothing is written for more than some intervals.
    memory.with(|stored| stored.is_blocked = true);
    until("no warning comes", || state()["warnings"].to_string().contains("nothing was written"));
    memory.with(|stored| stored.is_blocked = false);
    collector.stop().unwrap();
}

#[test]
fn a_dead_collectors_socket_is_replaced_and_other_files_are_not() {
    let folder = Folder::new("ask-stale");
    let (server, memory) = (Server::of_text("up 1\n"), Memory::default());
    let socket = place(&folder).socket();
    let start = || quick(&memory).source(server.source("a")).socket(&socket).start();
    let listener = UnixListener::bind(&socket).unwrap();
    let used = start().unwrap_err().to_string();
    assert!(used.contains("another process listens there"), "{used}");
    drop(listener);
    assert!(matches!(Client::new(&socket).status(), Err(AskError::NoCollector(_))));
    let collector = start().unwrap();
    Client::new(&socket).status().unwrap();
    collector.stop().unwrap();
    assert!(!socket.exists());
    std::fs::write(&socket, "mine").unwrap();
    start().unwrap_err();
    assert_eq!(std::fs::read(&socket).unwrap(), b"mine");
}
