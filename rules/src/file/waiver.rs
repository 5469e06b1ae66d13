//! Comments that allow what a check would find.

use crate::place::{Place, Source};
use std::ops::Range;

/// The word that begins a waiver.
const MARK: &str = "tickmetrics:";

/// A waiver: `tickmetrics: allow CHECK REASON` in a comment, or in the description of a panel.
///
/// It covers what begins on its line or, if it has a line of its own, what begins on the next line
/// that has content: a whole file, group or rule, or one field. Where several begin there, it
/// covers the outermost. So at the head of a file it is for the whole file, before `- name:` for a
/// group and before `- alert:` for a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Waiver {
    /// The check that is waived. Whether there is such a check is not known here.
    pub check: String,
    /// The reason, which is not empty.
    pub reason: String,
    /// Where the waiver was written.
    pub place: Place,
    /// Where the name of the check was written.
    pub check_place: Place,
    /// What it covers.
    pub scope: Place,
}

impl Waiver {
    /// Whether it covers a place.
    pub fn covers(&self, place: Place) -> bool {
        self.scope.contains(place)
    }
}

/// What a comment or a line of a description says. Ranges are in bytes of it.
pub(super) struct Written {
    pub(super) check: Range<usize>,
    pub(super) reason: Range<usize>,
}

/// Reads a comment without its `#`. `None` if it is not for this program, and an error if it is
/// none of its waivers.
pub(super) fn written(comment: &str) -> Option<Result<Written, &'static str>> {
    const FORM: &str = "a waiver has the form \"tickmetrics: allow CHECK REASON\"";
    let at = |part: &str| part.as_ptr() as usize - comment.as_ptr() as usize;
    let range = |part: &str| at(part)..at(part) + part.len();
    let rest = comment.trim_start().strip_prefix(MARK)?.trim();
    let (word, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    if word != "allow" {
        return Some(Err(FORM));
    }
    let rest = rest.trim_start();
    let (check, reason) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let reason = reason.trim();
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'/');
    Some(if check.is_empty() || !check.bytes().all(is_name) {
        Err(FORM)
    } else if reason.is_empty() {
        Err("a waiver needs a reason behind the name of the check")
    } else {
        Ok(Written { check: range(check), reason: range(reason) })
    })
}

/// The lines of a text that hold a waiver, from its mark on: where they begin, and what they say.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut start = 0;
    text.split_inclusive('\n').filter_map(move |line| {
        let at = start;
        start += line.len();
        let mark = line.find(MARK)?;
        Some((at + mark, line.get(mark..)?.trim_end()))
    })
}

/// What a comment at a place covers, of the things of a file, which are sorted.
pub(super) fn scope(source: &Source, comment: Place, things: &[Place]) -> Place {
    let line = source.line_place(source.line_of(comment.start));
    let before = source.part(Place::new(line.start, comment.start));
    let alone = before.trim_matches(['\u{feff}', ' ', '\t']).is_empty();
    let from = if alone { comment.end } else { line.start };
    let first = things.partition_point(|thing| thing.start < from);
    let next = things.get(first..).unwrap_or_default();
    match next.first() {
        Some(begin) if alone || begin.start < line.end => {
            // Of those that begin together, the last one is the longest.
            let together = next.iter().take_while(|thing| thing.start == begin.start);
            together.last().copied().unwrap_or(line)
        }
        _ => line,
    }
}
