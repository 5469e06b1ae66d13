//! Requests, and the metrics of a program.

use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tickmetrics_exporter::parse::{self, Limits};

const TIMEOUT: Duration = Duration::from_mins(1);

/// The body of an answer of `127.0.0.1:PORT`.
pub(super) fn request(port: u16, method: &str, path: &str) -> Result<Vec<u8>, String> {
    let failed = |error: &dyn std::fmt::Display| format!("127.0.0.1:{port}{path}: {error}");
    let ask = || -> std::io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        // With HTTP/1.0, the end of the connection is the end of the body.
        write!(stream, "{method} {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(answer)
    };
    let answer = ask().map_err(|error| failed(&error))?;
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n");
    let head = &answer[..end.ok_or_else(|| failed(&"no answer of HTTP"))?];
    let status = head.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
    if !status.starts_with(b"2") {
        return Err(failed(&String::from_utf8_lossy(&answer)));
    }
    Ok(answer[head.len() + 4..].to_vec())
}

/// Waits until a port answers.
pub(super) fn wait(port: u16, path: &str) -> Result<(), String> {
    let start = Instant::now();
    loop {
        match request(port, "GET", path) {
            Ok(_) => return Ok(()),
            Err(error) if start.elapsed() > Duration::from_secs(10) => return Err(error),
            Err(_) => sleep(Duration::from_millis(50)),
        }
    }
}

/// A port that is free now.
pub(super) fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let address = listener.and_then(|listener| listener.local_addr());
    address.map(|address| address.port()).map_err(|error| error.to_string())
}

/// The sum of a family's series at an endpoint of text; 0 where it has none. Only series whose
/// labels have all of these values are added.
pub(super) fn sum(port: u16, name: &str, labels: &[(&str, &str)]) -> Result<f64, String> {
    let body = request(port, "GET", "/metrics")?;
    let exposition = parse::text(&body, &Limits::default()).map_err(|error| error.to_string())?;
    let families = exposition.families.iter().filter(|family| family.name == name);
    let series = families.flat_map(|family| &family.series).filter(|series| {
        let has = |(name, value): &(&str, &str)| {
            series.labels.iter().any(|(key, text)| key == name && text == value)
        };
        labels.iter().all(has)
    });
    Ok(series
        .map(|series| match &series.value {
            parse::Value::Number(number) => *number,
            _ => 0.0,
        })
        .sum())
}

/// Metrics of our own program, as JSON, which has quantiles.
pub(super) struct Metrics(Value);

impl Metrics {
    /// Of an endpoint.
    pub(super) fn of(port: u16) -> Result<Self, String> {
        let body = request(port, "GET", "/metrics?format=json")?;
        serde_json::from_slice(&body).map(Self).map_err(|error| error.to_string())
    }

    fn family(&self, name: &str) -> Result<&[Value], String> {
        let families = self.0["metrics"].as_array().into_iter().flatten();
        let family = families.into_iter().find(|family| family["name"] == name);
        let series = family.and_then(|family| family["series"].as_array());
        series.map(Vec::as_slice).ok_or_else(|| format!("the collector has no {name}"))
    }

    /// The value of a counter or gauge without labels.
    pub(super) fn number(&self, name: &str) -> Result<f64, String> {
        let value = self.family(name)?.first().and_then(|series| series["value"].as_f64());
        value.ok_or_else(|| format!("{name} has no value"))
    }

    /// The p50, p99 and greatest time of a stage of the collector, in seconds.
    pub(super) fn stage(&self, stage: &str) -> Result<[f64; 3], String> {
        let all = self.family("tickmetrics_collector_stage_seconds")?;
        let series = all.iter().find(|series| series["labels"]["stage"] == stage);
        let series = series.ok_or_else(|| format!("the collector has no stage {stage}"))?;
        let values = [&series["quantiles"]["0.5"], &series["quantiles"]["0.99"], &series["max"]];
        Ok(values.map(|value| value.as_f64().unwrap_or(f64::NAN)))
    }
}
