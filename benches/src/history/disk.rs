//! The bytes that the same scrapes of `trading` take in each store.

use super::collecting::{Collecting, Folder, named, on_disk, trading, version};
use super::{Options, http, table};
use std::thread::sleep;

pub(super) fn measure(options: &Options) -> Result<String, String> {
    let duration = options.minutes(60);
    let folder = Folder::new("disk")?;
    let (trading, targets) = trading(&folder)?;
    let named = named(&targets);
    let (file, parquet) = (folder.0.join("metrics.duckdb"), folder.0.join("metrics.parquet"));
    let ours = |name, store: String| Collecting::ours(&folder, name, &store, &named, &[]);
    let mut duckdb = ours("DuckDB", format!("duckdb:{}", file.display()))?;
    let mut files = ours("Parquet", format!("parquet:{}", parquet.display()))?;
    let prometheus = Collecting::prometheus(&folder, &options.prometheus, &targets)?;
    let mut victoria = Collecting::victoria(&folder, &options.victoria_metrics, &targets)?;
    sleep(duration);
    // Without services, nothing is added while the sizes are taken.
    drop(trading);
    let [rows, file_rows, samples, victoria_samples] =
        [&duckdb, &files, &prometheus, &victoria].map(Collecting::samples);
    duckdb.program.end()?;
    files.program.end()?;
    http::request(prometheus.port, "POST", "/api/v1/admin/tsdb/snapshot")?;
    http::request(victoria.port, "GET", "/internal/force_flush")?;
    victoria.program.end()?;
    let database = folder.0.join("prometheus");
    let snapshots = database.join("snapshots");
    let block = on_disk(&snapshots);
    let (samples, rows) = (samples?, rows?);
    let table = table(
        &[
            "",
            "samples of its own",
            "bytes",
            "bytes a sample of its own",
            "bytes a Prometheus sample",
        ],
        &[
            line("tickmetrics, DuckDB", rows, on_disk(&file), samples),
            line("tickmetrics, Parquet", file_rows?, on_disk(&parquet), samples),
            line("Prometheus, as a block", samples, block, samples),
            line("Prometheus, with its log", samples, on_disk(&database) - block, samples),
            line(
                "VictoriaMetrics",
                victoria_samples?,
                on_disk(&folder.0.join("victoria")),
                samples,
            ),
        ],
    );
    Ok(format!(
        "Prometheus {}, VictoriaMetrics {}, {} s.\n\n{table}",
        version(&options.prometheus)?,
        version(&options.victoria_metrics)?,
        duration.as_secs()
    ))
}

fn line(name: &str, own: f64, bytes: u64, samples: f64) -> Vec<String> {
    let each = |number: f64| format!("{:.2}", bytes as f64 / number);
    vec![name.to_owned(), format!("{own:.0}"), bytes.to_string(), each(own), each(samples)]
}
