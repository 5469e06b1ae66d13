//! What may stand in the place of a variable.
//!
//! A variable can be any text: a label value, a duration, a function, a list of labels. What is
//! around it leaves few possibilities, which are tried one after the other until the parser reads
//! the whole.

use super::NotChecked;
use super::bounds::MAX_LENGTH;
use super::context::{Context, Scan};
use super::variables::{Found, Substituted, Usage, Variables};
use std::borrow::Cow;
use std::ops::Range;

/// Substitutions of one text that are tried.
const MAX_TRIES: usize = 128;
/// The same for a text of any length.
const MIN_TRIES: usize = 8;
/// Bytes of all substitutions of one text.
const MAX_TRIED_BYTES: usize = 512 << 10;
/// Variables in one text.
const MAX_VARIABLES: usize = 1024;
/// Bytes of a value that is used.
const MAX_VALUE: usize = 1024;

/// A text and its variables.
pub(super) struct Template<'a> {
    text: &'a str,
    parts: Vec<Part<'a>>,
}

/// A variable and what may stand in its place, the likeliest first.
struct Part<'a> {
    name: &'a str,
    place: Range<usize>,
    context: Context,
    choices: Vec<Choice<'a>>,
}

#[derive(Clone, Debug, PartialEq)]
struct Choice<'a> {
    text: Cow<'a, str>,
    any: bool,
}

impl<'a> Template<'a> {
    pub(super) fn new(text: &'a str, variables: &'a Variables) -> Result<Self, NotChecked> {
        let mut parts = Vec::new();
        let mut scan = Scan::new(text);
        while let Some((found, place)) = scan.next() {
            // `$__timeFilter(column)`, `$__timeGroup(…)`: functions of SQL.
            if found.name.starts_with("__") && text[place.end..].starts_with('(') && !scan.in_text()
            {
                return Err(NotChecked::Macro { name: found.name.to_owned(), place });
            }
            if parts.len() == MAX_VARIABLES {
                return Err(NotChecked::TooLong);
            }
            let context = scan.context(&place);
            let choices = choices(context, &found, variables, parts.len());
            scan.passed(context, &place);
            parts.push(Part { name: found.name, place, context, choices });
        }
        Ok(Self { text, parts })
    }

    pub(super) fn usages(&self) -> Vec<Usage> {
        let usage =
            |part: &Part<'_>| Usage { name: part.name.to_owned(), place: part.place.clone() };
        self.parts.iter().map(usage).collect()
    }

    /// The texts to try. A variable stands for one thing wherever it is in one context.
    pub(super) fn substitutions(
        &self,
    ) -> impl Iterator<Item = Result<Substituted<'static>, NotChecked>> {
        let mut keys: Vec<(&str, Context, usize)> = Vec::new();
        let mut key_of = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            let key = (part.name, part.context, part.choices.len());
            let known = keys.iter().position(|known| *known == key);
            key_of.push(known.unwrap_or(keys.len()));
            if known.is_none() {
                keys.push(key);
            }
        }
        let tries = keys.iter().fold(1_usize, |all, key| all.saturating_mul(key.2));
        // A long text is tried less often.
        let most = (MAX_TRIED_BYTES / self.text.len().max(1)).clamp(MIN_TRIES, MAX_TRIES);
        (0..tries.min(most)).map(move |attempt| {
            let mut rest = attempt;
            let chosen: Vec<usize> = keys
                .iter()
                .map(|&(_, _, choices)| {
                    let choice = rest % choices;
                    rest /= choices;
                    choice
                })
                .collect();
            self.substituted(key_of.iter().map(|&key| chosen.get(key).copied().unwrap_or(0)))
        })
    }

    fn substituted(
        &self,
        chosen: impl Iterator<Item = usize>,
    ) -> Result<Substituted<'static>, NotChecked> {
        let mut substituted = Substituted::empty();
        let mut at = 0;
        for (part, chosen) in self.parts.iter().zip(chosen) {
            substituted.push(&self.text[at..part.place.start]);
            if let Some(choice) = part.choices.get(chosen) {
                substituted.push_variable(&choice.text, part.place.clone(), choice.any);
            }
            at = part.place.end;
            if substituted.text().len() > MAX_LENGTH {
                return Err(NotChecked::TooLong);
            }
        }
        substituted.push(&self.text[at..]);
        Ok(substituted)
    }
}

/// What may stand in the place of a variable. The number makes names that differ: one label must
/// not be in two lists.
fn choices<'a>(
    context: Context,
    found: &Found<'_>,
    variables: &'a Variables,
    number: usize,
) -> Vec<Choice<'a>> {
    let mut choices = Vec::new();
    let any = |text: &'static str| Choice { text: text.into(), any: true };
    if let Some(choice) = value(context, found, variables) {
        choices.push(choice);
    }
    let further: &[&'static str] = match context {
        Context::Piece | Context::Label => {
            choices.push(Choice { text: format!("v{number}").into(), any: true });
            // `avg_over_time`, `histogram_avg`
            if context == Context::Piece { &["avg"] } else { &[] }
        }
        Context::Text | Context::Metric => &["a"],
        Context::Duration => &["1m"],
        Context::Unit => &["m"],
        Context::Number => &["1"],
        Context::Quoted => &["\"a\""],
        Context::Matchers { before: false, after: false } => &["a=\"a\""],
        Context::Matchers { before: true, after: false } => &[",a=\"a\""],
        Context::Matchers { before: false, after: true } => &["a=\"a\","],
        Context::Matchers { before: true, after: true } => &[",a=\"a\","],
        Context::Function { grouped: true } => &["sum", "topk", "count_values"],
        Context::Function { grouped: false } => &[
            "abs",
            "rate",
            "histogram_quantile",
            "quantile_over_time",
            "clamp_max",
            "sum",
            "topk",
            "count_values",
            "label_replace",
            "time",
        ],
        Context::Operand => &["1", "a"],
        // No plus: it could be the sign of an operand, and leave no mark.
        Context::Operator => &["*", " offset 1m "],
    };
    choices.extend(further.iter().copied().map(any));
    choices
}

/// The first value of a variable, if it fits.
fn value<'a>(context: Context, found: &Found<'_>, variables: &'a Variables) -> Option<Choice<'a>> {
    let values = variables.values(found.name);
    let value = values.first()?.as_str();
    if value.is_empty() || value.len() > MAX_VALUE || value.starts_with('$') {
        return None;
    }
    // Whether it is the same in each format, whatever is escaped there.
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-/: ".contains(c);
    let dots = found.format.is_none();
    let word = |c: char| c.is_ascii_alphanumeric() || "_:.".contains(c);
    let fits = match context {
        // Only one word is marked wherever it is.
        _ if values.len() > 1 => context != Context::Text && value.chars().all(word),
        Context::Text => value.chars().all(|c| plain(c) || dots && c == '.'),
        // A value with brackets, quotes or variables of its own can change what is around it.
        Context::Matchers { .. } | Context::Quoted | Context::Operand | Context::Operator => {
            !value.contains(['$', '#']) && !value.contains("[[")
        }
        Context::Label => value.chars().all(|c| plain(c) && c != '/' || c == ','),
        _ => value.chars().all(|c| plain(c) && c != '/'),
    };
    fits.then(|| Choice { text: value.into(), any: values.len() > 1 })
}
