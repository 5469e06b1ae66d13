//! The views over rows that a source should not have, and may have: of one time, of a clock that
//! stepped back, with values that are NaN, and of buckets that come and go.

use crate::duckdb::{LIMITS, library};
use crate::folder::Folder;
use crate::rows::{at, number, series};
use arrow_array::cast::AsArray as _;
use tickmetrics_collector::batch::{Batch, Histogram, Kind, Native, Sample, Value};
use tickmetrics_collector::store::duckdb::DuckDb;
use tickmetrics_collector::store::{Keep, Store as _};

/// Answers with one text a row, in their order.
fn answers(name: &str, samples: Vec<Sample>, queries: &[&str]) -> Option<Vec<Vec<String>>> {
    let folder = Folder::new(name);
    let mut store = Box::new(DuckDb::open(library()?, &folder.file(), Keep::default()).unwrap());
    store.write(&Batch { samples, ..Batch::default() }).unwrap();
    let reader = store.reader().unwrap();
    let rows = |sql: &&str| {
        let rows = reader.query(sql, &LIMITS).unwrap().rows;
        let texts = rows.iter().map(|rows| rows.column(0).as_string::<i32>());
        texts
            .flat_map(|texts| texts.iter().flatten().map(str::to_owned).collect::<Vec<_>>())
            .collect()
    };
    Some(queries.iter().map(rows).collect())
}

const RATES: &str = "SELECT concat_ws(' ', second(since), second(timestamp), increase::INTEGER) \
                     FROM metric_rates ORDER BY timestamp";

/// The growth of each bucket, without layouts that quantiles are not made of.
const GROWTH: &str = "SELECT concat_ws(' ', layout, upper, count) \
     FROM histogram_increase('h', '2026-11-18'::TIMESTAMP, '2026-11-19'::TIMESTAMP) ORDER BY upper";

fn quantile(q: f64) -> String {
    format!(
        "SELECT concat_ws(' ', count, round(quantile, 6)) FROM histogram_quantile_over('h', {q}, \
         '2026-11-18'::TIMESTAMP, '2026-11-19'::TIMESTAMP)"
    )
}

/// A histogram with classic buckets, at a second.
fn classic(second: u32, buckets: &[(f64, f64)]) -> Sample {
    let count = buckets.last().unwrap().1;
    histogram(second, Histogram { count, buckets: buckets.to_vec(), ..Histogram::default() })
}

fn histogram(second: u32, histogram: Histogram) -> Sample {
    let value = Value::Histogram(Box::new(histogram));
    Sample { time: at(second.into()), series: series("h", Kind::Histogram, &[]), value }
}

#[test]
fn rows_are_read_by_their_time() {
    let orders = series("orders_total", Kind::Counter, &[]);
    let rows = |values: &[(u32, f64)]| {
        values.iter().map(|(second, it)| number(at((*second).into()), &orders, *it)).collect()
    };
    // Twice the same, as a source with times of its own is read twice; in any order.
    let once = ["40 41 2", "41 42 3"];
    for values in [
        [(0, 5.0), (0, 5.0), (1, 7.0), (1, 7.0), (2, 10.0)],
        [(2, 10.0), (1, 7.0), (0, 5.0), (1, 7.0), (0, 5.0)],
    ] {
        let Some(found) = answers("equal-times", rows(&values), &[RATES]) else { return };
        assert_eq!(found[0], once);
    }
    // Different ones count from the last to the first of the next time.
    for values in [
        [(0, 1.0), (0, 5.0), (1, 6.0), (1, 8.0), (2, 10.0)],
        [(0, 5.0), (1, 8.0), (0, 1.0), (2, 10.0), (1, 6.0)],
    ] {
        let found = answers("equal-times", rows(&values), &[RATES]).unwrap();
        assert_eq!(found[0], ["40 41 1", "41 42 2"]);
    }
    // A clock that stepped back from 2 to 1 looks like a process that began anew twice.
    let values = [(0, 10.0), (2, 20.0), (1, 30.0), (3, 40.0)];
    let found = answers("stepped-back", rows(&values), &[RATES]).unwrap();
    assert_eq!(found[0], ["40 41 20", "41 42 20", "42 43 20"]);
}

#[test]
fn values_that_are_nan_are_in_no_bucket() {
    let native = |second, count, buckets: &[(i32, f64)]| {
        let native = Native { positive: buckets.to_vec(), ..Native::default() };
        histogram(
            second,
            Histogram { count, sum: f64::NAN, native: Some(native), ..Histogram::default() },
        )
    };
    // Two of ten.
    let samples = vec![native(0, 0.0, &[(0, 0.0)]), native(1, 10.0, &[(0, 4.0), (1, 4.0)])];
    let Some(found) =
        answers("nan-native", samples, &[&quantile(0.25), &quantile(0.5), &quantile(1.0), RATES])
    else {
        return;
    };
    // Of the eight others: the rates have all.
    assert_eq!(found[..3].concat(), ["8.0 0.707107", "8.0 1.0", "8.0 2.0"]);
    assert_eq!(found[3], ["40 41 10"]);
}

#[test]
fn buckets_that_come_and_go_take_no_value_twice() {
    let inf = f64::INFINITY;
    // The process goes on: nothing is known of the new bucket but the one below it.
    let comes = vec![
        classic(0, &[(1.0, 1000.0), (2.0, 1500.0), (inf, 1600.0)]),
        classic(1, &[(1.0, 1004.0), (1.5, 1006.0), (2.0, 1508.0), (inf, 1610.0)]),
    ];
    let Some(found) = answers("bucket-comes", comes, &[GROWTH, &quantile(0.25), &quantile(0.5)])
    else {
        return;
    };
    assert_eq!(
        found[0],
        ["classic 1.0 4.0", "classic 1.5 2.0", "classic 2.0 2.0", "classic inf 2.0"]
    );
    assert_eq!(found[1..].concat(), ["10.0 0.625", "10.0 1.25"]);
    // The process begins anew with fewer buckets.
    let goes = vec![
        classic(0, &[(1.0, 0.0), (1.5, 0.0), (2.0, 0.0), (inf, 0.0)]),
        classic(1, &[(1.0, 4.0), (1.5, 6.0), (2.0, 8.0), (inf, 10.0)]),
        classic(2, &[(1.0, 8.0), (2.0, 16.0), (inf, 20.0)]),
        classic(3, &[(1.0, 12.0), (2.0, 24.0), (inf, 30.0)]),
    ];
    let found = answers("bucket-goes", goes, &[GROWTH]).unwrap();
    assert_eq!(
        found[0],
        ["classic 1.0 16.0", "classic 1.5 2.0", "classic 2.0 14.0", "classic inf 8.0"]
    );
}
