//! Prometheus' protobuf: length-delimited `io.prometheus.client.MetricFamily`
//! (<https://github.com/prometheus/client_model/blob/v0.6.2/io/prometheus/client/metrics.proto>).
//!
//! Fields are written directly into the output; there are no messages in memory.

use super::beside::{Beside, Extreme, SUMMARY, Seen, Unmeasured, beside, interval};
use super::exemplar;
use super::part::Part;
use super::progress::Progress;
use super::unit::ends_in_unit;
use super::wire::{
    Message, push_double, push_number, push_sint, push_text, push_uint, push_zigzag,
};
use crate::encode::negotiate::{Format, Protocol};
use crate::names::Distinct;
use std::time::UNIX_EPOCH;
use tickmetrics::{
    Bucket, Escaping, Family, HistogramSnapshot, Kind, NativeBuckets, Series, Snapshot, Value,
};

/// The fields' numbers.
mod family {
    pub(super) const NAME: u8 = 1;
    pub(super) const HELP: u8 = 2;
    pub(super) const TYPE: u8 = 3;
    pub(super) const METRIC: u8 = 4;
    pub(super) const UNIT: u8 = 5;
}
mod metric {
    pub(super) const GAUGE: u8 = 2;
    pub(super) const COUNTER: u8 = 3;
    pub(super) const SUMMARY: u8 = 4;
    pub(super) const HISTOGRAM: u8 = 7;
}
mod summary {
    pub(super) const SAMPLE_COUNT: u8 = 1;
    pub(super) const SAMPLE_SUM: u8 = 2;
    pub(super) const QUANTILE: u8 = 3;
}
mod quantile {
    pub(super) const QUANTILE: u8 = 1;
    pub(super) const VALUE: u8 = 2;
}
mod histogram {
    pub(super) const SAMPLE_COUNT: u8 = 1;
    pub(super) const SAMPLE_SUM: u8 = 2;
    pub(super) const BUCKET: u8 = 3;
    pub(super) const SCHEMA: u8 = 5;
    pub(super) const ZERO_THRESHOLD: u8 = 6;
    pub(super) const ZERO_COUNT: u8 = 7;
    pub(super) const POSITIVE_SPAN: u8 = 12;
    pub(super) const POSITIVE_DELTA: u8 = 13;
    pub(super) const CREATED_TIMESTAMP: u8 = 15;
}
mod counter {
    pub(super) const VALUE: u8 = 1;
    pub(super) const CREATED_TIMESTAMP: u8 = 3;
}
mod timestamp {
    pub(super) const SECONDS: u8 = 1;
    pub(super) const NANOS: u8 = 2;
}
mod span {
    pub(super) const OFFSET: u8 = 1;
    pub(super) const LENGTH: u8 = 2;
}

/// `MetricType`.
const COUNTER: u64 = 0;
const GAUGE: u64 = 1;
const SUMMARY_TYPE: u64 = 2;
const HISTOGRAM: u64 = 4;

/// Appends a snapshot as Prometheus' protobuf: messages `io.prometheus.client.MetricFamily`, each
/// after its length as a varint.
///
/// It has the content of [`text`](super::text), under the same names, and the unit if the name ends
/// in it. Histograms also have their [native](tickmetrics::Description::native) buckets, if any
/// were declared, instead of the others, which [`render_as`](super::render_as) can add. Both have
/// their [exemplars](tickmetrics::HistogramSnapshot::exemplars). Families without series are left
/// out. All numbers but the counts of buckets are `double`: a counter above 2^53 is rounded, as
/// Prometheus does when it reads text.
///
/// ```
/// use tickmetrics::prelude::*;
///
/// let registry = Registry::new();
/// registry.register::<Counter>(&Description::new("ticks_total", "Ticks."))?.add(2);
///
/// let mut out = Vec::new();
/// tickmetrics_exporter::encode::protobuf(&registry.snapshot(), &mut out);
/// // Its length, and then field 1, a text of 11 bytes: the name.
/// assert_eq!(usize::from(out[0]), out.len() - 1);
/// assert_eq!(out[1..14], *b"\x0a\x0bticks_total");
/// # Ok::<(), tickmetrics::RegisterError>(())
/// ```
pub fn protobuf(snapshot: &Snapshot, out: &mut Vec<u8>) {
    let escaping = Escaping::default();
    for family in Distinct::new(snapshot, escaping).families() {
        write(
            Format::Protobuf.into(),
            family.into(),
            &mut Progress::default(),
            &mut Vec::new(),
            out,
            usize::MAX,
        );
    }
}

/// Appends a family until `out` has `full` bytes, and returns whether it is complete; if not, the
/// next call continues. The previous content of `out` is the last one of `pieces`.
pub(super) fn write(
    protocol: Protocol,
    part: Part<'_>,
    progress: &mut Progress,
    pieces: &mut [Vec<u8>],
    out: &mut Vec<u8>,
    full: usize,
) -> bool {
    let family = part.family;
    let kind = match family.kind() {
        Kind::Counter => COUNTER,
        Kind::UpDownCounter | Kind::Gauge => GAUGE,
        Kind::Histogram => HISTOGRAM,
    };
    let escaping = protocol.escaping();
    let (name, unit) = (&*escaping.metric(family.name()), family.unit());
    if progress.table == 0 {
        // Prometheus 3 refuses a unit that the name does not end in.
        let stem = if kind == COUNTER { name.strip_suffix("_total").unwrap_or(name) } else { name };
        let unit = if ends_in_unit(stem, unit) { unit } else { "" };
        let head = Head { name: &[name], help: &[family.help()], kind, unit, protocol };
        let is_whole = message(out, pieces, head, part, progress, full, |out, seen, one, _| {
            match one.series.value() {
                Value::Counter(value) => push_one(out, one, metric::COUNTER, value as f64),
                Value::Quantity(value) => push_one(out, one, metric::COUNTER, value),
                Value::UpDown(value) => push_one(out, one, metric::GAUGE, value as f64),
                Value::Gauge(value) => push_one(out, one, metric::GAUGE, value),
                Value::Histogram(value) => {
                    seen.look(value);
                    push_histogram(out, one, value);
                }
                _ => return false,
            }
            true
        });
        if !is_whole {
            return false;
        }
    }
    while let Some(beside) = beside(progress.table - 1, &progress.seen, part) {
        let is_whole = match beside {
            Beside::Unmeasured(Unmeasured { suffix, what, count }) => {
                let (name, help) = ([name, suffix], ["Values of ", name, " ", what]);
                let head = Head { name: &name, help: &help, kind: COUNTER, unit: "", protocol };
                message(out, pieces, head, part, progress, full, |out, _, one, _| {
                    match one.series.value() {
                        Value::Histogram(value) if count(value) > 0 => {
                            push_one(out, one, metric::COUNTER, count(value) as f64);
                            true
                        }
                        _ => false,
                    }
                })
            }
            Beside::Extreme(Extreme { suffix, which, value }) => {
                let help = [which, " value of ", name, " in the last interval."];
                let head =
                    Head { name: &[name, suffix], help: &help, kind: GAUGE, unit: "", protocol };
                message(out, pieces, head, part, progress, full, |out, _, one, position| {
                    let value = interval(part, position).and_then(value).unwrap_or(f64::NAN);
                    push_one(out, one, metric::GAUGE, value);
                    true
                })
            }
            Beside::Summary => {
                let help = ["Quantiles of ", name, " in the last interval."];
                let head = Head {
                    name: &[name, SUMMARY],
                    help: &help,
                    kind: SUMMARY_TYPE,
                    unit: "",
                    protocol,
                };
                message(out, pieces, head, part, progress, full, |out, _, one, position| {
                    let Value::Histogram(value) = one.series.value() else { return false };
                    push_summary(out, one, family, value, interval(part, position));
                    true
                })
            }
        };
        if !is_whole {
            return false;
        }
    }
    true
}

/// The header of a family. Texts are in pieces.
#[derive(Clone, Copy)]
struct Head<'a> {
    name: &'a [&'a str],
    help: &'a [&'a str],
    kind: u64,
    /// Empty without a unit.
    unit: &'a str,
    protocol: Protocol,
}

/// A series, and its options.
#[derive(Clone, Copy)]
struct One<'a> {
    series: Series<'a>,
    protocol: Protocol,
}

impl One<'_> {
    #[inline]
    fn push_labels(&self, out: &mut Vec<u8>) {
        self.series.push_label_pairs(self.protocol.escaping(), out);
    }

    /// Appends the start of its count as a field, if that is requested and known.
    fn push_created(&self, out: &mut Vec<u8>, field: u8) {
        let created = self.series.created().filter(|_| self.protocol.created);
        let created = created.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let Some(created) = created else { return };
        let message = Message::field(out, field, 0);
        push_uint(out, timestamp::SECONDS, created.as_secs());
        push_uint(out, timestamp::NANOS, created.subsec_nanos().into());
        message.end(out);
    }
}

/// Writes a family of the series for which `push` appends a metric, as [`write`] does.
fn message(
    out: &mut Vec<u8>,
    pieces: &mut [Vec<u8>],
    head: Head<'_>,
    part: Part<'_>,
    progress: &mut Progress,
    full: usize,
    mut push: impl FnMut(&mut Vec<u8>, &mut Seen, One<'_>, usize) -> bool,
) -> bool {
    let family = part.family;
    let exposed = progress.exposed;
    let start = out.len();
    let (message, first) = progress.open.take().unwrap_or_else(|| {
        let each = if head.kind == HISTOGRAM { GUESS_HISTOGRAM } else { GUESS_ONE };
        let message = Message::delimited(out, family.series_count() * each);
        for (field, text) in [(family::NAME, head.name), (family::HELP, head.help)] {
            push_text(out, field, text);
        }
        push_uint(out, family::TYPE, head.kind);
        (message, pieces.len())
    });
    for series in family.series_from(progress.series) {
        let one = One { series, protocol: head.protocol };
        let position = progress.series;
        progress.series += 1;
        if push(out, &mut progress.seen, one, position) {
            progress.exposed += 1;
            if out.len() >= full {
                progress.open = Some((message, first));
                return false;
            }
        }
    }
    progress.next_table();
    if first == pieces.len() && progress.exposed == exposed {
        out.truncate(start);
        return true;
    }
    if !head.unit.is_empty() {
        push_text(out, family::UNIT, &[head.unit]);
    }
    match pieces.get_mut(first..) {
        Some([begin, rest @ ..]) => {
            let others = rest.iter().map(Vec::len).sum::<usize>() + out.len();
            message.end_in_pieces(begin, others);
        }
        _ => message.end(out),
    }
    true
}

/// The expected bytes of a metric, for which room for a length is left.
const GUESS_ONE: usize = 60;
const GUESS_HISTOGRAM: usize = 300;

/// A metric with one number.
#[inline]
fn push_one(out: &mut Vec<u8>, one: One<'_>, field: u8, value: f64) {
    let message = Message::field(out, family::METRIC, GUESS_ONE);
    one.push_labels(out);
    if field == metric::COUNTER && one.protocol.created {
        push_counter_since(out, one, value);
    } else {
        push_number(out, field, value);
    }
    message.end(out);
}

/// Kept out of the path of counters without a start.
#[cold]
#[inline(never)]
fn push_counter_since(out: &mut Vec<u8>, one: One<'_>, value: f64) {
    let counter = Message::field(out, metric::COUNTER, 0);
    push_double(out, counter::VALUE, value);
    one.push_created(out, counter::CREATED_TIMESTAMP);
    counter.end(out);
}

fn push_summary(
    out: &mut Vec<u8>,
    one: One<'_>,
    family: Family<'_>,
    all: &HistogramSnapshot,
    interval: Option<&HistogramSnapshot>,
) {
    let metric = Message::field(out, family::METRIC, GUESS_ONE);
    one.push_labels(out);
    let message = Message::field(out, metric::SUMMARY, GUESS_ONE);
    push_uint(out, summary::SAMPLE_COUNT, all.count());
    push_double(out, summary::SAMPLE_SUM, all.sum());
    for (rank, _) in family.quantiles() {
        let quantile = Message::field(out, summary::QUANTILE, 0);
        push_double(out, quantile::QUANTILE, rank);
        let value = interval.and_then(|interval| interval.quantile(rank));
        push_double(out, quantile::VALUE, value.unwrap_or(f64::NAN));
        quantile.end(out);
    }
    message.end(out);
    metric.end(out);
}

fn push_histogram(out: &mut Vec<u8>, one: One<'_>, histogram: &HistogramSnapshot) {
    let metric = Message::field(out, family::METRIC, GUESS_HISTOGRAM);
    one.push_labels(out);
    let message = Message::field(out, metric::HISTOGRAM, GUESS_HISTOGRAM);
    push_uint(out, histogram::SAMPLE_COUNT, histogram.count());
    push_double(out, histogram::SAMPLE_SUM, histogram.sum());
    let native = histogram.native();
    if native.is_none() || one.protocol.classic_beside_native {
        let mut exemplars = histogram.exemplars().peekable();
        for Bucket { upper, count, .. } in histogram.buckets() {
            let exemplar = exemplars.next_if(|exemplar| exemplar.value <= upper);
            exemplar::push_bucket(out, histogram::BUCKET, count, upper, exemplar);
        }
        // The last bucket, which the count stands for, is written only if it has an exemplar.
        if let Some(exemplar) = exemplars.next() {
            let (count, upper) = (histogram.count(), f64::INFINITY);
            exemplar::push_bucket(out, histogram::BUCKET, count, upper, Some(exemplar));
        }
    }
    if let Some(native) = native {
        push_native(out, native);
        exemplar::push_native(out, histogram);
    }
    one.push_created(out, histogram::CREATED_TIMESTAMP);
    message.end(out);
    metric.end(out);
}

/// The bound below which a value counts as zero. No recorded value lies between 0 and this bound,
/// which is the default of Prometheus' library for Go: the buckets of both add up unchanged. A
/// bound other than 0 shows Prometheus that a histogram without values has native buckets.
const ZERO_THRESHOLD: f64 = f64::from_bits((1023 - 128) << 52);

/// The most empty buckets that are written as such, rather than as a gap between two spans, which
/// takes more bytes: the number in Prometheus' library for Go.
const EMPTY: i32 = 2;

fn push_native(out: &mut Vec<u8>, native: NativeBuckets<'_>) {
    push_sint(out, histogram::SCHEMA, native.schema().into());
    push_double(out, histogram::ZERO_THRESHOLD, ZERO_THRESHOLD);
    push_uint(out, histogram::ZERO_COUNT, native.zeros());
    // Offset and length of runs of buckets; the offset is from the end of the one before.
    let mut spans: Vec<(i32, u32)> = Vec::new();
    let (mut next, mut before) = (0, 0_i64);
    let start = out.len();
    let deltas = Message::field(out, histogram::POSITIVE_DELTA, GUESS_HISTOGRAM);
    for bucket in native.buckets() {
        let gap = bucket.index - next;
        match spans.last_mut() {
            Some((_, length)) if gap <= EMPTY => {
                for _ in 0..gap {
                    push_zigzag(out, -std::mem::take(&mut before));
                    *length += 1;
                }
                *length += 1;
            }
            _ => spans.push((gap, 1)),
        }
        // No count has 2^63 values.
        let count = bucket.count.cast_signed();
        push_zigzag(out, count.wrapping_sub(before));
        (next, before) = (bucket.index + 1, count);
    }
    if spans.is_empty() {
        return out.truncate(start);
    }
    deltas.end(out);
    for (offset, length) in spans {
        let message = Message::field(out, histogram::POSITIVE_SPAN, 0);
        push_sint(out, span::OFFSET, offset.into());
        push_uint(out, span::LENGTH, length.into());
        message.end(out);
    }
}
