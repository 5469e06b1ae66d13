//! A program whose libraries count through `metrics`, and whose hot path counts by itself: all of it on
//! one endpoint.
//!
//! `cargo run -p tickmetrics-facade --example node`, and `curl http://127.0.0.1:9464/metrics`.

use metrics::{Unit, counter, describe_gauge, gauge, histogram};
use std::thread;
use std::time::{Duration, Instant};
use tickmetrics::prelude::*;
use tickmetrics_exporter::Exporter;
use tickmetrics_facade::{FacadeBuilder, Matcher};

#[derive(Metrics)]
#[metrics(prefix = "feed")]
struct FeedMetrics {
    /// Ticks decoded.
    ticks: Counter,
    /// Time to decode a tick.
    #[metric(unit = "seconds")]
    decode: Histogram,
}

/// What a library does.
fn sync_a_block(number: u32) {
    let start = Instant::now();
    thread::sleep(Duration::from_millis(2));
    counter!("sync.blocks", "stage" => "headers").increment(1);
    gauge!("sync.checkpoint").set(number);
    histogram!("sync.seconds").record(start.elapsed());
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let handle = FacadeBuilder::new()
        .prefix("node")
        .buckets_for(Matcher::Suffix("seconds".into()), [0.001, 0.0025, 0.005, 0.01])
        .install()?;
    assert!(handle.sees(|| counter!("starts").increment(1)), "another version of `metrics`");
    describe_gauge!("sync.checkpoint", Unit::Count, "The block that was reached.");

    let exporter = Exporter::builder().listen("127.0.0.1:9464").start()?;
    println!("curl http://{}/metrics", exporter.local_addrs()[0]);
    let feed = FeedMetrics::global();
    for number in 0.. {
        feed.decode.time(|| feed.ticks.inc());
        sync_a_block(number);
    }
    Ok(())
}
