//! A value out of a file that knows where each part of it was written.

use super::Place;
use std::fmt;
use std::ops::{Deref, Range};

/// A part of a value and what it was written as. If both have the same length, each byte of one is
/// the byte of the other; else the part is one character, written as an escape for instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) value: Range<usize>,
    pub(crate) source: Range<usize>,
}

/// A value out of a file: the text that it stands for, its place, and the place of each part.
///
/// The text is not always what the file has: escapes are undone, lines of YAML are folded.
/// [`part`](Self::part) leads back from one to the other.
///
/// ```
/// use tickmetrics_rules::file::RuleFile;
/// use tickmetrics_rules::Source;
///
/// let source = Source::new("a.yml", "
/// groups:
/// - name: orders
///   rules:
///   - record: orders:rate
///     expr: |
///       sum by (side) (
///         rate(orders_total[5m]))
/// ");
/// let file = RuleFile::read(source);
/// let expr = &file.groups[0].rules[0].expr;
/// assert_eq!(expr.as_str(), "sum by (side) (\n  rate(orders_total[5m]))\n");
/// let rate = expr.find("rate").unwrap();
/// let at = file.source.position(expr.part(rate..rate + 4).start);
/// assert_eq!((at.line, at.column), (8, 9));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    value: String,
    place: Place,
    /// In the order of the value, without gaps. Empty if the parts are not known.
    pieces: Vec<Piece>,
}

/// The pieces of a value that the file has as it is.
pub(crate) fn whole(length: usize, start: usize) -> Vec<Piece> {
    vec![Piece { value: 0..length, source: start..start + length }]
}

impl Text {
    pub(crate) fn new(value: String, place: Place, pieces: Vec<Piece>) -> Self {
        Self { value, place, pieces }
    }

    /// The value.
    pub fn as_str(&self) -> &str {
        &self.value
    }

    /// The place of the whole, with its quotes.
    pub fn place(&self) -> Place {
        self.place
    }

    /// Where a part of the value was written. The range is in bytes of the value. It is the place of
    /// the whole where the parts are not known.
    pub fn part(&self, range: Range<usize>) -> Place {
        let (Some(first), Some(last)) = (self.pieces.first(), self.pieces.last()) else {
            return self.place;
        };
        let start = range.start.min(self.value.len());
        let end = range.end.clamp(start, self.value.len());
        // The first piece that ends behind the start.
        let at = self.pieces.partition_point(|piece| piece.value.end <= start);
        let from = match self.pieces.get(at) {
            Some(piece) if piece.is_exact() => piece.source.start + (start - piece.value.start),
            Some(piece) => piece.source.start,
            None => last.source.end,
        };
        if end == start {
            return Place::new(from, from);
        }
        // The last piece that begins before the end.
        let at = self.pieces.partition_point(|piece| piece.value.start < end);
        let piece = at.checked_sub(1).and_then(|at| self.pieces.get(at)).unwrap_or(first);
        let to = if piece.is_exact() {
            piece.source.start + (end - piece.value.start)
        } else {
            piece.source.end
        };
        Place::new(from, to)
    }

    /// Whether the parts are known.
    #[cfg(test)]
    pub(crate) fn has_parts(&self) -> bool {
        !self.pieces.is_empty()
    }
}

impl Piece {
    fn is_exact(&self) -> bool {
        self.value.len() == self.source.len()
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.value
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.value)
    }
}
