//! The valid names of metrics and labels, and their escaped forms for readers that can't read all
//! of them.
//!
//! Any UTF-8 can be a name since Prometheus 3. Every version and every tool accepts the *legacy*
//! names (<https://prometheus.io/docs/concepts/data_model/#metric-names-and-labels>): metrics
//! `[a-zA-Z_:][a-zA-Z0-9_:]*`, labels the same without `:`. The reader of an exposition chooses the
//! escaping of other names; see [`Escaping`].

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::Write as _;

/// The escaping of names that are not legacy names: one of Prometheus' escaping schemes
/// (<https://prometheus.io/docs/instrumenting/escaping_schemes/>). A scraper chooses it by
/// `escaping=` in its header `Accept`.
///
/// Legacy names, `[a-zA-Z_:][a-zA-Z0-9_:]*` for metrics and the same without `:` for labels, are
/// never changed, as in Prometheus' own library for Go.
///
/// ```
/// use tickmetrics::Escaping;
///
/// let name = "orders.sent_to";
/// assert_eq!(Escaping::AllowUtf8.metric(name), "orders.sent_to");
/// assert_eq!(Escaping::Underscores.metric(name), "orders_sent_to");
/// assert_eq!(Escaping::Dots.metric(name), "orders_dot_sent__to");
/// assert_eq!(Escaping::Values.metric(name), "U__orders_2e_sent__to");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Escaping {
    /// `underscores`, the default: `_` in place of each character that no legacy name has.
    #[default]
    Underscores,
    /// `allow-utf-8`: names as they are, in double quotes in the text formats.
    AllowUtf8,
    /// `dots`: `_dot_` for a dot, and `__` for an underscore and for any other character.
    Dots,
    /// `values`: `U__` in front, `__` for an underscore, and other characters as their number, such
    /// as `_2e_`.
    Values,
}

impl Escaping {
    /// All schemes.
    pub const ALL: [Self; 4] = [Self::Underscores, Self::AllowUtf8, Self::Dots, Self::Values];

    /// The scheme's value of `escaping=`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Underscores => "underscores",
            Self::AllowUtf8 => "allow-utf-8",
            Self::Dots => "dots",
            Self::Values => "values",
        }
    }

    /// Whether the name is a legacy name of a metric.
    pub fn is_legacy_metric(name: &str) -> bool {
        is_legacy(name, true)
    }

    /// Whether the name is a legacy name of a label.
    pub fn is_legacy_label(name: &str) -> bool {
        is_legacy(name, false)
    }

    /// The escaped name of a metric.
    pub fn metric(self, name: &str) -> Cow<'_, str> {
        self.escape(name, true)
    }

    /// The escaped name of a label.
    pub fn label(self, name: &str) -> Cow<'_, str> {
        self.escape(name, false)
    }

    fn escape(self, name: &str, colon: bool) -> Cow<'_, str> {
        if self == Self::AllowUtf8 || is_legacy(name, colon) {
            return name.into();
        }
        let mut escaped = String::from(if self == Self::Values { "U__" } else { "" });
        for (at, c) in name.chars().enumerate() {
            match (self, c) {
                (Self::Dots | Self::Values, '_') => escaped.push_str("__"),
                (Self::Dots, '.') => escaped.push_str("_dot_"),
                _ if starts(c, colon) || at > 0 && c.is_ascii_digit() => escaped.push(c),
                // The document has `_` here; the libraries for Go and Python write two.
                (Self::Dots, _) => escaped.push_str("__"),
                // Writing to a string does not fail.
                (Self::Values, _) => _ = write!(escaped, "_{:x}_", u32::from(c)),
                _ => escaped.push('_'),
            }
        }
        escaped.into()
    }
}

fn is_legacy(name: &str, colon: bool) -> bool {
    name.starts_with(|c| starts(c, colon))
        && name.chars().all(|c| starts(c, colon) || c.is_ascii_digit())
}

fn starts(c: char, colon: bool) -> bool {
    c.is_ascii_alphabetic() || c == '_' || colon && c == ':'
}

/// The fault of a metric's name, if it has one. `tickmetrics-macros` has the same rules.
pub(crate) fn fault_of_metric(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        Some("it is empty")
    } else if name.chars().any(char::is_control) {
        Some("it has a control character")
    } else {
        None
    }
}

/// The fault of a label's name, if it has one.
pub(crate) fn fault_of_label(name: &str) -> Option<&'static str> {
    let reserved = name.starts_with("__").then_some("names that start with '__' are reserved");
    fault_of_metric(name).or(reserved)
}

/// Whether the labels' names differ in each escaping.
pub(crate) fn are_told_apart<'a>(labels: &(impl Iterator<Item = &'a str> + Clone)) -> bool {
    Escaping::ALL.into_iter().all(|escaping| {
        let mut known = HashSet::new();
        labels.clone().all(|label| known.insert(escaping.label(label)))
    })
}

/// Whether two labels' names are the same in some escaping. Mostly both are legacy names, which no
/// escaping changes.
pub(crate) fn can_meet(one: &str, other: &str) -> bool {
    let are_legacy = Escaping::is_legacy_label(one) && Escaping::is_legacy_label(other);
    one == other || !are_legacy && !are_told_apart(&[one, other].into_iter())
}

/// The greatest length of a name, escaped or quoted: a dot becomes `_dot_`.
pub(crate) fn longest(name: &str) -> usize {
    if Escaping::is_legacy_label(name) { name.len() } else { 5 * name.len() + 3 }
}

/// The beginning of a text: at most so many bytes, without half a character at its end.
pub(crate) fn beginning(text: &str, most: usize) -> &str {
    // Of four consecutive positions, one is between characters.
    (0..=most.min(text.len())).rev().find_map(|end| text.get(..end)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{
        Escaping, are_told_apart, can_meet, fault_of_label, fault_of_metric, is_legacy, longest,
    };
    use proptest::prelude::*;

    /// The examples of the document, and the results of Python's `prometheus_client` 0.26 for
    /// others.
    #[test]
    fn names_are_escaped_as_others_do() {
        let cases = [
            (
                "metric.name/with/slashes",
                "metric_name_with_slashes",
                "metric_dot_name__with__slashes",
                "U__metric_2e_name_2f_with_2f_slashes",
            ),
            (
                "metric.name.with.dots",
                "metric_name_with_dots",
                "metric_dot_name_dot_with_dot_dots",
                "U__metric_2e_name_2e_with_2e_dots",
            ),
            ("1st", "_st", "__st", "U___31_st"),
            ("é_ü 日🦀", "______", "____________", "U___e9____fc__20__65e5__1f980_"),
            ("a:b.c", "a:b_c", "a:b_dot_c", "U__a:b_2e_c"),
            ("legacy_name:1", "legacy_name:1", "legacy_name:1", "legacy_name:1"),
        ];
        for (name, underscores, dots, values) in cases {
            assert_eq!(Escaping::Underscores.metric(name), underscores);
            assert_eq!(Escaping::Dots.metric(name), dots);
            assert_eq!(Escaping::Values.metric(name), values);
            assert_eq!(Escaping::AllowUtf8.metric(name), name);
        }
        assert_eq!(Escaping::Underscores.label("a:b"), "a_b");
        assert_eq!(Escaping::Values.label("a:b"), "U__a_3a_b");
    }

    #[test]
    fn invalid_names_are_reported() {
        for bad in ["", "a\0", "a\nb", "\u{85}"] {
            assert!(fault_of_metric(bad).is_some() && fault_of_label(bad).is_some(), "{bad:?}");
        }
        for reserved in ["__name__", "__"] {
            assert!(fault_of_label(reserved).is_some(), "{reserved}");
        }
        for good in ["a.b", "1", " ", "é", "\"", "_a", ".a", "日本"] {
            assert_eq!((fault_of_metric(good), fault_of_label(good)), (None, None), "{good}");
        }
    }

    proptest! {
        #[test]
        fn names_meet_as_they_are_not_told_apart(one in "[a_.é]{1,3}|U__a_2e_", other in "[a_.é]{1,3}|a\\.") {
            prop_assert_eq!(can_meet(&one, &other), !are_told_apart(&[&*one, &*other].into_iter()));
        }

        #[test]
        fn escaped_names_are_legacy_ones(name in "\\PC{1,9}", colon: bool) {
            for escaping in [Escaping::Underscores, Escaping::Dots, Escaping::Values] {
                let escaped = escaping.escape(&name, colon);
                prop_assert!(is_legacy(&escaped, colon), "{escaped}");
                prop_assert!(escaped.len() <= longest(&name));
            }
        }
    }
}
