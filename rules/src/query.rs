//! Expressions about metrics, as text in the form that Prometheus prints.

use std::fmt::{self, Display, Write};
use tickmetrics_exporter::encode::canonical;

/// Words that Prometheus does not read as a metric's name where it begins an expression.
const RESERVED: [&str; 8] =
    ["atan2", "bool", "group_left", "group_right", "ignoring", "inf", "nan", "on"];

/// A metric with matchers: `orders_total{side="buy"}`.
#[derive(Clone, Debug)]
pub(crate) struct Selector {
    name: String,
    matchers: Vec<(String, &'static str, String)>,
}

impl Selector {
    pub(crate) fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), matchers: Vec::new() }
    }

    /// With the label of this value.
    #[must_use]
    pub(crate) fn equal(self, label: &str, value: impl Into<String>) -> Self {
        self.with(label, "=", value.into())
    }

    /// With a label whose value the regular expression matches as a whole.
    #[must_use]
    pub(crate) fn matching(self, label: &str, expression: impl Into<String>) -> Self {
        self.with(label, "=~", expression.into())
    }

    /// With a label that has one of these values.
    #[must_use]
    pub(crate) fn one_of(self, label: &str, values: &[String]) -> Self {
        match values {
            [value] => self.equal(label, value),
            values => {
                let values: Vec<_> = values.iter().map(|value| escaped(value)).collect();
                self.matching(label, values.join("|"))
            }
        }
    }

    /// With a bucket's edge, in each form in which it may be stored.
    #[must_use]
    pub(crate) fn edge(self, edge: f64) -> Self {
        self.one_of("le", &edge_forms(edge))
    }

    fn with(mut self, label: &str, operator: &'static str, value: String) -> Self {
        self.matchers.push((label.to_owned(), operator, value));
        self
    }

    /// The events a second.
    pub(crate) fn rate(&self, window: &str) -> String {
        format!("rate({self}[{window}])")
    }
}

impl Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, matchers } = self;
        let mut parts: Vec<String> = matchers
            .iter()
            .map(|(label, operator, value)| {
                format!("{}{operator}{}", label_name(label), quoted(value))
            })
            .collect();
        if is_reserved(name) {
            // Prometheus 2 reads no metric's name that is quoted alone.
            parts.insert(0, format!("__name__={}", quoted(name)));
        } else if is_plain(name, true) {
            f.write_str(name)?;
        } else {
            parts.insert(0, quoted(name));
        }
        if parts.is_empty() { Ok(()) } else { write!(f, "{{{}}}", parts.join(", ")) }
    }
}

/// The texts of a bucket's edge in the label `le`, each once. The first is that of this project's
/// exporter and of Prometheus 3. Prometheus 2 stores what an exporter writes, and others write `1` for
/// `1.0`, or all digits.
pub(crate) fn edge_forms(edge: f64) -> Vec<String> {
    let canonical = canonical(edge);
    let whole = canonical.strip_suffix(".0").map(str::to_owned);
    let mut forms = vec![canonical];
    for form in whole.into_iter().chain([edge.to_string()]) {
        if !forms.contains(&form) {
            forms.push(form);
        }
    }
    forms
}

/// A label's name, in quotes if it has other characters than Prometheus 2 allows.
pub(crate) fn label_name(name: &str) -> String {
    if is_plain(name, false) { name.to_owned() } else { quoted(name) }
}

/// Names for `by` and `without`.
pub(crate) fn label_names<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.into_iter().map(label_name).collect();
    names.join(", ")
}

/// The sum over all labels but these.
pub(crate) fn sum(by: &[String], of: &str) -> String {
    aggregated("sum", by, of)
}

/// An aggregation over all labels but these.
pub(crate) fn aggregated(operator: &str, by: &[String], of: &str) -> String {
    if by.is_empty() {
        return format!("{operator}({of})");
    }
    format!("{operator} by ({}) ({of})", label_names(by.iter().map(String::as_str)))
}

/// A string of an expression.
pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            character if character.is_control() => {
                // Into a string, which can't fail.
                let _ = write!(quoted, "\\u{:04x}", u32::from(character));
            }
            character => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

/// A text whose characters stand for themselves in a regular expression.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if "\\.+*?()|[]{}^$".contains(character) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

fn is_plain(name: &str, is_metric: bool) -> bool {
    let is_letter = |c: char| c.is_ascii_alphabetic() || c == '_' || (is_metric && c == ':');
    name.starts_with(is_letter) && name.chars().all(|c| is_letter(c) || c.is_ascii_digit())
}

/// Whether Prometheus reads a metric's name as a number, or as a word of the language.
fn is_reserved(name: &str) -> bool {
    RESERVED.iter().any(|word| word.eq_ignore_ascii_case(name))
}

/// Seconds in the form of Prometheus: `90s`, `5m`, `1h`, `3d`.
pub(crate) fn duration(seconds: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(86_400, "d"), (3_600, "h"), (60, "m")];
    let unit = UNITS.iter().find(|(unit, _)| seconds > 0 && seconds.is_multiple_of(*unit));
    unit.map_or_else(|| format!("{seconds}s"), |(unit, name)| format!("{}{name}", seconds / unit))
}

#[cfg(test)]
mod tests {
    use super::{Selector, duration};
    use crate::expression;

    #[test]
    fn selectors_are_read_back() {
        let cases = [
            (Selector::new("a_total"), "a_total"),
            (Selector::new("a_total").equal("b", "c\"\\\n"), r#"a_total{b="c\"\\\n"}"#),
            (Selector::new("a.b").equal("c.d", "e"), r#"{"a.b", "c.d"="e"}"#),
            (Selector::new("NaN").equal("c", "e"), r#"{__name__="NaN", c="e"}"#),
            (Selector::new("a").one_of("b", &["c.d".into(), "e".into()]), r#"a{b=~"c\\.d|e"}"#),
            (Selector::new("a_bucket").edge(0.5), r#"a_bucket{le="0.5"}"#),
            (Selector::new("a_bucket").edge(1.0), r#"a_bucket{le=~"1\\.0|1"}"#),
            (Selector::new("a_bucket").edge(1e-5), r#"a_bucket{le=~"1e-05|0\\.00001"}"#),
            (Selector::new("a_bucket").edge(1e6), r#"a_bucket{le=~"1e\\+06|1000000"}"#),
        ];
        for (selector, text) in cases {
            assert_eq!(selector.to_string(), text);
            assert!(expression::parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn durations_have_the_largest_unit() {
        let cases = [(0, "0s"), (90, "90s"), (300, "5m"), (3_600, "1h"), (259_200, "3d")];
        for (seconds, text) in cases {
            assert_eq!(duration(seconds), text);
        }
    }
}
