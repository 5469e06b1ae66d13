//! Where each part of a YAML scalar was written.
//!
//! The parser has undone quotes, escapes, indentation and folding already. All of these leave the
//! characters that are no white space in their order, so the value and its notation are walked side
//! by side: such a character is the next one of the notation, and between two of them white space
//! stands for white space. A notation that does not fit gives no pieces, rather than wrong ones.

use crate::place::{Piece, whole};
use granit_parser::ScalarStyle;

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// The length of the white space at the start.
fn spaces(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| is_space(**byte)).count()
}

/// The pieces of a value whose notation begins at `base`. No pieces where the two do not fit.
pub(super) fn pieces(value: &str, notation: &str, base: usize, style: ScalarStyle) -> Vec<Piece> {
    let (skip, notation) = match style {
        ScalarStyle::SingleQuoted => inside(notation, '\''),
        ScalarStyle::DoubleQuoted => inside(notation, '"'),
        // That of a block begins behind the line with `|` or `>`, and behind its indentation.
        ScalarStyle::Plain | ScalarStyle::Literal | ScalarStyle::Folded => (0, notation),
    };
    let base = base + skip;
    if value == notation {
        return whole(value.len(), base);
    }
    let mut walk = Walk { value, notation, base, v: 0, n: 0, pieces: Vec::new() };
    let fits = match style {
        ScalarStyle::Literal | ScalarStyle::Folded => walk.block(),
        _ => walk.flow(style),
    };
    if fits.is_some() { walk.pieces } else { Vec::new() }
}

fn inside(notation: &str, quote: char) -> (usize, &str) {
    let inner = notation.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    inner.map_or((0, notation), |inner| (1, inner))
}

struct Walk<'a> {
    value: &'a str,
    notation: &'a str,
    base: usize,
    /// Offsets of what comes next.
    v: usize,
    n: usize,
    pieces: Vec<Piece>,
}

impl<'a> Walk<'a> {
    fn rest(&self) -> (&'a str, &'a str) {
        (
            self.value.get(self.v..).unwrap_or_default(),
            self.notation.get(self.n..).unwrap_or_default(),
        )
    }

    /// The next bytes of the value stand for the next bytes of the notation.
    fn push(&mut self, of_value: usize, of_notation: usize) {
        let start = self.base + self.n;
        let value = self.v..self.v + of_value;
        let source = start..start + of_notation;
        (self.v, self.n) = (value.end, self.n + of_notation);
        if of_value == 0 {
            return;
        }
        let exact = of_value == of_notation;
        match self.pieces.last_mut() {
            // Pieces that continue each other are one.
            Some(last)
                if exact && last.value.len() == last.source.len() && last.source.end == start =>
            {
                last.value.end = value.end;
                last.source.end = source.end;
            }
            _ => self.pieces.push(Piece { value, source }),
        }
    }

    /// The characters up to the next white space, quote or escape, which must be the same.
    fn same(&mut self, stop: impl Fn(u8) -> bool) -> Option<()> {
        let (value, notation) = self.rest();
        let same = |(a, b): &(u8, u8)| a == b && !is_space(*a) && !stop(*a);
        let length = value.bytes().zip(notation.bytes()).take_while(same).count();
        self.push(length, length);
        (length > 0).then_some(())
    }

    fn block(&mut self) -> Option<()> {
        loop {
            let (value, notation) = self.rest();
            let (of_value, of_notation) = (spaces(value.as_bytes()), spaces(notation.as_bytes()));
            if of_value == value.len() {
                // What is behind the last character: line ends, which may be left out.
                let length = of_value.min(of_notation);
                self.push(length, length);
                self.push(of_value - length, 0);
                return (of_notation == notation.len()).then_some(());
            }
            self.white(of_value, of_notation);
            self.same(|_| false)?;
        }
    }

    /// White space that stands for white space: the same at the start and at the end.
    fn white(&mut self, of_value: usize, of_notation: usize) {
        let (value, notation) = self.rest();
        let value = value.as_bytes().get(..of_value).unwrap_or_default();
        let notation = notation.as_bytes().get(..of_notation).unwrap_or_default();
        let same = |(a, b): &(&u8, &u8)| a == b;
        let first = value.iter().zip(notation).take_while(same).count();
        let last = value.iter().rev().zip(notation.iter().rev()).take_while(same).count();
        let last = last.min(of_value - first).min(of_notation - first);
        self.push(first, first);
        self.push(of_value - first - last, of_notation - first - last);
        self.push(last, last);
    }

    fn flow(&mut self, style: ScalarStyle) -> Option<()> {
        loop {
            let (value, notation) = self.rest();
            let Some(next) = notation.bytes().next() else {
                return value.is_empty().then_some(());
            };
            if is_space(next) {
                self.fold(notation)?;
            } else if style == ScalarStyle::SingleQuoted && next == b'\'' {
                (value.starts_with('\'') && notation.starts_with("''")).then_some(())?;
                self.push(1, 2);
            } else if style == ScalarStyle::DoubleQuoted && next == b'\\' {
                self.escape(value, notation)?;
            } else {
                self.same(|byte| match style {
                    ScalarStyle::SingleQuoted => byte == b'\'',
                    ScalarStyle::DoubleQuoted => byte == b'\\',
                    _ => false,
                })?;
            }
        }
    }

    /// White space between the words of a flow scalar: one line end is a space, and of several all
    /// but one stay.
    fn fold(&mut self, notation: &str) -> Option<()> {
        let of_notation = spaces(notation.as_bytes());
        let run = notation.get(..of_notation)?;
        let lines = run.replace("\r\n", "\n").matches(['\n', '\r']).count();
        let folded = match lines {
            0 => run.to_owned(),
            1 => " ".to_owned(),
            more => "\n".repeat(more - 1),
        };
        self.rest().0.starts_with(&folded).then_some(())?;
        self.push(folded.len(), of_notation);
        Some(())
    }

    fn escape(&mut self, value: &str, notation: &str) -> Option<()> {
        let letter = notation.chars().nth(1)?;
        if matches!(letter, '\n' | '\r') {
            // The line goes on, without what indents it.
            self.n += 1 + spaces(notation.as_bytes().get(1..)?);
            return Some(());
        }
        let digits = match letter {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        let mut length = 1 + letter.len_utf8() + digits;
        let meant = value.chars().next()?;
        // A character beyond 16 bits may be two escapes.
        if letter == 'u' && u32::from(meant) > 0xffff {
            length = 12;
        }
        notation.get(..length)?;
        self.push(meant.len_utf8(), length);
        Some(())
    }
}
