//! Labels in the forms of the formats, rendered once for each value rather than at each scrape.

use super::info::{Dimension, MetricInfo};
use super::values::{Joined, LabelValues, Pieces};
use crate::names::{self, Escaping};
use crate::sync::{Arc, OnceLock};
use std::borrow::Cow;

/// The labels of a metric in some format. They are rendered on demand, since few formats are used.
#[derive(Debug)]
pub(super) struct Rendered<J> {
    /// By the number of the escaping. If no name needs escaping, the first has all.
    parts: [OnceLock<Parts<J>>; Escaping::ALL.len()],
    /// The rendered labels before there were more values.
    earlier: [Option<Parts<J>>; Escaping::ALL.len()],
}

/// For each dimension, the text of each of its values.
#[derive(Debug)]
pub(super) struct Parts<J>(Vec<Part<J>>);

#[derive(Debug)]
struct Part<J> {
    pieces: Arc<Pieces<J>>,
    /// The number of series with one value.
    below: u32,
}

/// A buffer for labels.
pub(super) trait Write: Joined + Clone {
    /// Appends a label; `is_first` where no other one is before it.
    fn push_label(&mut self, name: &str, value: &str, escaping: Escaping, is_first: bool);
}

impl<J> Default for Rendered<J> {
    fn default() -> Self {
        Self { parts: Default::default(), earlier: Default::default() }
    }
}

/// The rendered labels are kept, to be extended.
impl<J> Clone for Rendered<J> {
    fn clone(&self) -> Self {
        let known = |at: usize| self.parts[at].get().or(self.earlier[at].as_ref()).cloned();
        Self { parts: Default::default(), earlier: std::array::from_fn(known) }
    }
}

impl<J> Clone for Parts<J> {
    fn clone(&self) -> Self {
        let part = |part: &Part<J>| Part { pieces: Arc::clone(&part.pieces), below: part.below };
        Self(self.0.iter().map(part).collect())
    }
}

impl<J: Write> Rendered<J> {
    #[inline]
    pub(super) fn parts(
        &self,
        info: &MetricInfo,
        values: &[Arc<LabelValues>],
        escaping: Escaping,
    ) -> &Parts<J> {
        let at = if info.has_legacy_labels { 0 } else { escaping as usize };
        let make = || Parts::new(info, values, escaping, self.earlier[at].as_ref());
        self.parts[at].get_or_init(make)
    }
}

impl<J: Write> Parts<J> {
    #[cold]
    fn new(
        info: &MetricInfo,
        values: &[Arc<LabelValues>],
        escaping: Escaping,
        earlier: Option<&Self>,
    ) -> Self {
        let mut before = J::default();
        for (at, (name, value)) in info.metric.constants.iter().enumerate() {
            before.push_label(name, value, escaping, at == 0);
        }
        if info.dimensions.is_empty() {
            let mut pieces = Pieces::default();
            pieces.push(|joined| *joined = before);
            return Self(vec![Part { pieces: Arc::new(pieces), below: 1 }]);
        }
        let part = |(at, (dimension, values)): (usize, (&Dimension, &Arc<LabelValues>))| {
            let known = earlier.and_then(|parts| parts.0.get(at));
            let mut pieces = known.map(|part| Arc::clone(&part.pieces)).unwrap_or_default();
            let is_first = at == 0 && info.metric.constants.is_empty();
            if pieces.len() < values.len() {
                let pieces = Arc::make_mut(&mut pieces);
                for number in pieces.len()..values.len() {
                    pieces.push(|joined| {
                        if at == 0 {
                            joined.append(&before);
                        }
                        let value = values.get(number);
                        joined.push_label(&dimension.name, value, escaping, is_first);
                    });
                }
            }
            Part { pieces, below: dimension.below }
        };
        Self(info.dimensions.iter().zip(values).enumerate().map(part).collect())
    }

    /// Calls `push` with the rendered form of each label of the series of an index, in turn.
    #[inline]
    pub(super) fn for_each_piece<'a>(&'a self, index: u32, mut push: impl FnMut(&'a J::Piece)) {
        let mut rest = index;
        for Part { pieces, below } in &self.0 {
            // Never 0, which the compiler can't know.
            let below = (*below).max(1);
            push(pieces.get((rest / below) as usize));
            rest %= below;
        }
    }
}

/// As the text formats have it between the braces: `name="value"`, with a comma before all but the
/// first one.
impl Write for String {
    fn push_label(&mut self, name: &str, value: &str, escaping: Escaping, is_first: bool) {
        if !is_first {
            self.push(',');
        }
        let name = escaping.label(name);
        if names::is_legacy_label(&name) {
            self.push_str(&name);
        } else {
            for part in ["\"", &escape(&name), "\""] {
                self.push_str(part);
            }
        }
        for part in ["=\"", &escape(value), "\""] {
            self.push_str(part);
        }
    }
}

/// As a field of `io.prometheus.client.Metric`, which is a message with the fields name and value
/// (<https://github.com/prometheus/client_model/blob/v0.6.2/io/prometheus/client/metrics.proto>).
impl Write for Vec<u8> {
    fn push_label(&mut self, name: &str, value: &str, escaping: Escaping, _: bool) {
        /// A field whose length stands in front of it.
        const fn tag(field: u8) -> u8 {
            field << 3 | 2
        }
        let name = escaping.label(name);
        let mut pair = Vec::with_capacity(name.len() + value.len() + 8);
        for (field, text) in [(1, &*name), (2, value)] {
            pair.push(tag(field));
            push_length(&mut pair, text.len());
            pair.extend_from_slice(text.as_bytes());
        }
        self.push(tag(1));
        push_length(self, pair.len());
        self.extend_from_slice(&pair);
    }
}

/// As a varint: seven bits in a byte, the lowest first
/// (<https://protobuf.dev/programming-guides/encoding/#varints>).
#[expect(clippy::cast_possible_truncation, reason = "seven bits at a time")]
fn push_length(out: &mut Vec<u8>, mut length: usize) {
    while length >= 0x80 {
        out.push(length as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
}

/// Backslash, double quote and line feed are escaped: the text format's rule
/// (<https://prometheus.io/docs/instrumenting/exposition_formats/>), and `OpenMetrics`' too.
fn escape(text: &str) -> Cow<'_, str> {
    const SPECIAL: [char; 3] = ['\\', '"', '\n'];
    if !text.contains(SPECIAL) {
        return text.into();
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    let mut rest = text;
    while let Some((plain, after)) = rest.find(SPECIAL).map(|at| rest.split_at(at)) {
        escaped.push_str(plain);
        escaped.push_str(match after.as_bytes()[0] {
            b'\\' => "\\\\",
            b'"' => "\\\"",
            _ => "\\n",
        });
        rest = &after[1..];
    }
    escaped.push_str(rest);
    escaped.into()
}

#[cfg(test)]
mod tests {
    use super::escape;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn texts_are_escaped(text in r#"[a-c\\"\n]{0,9}"#) {
            let expected = text.replace('\\', r"\\").replace('"', r#"\""#).replace('\n', r"\n");
            prop_assert_eq!(escape(&text), expected);
        }
    }
}
