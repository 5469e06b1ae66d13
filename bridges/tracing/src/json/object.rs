//! Fields as members of a JSON object.

use super::escape::{Escaped, push_string};
use std::error::Error;
use std::fmt::{self, Write};
use tracing_core::field::{Field, FieldSet, Visit};

/// Writes the value of a field. The field is given by name, so that the caller decides where.
pub(super) trait Members {
    /// The place for the value of a field, or `None` if the value is left out.
    fn member(&mut self, field: &Field) -> Option<&mut String>;
}

/// A visitor that writes values as JSON.
pub(super) struct Writer<M>(pub(super) M);

impl<M: Members> Writer<M> {
    fn push(&mut self, field: &Field, value: impl fmt::Display) {
        if let Some(out) = self.0.member(field) {
            // A string has no errors.
            let _ = write!(out, "{value}");
        }
    }
}

impl<M: Members> Visit for Writer<M> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() {
            self.push(field, format_args!("{value:?}"));
        } else {
            // JSON has no such numbers.
            self.push(field, format_args!("\"{value}\""));
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.push(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.push(field, value);
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        self.push(field, value);
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.push(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.push(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if let Some(out) = self.0.member(field) {
            push_string(out, &value);
        }
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let Some(out) = self.0.member(field) else { return };
        out.push('"');
        let mut text = Escaped(out);
        // As in `push_string`.
        let _ = write!(text, "{value}");
        let mut source = value.source();
        while let Some(error) = source {
            let _ = write!(text, ": {error}");
            source = error.source();
        }
        out.push('"');
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if let Some(out) = self.0.member(field) {
            push_string(out, &format_args!("{value:?}"));
        }
    }
}

/// The fields of a span, each with its value as JSON. A field that is recorded anew gets the new
/// value.
#[derive(Debug, Default)]
pub(super) struct Fields(Vec<(&'static str, String)>);

impl Fields {
    /// Takes over fields, which replace those of the same names.
    pub(super) fn take(&mut self, new: Self) {
        for (name, value) in new.0 {
            match self.0.iter_mut().find(|(known, _)| *known == name) {
                Some((_, known)) => *known = value,
                None => self.0.push((name, value)),
            }
        }
    }

    pub(super) fn push_to(&self, out: &mut String) {
        let mut separator = "";
        for (name, value) in &self.0 {
            out.push_str(separator);
            push_string(out, name);
            out.push(':');
            out.push_str(value);
            separator = ",";
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Members for &mut Fields {
    fn member(&mut self, field: &Field) -> Option<&mut String> {
        let name = field.name();
        let at = self.0.iter().position(|(known, _)| *known == name).unwrap_or_else(|| {
            self.0.push((name, String::new()));
            self.0.len() - 1
        });
        let (_, value) = self.0.get_mut(at)?;
        value.clear();
        Some(value)
    }
}

/// The message of an event, written behind its key.
pub(super) struct Message<'a> {
    pub(super) out: &'a mut String,
    pub(super) all: &'a FieldSet,
}

pub(super) const MESSAGE: &str = "message";

impl Members for Message<'_> {
    fn member(&mut self, field: &Field) -> Option<&mut String> {
        if field.name() != MESSAGE || is_second(field, self.all) {
            return None;
        }
        self.out.push_str(",\"message\":");
        Some(self.out)
    }
}

/// The target of a record of the crate `log`, as JSON. `tracing-log` gives it in a field, since an event's
/// own target is known when it is compiled.
#[derive(Default)]
pub(super) struct LogTarget(String);

impl LogTarget {
    /// `None` for an event that is no such record.
    pub(super) fn text(&self) -> Option<&str> {
        self.0.starts_with('"').then_some(&self.0)
    }
}

impl Members for &mut LogTarget {
    fn member(&mut self, field: &Field) -> Option<&mut String> {
        if field.name() != "log.target" {
            return None;
        }
        self.0.clear();
        Some(&mut self.0)
    }
}

/// The other fields of an event. The first of them opens the object.
pub(super) struct EventFields<'a> {
    pub(super) out: &'a mut String,
    pub(super) all: &'a FieldSet,
    pub(super) is_open: bool,
}

impl Members for EventFields<'_> {
    fn member(&mut self, field: &Field) -> Option<&mut String> {
        if field.name() == MESSAGE || is_second(field, self.all) {
            return None;
        }
        self.out.push_str(if self.is_open { "," } else { ",\"fields\":{" });
        self.is_open = true;
        push_string(self.out, &field.name());
        self.out.push(':');
        Some(self.out)
    }
}

/// Whether the event has another field of this name in front: of two, the first one is written.
fn is_second(field: &Field, all: &FieldSet) -> bool {
    all.iter().take(field.index()).any(|other| other.name() == field.name())
}
