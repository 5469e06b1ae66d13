//! Exemplars: values with their traces.
//!
//! A bucket has at most one, in the smallest bucket for its value. Snapshots return them in the
//! buckets' order (`HistogramSnapshot::exemplars`).

use super::number::{push_f64, push_u64};
use super::wire::{self, Message, push_double, push_uint};
use std::io::Write;
use std::ops::Range;
use std::time::{Duration, SystemTime};
use tickmetrics::{Exemplar, HistogramSnapshot};

/// The names of W3C's trace context. With their digits they have 63 characters, of the 128 that
/// `OpenMetrics` allows.
const TRACE: &str = "trace_id";
const SPAN: &str = "span_id";

fn since_epoch(exemplar: Exemplar) -> Duration {
    exemplar.time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

/// Appends the lines of a histogram's buckets with their exemplars, from behind the common
/// beginning, which `begin` already has once, to the end of the last line without its line feed.
pub(super) fn push_buckets(
    out: &mut Vec<u8>,
    begin: Range<usize>,
    histogram: &HistogramSnapshot,
    edges: &[String],
) {
    let mut exemplars = histogram.exemplars().peekable();
    for (bucket, edge) in histogram.buckets().zip(edges) {
        out.extend_from_slice(edge.as_bytes());
        out.extend_from_slice(b"\"} ");
        push_u64(out, bucket.count);
        if let Some(exemplar) = exemplars.next_if(|one| one.value <= bucket.upper) {
            push_text(out, exemplar);
        }
        out.push(b'\n');
        out.extend_from_within(begin.clone());
    }
    out.extend_from_slice(b"+Inf\"} ");
    push_u64(out, histogram.count());
    if let Some(exemplar) = exemplars.next() {
        push_text(out, exemplar);
    }
}

/// In the form of `OpenMetrics`, with the time in milliseconds, which is Prometheus' precision
/// (<https://prometheus.io/docs/specs/om/open_metrics_spec/#exemplars>).
fn push_text(out: &mut Vec<u8>, exemplar: Exemplar) {
    // Memory accepts everything that is written.
    let _ = write!(out, " # {{{TRACE}=\"{:032x}\"", exemplar.trace_id);
    if exemplar.span_id != 0 {
        let _ = write!(out, ",{SPAN}=\"{:016x}\"", exemplar.span_id);
    }
    out.extend_from_slice(b"} ");
    push_f64(out, exemplar.value);
    let time = since_epoch(exemplar);
    let _ = write!(out, " {}.{:03}", time.as_secs(), time.subsec_millis());
}

/// The fields of a bucket, of `io.prometheus.client.Exemplar`, of its labels and of `google.protobuf.Timestamp`, and the field of
/// a histogram that has those of its native buckets, whose tag takes two bytes.
const BUCKET_COUNT: u8 = 1;
const BUCKET_UPPER: u8 = 2;
const BUCKET_EXEMPLAR: u8 = 3;
const LABEL: u8 = 1;
const LABEL_NAME: u8 = 1;
const LABEL_VALUE: u8 = 2;
const VALUE: u8 = 2;
const TIMESTAMP: u8 = 3;
const SECONDS: u8 = 1;
const NANOS: u8 = 2;
const NATIVE_TAG: [u8; 2] = [0x82, 0x01];

/// Appends a bucket as [`wire::push_bucket`] does, with its exemplar, if it has one.
#[inline]
pub(super) fn push_bucket(
    out: &mut Vec<u8>,
    field: u8,
    count: u64,
    upper: f64,
    exemplar: Option<Exemplar>,
) {
    let Some(exemplar) = exemplar else { return wire::push_bucket(out, field, count, upper) };
    let bucket = Message::field(out, field, 0);
    push_uint(out, BUCKET_COUNT, count);
    push_double(out, BUCKET_UPPER, upper);
    let message = Message::field(out, BUCKET_EXEMPLAR, 0);
    push_message(out, exemplar);
    message.end(out);
    bucket.end(out);
}

/// Appends all as those of native buckets. Older versions of Prometheus read the classic buckets'
/// exemplars; no version accepts native ones without a time.
pub(super) fn push_native(out: &mut Vec<u8>, histogram: &HistogramSnapshot) {
    for exemplar in histogram.exemplars() {
        out.extend_from_slice(&NATIVE_TAG);
        let message = Message::delimited(out, 0);
        push_message(out, exemplar);
        message.end(out);
    }
}

fn push_message(out: &mut Vec<u8>, exemplar: Exemplar) {
    push_label(out, TRACE, &format!("{:032x}", exemplar.trace_id));
    if exemplar.span_id != 0 {
        push_label(out, SPAN, &format!("{:016x}", exemplar.span_id));
    }
    push_double(out, VALUE, exemplar.value);
    let time = since_epoch(exemplar);
    let message = Message::field(out, TIMESTAMP, 0);
    push_uint(out, SECONDS, time.as_secs());
    push_uint(out, NANOS, time.subsec_nanos().into());
    message.end(out);
}

fn push_label(out: &mut Vec<u8>, name: &str, value: &str) {
    let message = Message::field(out, LABEL, 0);
    wire::push_text(out, LABEL_NAME, &[name]);
    wire::push_text(out, LABEL_VALUE, &[value]);
    message.end(out);
}
