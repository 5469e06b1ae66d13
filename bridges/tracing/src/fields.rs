//! The values of a span's fields that become labels.

use std::fmt::{self, Write};
use tracing_core::field::{Field, Visit};

/// The most bytes of a value. All labels of a series together have room for 1,024.
const MOST_BYTES: usize = 128;

/// Fields that a span may have, and the values that it has.
#[derive(Debug, Default)]
pub(crate) struct Values(Vec<(&'static str, String)>);

impl Values {
    /// The label of the span's name, and one for each value.
    pub(crate) fn labels<'a>(&'a self, constant: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let values = self.0.iter().map(|(name, value)| (*name, value.as_str()));
        constant.iter().copied().chain(values).collect()
    }

    /// Takes over values, which replace those of the same fields.
    pub(crate) fn take(&mut self, new: Self) {
        new.0.into_iter().for_each(|(name, value)| self.set(name, value));
    }

    fn set(&mut self, name: &'static str, value: String) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value,
            None => self.0.push((name, value)),
        }
    }

    /// Takes the values of asked fields.
    pub(crate) fn visitor<'a>(&'a mut self, asked: &'a [&'static str]) -> impl Visit + 'a {
        Visitor { values: self, asked }
    }
}

struct Visitor<'a> {
    values: &'a mut Values,
    asked: &'a [&'static str],
}

impl Visitor<'_> {
    fn set(&mut self, field: &Field, value: impl FnOnce() -> String) {
        if self.asked.contains(&field.name()) {
            self.values.set(field.name(), value());
        }
    }
}

impl Visit for Visitor<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field, || short(value).to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.set(field, || {
            let mut text = Bounded(String::new());
            // An error is the end of what has room.
            let _ = write!(text, "{value:?}");
            text.0
        });
    }
}

/// A text of up to `MOST_BYTES`.
struct Bounded(String);

impl Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = MOST_BYTES.saturating_sub(self.0.len());
        let end = text.floor_char_boundary_of(room);
        self.0.push_str(text.get(..end).unwrap_or_default());
        if end < text.len() { Err(fmt::Error) } else { Ok(()) }
    }
}

fn short(text: &str) -> &str {
    text.get(..text.floor_char_boundary_of(MOST_BYTES)).unwrap_or_default()
}

/// `str::floor_char_boundary`, which the oldest supported compiler does not have.
trait CharBoundary {
    fn floor_char_boundary_of(&self, most: usize) -> usize;
}

impl CharBoundary for str {
    fn floor_char_boundary_of(&self, most: usize) -> usize {
        let most = most.min(self.len());
        (0..=most).rev().find(|&at| self.is_char_boundary(at)).unwrap_or_default()
    }
}
