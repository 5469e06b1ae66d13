//! Peak memory of a scrape, as a multiple of the response. Each figure is from a separate process,
//! whose allocator counts.

use super::formats::{Buffer, Format, Scrape};
use super::series::symbols;
use super::{counters, histograms};
use crate::allocator::Meter;
use crate::ask::ask_numbers;
use crate::goal::Goal;
use crate::groups::inputs::durations;
use crate::groups::names::OURS;
use crate::layout::Layout;
use crate::run::Effort;
use crate::table::Report;
use std::io::{Read, Write};
use std::net::TcpStream;
use tickmetrics::Registry;
use tickmetrics_exporter::Exporter;

const PEAK: Layout = Layout {
    id: "scrape peak",
    title: "Scrape: memory at its peak, × the response",
    note: "Bytes allocated at the peak of a first scrape, more than before it, for each byte of the \
           response: 100,000 counters, 10,000 histograms of 15 buckets. tickmetrics is scraped through \
           its exporter, over a socket, and what it keeps for the next scrape is counted; the others \
           write into new memory, which would still have to be sent.",
    columns: &["counters, text", "counters, protobuf", "histograms, text", "histograms, protobuf"],
};

/// For each column the question to a library: its kind, the format, and the number of series.
const QUESTIONS: [(&str, Format, usize); PEAK.columns.len()] = [
    ("counters", Format::Text, 100_000),
    ("counters", Format::Protobuf, 100_000),
    ("histograms", Format::Text, 10_000),
    ("histograms", Format::Protobuf, 10_000),
];

pub(crate) const GOALS: &[Goal] = &[
    Goal::value(
        "memory at the peak of a scrape, 100,000 counters as text",
        1.1,
        "× the response",
        PEAK.column(0).of(OURS),
    ),
    Goal::value(
        "memory at the peak of a scrape, 100,000 counters in protobuf",
        1.1,
        "× the response",
        PEAK.column(1).of(OURS),
    ),
    Goal::value(
        "memory at the peak of a scrape, 10,000 histograms as text",
        1.1,
        "× the response",
        PEAK.column(2).of(OURS),
    ),
    Goal::value(
        "memory at the peak of a scrape, 10,000 histograms in protobuf",
        1.1,
        "× the response",
        PEAK.column(3).of(OURS),
    ),
];

pub(crate) fn measure(_: Effort, report: &mut Report) -> Result<(), String> {
    let mut table = PEAK.table();
    for (at, (library, _)) in counters::LIBRARIES.iter().enumerate() {
        let mut row = Vec::new();
        for column in 0..QUESTIONS.len() {
            row.extend(ask_numbers(&format!("peak {column} {at}"))?);
        }
        table.row(library, row);
    }
    report.push(table);
    Ok(())
}

/// Answers a question of this group: a column and a library's number.
///
/// # Errors
/// If it is not a question.
pub(crate) fn answer(question: &str) -> Result<String, String> {
    let numbers = question.split(' ').map(str::parse).collect::<Result<Vec<usize>, _>>();
    let numbers = numbers.map_err(|error| format!("{question}: {error}"))?;
    let [column, library] = numbers[..] else { return Err(format!("{question}: not a question")) };
    let column = QUESTIONS.get(column);
    let &(kind, format, series) = column.ok_or_else(|| format!("{question}: no column"))?;
    let libraries = if kind == "counters" { counters::LIBRARIES } else { histograms::LIBRARIES };
    let library = libraries.get(library);
    let &(name, make) = library.ok_or_else(|| format!("{question}: no library"))?;
    // The data for requesting series is not part of them.
    symbols(series).for_each(drop);
    durations();
    let scrape = make(series);
    let ratio = match &scrape.registry {
        Some(registry) if name == OURS => served(registry, format)?,
        _ => written(&scrape, format).unwrap_or(f64::NAN),
    };
    Ok(ratio.to_string())
}

fn written(scrape: &Scrape, format: Format) -> Option<f64> {
    let write = scrape.writes(format)?;
    let mut buffer = Buffer::default();
    let meter = Meter::start();
    write(&mut buffer);
    Some(meter.peak() / buffer.len() as f64)
}

fn served(registry: &Registry, format: Format) -> Result<f64, String> {
    let error = |error: &dyn std::fmt::Display| error.to_string();
    let builder = Exporter::builder().registry(registry).listen("127.0.0.1:0");
    let exporter = builder.start().map_err(|it| error(&it))?;
    let accept = match format {
        Format::Text => "text/plain",
        Format::OpenMetrics => "application/openmetrics-text",
        Format::Protobuf => {
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;\
             encoding=delimited"
        }
    };
    let request = format!(
        "GET /metrics HTTP/1.1\r\nHost: a\r\nAccept: {accept}\r\nConnection: close\r\n\r\n"
    );
    let mut part = vec![0; 64 << 10];
    let mut client = TcpStream::connect(exporter.local_addr().unwrap()).map_err(|it| error(&it))?;
    let meter = Meter::start();
    client.write_all(request.as_bytes()).map_err(|it| error(&it))?;
    let (mut bytes, mut start) = (0, [0; 12]);
    loop {
        let read = client.read(&mut part).map_err(|it| error(&it))?;
        if bytes == 0 && read >= start.len() {
            start.copy_from_slice(&part[..12]);
        }
        bytes += read;
        if read == 0 {
            break;
        }
    }
    if start != *b"HTTP/1.1 200" || bytes < 1 << 20 {
        return Err(format!("the exporter answered {:?}, {bytes} bytes", start.escape_ascii()));
    }
    Ok(meter.peak() / bytes as f64)
}
