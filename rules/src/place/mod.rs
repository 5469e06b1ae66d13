//! Places in files that users wrote, so that a finding can underline what it is about.

mod text;

pub use text::Text;
pub(crate) use text::{Piece, whole};

use std::ops::Range;

/// A part of a file, in bytes. The end is not part of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The offset of the first byte.
    pub start: usize,
    /// The offset behind the last byte, at least `start`.
    pub end: usize,
}

impl Place {
    /// The place between two offsets. An end before the start counts as the start.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end: end.max(start) }
    }

    /// The smallest place that has both.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// Whether the other place is within this one.
    pub fn contains(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// The offsets.
    pub fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

impl From<Range<usize>> for Place {
    fn from(range: Range<usize>) -> Self {
        Self::new(range.start, range.end)
    }
}

/// A line and a column, as editors count them: both from 1. A column is a character, not a byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The character within the line, from 1. A byte order mark is none.
    pub column: usize,
}

/// A file that was read: its name, its text, and where its lines begin.
///
/// ```
/// use tickmetrics_rules::{Place, Source};
///
/// let source = Source::new("a.yml", "groups:\n- name: ä b\n");
/// let found = source.text().find('b').unwrap();
/// let at = source.position(found);
/// assert_eq!((at.line, at.column), (2, 11));
/// assert_eq!(source.line(2), "- name: ä b");
/// assert_eq!(source.part(Place::new(found, found + 1)), "b");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    name: String,
    text: String,
    /// The offset at which each line begins. There is at least one.
    lines: Vec<usize>,
    /// How many characters begin before each block. A dashboard can be one line.
    characters: Vec<usize>,
}

/// The bytes of a block.
const BLOCK: usize = 4096;

impl Source {
    /// A file of this name and text. The name is shown in findings: a path that the reader of the
    /// findings can open.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let bytes = text.as_bytes();
        // A carriage return ends a line in YAML, with or without a line feed.
        let ends = bytes.iter().enumerate().filter(|&(at, byte)| {
            *byte == b'\n' || *byte == b'\r' && bytes.get(at + 1) != Some(&b'\n')
        });
        let lines = std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect();
        let characters = std::iter::once(0)
            .chain(bytes.chunks(BLOCK).scan(0, |before, block| {
                *before += begins(block);
                Some(*before)
            }))
            .collect();
        Self { name: name.into(), text, lines, characters }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text at a place. It is empty where the place is not one of this file.
    pub fn part(&self, place: Place) -> &str {
        self.text.get(place.range()).unwrap_or_default()
    }

    /// The number of lines, at least 1.
    pub fn line_count(&self) -> usize {
        self.lines.len()
    }

    /// The line of an offset, from 1. An offset behind the end is on the last line.
    pub fn line_of(&self, offset: usize) -> usize {
        self.lines.partition_point(|start| *start <= offset).max(1)
    }

    /// The place of a line, counted from 1, without its end.
    pub fn line_place(&self, line: usize) -> Place {
        let Some(&start) = line.checked_sub(1).and_then(|line| self.lines.get(line)) else {
            return Place::new(self.text.len(), self.text.len());
        };
        let end = self.lines.get(line).copied().unwrap_or(self.text.len());
        let line = self.text.get(start..end).unwrap_or_default();
        Place::new(start, start + line.trim_end_matches(['\r', '\n']).len())
    }

    /// A line, counted from 1, without its end.
    pub fn line(&self, line: usize) -> &str {
        self.part(self.line_place(line))
    }

    /// The line and column of an offset. An offset behind the end counts as the end.
    pub fn position(&self, offset: usize) -> Position {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.line_of(offset);
        let start = self.line_place(line).start;
        let mut before = self.characters_before(offset) - self.characters_before(start);
        if start == 0 {
            let marks = self.text.len() - self.text.trim_start_matches('\u{feff}').len();
            before -= self.characters_before(offset.min(marks));
        }
        Position { line, column: before + 1 }
    }

    fn characters_before(&self, offset: usize) -> usize {
        let block = offset / BLOCK;
        let rest = self.text.as_bytes().get(block * BLOCK..offset).unwrap_or_default();
        self.characters.get(block).copied().unwrap_or_default() + begins(rest)
    }
}

/// How many characters begin in a part of a text.
fn begins(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count()
}
