//! How long a write takes, and what a sample takes on disk: `store_speed PLACE BATCHES`.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use tickmetrics_collector::batch::{Batch, Histogram, Kind, Sample, Series, Value};
use tickmetrics_collector::store::{Settings, open};

const ROWS: usize = 2000;

fn main() {
    let [_, place, batches] = &std::env::args().collect::<Vec<_>>()[..] else {
        eprintln!("store_speed PLACE BATCHES");
        return;
    };
    let place = Some(place.parse().expect("a store"));
    let mut store = open(&Settings { place, ..Settings::default() }).expect("it opens").store;
    // One series in twenty is a histogram of twelve buckets.
    let series: Vec<_> = (0..ROWS)
        .map(|index| {
            let label = |name: &str, value: String| (Arc::from(name), Arc::from(value));
            Arc::new(Series {
                service: "gateway".into(),
                name: format!("metric_{}_total", index % 100).into(),
                kind: if index % 20 == 0 { Kind::Histogram } else { Kind::Counter },
                symbol: Some(format!("SYM{}", index / 100).into()),
                labels: vec![
                    label("side", "buy".into()),
                    label("symbol", format!("SYM{}", index / 100)),
                ],
            })
        })
        .collect();
    let mut times = Vec::new();
    let mut maintained = Duration::ZERO;
    let begin = SystemTime::now();
    for cycle in 0..batches.parse::<u32>().expect("a number") {
        let value = |series: &Series, index: usize| match series.kind {
            Kind::Histogram => {
                let buckets =
                    (0..12).map(|edge| (f64::from(edge), f64::from(cycle * edge))).collect();
                let count = f64::from(cycle * 11);
                Value::Histogram(Box::new(Histogram {
                    count,
                    sum: count * 5.5,
                    buckets,
                    native: None,
                }))
            }
            _ => Value::Number((cycle as usize * (index % 7)) as f64),
        };
        let time = begin + Duration::from_secs(cycle.into());
        let samples = series.iter().enumerate().map(|(index, series)| Sample {
            time,
            series: series.clone(),
            value: value(series, index),
        });
        let batch = Batch { samples: samples.collect(), ..Batch::default() };
        let start = Instant::now();
        store.write(&batch).expect("it is written");
        times.push(start.elapsed());
        let start = Instant::now();
        store.maintain().expect("it is maintained");
        maintained = maintained.max(start.elapsed());
    }
    let start = Instant::now();
    store.close().expect("it closes");
    let closed = start.elapsed();
    times.sort();
    println!(
        "{} batches of {ROWS} rows: p50 {:?}, p99 {:?}, max {:?}; maintain max {maintained:?}, close {closed:?}",
        times.len(),
        times[times.len() / 2],
        times[times.len() * 99 / 100],
        times[times.len() - 1],
    );
}
