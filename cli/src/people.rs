//! Output for people. All of it is printed here, except for the screen of `top`. Text from other
//! programs is escaped (`Printable`) before it reaches a terminal. Data goes to files and pipes
//! unchanged.

use crate::Result;
use std::fmt::{self, Write as _};
use std::io::{IsTerminal, Write as _};
pub(crate) use tickmetrics::__text::{Printable, PrintablePath, is_text};

/// Prints one line on standard error. If that is closed, the exit code and the metrics remain.
pub(crate) fn tell(what: fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stderr(), "{}", Printable(what));
}

/// Prints a question on standard error, with the cursor behind it.
pub(crate) fn ask(what: fmt::Arguments<'_>) {
    let _ = write!(std::io::stderr(), "{}", Printable(what));
}

/// Lines for standard output.
#[derive(Default)]
pub(crate) struct Lines(String);

impl Lines {
    /// Adds one line, and escapes its content.
    pub(crate) fn push(&mut self, line: fmt::Arguments<'_>) {
        let _ = writeln!(self.0, "{}", Printable(line));
    }

    pub(crate) fn print(&self) -> Result<()> {
        write(&self.0)
    }
}

/// Prints data on standard output, to the byte. On a terminal, which people read, it is legible
/// rather than exact. JSON is both, since it has escapes of its own.
pub(crate) fn print_data(data: &str, is_json: bool) -> Result<()> {
    if !std::io::stdout().is_terminal() {
        return write(data);
    }
    write(&legible(data, is_json))
}

fn legible(data: &str, is_json: bool) -> String {
    let mut legible = String::with_capacity(data.len());
    for line in data.split_inclusive('\n') {
        let (text, end) = line.strip_suffix('\n').map_or((line, ""), |text| (text, "\n"));
        if is_json {
            push_json(text, &mut legible);
        } else {
            let _ = write!(legible, "{}", Printable(text));
        }
        legible.push_str(end);
    }
    legible
}

/// Characters that are no text occur only within strings, where they may be written as UTF-16
/// (<https://www.rfc-editor.org/rfc/rfc8259#section-7>).
fn push_json(json: &str, out: &mut String) {
    for c in json.chars() {
        if is_text(c) {
            out.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(out, "\\u{unit:04x}");
        }
    }
}

/// Prints lines whose content is escaped already.
pub(crate) fn print_lines(lines: &str) -> Result<()> {
    write(lines)
}

/// Prints a script for a shell. It contains only the program's own words.
pub(crate) fn print_script(script: &str) -> Result<()> {
    write(script)
}

fn write(text: &str) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Lines, legible};

    #[test]
    fn a_line_is_a_line() {
        let mut lines = Lines::default();
        lines.push(format_args!("a{}", "\nb\u{1b}[2J\u{202e}\u{9b}"));
        assert_eq!(lines.0, "a\\nb\\u{1b}[2J\\u{202e}\\u{9b}\n");
    }

    #[test]
    fn data_is_legible_in_a_terminal() {
        let text = "# HELP a b\na{b=\"\u{1b}\u{202e}\\n\"} 1\n";
        assert_eq!(legible(text, false), "# HELP a b\na{b=\"\\u{1b}\\u{202e}\\n\"} 1\n");
        let json = format!("{}\n", serde_json::json!({"a": "\u{9b}\u{1b}\n\u{e0041}ä"}));
        let shown = legible(&json, true);
        assert_eq!(shown, "{\"a\":\"\\u009b\\u001b\\n\\udb40\\udc41ä\"}\n");
        let [before, after]: [serde_json::Value; 2] =
            [&json, &shown].map(|text| serde_json::from_str(text).unwrap());
        assert_eq!(before, after);
    }
}
