//! Text for people to read.
//!
//! Paths, labels and the answers of servers are foreign text. Printed unchanged, they can move a
//! terminal's cursor, forge a line of a log, or reverse the text beside them. All text for people
//! is escaped here: standard error, the texts of errors, and the output of the program
//! `tickmetrics`. Data is not escaped: there every character is exact.

use std::fmt::{self, Display, Formatter, Write};
use std::path::Path;

/// Its content on one line. Characters that are no text are escaped as in Rust: `\n`, `\u{1b}`,
/// `\u{202e}`.
#[derive(Clone, Copy, Debug)]
pub struct Printable<T>(pub T);

impl<T: Display> Display for Printable<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(Escaped(f), "{}", self.0)
    }
}

/// The same for a path. Bytes that are not UTF-8 become `\xff`, so that two files look different.
#[derive(Clone, Copy, Debug)]
pub struct PrintablePath<'a>(pub &'a Path);

impl Display for PrintablePath<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for chunk in self.0.as_os_str().as_encoded_bytes().utf8_chunks() {
            write!(f, "{}", Printable(chunk.valid()))?;
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

/// Writes text through, and escapes other characters.
struct Escaped<'a, 'b>(&'a mut Formatter<'b>);

impl Write for Escaped<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some(at) = rest.find(|c| !is_text(c)) {
            let (plain, after) = rest.split_at(at);
            self.0.write_str(plain)?;
            let mut after = after.chars();
            for c in after.next().into_iter().flat_map(char::escape_default) {
                self.0.write_char(c)?;
            }
            rest = after.as_str();
        }
        self.0.write_str(rest)
    }
}

/// Whether a character is shown as itself, beside the one before it.
///
/// Others are those of the general categories Cc (control), Cf (format), Zl and Zp (separators of
/// lines and paragraphs), and those with the property `Default_Ignorable_Code_Point`, which are not
/// shown at all (<https://www.unicode.org/Public/16.0.0/ucd/DerivedCoreProperties.txt>).
pub fn is_text(c: char) -> bool {
    let is_format_or_invisible = matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}'
        | '\u{890}'..='\u{891}' | '\u{8e2}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}');
    !(c.is_control() || is_format_or_invisible)
}

#[cfg(test)]
mod tests {
    use super::{Printable, PrintablePath};
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;

    #[test]
    fn text_is_left_alone() {
        for text in ["", "a b~", "Zürich €5", "平仮名", "e\u{301}", "हिन्दी", "\\\"'", "\u{fffd}"]
        {
            assert_eq!(Printable(text).to_string(), text);
        }
    }

    #[test]
    fn the_rest_is_seen_and_moves_nothing() {
        for (text, shown) in [
            ("a\nb\r\tc\0", r"a\nb\r\tc\u{0}"),
            ("\u{1b}[2J\u{7f}\u{9b}", r"\u{1b}[2J\u{7f}\u{9b}"),
            ("\u{202e}a\u{2066}\u{200f}", r"\u{202e}a\u{2066}\u{200f}"),
            ("\u{2028}\u{2029}\u{85}", r"\u{2028}\u{2029}\u{85}"),
            ("a\u{200b}\u{feff}\u{e0041}", r"a\u{200b}\u{feff}\u{e0041}"),
        ] {
            assert_eq!(Printable(text).to_string(), shown);
            assert_eq!(
                Printable(format_args!("{text}{}", "\n")).to_string(),
                format!("{shown}\\n")
            );
        }
    }

    #[test]
    fn two_files_look_like_two() {
        let shown = |name: &[u8]| PrintablePath(Path::new(OsStr::from_bytes(name))).to_string();
        assert_eq!(shown(b"a\xff\xfeb\n"), r"a\xff\xfeb\n");
        assert_eq!(shown("ä\u{202e}".as_bytes()), r"ä\u{202e}");
        assert_ne!(shown(b"\xff"), shown(b"\xfe"));
    }
}
