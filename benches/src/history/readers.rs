//! The hot path of a process whose segment is read. The collector is stopped and resumed in turns.

use super::collecting::{Collecting, Folder};
use super::{Options, table};
use crate::run;
use crate::stats::Measured;
use crate::stats::Sample;
use nix::sys::signal::Signal;
use std::fs;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};
use tickmetrics::Segment;
use tickmetrics::prelude::*;

/// How long the collector runs, and how long it is stopped.
const TURN: Duration = Duration::from_millis(500);
const OPERATIONS: usize = 10_000;

/// Its file, which is removed at the end.
struct File(PathBuf);

impl Drop for File {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

pub(super) fn measure(options: &Options) -> Result<String, String> {
    let duration = options.minutes(1);
    let folder = Folder::new("readers")?;
    let file = File(format!("/dev/shm/tickmetrics-history.{}.metrics", std::process::id()).into());
    let segment = Segment::builder().path(file.0.clone());
    segment.install().map_err(|error| error.to_string())?;
    let registry = Registry::new();
    let failed = |error: tickmetrics::RegisterError| error.to_string();
    let counter: Counter =
        registry.register(&Description::new("orders_total", "Sent.")).map_err(failed)?;
    let histogram: Histogram = registry
        .register(&Description::new("wait_seconds", "Waited.").unit("seconds"))
        .map_err(failed)?;
    let store = format!("duckdb:{}", folder.0.join("metrics.duckdb").display());
    let target = [file.0.display().to_string()];
    let ours = Collecting::ours(&folder, "tickmetrics", &store, &target, &["--interval", "100ms"])?;
    let mut samples: [[Vec<Sample>; 2]; 2] = Default::default();
    let start = Instant::now();
    let mut turns = 0;
    while start.elapsed() < duration {
        let is_read = turns % 2;
        ours.program.signal(if is_read == 1 { Signal::SIGCONT } else { Signal::SIGSTOP })?;
        sleep(Duration::from_millis(5));
        let turn = Instant::now();
        while turn.elapsed() < TURN {
            samples[0][is_read].push(batch(|_| counter.inc()));
            samples[1][is_read].push(batch(|index| histogram.record(1000 + index as u64)));
        }
        turns += 1;
    }
    ours.program.signal(Signal::SIGCONT)?;
    let rows =
        ["`Counter::inc`", "`Histogram::record`"].iter().zip(&samples).map(|(name, both)| {
            let [without, with] = both.each_ref().map(|samples| Measured::of(name, samples));
            let late = both.each_ref().map(|samples| tail(samples));
            vec![
                (*name).to_owned(),
                format!("{:.3}", without.median),
                format!("{:.3}", with.median),
                format!("{:.3}", with.median / without.median),
                format!("{:.2}", late[0]),
                format!("{:.2}", late[1]),
            ]
        });
    let rows: Vec<_> = rows.collect();
    let columns = [
        "nanoseconds",
        "not read",
        "read",
        "ratio",
        "p99 of batches, not read",
        "p99 of batches, read",
    ];
    let batches: usize = samples.iter().flatten().map(Vec::len).sum();
    Ok(format!(
        "{turns} turns of {} ms, {batches} batches of {OPERATIONS} operations. The collector reads \
         the segment every 100 ms.\n\n{}",
        TURN.as_millis(),
        table(&columns, &rows)
    ))
}

fn batch(operation: impl Fn(usize)) -> Sample {
    let sample = run::timed(|| (0..OPERATIONS).for_each(operation));
    Sample { nanos: sample.nanos / OPERATIONS as f64, ..sample }
}

/// The p99, with interrupted batches.
fn tail(samples: &[Sample]) -> f64 {
    let mut nanos: Vec<_> = samples.iter().map(|sample| sample.nanos).collect();
    nanos.sort_by(f64::total_cmp);
    nanos.get(nanos.len() * 99 / 100).copied().unwrap_or(f64::NAN)
}
