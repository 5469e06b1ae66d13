//! Which series of a metric are exposed, and the text of their labels.

use super::catalogue::About;
use super::values::{Indices, Texts, Values, escape};
use crate::sync::Arc;

/// The series of a metric that are exposed, in the order of their index.
#[derive(Debug, Default)]
pub(super) struct Exposed {
    pub(super) indices: Indices,
    /// The values of each dimension, by number.
    pub(super) values: Vec<Arc<Values>>,
    parts: Vec<Part>,
}

/// What the text format writes for each value of a dimension: the label's name and the value,
/// and the constant labels before the first one.
#[derive(Debug)]
struct Part {
    texts: Texts,
    /// How many series have one value.
    below: u32,
}

impl Exposed {
    pub(super) fn new(about: &About, indices: Indices, values: Vec<Arc<Values>>) -> Self {
        let mut text = String::new();
        for (name, value) in &about.metric.constants {
            push_label(&mut text, name, &escape(value));
        }
        let mut parts = Vec::new();
        for (dimension, values) in about.dimensions.iter().zip(&values) {
            let mut texts = Texts::default();
            let before = text.len();
            for number in 0..values.len() {
                push_label(&mut text, &dimension.name, values.escaped(number));
                texts.push(&text);
                text.truncate(before);
            }
            parts.push(Part { texts, below: dimension.below });
            // The other dimensions begin with a comma.
            text = String::from(",");
        }
        if parts.is_empty() {
            let mut texts = Texts::default();
            texts.push(&text);
            parts.push(Part { texts, below: 1 });
        }
        Self { indices, values, parts }
    }

    /// Names and values of all labels of a series.
    pub(super) fn labels<'a>(
        &'a self,
        about: &'a About,
        index: u32,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        let constants = about.metric.constants.iter().map(|(name, value)| (&**name, &**value));
        let digits = about.digits(index).zip(&self.values);
        constants
            .chain(digits.map(|((dimension, digit), values)| (&*dimension.name, values.get(digit))))
    }

    /// Appends the labels of a series as the text format writes them between the braces.
    #[inline]
    pub(super) fn push_text(&self, index: u32, out: &mut String) {
        let mut rest = index;
        for Part { texts, below } in &self.parts {
            // Never 0, which the compiler can't know.
            let below = (*below).max(1);
            out.push_str(texts.get((rest / below) as usize));
            rest %= below;
        }
    }
}

/// Appends `name="value"`, after a comma where it is not the first; `value` is escaped.
fn push_label(text: &mut String, name: &str, value: &str) {
    if !text.is_empty() && !text.ends_with(',') {
        text.push(',');
    }
    for part in [name, "=\"", value, "\""] {
        text.push_str(part);
    }
}
