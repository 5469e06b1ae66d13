//! Checks of what people read, and of times.

use crate::errors::Errors;
use crate::quantity::Units;
use proc_macro2::{Ident, Span};
use syn::{Lit, LitStr};

/// A text that says something.
pub(super) fn text(key: &str, text: Option<&LitStr>, errors: &mut Errors) -> Option<String> {
    let literal = text?;
    let text = literal.value();
    if text.trim().is_empty() {
        errors.at(literal, format!("this `{key}` is empty"));
    } else if text.chars().any(char::is_control) {
        errors.at(literal, format!("this `{key}` has a control character or a line break"));
    }
    Some(text)
}

/// The variant of `Priority`.
pub(super) fn priority(text: Option<&LitStr>, errors: &mut Errors) -> Option<Ident> {
    let literal = text?;
    let text = literal.value();
    if ["P0", "P1", "P2"].contains(&text.as_str()) {
        return Some(Ident::new(&text, Span::call_site()));
    }
    let text = text.escape_debug();
    errors.at(
        literal,
        format!(
            "`{text}` is no priority: write \"P0\" (somebody is called at once), \"P1\" (somebody \
             is called) or \"P2\" (a ticket)"
        ),
    );
    None
}

/// Whole seconds, from a time.
pub(super) fn seconds(key: &str, time: Option<&Lit>, errors: &mut Errors) -> Option<u64> {
    const SECOND: u64 = 1_000_000_000;
    let literal = time?;
    if !matches!(literal, Lit::Str(_)) {
        errors.at(literal, format!("write a time, as in `{key} = \"5m\"`"));
        return None;
    }
    let nanoseconds = errors.keep(Units::Time(SECOND).recorded(literal))?;
    if nanoseconds == 0 || !nanoseconds.is_multiple_of(SECOND) {
        errors.at(literal, format!("`{key}` is a whole number of seconds, 1 or more"));
    }
    Some(nanoseconds / SECOND)
}
