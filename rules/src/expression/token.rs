//! The tokens of an expression, and their places.
//!
//! The parser is given the tokens again as text, so that both see the same ones: without comments,
//! and with strings in a form that it reads.

use super::NotChecked;
use super::variables::Substituted;
use std::borrow::Cow;
use std::ops::Range;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// A name or a keyword.
    Word,
    /// A number or a duration.
    Number,
    /// A string with its quotes.
    Text,
    /// All others.
    Sign,
}

#[derive(Debug)]
pub(super) struct Token<'a> {
    pub(super) sort: Sort,
    /// As the parser is given it.
    pub(super) text: Cow<'a, str>,
    /// In the text before substitution.
    pub(super) place: Range<usize>,
    /// Whether a variable sets it, or a part of it.
    pub(super) variable: bool,
    /// Whether there is space or a comment before it.
    gap: bool,
}

impl Token<'_> {
    /// Whether it is this sign, or this keyword in small or large letters.
    pub(super) fn is(&self, text: &str) -> bool {
        match self.sort {
            Sort::Word => self.text.eq_ignore_ascii_case(text),
            Sort::Sign => self.text == text,
            Sort::Number | Sort::Text => false,
        }
    }
}

const SIGNS_OF_TWO: [&str; 7] = ["==", "!=", "<=", ">=", "=~", "!~", "</"];

/// The tokens of a text.
pub(super) fn tokens<'a>(source: &'a Substituted<'_>) -> Result<Vec<Token<'a>>, NotChecked> {
    let text = source.text();
    let mut tokens = Vec::new();
    let mut at = 0;
    let mut gap = false;
    // A colon in brackets is a sign; elsewhere it belongs to a name.
    let mut brackets = false;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let (sort, length) = match first {
            '#' => {
                at += rest.find(['\n', '\r']).unwrap_or(rest.len());
                gap = true;
                continue;
            }
            _ if first.is_ascii_whitespace() => {
                at += 1;
                gap = true;
                continue;
            }
            '"' | '\'' | '`' => {
                let length = quoted(rest).ok_or_else(|| NotChecked::Unterminated {
                    place: source.original(at..text.len()),
                })?;
                (Sort::Text, length)
            }
            '0'..='9' => (Sort::Number, number_length(rest)),
            '.' if rest.as_bytes().get(1).is_some_and(u8::is_ascii_digit) => {
                (Sort::Number, number_length(rest))
            }
            ':' if brackets => (Sort::Sign, 1),
            _ if is_word(first) => (
                Sort::Word,
                rest.find(|c| !is_word(c) && !c.is_ascii_digit()).unwrap_or(rest.len()),
            ),
            _ if SIGNS_OF_TWO.iter().any(|sign| rest.starts_with(sign)) => (Sort::Sign, 2),
            '+' | '-' | '*' | '/' | '%' | '^' | '=' | '<' | '>' | '(' | ')' | '{' | '}' | '['
            | ']' | ',' | '@' => (Sort::Sign, 1),
            _ => {
                let place = source.original(at..at + first.len_utf8());
                return Err(NotChecked::Character { character: first, place });
            }
        };
        match first {
            '[' => brackets = true,
            ']' => brackets = false,
            _ => {}
        }
        let raw = &rest[..length];
        let text = match sort {
            Sort::Text if first == '`' && raw.contains('\\') => requoted(raw),
            Sort::Number => rewritten(raw),
            _ => raw.into(),
        };
        let range = at..at + length;
        let variable = source.is_variable(&range);
        tokens.push(Token { sort, text, place: source.original(range), variable, gap });
        gap = false;
        at += length;
    }
    Ok(tokens)
}

/// The text that the parser is given.
pub(super) fn joined(tokens: &[Token<'_>]) -> String {
    let mut text = String::new();
    for token in tokens {
        if token.gap {
            text.push(' ');
        }
        text.push_str(&token.text);
    }
    text
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || c == ':'
}

/// The length of a string with its quotes.
fn quoted(text: &str) -> Option<usize> {
    let quote = text.chars().next()?;
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if c == quote {
            return Some(at + 1);
        } else {
            escaped = c == '\\' && quote != '`';
        }
    }
    None
}

/// A string in backquotes, as one in double quotes: the parser knows no backslash in backquotes.
fn requoted(raw: &str) -> Cow<'static, str> {
    let mut text = String::from('"');
    for c in raw[1..raw.len() - 1].chars() {
        match c {
            '\\' | '"' => text.extend(['\\', c]),
            '\n' => text.push_str("\\n"),
            _ => text.push(c),
        }
    }
    text.push('"');
    text.into()
}

fn number_length(text: &str) -> usize {
    let run = |from: usize| {
        let rest = &text[from..];
        from + rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '.')
            .unwrap_or(rest.len())
    };
    let length = run(0);
    let exponent = text[..length].strip_suffix(['e', 'E']);
    let decimal = |digits: &str| digits.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if exponent.is_some_and(decimal) && text[length..].starts_with(['+', '-']) {
        return run(length + 1);
    }
    length
}

/// A number in a form that the parser reads. It knows no underscore between digits, and takes a
/// duration of zero for a fault wherever it is.
fn rewritten(raw: &str) -> Cow<'_, str> {
    if duration(raw) == Some(0.0) {
        return "0".into();
    }
    let digits = raw.strip_prefix("0x").or_else(|| raw.strip_prefix("0X")).unwrap_or(raw);
    let of_base =
        |b: u8| if digits.len() == raw.len() { b.is_ascii_digit() } else { b.is_ascii_hexdigit() };
    let is_group = |group: &str| !group.is_empty() && group.bytes().all(of_base);
    if digits.contains('_') && digits.split('_').all(is_group) {
        return raw.replace('_', "").into();
    }
    raw.into()
}

/// The value of a number, or the seconds of a duration.
pub(super) fn number(text: &str) -> Option<f64> {
    let lower = text.to_ascii_lowercase();
    match lower.as_str() {
        "inf" => return Some(f64::INFINITY),
        "nan" => return Some(f64::NAN),
        _ => {}
    }
    if let Some(digits) = lower.strip_prefix("0x") {
        return i64::from_str_radix(digits, 16).ok().map(|value| value as f64);
    }
    if !lower.ends_with(|c: char| c.is_ascii_digit() || c == '.') {
        return duration(text);
    }
    // As in Go: an integer that begins with 0 is octal, if it can be.
    let octal = lower.strip_prefix('0').filter(|digits| !digits.is_empty());
    match octal.and_then(|digits| i64::from_str_radix(digits, 8).ok()) {
        Some(value) => Some(value as f64),
        None => lower.parse().ok(),
    }
}

/// The seconds of a duration such as `1h30m`.
fn duration(text: &str) -> Option<f64> {
    let mut rest = text;
    if rest.is_empty() {
        return None;
    }
    let mut milliseconds = 0_u64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        // The parser counts in 32 bits, and drops what is larger without a word.
        let count: u32 = rest[..digits].parse().ok()?;
        let after = &rest[digits..];
        let letters = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let unit = match &after[..letters] {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            "w" => 7 * 86_400_000,
            "y" => 365 * 86_400_000,
            _ => return None,
        };
        milliseconds = milliseconds.checked_add(u64::from(count).checked_mul(unit)?)?;
        rest = &after[letters..];
    }
    Some(milliseconds as f64 / 1_000.0)
}
