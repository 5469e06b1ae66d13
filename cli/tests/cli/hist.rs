//! One histogram in full: compared with `HdrHistogram`'s own crate and Python's.

use crate::support::{Folder, QUOTED, Writer, failure, output, python, run, text};
use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;
use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
use serde_json::Value;
use std::fs;

/// The process's values, in a separate histogram.
fn truth() -> Histogram<u64> {
    let mut truth = Histogram::new_with_bounds(1, 10_000_000_000, 3).unwrap();
    (1..=1_000).for_each(|micros| truth.record(micros * 1_000).unwrap());
    truth
}

#[test]
fn the_table_is_hdr_histograms() {
    let folder = Folder::new("hist-table");
    let file = folder.file("feed.metrics");
    let _writer = Writer::start("gateway", &file);
    let table = output(&["hist", text(&file), "decode_seconds", "--labels", "symbol=AAPL"]);
    let truth = truth();
    let mut lines = table.lines();
    let head: Vec<_> = lines.next().unwrap().split_whitespace().collect();
    assert_eq!(head, ["Value", "Percentile", "TotalCount", "1/(1-Percentile)"]);
    assert_eq!(lines.next(), Some(""));
    let mut total = 0;
    let mut steps = 0;
    for step in truth.iter_quantiles(5) {
        let line: Vec<f64> =
            lines.next().unwrap().split_whitespace().map(|it| it.parse().unwrap()).collect();
        total += step.count_since_last_iteration();
        // The last cell's highest value is above the largest recorded one.
        let value = step.value_iterated_to().min(1_000_000) as f64 / 1e9;
        let quantile = step.quantile_iterated_to();
        assert_eq!((line[0], line[2]), (value, total as f64));
        assert!((line[1] - quantile).abs() < 1e-12);
        let rest = 1.0 / (1.0 - quantile);
        assert!(line[3] == rest || (line[3] - rest).abs() < 0.006, "{} {rest}", line[3]);
        steps += 1;
    }
    assert!(steps > 30 && total == 1_000, "{steps} {total}");
    let footer: String = lines.collect::<Vec<_>>().join("\n");
    let deviation = format!("StdDeviation   = {:12.9}", truth.stdev() / 1e9);
    for what in [
        "Mean    =  0.000500500",
        &deviation,
        "Max     =  0.001000000",
        "Total count    =         1000",
    ] {
        assert!(footer.contains(what), "{what} is not in\n{footer}");
    }
}

const READ_LOG: &str = r#"
import json, sys
from hdrh.log import HistogramLogReader
from hdrh.histogram import HdrHistogram
reader = HistogramLogReader(sys.argv[1], HdrHistogram(1, 10_000_000_000, 3))
one = reader.get_next_interval_histogram()
assert reader.get_next_interval_histogram() is None
json.dump({"count": one.get_total_count(), "min": one.get_min_value(), "max": one.get_max_value(),
    "start": one.get_start_time_stamp(), "end": one.get_end_time_stamp(),
    "percentiles": [one.get_value_at_percentile(p) for p in (50, 90, 99, 99.9, 100)]}, sys.stdout)
"#;

#[test]
fn the_log_is_read_by_hdr_histograms_tools() {
    let folder = Folder::new("hist-log");
    let file = folder.file("feed.metrics");
    let mut writer = Writer::start("gateway", &file);
    writer.kill();
    let log = folder.file("decode.hlog");
    let printed = output(&[
        "hist",
        text(&file),
        "decode_seconds",
        "--labels",
        "symbol=AAPL",
        "--hlog",
        text(&log),
    ]);
    assert_eq!(printed, "");
    let truth = truth();

    let bytes = fs::read(&log).unwrap();
    let entries: Result<Vec<_>, _> = IntervalLogIterator::new(&bytes).collect();
    let intervals: Vec<_> = entries
        .unwrap()
        .into_iter()
        .filter_map(|entry| match entry {
            LogEntry::Interval(interval) => Some(interval),
            _ => None,
        })
        .collect();
    let [interval] = &intervals[..] else { panic!("{intervals:?}") };
    // In milliseconds.
    assert_eq!(interval.max(), 1.0);
    let encoded = base64(interval.encoded_histogram());
    let read: Histogram<u64> = Deserializer::new().deserialize(&mut &encoded[..]).unwrap();
    assert_eq!(read, truth);

    let script = ["-c", READ_LOG, text(&log)];
    let Some(read) = python("hdrh", "hdrhistogram==0.10.8", &script, "") else { return };
    let read: Value = serde_json::from_slice(&read).unwrap();
    assert_eq!(read["count"], 1_000);
    assert_eq!((&read["min"], &read["max"]), (&truth.min().into(), &truth.max().into()));
    for (at, q) in [0.5, 0.9, 0.99, 0.999, 1.0].into_iter().enumerate() {
        assert_eq!(read["percentiles"][at], truth.value_at_quantile(q), "{q}");
    }
    assert!(read["end"].as_f64() >= read["start"].as_f64());
}

/// Standard alphabet, padded (RFC 4648).
fn base64(text: &str) -> Vec<u8> {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::new();
    let digits: Vec<usize> =
        text.trim_end_matches('=').chars().filter_map(|c| ALPHABET.find(c)).collect();
    for digits in digits.chunks(4) {
        let bits =
            digits.iter().fold(0, |bits, digit| bits << 6 | digit) << (6 * (4 - digits.len()));
        bytes.extend(
            (0..digits.len() - 1).map(|at| u8::try_from(bits >> (16 - 8 * at) & 0xff).unwrap()),
        );
    }
    bytes
}

const READ_PLOT: &str = r#"
import re, sys, xml.etree.ElementTree as tree
root = tree.parse(sys.argv[1]).getroot()
space = "{http://www.w3.org/2000/svg}"
assert root.tag == space + "svg", root.tag
texts = ["".join(text.itertext()) for text in root.iter(space + "text")]
for text in ["0%", "90%", "99%", "99.9%", "percentile", "1.00ms"]:
    assert text in texts, (text, texts)
[line] = [path.get("d") for path in root.iter(space + "path") if path.get("class") == "line"]
points = [tuple(map(float, point.split())) for point in re.split("[ML]", line)[1:]]
assert len(points) > 300, len(points)
assert points == sorted(points, key=lambda point: (point[0], -point[1])), "it does not rise"
width, height = float(root.get("width")), float(root.get("height"))
assert all(0 <= x <= width and 0 <= y <= height for x, y in points)
# Half of 1 ms at the median; and the axis: 90% lies a third of the way to 99.9%.
(left, bottom), (right, top) = points[0], points[-1]
import math
at = min(points, key=lambda point: abs(point[0] - (left + (right - left) * math.log10(2) / 3)))
assert abs((bottom - at[1]) / (bottom - top) - 0.5) < 0.02, at
"#;

#[test]
fn the_plot_is_xml_and_true() {
    let folder = Folder::new("hist-plot");
    let file = folder.file("feed.metrics");
    let _writer = Writer::start("gateway", &file);
    let plot = folder.file("decode.svg");
    output(&[
        "hist",
        text(&file),
        "decode_seconds",
        "--labels",
        "symbol=AAPL",
        "--svg",
        text(&plot),
    ]);
    assert!(
        python("xml", "nothing: it is Python's own", &["-c", READ_PLOT, text(&plot)], "").is_some()
    );
}

/// The largest value of the series that these labels mean.
fn largest(file: &str, labels: &[&str]) -> u64 {
    let table = output(&[&["hist", file, "quoted_wait", "--labels"], labels].concat());
    let (_, max) = table.split_once("#[Max     =").unwrap();
    max.split(',').next().unwrap().trim().parse().unwrap()
}

#[test]
fn any_value_can_be_chosen() {
    let folder = Folder::new("hist-quoted");
    let file = folder.file("feed.metrics");
    let _writer = Writer::start("quoted", &file);
    let file = text(&file);
    let listed = failure(&["hist", file, "quoted_wait"]);
    for (value, max) in QUOTED.iter().zip(1..) {
        // As the text format writes it, which is as PromQL reads it.
        let escaped = value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n");
        assert_eq!(largest(file, &[&format!("{{venue=\"{escaped}\"}}")]), max, "{value:?}");
        assert_eq!(largest(file, &[&format!("venue=\"{escaped}\"")]), max, "{value:?}");
        // Listed labels can be copied.
        let shown = match *value {
            "a" | "b" => (*value).to_owned(),
            _ => format!("\"{}\"", escaped.replace('\u{1b}', r"\u{1b}")),
        };
        assert!(listed.split_whitespace().any(|it| it == format!("venue={shown}")), "{listed}");
        assert_eq!(largest(file, &[&format!("venue={shown}")]), max, "{value:?}");
    }
    for (plain, max) in [("a", 2), ("g=h", 7), ("{i}", 8), ("d\\", 5)] {
        assert_eq!(largest(file, &[&format!("venue={plain}")]), max, "{plain}");
    }
    assert_eq!(largest(file, &["venue=a", "--labels", "venue=a"]), 2);

    let wrong = run(&["hist", file, "quoted_wait", "--labels", "venue=\"a,b"]);
    let told = String::from_utf8(wrong.stderr).unwrap();
    assert!(!wrong.status.success() && told.contains("at character 7, \"\\\"a,b\""), "{told}");
}

#[test]
fn similar_names_are_suggested() {
    let folder = Folder::new("hist-errors");
    let file = folder.file("feed.metrics");
    let _writer = Writer::start("gateway", &file);
    let said = |arguments: &[&str]| failure(&[&["hist", text(&file)], arguments].concat());
    assert!(said(&["decode_second"]).contains("do you mean decode_seconds?"));
    assert!(said(&["nothing_like_it"]).contains("there are decode_seconds"));
    assert!(said(&["limit"]).contains("is a gauge"));
    let several = said(&["decode_seconds"]);
    assert!(several.contains("symbol=AAPL") && several.contains("symbol=MSFT"), "{several}");
    assert!(said(&["decode_seconds", "--labels", "symbol=IBM"]).contains("symbol=AAPL"));
    assert!(said(&["decode_seconds", "--labels", "symbol=other"]).contains("no series"));
    let plain = folder.file("plain.metrics");
    let _writer = Writer::start("exporter", &plain);
    let told = failure(&["hist", text(&plain), "wait", "--labels", "a=b"]);
    assert!(told.contains("one series, without labels: leave out --labels"), "{told}");
}
