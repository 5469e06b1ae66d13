//! Texts in JSON (RFC 8259, section 7).

use std::fmt::{self, Write};

/// A sink for the inside of a JSON string.
pub(super) struct Escaped<'a>(pub(super) &'a mut String);

impl Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut plain = 0;
        for (at, c) in text.char_indices() {
            let short = match c {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                // Control characters of ASCII, and of C1 and Unicode: some readers see the end of a
                // line in them, and terminals more.
                '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' => "",
                _ => continue,
            };
            self.0.push_str(text.get(plain..at).unwrap_or_default());
            plain = at + c.len_utf8();
            if short.is_empty() {
                write!(self.0, "\\u{:04x}", u32::from(c))?;
            } else {
                self.0.push_str(short);
            }
        }
        self.0.push_str(text.get(plain..).unwrap_or_default());
        Ok(())
    }
}

/// Appends a text as a JSON string.
pub(super) fn push_string(out: &mut String, text: &dyn fmt::Display) {
    out.push('"');
    // The sink has no errors. One of the text itself is its end.
    let _ = write!(Escaped(out), "{text}");
    out.push('"');
}
