//! A runtime and its tasks on an endpoint.
//!
//! `cargo run -p tickmetrics-tokio --example runtime`; with all metrics, after
//! `export RUSTFLAGS="--cfg tokio_unstable"`.

use std::error::Error;
use std::time::Duration;
use tickmetrics::Registry;
use tickmetrics_exporter::Exporter;
use tickmetrics_tokio::Tokio;
use tokio_metrics::TaskMonitor;

fn main() -> Result<(), Box<dyn Error>> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(2).enable_time();
    #[cfg(tokio_unstable)]
    builder.enable_metrics_poll_time_histogram();
    let runtime = builder.build()?;
    let tokio = Tokio::new();
    tokio.runtime("main", runtime.handle())?.forget();
    let monitor = TaskMonitor::new();
    tokio.tasks("sleepers", &monitor)?.forget();
    // With the program's own metrics.
    let builder = Exporter::builder().registry(Registry::global()).source(tokio);
    let exporter = builder.listen("127.0.0.1:0").start()?;
    println!("curl http://{}/metrics", exporter.local_addrs()[0]);
    let sleepers: Vec<_> = (0..100)
        .map(|at| monitor.instrument(tokio::time::sleep(Duration::from_millis(at))))
        .map(|sleeper| runtime.spawn(sleeper))
        .collect();
    runtime.block_on(async {
        for sleeper in sleepers {
            // It never panics.
            let _ = sleeper.await;
        }
    });
    Ok(())
}
