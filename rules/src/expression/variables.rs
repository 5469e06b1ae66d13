//! The variables of Grafana in an expression.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

/// The variables of a dashboard, with the values that they can have.
///
/// A variable that is not there is one as well: each value is possible.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variables {
    values: BTreeMap<String, Vec<String>>,
}

impl Variables {
    /// None of them is known.
    pub fn new() -> Self {
        Self::default()
    }

    /// With a variable and the values that are listed in the dashboard. One that has one value only is
    /// read as this value: those of a query are not known, so that such a variable has none here.
    #[must_use]
    pub fn with<V: Into<String>>(
        mut self,
        name: impl Into<String>,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        self.values.insert(name.into(), values.into_iter().map(Into::into).collect());
        self
    }

    /// Whether a variable of this name is known.
    pub fn contains(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    pub(super) fn values(&self, name: &str) -> &[String] {
        self.values.get(name).map_or(&[], Vec::as_slice)
    }
}

/// A variable in the text of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Its name, such as `__rate_interval`.
    pub name: String,
    /// From its `$` or `[[`.
    pub place: Range<usize>,
}

/// A variable at the start of a text.
pub(super) struct Found<'a> {
    pub(super) name: &'a str,
    /// `regex` in `${name:regex}`.
    pub(super) format: Option<&'a str>,
    pub(super) length: usize,
}

/// The variable that a text begins with. `$1` is none: it stands for a group in `label_replace`.
pub(super) fn variable(text: &str) -> Option<Found<'_>> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = |text: &str| text.find(|c| !is_word(c)).unwrap_or(text.len());
    let found = if let Some(inner) = text.strip_prefix("${") {
        let end = inner.find('}')?;
        let (name, format) = parted(&inner[..end]);
        // `${name.field}`
        Found { name: &name[..words(name)], format, length: end + 3 }
    } else if let Some(inner) = text.strip_prefix("[[") {
        let end = inner.find("]]")?;
        let (name, format) = parted(&inner[..end]);
        if words(name) != name.len() {
            return None;
        }
        Found { name, format, length: end + 4 }
    } else {
        let inner = text.strip_prefix('$')?;
        let length = words(inner);
        Found { name: &inner[..length], format: None, length: length + 1 }
    };
    let digits = found.name.bytes().all(|b| b.is_ascii_digit());
    (!digits).then_some(found)
}

fn parted(inner: &str) -> (&str, Option<&str>) {
    match inner.split_once(':') {
        Some((name, format)) => (name, Some(format)),
        None => (inner, None),
    }
}

/// A text in which other text stands in the place of variables.
#[derive(Debug)]
pub(super) struct Substituted<'a> {
    text: Cow<'a, str>,
    /// In the order of the text.
    pieces: Vec<Piece>,
}

/// A piece that stands in the place of a variable.
#[derive(Debug)]
struct Piece {
    new: Range<usize>,
    old: Range<usize>,
    /// Whether the variable can have other values.
    any: bool,
}

impl<'a> Substituted<'a> {
    /// A text without variables.
    pub(super) fn plain(text: &'a str) -> Self {
        Self { text: text.into(), pieces: Vec::new() }
    }

    /// The start of a text.
    pub(super) fn empty() -> Self {
        Self { text: Cow::Borrowed(""), pieces: Vec::new() }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Adds text as it is.
    pub(super) fn push(&mut self, text: &str) {
        self.text.to_mut().push_str(text);
    }

    /// Adds text in the place of a variable.
    pub(super) fn push_variable(&mut self, text: &str, old: Range<usize>, any: bool) {
        let start = self.text.len();
        self.push(text);
        self.pieces.push(Piece { new: start..self.text.len(), old, any });
    }

    /// Whether a variable sets a part of this place.
    pub(super) fn is_variable(&self, place: &Range<usize>) -> bool {
        let first = self.pieces.partition_point(|piece| piece.new.end <= place.start);
        let rest = self.pieces.get(first..).unwrap_or_default();
        rest.iter().take_while(|piece| piece.new.start < place.end).any(|piece| piece.any)
    }

    /// The place in the text with variables. One that is a part of a variable becomes all of it.
    pub(super) fn original(&self, place: Range<usize>) -> Range<usize> {
        let start = self.moved(place.start, true);
        start..self.moved(place.end, false).max(start)
    }

    fn moved(&self, at: usize, is_start: bool) -> usize {
        // The piece that the position is in or after. A place that ends where a piece begins is
        // before it.
        let reached = |piece: &Piece| piece.new.start < at || is_start && piece.new.start == at;
        let count = self.pieces.partition_point(reached);
        let Some(piece) = count.checked_sub(1).and_then(|last| self.pieces.get(last)) else {
            return at;
        };
        let inside = if is_start { at < piece.new.end } else { at <= piece.new.end };
        match (inside, is_start) {
            (true, true) => piece.old.start,
            (true, false) => piece.old.end,
            (false, _) => piece.old.end + (at - piece.new.end),
        }
    }
}
