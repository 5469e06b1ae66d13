//! The answers of an exporter under load, and the delays of a thread that records beside it.
//!
//! `cargo run --release -p tickmetrics-exporter --example load [SECONDS] [SERIES]` runs `wrk`
//! (Debian's package of that name) with 64 connections, and a loop that records, pinned to another
//! core than the exporter's. First the loop alone, then both. On two cores, `wrk` runs on the
//! loop's core, too. Then the tail is the machine's. Take three cores or more.

use hdrhistogram::Histogram as Hdr;
use std::error::Error;
use std::hint::black_box;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};
use tickmetrics::prelude::*;
use tickmetrics_exporter::{Exporter, Limits};

#[derive(Clone, Copy, Label)]
#[label(capacity = 131072)]
struct Session(LabelId);

/// Records between two readings of the clock, which would cost more than one of them.
const BATCH: u32 = 16;

/// The first is the loop's, the second the exporter's.
const CORES: [usize; 2] = [0, 1];

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let seconds: u64 = arguments.next().map_or(Ok(30), |text| text.parse())?;
    let n: usize = arguments.next().map_or(Ok(1_000), |text| text.parse())?;

    let registry = Registry::new();
    let orders: Counter<Session> =
        registry.register(&Description::new("orders_total", "Orders."))?;
    let wait: Histogram =
        registry.register(&Description::new("wait_seconds", "Waited.").unit("seconds"))?;
    let sessions: Vec<_> = (0..n).map(|at| Session::intern(&format!("session-{at}"))).collect();
    sessions.iter().for_each(|&session| orders.with(session).inc());
    // One client may send requests at any rate.
    let limits = Limits { requests_per_second: u32::MAX, renders: 64, ..Limits::default() };
    let builder = Exporter::builder().registry(&registry).listen("127.0.0.1:0").limits(limits);
    let exporter = builder.pin_to_core(CORES[1]).start()?;

    let record = |at: usize| {
        orders.with(sessions[at % n]).inc();
        wait.record(at as u64 % 1_000_000);
    };
    let alone = beside(record, || {
        thread::sleep(Duration::from_secs(seconds));
        Ok(())
    })?;
    let url = format!("http://{}/metrics", exporter.local_addrs()[0]);
    let loaded = beside(record, || {
        let duration = format!("-d{seconds}s");
        let wrk = Command::new("wrk").args(["-c64", "-t1", &duration, "--latency", &url]).output();
        let wrk = wrk.map_err(|error| format!("wrk can't be run ({error}): install it first"))?;
        println!("{}", String::from_utf8_lossy(&wrk.stdout));
        Ok(())
    })?;

    println!("{BATCH} times a count and a histogram's record, in nanoseconds:");
    for (name, hdr) in [("alone", &alone), ("under load", &loaded)] {
        let at = |quantile| hdr.value_at_quantile(quantile);
        println!(
            "{name:>10}: p50 {}, p99 {}, p99.9 {}, p99.99 {}, of {} batches",
            at(0.5),
            at(0.99),
            at(0.999),
            at(0.9999),
            hdr.len()
        );
    }
    let text = registry.snapshot();
    assert_eq!(
        text.histogram("wait_seconds", &[]).map(tickmetrics::HistogramSnapshot::count),
        Some((alone.len() + loaded.len()) * u64::from(BATCH)),
    );
    Ok(())
}

/// How long batches of records take while something else is done.
fn beside(
    record: impl Fn(usize) + Send,
    other: impl FnOnce() -> Result<(), Box<dyn Error>>,
) -> Result<Hdr<u64>, Box<dyn Error>> {
    let over = AtomicBool::new(false);
    let mut hdr = Hdr::new(3)?;
    thread::scope(|scope| {
        let (over, hdr) = (&over, &mut hdr);
        let writer = scope.spawn(move || {
            core_affinity::set_for_current(core_affinity::CoreId { id: CORES[0] });
            tickmetrics::warm_up();
            let mut at = 0;
            while !over.load(Relaxed) {
                let start = Instant::now();
                for _ in 0..BATCH {
                    record(black_box(at));
                    at += 1;
                }
                hdr.saturating_record(
                    u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX),
                );
            }
        });
        let done = other();
        over.store(true, Relaxed);
        writer.join().map_err(|_| "the loop panicked")?;
        done
    })?;
    Ok(hdr)
}
