//! Labels, in the form of a format: written once for each value, and copied for each series.

use super::escape::push_escaped;
use super::number::canonical;
use std::marker::PhantomData;
use std::sync::{Arc, OnceLock};
use tickmetrics::{Escaping, HistogramSnapshot, MetricLabels, Series, VariableLabel};

/// The form of labels in a format.
pub(super) trait Form {
    /// Below [`FORMS`], and different from that of every other form.
    const NUMBER: usize;

    /// Appends a label; `is_first` where no other one is before it.
    fn push_label(out: &mut Vec<u8>, name: &str, value: &str, is_first: bool);
}

const FORMS: usize = 2;

/// Between the braces of a line of the text formats: `name="value"`, with a comma before all but
/// the first one.
pub(super) enum TextForm {}

impl Form for TextForm {
    const NUMBER: usize = 0;

    fn push_label(out: &mut Vec<u8>, name: &str, value: &str, is_first: bool) {
        let comma = if is_first { "" } else { "," };
        let quote = if Escaping::is_legacy_label(name) { "" } else { "\"" };
        out.extend_from_slice(comma.as_bytes());
        out.extend_from_slice(quote.as_bytes());
        push_escaped(out, name, true);
        out.extend_from_slice(quote.as_bytes());
        out.extend_from_slice(b"=\"");
        push_escaped(out, value, true);
        out.push(b'"');
    }
}

/// The labels of a series in the text formats' form between the braces, in UTF-8. Values are
/// escaped, and names are in double quotes if they are not legacy names (see [`Escaping`]). Empty
/// without labels.
///
/// ```
/// use tickmetrics::prelude::*;
/// use tickmetrics_exporter::encode::label_text;
///
/// let registry = Registry::new();
/// registry.register::<Counter<bool>>(&Description::new("orders_total", "Orders."))?;
/// let snapshot = registry.snapshot();
/// let series = snapshot.family("orders_total").unwrap().series().next().unwrap();
/// assert_eq!(label_text(series), r#"flag="false""#);
/// # Ok::<(), tickmetrics::RegisterError>(())
/// ```
pub fn label_text(series: Series<'_>) -> String {
    let mut text = Vec::new();
    Labels::<TextForm>::new(Escaping::AllowUtf8).push(series, &mut text);
    String::from_utf8(text).unwrap_or_default()
}

/// Writes the labels of one series after the other.
pub(super) struct Labels<'a, F> {
    escaping: Escaping,
    /// Those of the metric that the last series is of.
    last: Option<Last<'a>>,
    form: PhantomData<F>,
}

struct Last<'a> {
    metric: MetricLabels<'a>,
    rendered: &'a Rendered,
    parts: &'a Parts,
}

impl<'a, F: Form> Labels<'a, F> {
    pub(super) fn new(escaping: Escaping) -> Self {
        Self { escaping, last: None, form: PhantomData }
    }

    #[inline]
    pub(super) fn push(&mut self, series: Series<'a>, out: &mut Vec<u8>) {
        let metric = series.metric_labels();
        let parts = match &self.last {
            Some(last) if last.metric.is_same(metric) => last.parts,
            _ => self.next(metric).parts,
        };
        parts.for_each_piece(series.index(), |piece| out.extend_from_slice(piece));
    }

    /// The text of the edge of each of a histogram's buckets.
    pub(super) fn edges(
        &mut self,
        series: Series<'a>,
        histogram: &HistogramSnapshot,
    ) -> &'a [String] {
        let metric = series.metric_labels();
        let rendered = match &self.last {
            Some(last) if last.metric.is_same(metric) => last.rendered,
            _ => self.next(metric).rendered,
        };
        let edges = || histogram.buckets().map(|bucket| canonical(bucket.upper)).collect();
        rendered.edges.get_or_init(edges)
    }

    #[cold]
    fn next(&mut self, metric: MetricLabels<'a>) -> &Last<'a> {
        let rendered = metric.get_or_make(|earlier| Rendered::new(metric, earlier));
        let parts = rendered.parts::<F>(metric, self.escaping);
        self.last.insert(Last { metric, rendered, parts })
    }
}

/// The number of forms, each in all escapings.
const ALL: usize = FORMS * Escaping::ALL.len();

/// The labels of a metric in all forms. They are rendered on demand, since few are used.
struct Rendered {
    /// Whether no label's name needs escaping: then all escapings are the first one.
    are_legacy: bool,
    parts: [OnceLock<Parts>; ALL],
    /// The rendered labels before there were more values.
    earlier: [Option<Parts>; ALL],
    edges: OnceLock<Arc<[String]>>,
}

/// For each label, its text with each of its values.
#[derive(Clone)]
struct Parts(Vec<Part>);

#[derive(Clone)]
struct Part {
    pieces: Arc<Pieces>,
    stride: u32,
}

/// Runs of bytes in one piece of memory.
#[derive(Clone, Default)]
struct Pieces {
    joined: Vec<u8>,
    /// The end of each in `joined`.
    ends: Vec<usize>,
}

impl Rendered {
    fn new(metric: MetricLabels<'_>, earlier: Option<&Self>) -> Self {
        let constant = metric.constant().map(|(name, _)| name);
        let sets = metric.sets().into_iter().flatten().flatten().map(|(name, _)| name);
        let mut names = constant.chain(metric.variable().map(VariableLabel::name)).chain(sets);
        let known = |at: usize| {
            earlier.and_then(|all| all.parts[at].get().or(all.earlier[at].as_ref())).cloned()
        };
        Self {
            are_legacy: names.all(Escaping::is_legacy_label),
            parts: [const { OnceLock::new() }; ALL],
            earlier: std::array::from_fn(known),
            edges: earlier.map(|all| all.edges.clone()).unwrap_or_default(),
        }
    }

    fn parts<F: Form>(&self, metric: MetricLabels<'_>, escaping: Escaping) -> &Parts {
        let escaped = if self.are_legacy { 0 } else { escaping as usize };
        let at = F::NUMBER * Escaping::ALL.len() + escaped;
        let make = || Parts::new::<F>(metric, escaping, self.earlier[at].as_ref());
        self.parts[at].get_or_init(make)
    }
}

impl Parts {
    fn new<F: Form>(metric: MetricLabels<'_>, escaping: Escaping, earlier: Option<&Self>) -> Self {
        if let Some(sets) = metric.sets() {
            return Self::of_sets::<F>(sets, escaping, earlier);
        }
        let mut constant = Vec::new();
        for (at, (name, value)) in metric.constant().enumerate() {
            F::push_label(&mut constant, &escaping.label(name), value, at == 0);
        }
        let mut parts = Vec::new();
        for (at, label) in metric.variable().enumerate() {
            let known = earlier.and_then(|parts| parts.0.get(at));
            let before = if at == 0 { &constant[..] } else { &[] };
            let is_first = at == 0 && constant.is_empty();
            let name = escaping.label(label.name());
            let pieces = Pieces::after(known, label.values(), |out, value| {
                out.extend_from_slice(before);
                F::push_label(out, &name, value, is_first);
            });
            parts.push(Part { pieces, stride: label.stride() });
        }
        if parts.is_empty() {
            let ends = vec![constant.len()];
            parts.push(Part { pieces: Arc::new(Pieces { joined: constant, ends }), stride: 1 });
        }
        Self(parts)
    }

    /// Those of a dynamic family: all labels of a series are one text.
    fn of_sets<'a, F: Form>(
        sets: impl ExactSizeIterator<Item = impl Iterator<Item = (&'a str, &'a str)>>,
        escaping: Escaping,
        earlier: Option<&Self>,
    ) -> Self {
        let known = earlier.and_then(|parts| parts.0.first());
        let pieces = Pieces::after(known, sets, |out, labels| {
            for (at, (name, value)) in labels.enumerate() {
                F::push_label(out, &escaping.label(name), value, at == 0);
            }
        });
        Self(vec![Part { pieces, stride: 1 }])
    }

    /// Passes the text of each label of the series with a number to `push`, in turn.
    #[inline]
    fn for_each_piece<'a>(&'a self, index: u32, mut push: impl FnMut(&'a [u8])) {
        let mut rest = index;
        for Part { pieces, stride } in &self.0 {
            // Never 0, which the compiler can't know.
            let stride = (*stride).max(1);
            push(pieces.get((rest / stride) as usize));
            rest %= stride;
        }
    }
}

impl Pieces {
    /// The pieces of all values: known ones, and those that `push` appends for further values.
    fn after<T>(
        known: Option<&Part>,
        values: impl ExactSizeIterator<Item = T>,
        mut push: impl FnMut(&mut Vec<u8>, T),
    ) -> Arc<Self> {
        let mut all = known.map(|part| Arc::clone(&part.pieces)).unwrap_or_default();
        if all.ends.len() < values.len() {
            let pieces = Arc::make_mut(&mut all);
            for value in values.skip(pieces.ends.len()) {
                push(&mut pieces.joined, value);
                pieces.ends.push(pieces.joined.len());
            }
        }
        all
    }

    /// The piece with a number; empty if there is none.
    #[inline]
    fn get(&self, number: usize) -> &[u8] {
        let start = match number {
            0 => 0,
            _ => self.ends.get(number - 1).copied().unwrap_or(usize::MAX),
        };
        self.ends.get(number).and_then(|&end| self.joined.get(start..end)).unwrap_or_default()
    }
}
