//! The three services of the program `trading` in a store, read as its user would.

use crate::candles::{RECORDING, made};
use crate::support::PATIENCE;
use crate::trading::{SERVICES, Trading, free_ports};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};
use tests::processes::Folder;
use tests::programs::{python, skip};
use tickmetrics_collector::ask::MOST;
use tickmetrics_collector::store::duckdb::{DuckDb, Library};
use tickmetrics_collector::store::{Keep, Place, read};
use tickmetrics_collector::{Candles, Collector, Source, SourceStatus};

const END_NUMBERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/collector/end_numbers.py");
const README: &str = include_str!("../../README.md");
const MAIN_README: &str = include_str!("../../../README.md");

/// Collects the services for a number of cycles into a file of DuckDB; `None`, loudly, without the
/// library.
fn collect(file: &Path, ports: u16, cycles: u64) -> Option<()> {
    let library = Library::load(None).map_err(|error| skip(&error.to_string())).ok()?;
    let store = DuckDb::open(library, file, Keep::default()).unwrap();
    let candles = Candles::of("market_data_price").volume("market_data_volume_total");
    let builder = Collector::builder().interval(Duration::from_millis(200)).candles(candles);
    let builder = SERVICES.into_iter().zip(ports..).fold(builder, |builder, (service, port)| {
        let source = Source::new(format!("127.0.0.1:{port}")).service(service);
        builder.source(source.timeout(PATIENCE))
    });
    let collector = builder.store(Box::new(store)).start().unwrap();
    let end = Instant::now() + 3 * PATIENCE;
    while collector.status().cycles < cycles {
        assert!(Instant::now() < end, "cycles do not go on");
        thread::sleep(Duration::from_millis(20));
    }
    let status = collector.stop().unwrap();
    assert!(status.lost == 0 && status.sources.iter().all(SourceStatus::is_up), "{status:?}");
    Some(())
}

#[test]
fn the_last_rows_are_what_the_endpoints_show_at_the_end() {
    let folder = Folder::new("end-numbers");
    let file = folder.0.join("metrics.duckdb");
    let recording = Path::new(RECORDING);
    let recording = if recording.exists() { recording.to_path_buf() } else { made(&folder) };
    let ports = free_ports();
    // A fixed number of ticks; then its numbers stay.
    let arguments = ["--replay", recording.to_str().unwrap(), "--speed", "max", "--hold"];
    let _trading = Trading::start_with(ports, &arguments, "serving on until Ctrl-C", 1);
    if collect(&file, ports, 5).is_none() {
        return;
    }
    let services: Vec<_> =
        SERVICES.iter().zip(ports..).map(|(service, port)| format!("{service}={port}")).collect();
    let arguments: Vec<_> = [END_NUMBERS, file.to_str().unwrap()]
        .into_iter()
        .chain(services.iter().map(String::as_str))
        .collect();
    let Some(figures) = python("duckdb, prometheus_client", "duckdb==2.0.1", &arguments, "") else {
        return;
    };
    let figures = String::from_utf8(figures).unwrap();
    let figures: Vec<u64> = figures.split_whitespace().map(|it| it.parse().unwrap()).collect();
    let [series, histograms, buckets, recorded] = *figures else { panic!("{figures:?}") };
    assert!(series >= 20 && histograms >= 3 && buckets > 20 && recorded >= 1_000, "{figures:?}");
}

/// The statements in the blocks of SQL and in the queries of commands.
fn statements(text: &str) -> Vec<&str> {
    let blocks = text.split("```sql\n").skip(1).filter_map(|rest| rest.split("```").next());
    let of_blocks = blocks.flat_map(|block| block.split(";\n"));
    let commands = text.lines().filter_map(|line| {
        let rest = line.strip_prefix("tickmetrics query ")?;
        let quote = rest.chars().next().filter(|it| matches!(it, '"' | '\''))?;
        rest[1..].split(quote).next()
    });
    of_blocks.chain(commands).map(str::trim).filter(|it| !it.is_empty()).collect()
}

#[test]
fn the_queries_of_both_readmes_have_rows() {
    let of_both = [statements(README), statements(MAIN_README)];
    assert!(of_both[0].len() >= 4 && of_both[1].len() >= 2, "{of_both:?}");
    // It is the time of the machine's zone, and the store has UTC.
    assert!(!README.contains("now()::TIMESTAMP"));
    // The candles that it promises are those of the collector below.
    assert!(MAIN_README.contains("--price market_data_price --volume market_data_volume_total\n"));
    let folder = Folder::new("readme");
    let file = folder.0.join("metrics.duckdb");
    let ports = free_ports();
    let _trading = Trading::start(ports);
    if collect(&file, ports, 15).is_none() {
        return;
    }
    let reader = read(&Place::DuckDb(file), None).unwrap();
    for sql in of_both.concat() {
        let answer = reader.query(sql, &MOST).expect(sql);
        let rows: usize = answer.rows.iter().map(arrow_array::RecordBatch::num_rows).sum();
        assert!(rows > 0, "no rows: {sql}");
    }
}
