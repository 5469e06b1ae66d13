//! Parses any bytes, in each format. There is no panic, and no more memory than the documented
//! multiple. Numbers in text are read again from what was parsed, written in another way.

#![no_main]

use fuzz::cost::{Counting, Meter};
use libfuzzer_sys::fuzz_target;
use std::fmt::Write;
use tickmetrics_exporter::parse::{self, Exposition, Limits, Series, Value};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Of a body, while a vector grows beside the old one; and for the least that there is.
fn most_bytes(body: &[u8]) -> usize {
    4096 + 3 * 200 * body.len()
}

fuzz_target!(|input: &[u8]| {
    let Some((&format, body)) = input.split_first() else { return };
    let limits = Limits::default();
    let meter = Meter::start();
    let parsed = match format % 3 {
        0 => parse::text(body, &limits),
        1 => parse::openmetrics(body, &limits),
        _ => parse::protobuf(body, &limits),
    };
    let peak = meter.peak();
    assert!(peak <= most_bytes(body), "{peak} bytes for {}", body.len());
    let Ok(parsed) = parsed else { return };
    for family in &parsed.families {
        assert!(!family.name.is_empty());
        for series in &family.series {
            if let Value::Histogram(it) = &series.value {
                assert!(it.buckets.is_sorted_by(|a, b| a.0 < b.0));
                assert!(it.buckets.last().is_none_or(|last| last.0 == f64::INFINITY));
                let sides = it.native.iter().flat_map(|it| [&it.positive, &it.negative]);
                sides.for_each(|side| assert!(side.is_sorted_by(|a, b| a.0 < b.0)));
            }
        }
    }
    again(&parsed, &limits);
});

/// Writes all numbers as text, with each name and label in quotes, and reads them again.
fn again(parsed: &Exposition<'_>, limits: &Limits) {
    let numbers = |parsed: &Exposition<'_>| -> Vec<String> {
        let series = parsed.families.iter().flat_map(|family| {
            family.series.iter().filter_map(|one| match one.value {
                Value::Number(number) => Some(line(&family.name, one, number)),
                _ => None,
            })
        });
        let mut lines: Vec<String> = series.collect();
        lines.sort();
        lines
    };
    let lines = numbers(parsed);
    let text = lines.concat();
    if text.len() > limits.bytes {
        return;
    }
    let read = parse::text(text.as_bytes(), limits);
    let read = read.unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(numbers(&read), lines);
}

fn line(name: &str, series: &Series<'_>, number: f64) -> String {
    let mut line = format!("{{{}", quoted(name));
    for (label, value) in &series.labels {
        let _ = write!(line, ",{}={}", quoted(label), quoted(value));
    }
    let _ = write!(line, "}} {number:e}");
    if let Some(time) = series.timestamp_ms {
        let _ = write!(line, " {time}");
    }
    line + "\n"
}

fn quoted(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{text}\"")
}
