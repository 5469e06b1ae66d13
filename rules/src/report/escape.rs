//! Texts of files in outputs that control characters would change.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a character moves the cursor, colours what follows, or turns the direction of writing.
fn is_control(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// A text of one line: control characters are written as `\u{1b}`.
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    escaped(text, is_control)
}

/// A text of several lines.
pub(super) fn clean_lines(text: &str) -> Cow<'_, str> {
    escaped(text, |character| character != '\n' && is_control(character))
}

/// A text whose control characters, but those of ASCII, are replaced by others of the same length.
/// Those of ASCII are shown by the renderer.
pub(super) fn same_length(text: &str) -> Cow<'_, str> {
    let is_long = |character: char| !character.is_ascii() && is_control(character);
    if !text.contains(is_long) {
        return Cow::Borrowed(text);
    }
    let replaced = |character: char| match character.len_utf8() {
        2 if is_long(character) => '\u{bf}',
        3 if is_long(character) => '\u{fffd}',
        _ => character,
    };
    Cow::Owned(text.chars().map(replaced).collect())
}

fn escaped(text: &str, is_escaped: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&is_escaped) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if is_escaped(character) {
            // Writing to a string can't fail.
            let _ = write!(clean, "{}", character.escape_debug());
        } else {
            clean.push(character);
        }
    }
    Cow::Owned(clean)
}
