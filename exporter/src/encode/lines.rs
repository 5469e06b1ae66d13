//! The lines of the text formats.

use super::escape::push_escaped;
use super::exemplar;
use super::family::{FamilyType, Head, Sample, Summary, Writer};
use super::labels::{Labels, TextForm};
use super::number::{canonical, push_f64, push_i64, push_u64};
use std::io::Write as _;
use std::ops::Range;
use std::time::UNIX_EPOCH;
use tickmetrics::{Bucket, ClassicHistogram, Escaping, HistogramSnapshot, Series};

/// The differences of the text formats.
pub(super) trait Dialect {
    /// The names of a family.
    fn names<'n>(&self, name: &'n str, family_type: FamilyType) -> Names<'n>;

    /// Whether the start of a family's series is exposed.
    fn has_created(&self, names: &Names<'_>) -> bool;

    /// Appends the line with the unit, if there is to be one.
    fn push_unit(&self, out: &mut Vec<u8>, family: &str, unit: &str);

    fn escaping(&self) -> Escaping;

    /// Whether double quotes are escaped in help texts, as backslashes and line feeds are.
    const QUOTES: bool;

    /// Whether the format has exemplars.
    const EXEMPLARS: bool;

    /// Whether sums and quantiles can be negative. Where they can't, such ones are left out, and so
    /// is a sum that is NaN.
    const SIGNED: bool;
}

/// The names of an exposed family.
pub(super) struct Names<'n> {
    pub(super) family: &'n str,
    /// In the line `# TYPE`.
    pub(super) family_type: &'static str,
    /// The end of its samples' names, behind the family's.
    pub(super) suffix: &'static str,
}

/// Writes text.
pub(super) struct Lines<D> {
    pub(super) dialect: D,
}

/// The beginnings of a family's lines.
pub(super) struct Table<'a> {
    labels: Labels<'a, TextForm>,
    /// Of numbers, buckets and quantiles.
    one: Start,
    /// Of histograms and summaries.
    sum: Start,
    count: Start,
    created: Option<Start>,
    /// The quantiles of a derived summary.
    quantiles: Vec<(f64, String)>,
}

/// The beginning of a line.
#[derive(Default)]
struct Start {
    /// Up to the labels: `name{` or, if the name needs quotes, `{"name",`.
    text: Vec<u8>,
    /// The replacement of its last character for a series without labels.
    end: &'static [u8],
}

impl FamilyType {
    /// In the line `# TYPE`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::Summary => "summary",
        }
    }
}

impl<'a, D: Dialect> Writer<'a> for Lines<D> {
    const DERIVES: bool = true;

    type Table = Table<'a>;

    fn escaping(&self) -> Escaping {
        self.dialect.escaping()
    }

    fn begin(&mut self, head: &Head<'_, 'a>, is_begun: bool, out: &mut Vec<u8>) -> Table<'a> {
        let Self { dialect } = self;
        let names = dialect.names(head.name, head.family_type);
        if !is_begun {
            push_head::<D>(out, &names, head.help);
            dialect.push_unit(out, names.family, head.unit);
        }
        let start = |suffix| Start::new(names.family, suffix);
        let (one, [sum, count]) = match head.family_type {
            FamilyType::Counter | FamilyType::Gauge => (start(names.suffix), Default::default()),
            FamilyType::Histogram => (start("_bucket"), ["_sum", "_count"].map(start)),
            FamilyType::Summary => (start(""), ["_sum", "_count"].map(start)),
        };
        let quantiles = match head.family_type {
            FamilyType::Summary => head.family.quantiles().map(|it| (it, canonical(it))).collect(),
            _ => Vec::new(),
        };
        let created = dialect.has_created(&names).then(|| start("_created"));
        Table { labels: Labels::new(dialect.escaping()), one, sum, count, created, quantiles }
    }

    #[inline]
    fn push(
        &mut self,
        table: &mut Table<'a>,
        series: Series<'a>,
        sample: Sample<'a>,
        out: &mut Vec<u8>,
    ) {
        let Table { labels, one, .. } = table;
        match sample {
            Sample::Count(value) => line(out, labels, series, one, |out| push_u64(out, value)),
            Sample::Balance(value) => line(out, labels, series, one, |out| push_i64(out, value)),
            Sample::Number(value) => line(out, labels, series, one, |out| push_f64(out, value)),
            Sample::Histogram(value) => table.push_histogram::<D>(out, series, value),
            Sample::Summary(value) => table.push_summary(out, series, value),
            Sample::Classic(value) => table.push_classic::<D>(out, series, value),
            Sample::Quantiles(value) => table.push_quantiles::<D>(out, series, value),
        }
        if table.created.is_some() {
            table.push_created(out, series);
        }
    }

    fn pause(&mut self, _: Table<'a>) {}

    fn end(&mut self, _: Table<'a>, _: &Head<'_, 'a>, _: &mut Vec<u8>) {}
}

impl<'a> Table<'a> {
    fn push_histogram<D: Dialect>(
        &mut self,
        out: &mut Vec<u8>,
        series: Series<'a>,
        histogram: &HistogramSnapshot,
    ) {
        let edges = self.labels.edges(series, histogram);
        let totals = Some((histogram.sum(), histogram.count()));
        self.push_distribution(out, series, totals, |out, begin| {
            if D::EXEMPLARS && histogram.exemplars().next().is_some() {
                exemplar::push_buckets(out, begin, histogram, edges);
            } else {
                push_buckets(out, begin, histogram.buckets(), histogram.count(), edges);
            }
        });
    }

    /// A histogram with negative edges can have no sum where none is negative, and without a sum
    /// there must be no count.
    fn push_classic<D: Dialect>(
        &mut self,
        out: &mut Vec<u8>,
        series: Series<'a>,
        histogram: &ClassicHistogram,
    ) {
        let (buckets, count, sum) = (histogram.buckets(), histogram.count(), histogram.sum());
        let has_sum = D::SIGNED || sum >= 0.0 && buckets.clone().all(|bucket| bucket.upper >= 0.0);
        let edges: Vec<_> = buckets.clone().map(|bucket| canonical(bucket.upper)).collect();
        self.push_distribution(out, series, has_sum.then_some((sum, count)), |out, begin| {
            push_buckets(out, begin, buckets, count, &edges);
        });
    }

    /// Appends buckets, by `push_buckets`, sum and count.
    #[inline]
    fn push_distribution(
        &mut self,
        out: &mut Vec<u8>,
        series: Series<'a>,
        totals: Option<(f64, u64)>,
        push_buckets: impl FnOnce(&mut Vec<u8>, Range<usize>),
    ) {
        let Self { labels, one, sum, count, .. } = self;
        let start = out.len();
        out.extend_from_slice(&one.text);
        let texts = out.len();
        labels.push(series, out);
        let texts = texts..out.len();
        out.extend_from_slice(if texts.is_empty() { b"le=\"" } else { b",le=\"" });
        // All buckets have the same beginning. The first writes the text that the others copy, and
        // with it the count before it if that is the same.
        let begin = start..out.len();
        push_buckets(out, begin);
        out.push(b'\n');
        let Some((total, values)) = totals else { return };
        for (start, is_sum) in [(sum, true), (count, false)] {
            out.extend_from_slice(&start.text);
            if texts.is_empty() {
                out.pop();
                out.extend_from_slice(start.end);
            } else {
                out.extend_from_within(texts.clone());
                out.extend_from_slice(b"} ");
            }
            if is_sum {
                push_f64(out, total);
            } else {
                push_u64(out, values);
            }
            out.push(b'\n');
        }
    }

    fn push_summary(&mut self, out: &mut Vec<u8>, series: Series<'a>, summary: Summary<'a>) {
        let Self { labels, one, sum, count, quantiles, .. } = self;
        for (rank, text) in quantiles {
            quantile(out, labels, series, one, text, summary.quantile(*rank));
        }
        line(out, labels, series, sum, |out| push_f64(out, summary.all.sum()));
        line(out, labels, series, count, |out| push_u64(out, summary.all.count()));
    }

    fn push_quantiles<D: Dialect>(
        &mut self,
        out: &mut Vec<u8>,
        series: Series<'a>,
        summary: &tickmetrics::Summary,
    ) {
        let Self { labels, one, sum, count, .. } = self;
        for (rank, value) in summary.quantiles() {
            if D::SIGNED || value >= 0.0 || value.is_nan() {
                quantile(out, labels, series, one, &canonical(rank), value);
            }
        }
        if D::SIGNED || summary.sum() >= 0.0 {
            line(out, labels, series, sum, |out| push_f64(out, summary.sum()));
        }
        line(out, labels, series, count, |out| push_u64(out, summary.count()));
    }

    /// The start of a series' count, to the millisecond, if it is known.
    #[cold]
    fn push_created(&mut self, out: &mut Vec<u8>, series: Series<'a>) {
        let created = series.created().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let (Some(start), Some(created)) = (&self.created, created) else { return };
        line(out, &mut self.labels, series, start, |out| {
            push_u64(out, created.as_secs());
            let _ = write!(out, ".{:03}", created.subsec_millis());
        });
    }
}

impl Start {
    fn new(family: &str, suffix: &str) -> Self {
        let name = [family, suffix].concat();
        if Escaping::is_legacy_metric(family) {
            return Self { text: [name.as_bytes(), b"{"].concat(), end: b" " };
        }
        let mut text = vec![b'{'];
        push_name(&mut text, &name);
        text.push(b',');
        Self { text, end: b"} " }
    }
}

#[inline]
fn line<'a>(
    out: &mut Vec<u8>,
    labels: &mut Labels<'a, TextForm>,
    series: Series<'a>,
    start: &Start,
    value: impl FnOnce(&mut Vec<u8>),
) {
    out.extend_from_slice(&start.text);
    let texts = out.len();
    labels.push(series, out);
    if out.len() == texts {
        out.pop();
        out.extend_from_slice(start.end);
    } else {
        out.extend_from_slice(b"} ");
    }
    value(out);
    out.push(b'\n');
}

/// Appends the line of a quantile, whose text is given.
fn quantile<'a>(
    out: &mut Vec<u8>,
    labels: &mut Labels<'a, TextForm>,
    series: Series<'a>,
    start: &Start,
    text: &str,
    value: f64,
) {
    out.extend_from_slice(&start.text);
    let texts = out.len();
    labels.push(series, out);
    out.extend_from_slice(if out.len() == texts { b"quantile=\"" } else { b",quantile=\"" });
    out.extend_from_slice(text.as_bytes());
    out.extend_from_slice(b"\"} ");
    push_f64(out, value);
    out.push(b'\n');
}

/// Appends the lines of all buckets, from behind their common beginning to the end of the last one
/// without its line feed.
#[inline]
fn push_buckets(
    out: &mut Vec<u8>,
    begin: Range<usize>,
    buckets: impl Iterator<Item = Bucket>,
    all: u64,
    edges: &[String],
) {
    let mut last = (None, 0..0);
    for (bucket, edge) in buckets.zip(edges) {
        out.extend_from_slice(edge.as_bytes());
        out.extend_from_slice(b"\"} ");
        if last.0 == Some(bucket.count) {
            out.extend_from_within(last.1.clone());
        } else {
            let start = out.len();
            push_u64(out, bucket.count);
            out.push(b'\n');
            out.extend_from_within(begin.clone());
            last = (Some(bucket.count), start..out.len());
        }
    }
    out.extend_from_slice(b"+Inf\"} ");
    push_u64(out, all);
}

fn push_head<D: Dialect>(out: &mut Vec<u8>, names: &Names<'_>, help: &[&str]) {
    out.extend_from_slice(b"# HELP ");
    push_name(out, names.family);
    out.push(b' ');
    for part in help {
        push_escaped(out, part, D::QUOTES);
    }
    out.extend_from_slice(b"\n# TYPE ");
    push_name(out, names.family);
    out.push(b' ');
    out.extend_from_slice(names.family_type.as_bytes());
    out.push(b'\n');
}

/// Appends the name of a metric, in double quotes if it needs them.
pub(super) fn push_name(out: &mut Vec<u8>, name: &str) {
    if Escaping::is_legacy_metric(name) {
        return out.extend_from_slice(name.as_bytes());
    }
    out.push(b'"');
    push_escaped(out, name, true);
    out.push(b'"');
}
