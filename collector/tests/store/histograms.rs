//! Histograms in a file of DuckDB, where their lists are texts, and their edges are stored once.

use crate::duckdb::{LIMITS, library, read};
use crate::folder::Folder;
use crate::rows::{self, at};
use arrow_array::RecordBatch;
use std::fs;
use tickmetrics_collector::batch::{Batch, Histogram, Kind, Sample, Value};
use tickmetrics_collector::store::query::Limits;
use tickmetrics_collector::store::{Place, Settings, Store, open};

fn store(place: Place) -> Box<dyn Store> {
    open(&Settings { place: Some(place), ..Settings::default() }).unwrap().store
}

#[test]
fn both_stores_give_the_same_rows() {
    let Some(_) = library() else { return };
    let folder = Folder::new("both");
    let places = [Place::DuckDb(folder.file()), Place::Parquet(folder.0.join("parquet"))];
    let mut batches = rows::cycles(&mut fastrand::Rng::with_seed(4), &rows::ZERO_THRESHOLDS);
    batches.push(rows::every_kind());
    let [duckdb, parquet] = places.map(|place| {
        let mut store = store(place);
        let reader = store.reader().unwrap();
        for batch in &batches {
            store.write(batch).unwrap();
        }
        let limits = Limits { rows: 10_000, ..LIMITS };
        let answer = reader.query("FROM trading_metrics ORDER BY ALL", &limits).unwrap();
        store.close().unwrap();
        answer.rows
    });
    assert_eq!(duckdb.iter().map(RecordBatch::num_rows).sum::<usize>(), 60 * 9 + 7);
    assert_eq!(duckdb, parquet);
}

/// As many histograms as a trading system has, with 11 to 30 buckets.
fn histograms(cycle: u32) -> Batch {
    let sample = |index: u32| {
        let label = index.to_string();
        let series = rows::series("latency_seconds", Kind::Histogram, &[("index", &label)]);
        let edges = 11 + index * 20 / 45;
        let buckets = (1..=edges).map(|edge| {
            let le = if edge == edges { f64::INFINITY } else { 2_f64.powi(edge.cast_signed()) };
            (le, f64::from(cycle * edge))
        });
        let buckets: Vec<_> = buckets.collect();
        let count = f64::from(cycle * edges);
        let histogram = Histogram { count, sum: count * 5.5, buckets, native: None };
        let value = Value::Histogram(Box::new(histogram));
        Sample { time: at(f64::from(cycle)), series, value }
    };
    Batch { samples: (0..45).map(sample).collect(), ..Batch::default() }
}

#[test]
fn the_log_grows_by_what_is_new() {
    let Some(_) = library() else { return };
    let folder = Folder::new("log");
    let mut store = store(Place::DuckDb(folder.file()));
    let mut lengths = Vec::new();
    for cycle in 0..100 {
        store.write(&histograms(cycle)).unwrap();
        lengths.push(fs::metadata(folder.0.join("metrics.duckdb.wal")).unwrap().len());
    }
    let growth = lengths[1..].windows(2).map(|pair| pair[1] - pair[0]).max();
    // 920 counts of four digits, with what else is in 45 rows.
    assert!(growth < Some(12_000), "{growth:?} bytes for 45 histograms");
}

#[test]
fn a_layout_is_stored_once() {
    let Some(_) = library() else { return };
    let folder = Folder::new("layouts");
    let place = Place::DuckDb(folder.file());
    let write = |batches: &[Batch]| {
        let mut store = store(place.clone());
        for batch in batches {
            store.write(batch).unwrap();
        }
        store.close().unwrap();
        read(&folder.file(), "SELECT edges, quantiles FROM metric_layouts ORDER BY ALL")
    };
    let stored = [r#"["0.1,0.5,inf", null]"#, r#"[null, "0.5,0.99"]"#, "[null, null]"];
    let batch = rows::every_kind();
    let Some(first) = write(&[batch.clone(), batch.clone(), rows::every_kind()]) else { return };
    assert_eq!(first, stored);
    // They are found again when the file is opened again.
    let mut other = rows::every_kind();
    for sample in &mut other.samples {
        if let Value::Histogram(histogram) = &mut sample.value {
            histogram.buckets.push((f64::NAN, -0.0));
            histogram.buckets.push((-f64::NAN, 1.0));
        }
    }
    let second = write(&[batch, other.clone(), other]).unwrap();
    let more = [r#"["0.1,0.5,inf,NaN,NaN", null]"#, r#"["NaN,NaN", null]"#];
    assert_eq!(second, [stored[0], more[0], more[1], stored[1], stored[2]]);
}
