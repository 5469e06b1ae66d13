//! Labels as `--labels` reads them and messages list them: `symbol=AAPL,side=buy`, with quotes if
//! needed, and optionally in braces as in `PromQL`.
//!
//! ```text
//! labels  { label , … }        braces, the last comma and space around names are optional
//! label   name = value         either may be in quotes, "…" or '…'
//! value   without quotes       all up to the next comma, or the closing brace
//!         in quotes            with \\ \" \' \n \r \t \u{…} for what is not written as it is
//! ```

use crate::people::is_text;
use std::fmt::Write;

/// Pairs of name and value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Labels(pub(crate) Vec<(String, String)>);

/// Reads labels. The error names the position of the mistake.
pub(crate) fn parse(text: &str) -> Result<Labels, String> {
    let trimmed = text.trim_start();
    let braced = trimmed.starts_with('{');
    let mut rest = Rest { text, at: text.len() - trimmed.len() + usize::from(braced), braced };
    let mut labels = Vec::new();
    loop {
        rest.skip_space();
        if braced && rest.take('}') {
            rest.skip_space();
            return match rest.get() {
                "" => Ok(Labels(labels)),
                _ => rest.wrong("nothing may follow the closing brace"),
            };
        }
        if rest.get().is_empty() {
            return match (braced, labels.is_empty()) {
                (true, _) => rest.wrong("the closing brace is missing"),
                (false, true) => {
                    rest.wrong("a label is missing: give its name and its value, as symbol=AAPL")
                }
                (false, false) => Ok(Labels(labels)),
            };
        }
        labels.push((rest.name()?, rest.value()?));
        rest.comma()?;
    }
}

/// The unread rest.
struct Rest<'a> {
    text: &'a str,
    /// In bytes.
    at: usize,
    braced: bool,
}

impl<'a> Rest<'a> {
    fn get(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn take(&mut self, c: char) -> bool {
        let is_there = self.get().starts_with(c);
        self.at += if is_there { c.len_utf8() } else { 0 };
        is_there
    }

    fn skip_space(&mut self) {
        self.at = self.text.len() - self.get().trim_start().len();
    }

    /// The text up to the first of these characters.
    fn up_to(&mut self, ends: &[char]) -> &'a str {
        let rest = self.get();
        let end = rest.find(ends).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    fn name(&mut self) -> Result<String, String> {
        let name = match self.quoted()? {
            Some(name) => name,
            None => self.up_to(&['=', ',', '!', '"', '\'', '{', '}']).trim_end().to_owned(),
        };
        self.skip_space();
        if name.is_empty() {
            return self.wrong("a label's name is missing, as in symbol=AAPL");
        }
        if !self.take('=') {
            return self.wrong("expected = after a label's name, as in symbol=AAPL");
        }
        if self.get().starts_with('~') {
            return self.wrong("only = is known, and no patterns");
        }
        Ok(name)
    }

    fn value(&mut self) -> Result<String, String> {
        if let after = self.get().trim_start()
            && after.starts_with(['"', '\''])
        {
            self.skip_space();
        }
        Ok(match self.quoted()? {
            Some(value) => value,
            None if self.braced => self.up_to(&[',', '}']).to_owned(),
            None => self.up_to(&[',']).to_owned(),
        })
    }

    /// Reads a comma, or the end.
    fn comma(&mut self) -> Result<(), String> {
        self.skip_space();
        let ends = if self.braced { self.get().starts_with('}') } else { self.get().is_empty() };
        if ends || self.take(',') {
            return Ok(());
        }
        match self.get() {
            "" => self.wrong("the closing brace is missing"),
            _ => self.wrong("expected a comma after a value; a quote within one is \\\""),
        }
    }

    /// The text in quotes, if the next character is one.
    fn quoted(&mut self) -> Result<Option<String>, String> {
        let begin = self.at;
        let Some(quote) = self.get().chars().next().filter(|c| matches!(c, '"' | '\'')) else {
            return Ok(None);
        };
        self.take(quote);
        let mut value = String::new();
        while let Some(c) = self.get().chars().next() {
            if c == '\\' {
                value.push(self.escape()?);
                continue;
            }
            self.take(c);
            if c == quote {
                return Ok(Some(value));
            }
            value.push(c);
        }
        self.at = begin;
        self.wrong("this quote is not closed")
    }

    fn escape(&mut self) -> Result<char, String> {
        let (begin, rest) = (self.at, &self.get()[1..]);
        let number = rest.strip_prefix("u{").and_then(|rest| rest.split_once('}'));
        let (c, length) = match (rest.chars().next(), number) {
            (Some(c @ ('\\' | '"' | '\'')), _) => (Some(c), 1),
            (Some('n'), _) => (Some('\n'), 1),
            (Some('r'), _) => (Some('\r'), 1),
            (Some('t'), _) => (Some('\t'), 1),
            (Some('u'), Some((digits, _))) => {
                let number = u32::from_str_radix(digits, 16).ok();
                (number.and_then(char::from_u32), digits.len() + 3)
            }
            _ => (None, 0),
        };
        self.at = begin + 1 + length;
        let Some(c) = c else {
            self.at = begin;
            return self.wrong("a backslash itself is \\\\; known are \\\" \\' \\n \\r \\t \\u{…}");
        };
        Ok(c)
    }

    fn wrong<T>(&self, reason: &str) -> Result<T, String> {
        let place = self.text[..self.at].chars().count() + 1;
        let rest: String = self.get().chars().take(20).collect();
        Err(if rest.is_empty() {
            format!("at its end: {reason}")
        } else {
            format!("at character {place}, {rest:?}: {reason}")
        })
    }
}

/// Labels in a form that [`parse`] reads, once characters that are no text are escaped.
pub(super) fn text<'a>(labels: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut out = String::new();
    for (name, value) in labels {
        if !out.is_empty() {
            out.push(',');
        }
        push_word(name, &mut out);
        out.push('=');
        push_word(value, &mut out);
    }
    out
}

fn push_word(word: &str, out: &mut String) {
    let is_plain = |c: char| is_text(c) && !c.is_whitespace() && !"\"'\\,={}!".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        out.push_str(word);
        return;
    }
    let word = word.replace('\\', r"\\").replace('"', "\\\"");
    let _ = write!(out, "\"{word}\"");
}

#[cfg(test)]
mod tests {
    use super::{parse, text};
    use crate::people::Printable;

    #[track_caller]
    fn is(given: &str, expected: &[(&str, &str)]) {
        let labels = parse(given).unwrap().0;
        let labels: Vec<_> = labels.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        assert_eq!(labels, expected, "{given}");
    }

    #[test]
    fn plain() {
        is("a=b", &[("a", "b")]);
        is("a=b,c=d e,", &[("a", "b"), ("c", "d e")]);
        is("a=b=c", &[("a", "b=c")]);
        is("a=,b=}", &[("a", ""), ("b", "}")]);
        is(r"a=b\c", &[("a", r"b\c")]);
        is("a= b", &[("a", " b")]);
    }

    #[test]
    fn quoted() {
        is(r#"a="b,c",d="e""#, &[("a", "b,c"), ("d", "e")]);
        is(r#"{a="b,c", d = "e", }"#, &[("a", "b,c"), ("d", "e")]);
        is("{a='say \"b\"'}", &[("a", "say \"b\"")]);
        is(r#"a="\"\\\n\t\r\'\u{1b}\u{1F600}""#, &[("a", "\"\\\n\t\r'\u{1b}\u{1f600}")]);
        is(r#"{"a.b"="c","=,"='d'}"#, &[("a.b", "c"), ("=,", "d")]);
        is("{a=b,c=d}", &[("a", "b"), ("c", "d")]);
        is("{}", &[]);
        is("a=\"line\nbreak\"", &[("a", "line\nbreak")]);
    }

    #[test]
    fn errors_name_their_position() {
        for (given, place, reason) in [
            ("", "at its end", "a label is missing"),
            ("a", "at its end", "expected ="),
            ("ä=b,c", "at its end", "expected ="),
            ("ä=b,=c", "at character 5, \"=c\"", "name is missing"),
            ("a=\"b", "at character 3, \"\\\"b\"", "not closed"),
            ("a=\"b\"c", "at character 6, \"c\"", "expected a comma"),
            ("{a=\"b\"", "at its end", "closing brace"),
            ("{a=\"b\"} c", "at character 9, \"c\"", "nothing may follow"),
            ("a=\"\\x\"", "at character 4, \"\\\\x\\\"\"", "backslash"),
            ("a=\"\\u{d800}\"", "at character 4", "backslash"),
            ("a=\"\\u{\"", "at character 4", "backslash"),
            ("a=\"\\", "at character 4", "backslash"),
            ("{a!=\"b\"}", "at character 3, \"!=", "expected ="),
            ("{a=~\"b\"}", "at character 4, \"~", "no patterns"),
            ("a=b,,c=d", "at character 5", "name is missing"),
        ] {
            let told = parse(given).unwrap_err();
            assert!(told.starts_with(place) && told.contains(reason), "{given}: {told}");
        }
    }

    #[test]
    fn listed_labels_can_be_given() {
        for value in [
            "AAPL", "a,b", "a\"b", "a'b", "a\\b", "a\nb", "a=b", "{a}", "", " ", "a b", "\u{1b}",
            "\\u{1b}", "\u{202e}", "\\", "\"", "ä€", "!", "\\n",
        ] {
            for labels in [vec![("a", value)], vec![("a", value), (value, "b"), ("c", value)]] {
                if labels.iter().any(|(name, _)| name.is_empty()) {
                    continue;
                }
                let listed = Printable(text(labels.iter().copied())).to_string();
                is(&listed, &labels);
                is(&format!("{{{listed}}}"), &labels);
            }
        }
        assert_eq!(text([("a", "b"), ("c", "d,e")].into_iter()), "a=b,c=\"d,e\"");
    }
}
