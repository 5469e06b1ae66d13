//! Prometheus' protobuf: length-delimited `io.prometheus.client.MetricFamily`
//! (<https://github.com/prometheus/client_model/blob/v0.6.2/io/prometheus/client/metrics.proto>).
//!
//! Fields are written directly into the output; there are no messages in memory.

use super::exemplar;
use super::family::{FamilyType, Head, Sample, Writer};
use super::labels::{Form, Labels};
use super::negotiate::Protocol;
use super::unit::ends_in_unit;
use super::wire::{
    Message, push_bucket, push_double, push_number, push_sint, push_text, push_uint, push_zigzag,
};
use std::time::UNIX_EPOCH;
use tickmetrics::{ClassicHistogram, Escaping, HistogramSnapshot, NativeBuckets, Series};

/// The fields' numbers.
mod metric_family {
    pub(super) const NAME: u8 = 1;
    pub(super) const HELP: u8 = 2;
    pub(super) const TYPE: u8 = 3;
    pub(super) const METRIC: u8 = 4;
    pub(super) const UNIT: u8 = 5;
}
mod metric {
    pub(super) const LABEL: u8 = 1;
    pub(super) const GAUGE: u8 = 2;
    pub(super) const COUNTER: u8 = 3;
    pub(super) const SUMMARY: u8 = 4;
    pub(super) const HISTOGRAM: u8 = 7;
}
mod label_pair {
    pub(super) const NAME: u8 = 1;
    pub(super) const VALUE: u8 = 2;
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

impl FamilyType {
    /// The number in `MetricType`.
    fn number(self) -> u64 {
        match self {
            Self::Counter => 0,
            Self::Gauge => 1,
            Self::Summary => 2,
            Self::Histogram => 4,
        }
    }
}

/// Writes messages.
pub(super) struct Messages<'m> {
    pub(super) protocol: Protocol,
    /// The output before the present piece.
    pub(super) pieces: &'m mut [Vec<u8>],
    pub(super) open: &'m mut Option<Open>,
}

/// A family's message whose length is still unknown.
pub(super) struct Open {
    message: Message,
    /// The piece in which it begins.
    pub(super) piece: usize,
}

pub(super) struct Table<'a> {
    labels: Labels<'a, Pairs>,
    /// The field of `Metric` with a number.
    number: u8,
    quantiles: Vec<f64>,
    open: Open,
    /// Where its message begins in the present piece, until it has a series.
    empty: Option<usize>,
}

impl<'a> Writer<'a> for Messages<'_> {
    const DERIVES: bool = true;

    type Table = Table<'a>;

    fn escaping(&self) -> Escaping {
        self.protocol.escaping()
    }

    fn begin(&mut self, head: &Head<'_, 'a>, _: bool, out: &mut Vec<u8>) -> Table<'a> {
        let labels = Labels::new(self.protocol.escaping());
        let number = match head.family_type {
            FamilyType::Counter => metric::COUNTER,
            _ => metric::GAUGE,
        };
        let quantiles = match head.family_type {
            FamilyType::Summary => head.family.quantiles().collect(),
            _ => Vec::new(),
        };
        if let Some(open) = self.open.take() {
            return Table { labels, number, quantiles, open, empty: None };
        }
        let empty = Some(out.len());
        let each = match head.family_type {
            FamilyType::Histogram => GUESS_HISTOGRAM,
            _ => GUESS_ONE,
        };
        let message = Message::delimited(out, head.family.series_count() * each);
        push_text(out, metric_family::NAME, &[head.name]);
        push_text(out, metric_family::HELP, head.help);
        push_uint(out, metric_family::TYPE, head.family_type.number());
        let open = Open { message, piece: self.pieces.len() };
        Table { labels, number, quantiles, open, empty }
    }

    #[inline]
    fn push(
        &mut self,
        table: &mut Table<'a>,
        series: Series<'a>,
        sample: Sample<'a>,
        out: &mut Vec<u8>,
    ) {
        table.empty = None;
        let mut metric = Metric { labels: &mut table.labels, series, protocol: self.protocol };
        match sample {
            Sample::Histogram(histogram) => metric.push_histogram(out, histogram),
            Sample::Classic(histogram) => metric.push_classic(out, histogram),
            Sample::Summary(summary) => {
                let quantiles = table.quantiles.iter().map(|&rank| (rank, summary.quantile(rank)));
                metric.push_summary(out, quantiles, summary.all.count(), summary.all.sum());
            }
            Sample::Quantiles(summary) => {
                metric.push_summary(out, summary.quantiles(), summary.count(), summary.sum());
            }
            Sample::Count(value) => metric.push_number(out, table.number, value as f64),
            Sample::Balance(value) => metric.push_number(out, table.number, value as f64),
            Sample::Number(value) => metric.push_number(out, table.number, value),
        }
    }

    fn pause(&mut self, table: Table<'a>) {
        *self.open = Some(table.open);
    }

    fn end(&mut self, table: Table<'a>, head: &Head<'_, 'a>, out: &mut Vec<u8>) {
        if let Some(start) = table.empty {
            return out.truncate(start);
        }
        // Prometheus 3 refuses a unit that the name does not end in.
        let stem = match head.family_type {
            FamilyType::Counter => head.name.strip_suffix("_total").unwrap_or(head.name),
            _ => head.name,
        };
        if ends_in_unit(stem, head.unit) {
            push_text(out, metric_family::UNIT, &[head.unit]);
        }
        let Open { message, piece } = table.open;
        match self.pieces.get_mut(piece..) {
            Some([begin, rest @ ..]) => {
                let others = rest.iter().map(Vec::len).sum::<usize>() + out.len();
                message.end_in_pieces(begin, others);
            }
            _ => message.end(out),
        }
    }
}

/// The expected bytes of a metric, for which room for a length is left.
const GUESS_ONE: usize = 60;
const GUESS_HISTOGRAM: usize = 300;

/// Labels as fields of `Metric`.
enum Pairs {}

impl Form for Pairs {
    const NUMBER: usize = 1;

    fn push_label(out: &mut Vec<u8>, name: &str, value: &str, _: bool) {
        let pair = Message::field(out, metric::LABEL, name.len() + value.len());
        push_text(out, label_pair::NAME, &[name]);
        push_text(out, label_pair::VALUE, &[value]);
        pair.end(out);
    }
}

/// A series, as a message `Metric`.
struct Metric<'t, 'a> {
    labels: &'t mut Labels<'a, Pairs>,
    series: Series<'a>,
    protocol: Protocol,
}

impl Metric<'_, '_> {
    #[inline]
    fn begin(&mut self, out: &mut Vec<u8>, guess: usize) -> Message {
        let message = Message::field(out, metric_family::METRIC, guess);
        self.labels.push(self.series, out);
        message
    }

    /// With one number.
    #[inline]
    fn push_number(&mut self, out: &mut Vec<u8>, field: u8, value: f64) {
        let message = self.begin(out, GUESS_ONE);
        if field == metric::COUNTER && self.protocol.created {
            self.push_counter_since(out, value);
        } else {
            push_number(out, field, value);
        }
        message.end(out);
    }

    /// Kept out of the path of counters without a start.
    #[cold]
    #[inline(never)]
    fn push_counter_since(&self, out: &mut Vec<u8>, value: f64) {
        let counter = Message::field(out, metric::COUNTER, 0);
        push_double(out, counter::VALUE, value);
        self.push_created(out, counter::CREATED_TIMESTAMP);
        counter.end(out);
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

    /// Each quantile comes with its value.
    fn push_summary(
        &mut self,
        out: &mut Vec<u8>,
        quantiles: impl Iterator<Item = (f64, f64)>,
        count: u64,
        sum: f64,
    ) {
        let metric = self.begin(out, GUESS_ONE);
        let message = Message::field(out, metric::SUMMARY, GUESS_ONE);
        push_uint(out, summary::SAMPLE_COUNT, count);
        push_double(out, summary::SAMPLE_SUM, sum);
        for (rank, value) in quantiles {
            let quantile = Message::field(out, summary::QUANTILE, 0);
            push_double(out, quantile::QUANTILE, rank);
            push_double(out, quantile::VALUE, value);
            quantile.end(out);
        }
        message.end(out);
        metric.end(out);
    }

    fn push_classic(&mut self, out: &mut Vec<u8>, histogram: &ClassicHistogram) {
        let metric = self.begin(out, GUESS_HISTOGRAM);
        let message = Message::field(out, metric::HISTOGRAM, GUESS_HISTOGRAM);
        push_uint(out, histogram::SAMPLE_COUNT, histogram.count());
        push_double(out, histogram::SAMPLE_SUM, histogram.sum());
        for bucket in histogram.buckets() {
            push_bucket(out, histogram::BUCKET, bucket.count, bucket.upper);
        }
        message.end(out);
        metric.end(out);
    }

    fn push_histogram(&mut self, out: &mut Vec<u8>, histogram: &HistogramSnapshot) {
        let metric = self.begin(out, GUESS_HISTOGRAM);
        let message = Message::field(out, metric::HISTOGRAM, GUESS_HISTOGRAM);
        push_uint(out, histogram::SAMPLE_COUNT, histogram.count());
        push_double(out, histogram::SAMPLE_SUM, histogram.sum());
        let native = histogram.native();
        if native.is_none() || self.protocol.classic_beside_native {
            let mut exemplars = histogram.exemplars().peekable();
            for bucket in histogram.buckets() {
                let exemplar = exemplars.next_if(|exemplar| exemplar.value <= bucket.upper);
                let (count, upper) = (bucket.count, bucket.upper);
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
        self.push_created(out, histogram::CREATED_TIMESTAMP);
        message.end(out);
        metric.end(out);
    }
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
