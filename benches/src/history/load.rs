//! 100 endpoints of 1,000 series each second, beside Prometheus' agent and VictoriaMetrics.

use super::collecting::{Collecting, Folder, Target, named, version};
use super::http::Metrics;
use super::{Options, endpoints, table};
use std::thread::sleep;
use std::time::{Duration, Instant};

const ENDPOINTS: usize = 100;

/// Programs load their data and find their pace first.
const WARM_UP: Duration = Duration::from_secs(20);

pub(super) fn measure(options: &Options) -> Result<String, String> {
    let duration = options.minutes(10);
    let folder = Folder::new("load")?;
    let ports = endpoints::start(ENDPOINTS).map_err(|error| format!("endpoints: {error}"))?;
    let targets: Vec<Target> = ports
        .into_iter()
        .enumerate()
        .map(|(index, port)| (format!("endpoint-{index}"), port))
        .collect();
    let store = format!("duckdb:{}", folder.0.join("metrics.duckdb").display());
    let all = [
        Collecting::ours(&folder, "tickmetrics collect, DuckDB", &store, &named(&targets), &[])?,
        Collecting::agent(&folder, &options.prometheus, &targets)?,
        Collecting::victoria(&folder, &options.victoria_metrics, &targets)?,
    ];
    sleep(WARM_UP);
    let before = efforts(&all)?;
    let start = Instant::now();
    let mut memory: Vec<[u64; 3]> = Vec::new();
    // The first fifth, the middle, and the end.
    for part in [0.2, 0.5, 1.0] {
        sleep(duration.mul_f64(part).saturating_sub(start.elapsed()));
        for (index, one) in all.iter().enumerate() {
            let bytes = one.program.memory()?;
            match memory.get_mut(index) {
                None => memory.push([bytes, 0, 0]),
                Some(earlier) if part < 1.0 => earlier[1] = bytes,
                Some(earlier) => earlier[2] = bytes,
            }
        }
    }
    let after = efforts(&all)?;
    let seconds = start.elapsed().as_secs_f64();
    let mut rows = Vec::new();
    for (index, one) in all.iter().enumerate() {
        let cpu = after[index].0.saturating_sub(before[index].0).as_secs_f64();
        let samples = after[index].1 - before[index].1;
        let memory = memory[index].map(|bytes| (bytes >> 20).to_string());
        rows.push(vec![
            one.name.to_owned(),
            format!("{:.0}", samples / seconds),
            format!("{:.2}", cpu * 1e6 / samples),
            format!("{:.1}", cpu * 100.0 / seconds),
            memory.join(" / "),
        ]);
    }
    let metrics = Metrics::of(all[0].port)?;
    let number = |name: &str| metrics.number(&format!("tickmetrics_collector_{name}_total"));
    let write = metrics.stage("write")?;
    let text = format!(
        "Prometheus {}, VictoriaMetrics {}, all at the same time for {seconds:.0} s, {} samples a \
         second offered to each. Ours missed {} cycles and {} scrapes, {} scrapes failed, and {} \
         batches were lost. Its writes of a second took {:.0} ms (p50), {:.0} (p99), {:.0} (max).",
        version(&options.prometheus)?,
        version(&options.victoria_metrics)?,
        ENDPOINTS * endpoints::SERIES,
        number("missed_cycles")?,
        number("missed_scrapes")?,
        number("failed_scrapes")?,
        number("lost_batches")?,
        write[0] * 1e3,
        write[1] * 1e3,
        write[2] * 1e3,
    );
    let columns =
        ["", "samples a second", "CPU µs a sample", "% of a core", "MiB at 20 / 50 / 100 %"];
    Ok(format!("{text}\n\n{}", table(&columns, &rows)))
}

fn efforts(all: &[Collecting]) -> Result<Vec<(Duration, f64)>, String> {
    all.iter().map(Collecting::effort).collect()
}
