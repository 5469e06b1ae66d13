//! A label set as one text: the directory keeps the series of a dynamic family as it keeps the
//! values of an interned label.
//!
//! ```text
//! label set  | name | value | name | value | ...    names rise
//! name, value| length, as two characters of seven bits, the lower ones first | the text |
//! ```

use crate::names::{are_told_apart, fault_of_label};

/// The label set of the series for all that did not fit, which has no entry:
/// `otel_metric_overflow="true"`, as OpenTelemetry names it
/// (<https://opentelemetry.io/docs/specs/otel/metrics/sdk/#overflow-attribute>).
pub(crate) const OVERFLOW: &str = "\u{14}\0otel_metric_overflow\u{4}\0true";
/// The name of its label.
const OVERFLOW_NAME: &str = "otel_metric_overflow";
/// The most different names of labels in one dynamic family.
pub(crate) const MAX_SET_NAMES: usize = 128;
/// The bits of a character of a length.
const BITS: u32 = 7;
const MASK: usize = (1 << BITS) - 1;

/// The labels of a set, by name. Damage ends them.
pub(crate) fn pairs(text: &str) -> Pairs<'_> {
    Pairs { rest: text }
}

/// See [`pairs`].
#[derive(Clone, Debug)]
pub(crate) struct Pairs<'a> {
    rest: &'a str,
}

impl<'a> Pairs<'a> {
    fn part(&mut self) -> Option<&'a str> {
        let end = 2 + decoded(*self.rest.as_bytes().first_chunk()?);
        let part = self.rest.get(2..end)?;
        self.rest = self.rest.get(end..)?;
        Some(part)
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<(&'a str, &'a str)> {
        // A name without a value stays in the rest.
        let mut ahead = self.clone();
        let pair = (ahead.part()?, ahead.part()?);
        *self = ahead;
        Some(pair)
    }
}

/// The text of labels whose names rise, in `room`; `None` without room for it.
pub(crate) fn write<'a>(labels: &[(&str, &str)], room: &'a mut [u8]) -> Option<&'a [u8]> {
    let mut at = 0;
    for part in labels.iter().flat_map(|(name, value)| [name, value]) {
        let end = at + 2 + part.len();
        let [low, high, text @ ..] = room.get_mut(at..end)? else { return None };
        [*low, *high] = encoded(part.len())?;
        text.copy_from_slice(part.as_bytes());
        at = end;
    }
    room.get(..at)
}

/// Whether a text is that of these labels, whose names rise.
#[inline]
pub(crate) fn is_of(text: &str, labels: &[(&str, &str)]) -> bool {
    let mut rest = text.as_bytes();
    let parts = labels.iter().flat_map(|(name, value)| [name, value]);
    parts.into_iter().all(|part| is_next(&mut rest, part)) && rest.is_empty()
}

/// Whether the rest of a text begins with this part, and the rest after it. Written out, since calls of
/// `memcmp` for a few bytes each would be most of a look-up's cost.
#[inline]
fn is_next(rest: &mut &[u8], part: &str) -> bool {
    let part = part.as_bytes();
    let Some((&length, after)) = rest.split_first_chunk() else { return false };
    let Some((found, after)) = after.split_at_checked(part.len()) else { return false };
    *rest = after;
    // The last bytes are compared twice where the length is no multiple of eight, or of four.
    decoded(length) == part.len()
        && if let (Some(a), Some(b)) = (part.last_chunk::<8>(), found.last_chunk::<8>()) {
            let (words, _) = part.as_chunks::<8>();
            a == b && words.iter().zip(found.as_chunks().0).all(|(a, b)| a == b)
        } else if let (Some(a), Some(b)) = (part.last_chunk::<4>(), found.last_chunk::<4>()) {
            a == b && part.first_chunk::<4>() == found.first_chunk()
        } else {
            part.iter().zip(found).all(|(a, b)| a == b)
        }
}

/// The two characters of a length; `None` for one that they can't hold.
#[expect(clippy::cast_possible_truncation, reason = "seven bits each")]
fn encoded(length: usize) -> Option<[u8; 2]> {
    (length >> (2 * BITS) == 0).then_some([(length & MASK) as u8, (length >> BITS) as u8])
}

#[inline]
fn decoded([low, high]: [u8; 2]) -> usize {
    usize::from(low) | usize::from(high) << BITS
}

/// The names of the labels of a dynamic family so far.
#[derive(Debug, Default)]
pub(crate) struct SetNames {
    /// Those that no set can have, and then those of the sets.
    names: Vec<String>,
    reserved: usize,
}

impl SetNames {
    /// Without sets. The reserved names are those that every series has in addition: of a metric's
    /// constant labels, and those that its exposition adds.
    pub(crate) fn reserving(reserved: &[&str]) -> Self {
        let names = reserved.iter().map(|&name| name.to_owned()).collect();
        Self { names, reserved: reserved.len() }
    }

    /// The reason why a set of labels, by name, can't be one of the family's.
    pub(crate) fn fault<'a>(
        &self,
        labels: &(impl Iterator<Item = (&'a str, &'a str)> + Clone),
    ) -> Option<(&'a str, &'static str)> {
        let mut before = None;
        for (name, _) in labels.clone() {
            if let Some(fault) = fault_of_label(name) {
                return Some((name, fault));
            }
            if self.reserved().iter().any(|it| it == name) {
                return Some((name, "every series of the metric has a label of that name"));
            }
            if before >= Some(name) {
                return Some((name, "it appears twice"));
            }
            before = Some(name);
        }
        let new: Vec<&str> = self.unknown(labels).collect();
        let &[first, ..] = &new[..] else { return None };
        if self.names.len() + new.len() > MAX_SET_NAMES {
            return Some((first, "the metric has as many names of labels as it can have"));
        }
        let all = self.names.iter().map(String::as_str).chain(new.iter().copied());
        // That of the series for all that did not fit is one of them, sooner or later.
        let overflow = (!all.clone().any(|name| name == OVERFLOW_NAME)).then_some(OVERFLOW_NAME);
        let all = all.chain(overflow);
        (!are_told_apart(&all)).then_some((
            first,
            "a scraper that does not take all names would have another label under the same one",
        ))
    }

    /// The names that no set can have.
    pub(crate) fn reserved(&self) -> &[String] {
        self.names.get(..self.reserved).unwrap_or_default()
    }

    /// Adds the names of a set without a fault.
    pub(crate) fn add<'a>(&mut self, labels: &(impl Iterator<Item = (&'a str, &'a str)> + Clone)) {
        let new: Vec<String> = self.unknown(labels).map(str::to_owned).collect();
        self.names.extend(new);
    }

    fn unknown<'a>(
        &self,
        labels: &(impl Iterator<Item = (&'a str, &'a str)> + Clone),
    ) -> impl Iterator<Item = &'a str> {
        labels.clone().map(|(name, _)| name).filter(|name| !self.names.iter().any(|it| it == name))
    }
}

/// Whether a text is a label set, whole. Each label has a value: an empty one is the same as none.
pub(crate) fn is_set(text: &str) -> bool {
    let mut pairs = pairs(text);
    pairs.by_ref().all(|(_, value)| !value.is_empty()) && pairs.rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::{OVERFLOW, SetNames, is_of, is_set, pairs, write};
    use proptest::prelude::*;

    fn text(labels: &[(&str, &str)]) -> Option<String> {
        let mut room = [0; 600];
        Some(std::str::from_utf8(write(labels, &mut room)?).unwrap().to_owned())
    }

    #[test]
    fn the_overflow_is_a_set() {
        assert_eq!(text(&[("otel_metric_overflow", "true")]).unwrap(), OVERFLOW);
    }

    #[test]
    fn a_text_that_ends_behind_a_name_is_no_set() {
        assert!(is_set("") && is_set("\u{1}\0a\u{1}\0b"));
        for text in
            ["\u{1}\0a", "\u{4}\0a\u{1}\0b", "\u{1}\0a\u{1}\0b\u{1}\0c", "\u{1}\0a\0\0", "\0"]
        {
            assert!(!is_set(text), "{text:?}");
        }
    }

    #[test]
    fn sets_that_can_t_be_are_refused() {
        let names = SetNames::reserving(&["host", "le"]);
        for (labels, label) in [
            (&[("le", "1")][..], Some("le")),
            (&[("a", ""), ("host", "")], Some("host")),
            (&[("a", ""), ("a", "")], Some("a")),
            (&[("b", ""), ("a", "")], Some("a")),
            (&[("__a", "")], Some("__a")),
            (&[("", "")], Some("")),
            (&[("a.b", ""), ("a_b", "")], Some("a.b")),
            (&[("otel.metric.overflow", "true")], Some("otel.metric.overflow")),
            (&[("otel_metric_overflow", "true")], None),
            (&[("a", ""), ("b", "")], None),
            (&[], None),
        ] {
            let fault = names.fault(&labels.iter().copied());
            assert_eq!(fault.map(|(label, _)| label), label, "{labels:?}");
        }
    }

    #[test]
    fn names_that_differ_only_for_some_scrapers_are_refused_across_sets() {
        let mut names = SetNames::default();
        names.add(&[("a.b", "")].into_iter());
        assert!(names.fault(&[("a_b", "")].into_iter()).is_some());
        assert!(names.fault(&[("a.b", "")].into_iter()).is_none());
        for at in 0..200 {
            let name = format!("n{at}");
            let set = [(&*name, "")].into_iter();
            assert_eq!(names.fault(&set).is_some(), at >= 127, "{at}");
            if names.fault(&set).is_none() {
                names.add(&set);
            }
        }
    }

    proptest! {
        #[test]
        fn labels_come_back(labels in prop::collection::vec((".{0,9}|.{0,200}", ".{0,20}|.{0,200}"), 0..4)) {
            let labels: Vec<_> = labels.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
            let have_values = labels.iter().all(|(_, value)| !value.is_empty());
            let bytes: usize = labels.iter().map(|(a, b)| 4 + a.len() + b.len()).sum();
            match text(&labels) {
                Some(text) => {
                    prop_assert!(is_of(&text, &labels));
                    prop_assert!(pairs(&text).eq(labels.iter().copied()));
                    prop_assert_eq!(is_set(&text), have_values);
                    prop_assert_eq!(text.len(), bytes);
                }
                None => prop_assert!(bytes > 600),
            }
        }

        #[test]
        fn other_labels_are_not_a_text_s(
            a in prop::collection::vec(("[ab]{0,10}", "[ab]{0,10}"), 0..3),
            b in prop::collection::vec(("[ab]{0,10}", "[ab]{0,10}"), 0..3),
        ) {
            let [a, b] = [&a, &b].map(|labels| {
                labels.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect::<Vec<_>>()
            });
            prop_assert_eq!(is_of(&text(&a).unwrap(), &b), a == b);
            let text = text(&a).unwrap();
            for end in (0..text.len()).filter(|&end| text.is_char_boundary(end)) {
                prop_assert!(!is_of(&text[..end], &a));
            }
        }

        #[test]
        fn any_text_has_an_end(text in ".{0,40}") {
            let found: usize = pairs(&text).map(|(a, b)| 4 + a.len() + b.len()).sum();
            prop_assert!(found <= text.len());
            prop_assert!(!is_set(&text) || found == text.len());
        }
    }
}
