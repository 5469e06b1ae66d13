//! What is around a variable.

use super::variables::{Found, variable};
use std::ops::Range;

/// Where a variable is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Context {
    /// In a string.
    Text,
    /// A whole duration.
    Duration,
    /// The unit of a duration: `[5$unit]`.
    Unit,
    /// The number of a duration, or after `@`.
    Number,
    /// A part of a name.
    Piece,
    /// A label in a list or before `=`.
    Label,
    /// The string of a matcher: `{job=$job}`.
    Quoted,
    /// One or more matchers. A comma is missing before it, or after it.
    Matchers { before: bool, after: bool },
    /// A metric.
    Metric,
    /// A function: an aggregation if `by` or `without` follows at once.
    Function { grouped: bool },
    /// A number or a metric.
    Operand,
    /// An operator, or an offset.
    Operator,
}

/// What was before a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before<'a> {
    /// The start, an operator, a comma or an opening bracket.
    Sign(char),
    Word(&'a str),
    /// A number, a string, a closing bracket or a variable.
    Operand,
}

/// Goes through a text from variable to variable.
pub(super) struct Scan<'a> {
    text: &'a str,
    at: usize,
    quote: Option<char>,
    /// `(`, `[`, `{`, and `b` or `o` for the parenthesis of a list of labels: of an aggregation, or of
    /// an operator.
    open: Vec<char>,
    before: Before<'a>,
    /// Where the last variable ended.
    passed: Option<usize>,
}

/// Words before a list of labels.
const GROUPING: [&str; 2] = ["by", "without"];
/// The same, between an operator and its right operand.
const MATCHING: [&str; 4] = ["on", "ignoring", "group_left", "group_right"];

impl<'a> Scan<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, quote: None, open: Vec::new(), before: Before::Sign('('), passed: None }
    }

    pub(super) fn next(&mut self) -> Option<(Found<'a>, Range<usize>)> {
        let text = self.text;
        while let Some(c) = text[self.at..].chars().next() {
            let rest = &text[self.at..];
            if let Some(found) = variable(rest) {
                let place = self.at..self.at + found.length;
                self.at = place.end;
                return Some((found, place));
            }
            let mut length = c.len_utf8();
            match self.quote {
                Some('`') if c == '\\' => {}
                Some(_) if c == '\\' => {
                    length += rest[1..].chars().next().map_or(0, char::len_utf8);
                }
                Some(quote) if c == quote => self.quote = None,
                Some(_) => {}
                None => length = self.step(c, rest),
            }
            self.at += length;
        }
        None
    }

    pub(super) fn in_text(&self) -> bool {
        self.quote.is_some()
    }

    /// Passes what is outside of strings.
    fn step(&mut self, c: char, rest: &'a str) -> usize {
        match c {
            '#' => return rest.find(['\n', '\r']).unwrap_or(rest.len()),
            '"' | '\'' | '`' => {
                self.quote = Some(c);
                self.before = Before::Operand;
            }
            '(' => {
                let after = |words: &[&str]| {
                    let is = |word: &str| words.iter().any(|list| word.eq_ignore_ascii_case(list));
                    matches!(self.before, Before::Word(word) if is(word))
                };
                let list = if after(&GROUPING) {
                    'b'
                } else if after(&MATCHING) {
                    'o'
                } else {
                    '('
                };
                self.open.push(list);
                self.before = Before::Sign(c);
            }
            '[' | '{' => {
                self.open.push(c);
                self.before = Before::Sign(c);
            }
            ')' | ']' | '}' => {
                // The right operand follows the labels of `on`.
                let of_matching = self.open.pop() == Some('o');
                self.before = if of_matching { Before::Sign('o') } else { Before::Operand };
            }
            _ if c.is_whitespace() => {}
            _ if is_word(c) && !(c == ':' && self.open.last() == Some(&'[')) => {
                let length = rest.find(|c| !is_word(c) && c != '.').unwrap_or(rest.len());
                let number = c.is_ascii_digit();
                self.before = if number { Before::Operand } else { Before::Word(&rest[..length]) };
                return length;
            }
            _ => self.before = Before::Sign(c),
        }
        c.len_utf8()
    }

    /// Passes a variable.
    pub(super) fn passed(&mut self, context: Context, place: &Range<usize>) {
        self.passed = Some(place.end);
        if self.quote.is_none() && context != Context::Operator {
            self.before = Before::Operand;
        }
    }

    pub(super) fn context(&self, place: &Range<usize>) -> Context {
        if self.quote.is_some() {
            return Context::Text;
        }
        let behind = &self.text[..place.start];
        let ahead = &self.text[place.end..];
        let after_variable = self.passed == Some(place.start);
        let joined = after_variable || behind.ends_with(is_word);
        let run = behind.trim_end_matches(|c| is_word(c) || c == '.');
        let run = &behind[run.len()..];
        let after_digits = !run.is_empty() && run.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        let joins = ahead.starts_with(is_word) || variable(ahead).is_some();
        let next = ahead.trim_start();
        let in_brackets = self.open.last() == Some(&'[');
        let after_offset = match self.before {
            Before::Word(word) => word.eq_ignore_ascii_case("offset"),
            Before::Sign('-' | '+') => {
                let signed = behind.trim_end().trim_end_matches(['-', '+']).trim_end();
                let word = signed.len().checked_sub("offset".len()).and_then(|at| signed.get(at..));
                word.is_some_and(|word| word.eq_ignore_ascii_case("offset"))
            }
            _ => false,
        };
        if self.before == Before::Sign('@') || after_digits && behind.ends_with('.') {
            return Context::Number;
        }
        if in_brackets || after_offset || after_digits {
            // A colon in brackets is before the step.
            let step = in_brackets && behind.ends_with(':');
            return match (joined && !step, joins && !ahead.starts_with(':')) {
                (true, _) => Context::Unit,
                (false, true) => Context::Number,
                (false, false) => Context::Duration,
            };
        }
        match self.open.last() {
            Some('{') => self.in_braces(joined || joins, next),
            Some('b' | 'o') if joined || joins => Context::Piece,
            Some('b' | 'o') => Context::Label,
            _ if joined || joins => Context::Piece,
            _ => self.outside(next),
        }
    }

    fn in_braces(&self, is_piece: bool, next: &str) -> Context {
        let begins_op = |text: &str| text.starts_with(['=', '!']);
        match self.before {
            _ if is_piece => Context::Piece,
            Before::Sign('=' | '~') => Context::Quoted,
            _ if begins_op(next) => Context::Label,
            before => Context::Matchers {
                before: !matches!(before, Before::Sign(_)),
                after: next.starts_with(is_word) || next.starts_with(['"', '\'', '`']),
            },
        }
    }

    fn outside(&self, next: &str) -> Context {
        let word = &next[..next.find(|c| !is_word(c)).unwrap_or(next.len())];
        let is = |wanted: &str| word.eq_ignore_ascii_case(wanted);
        let operators = ["and", "or", "unless", "atan2", "bool"];
        let after_operand = match self.before {
            Before::Operand => true,
            Before::Word(word) => {
                !operators.iter().chain(&MATCHING).any(|op| word.eq_ignore_ascii_case(op))
            }
            Before::Sign(_) => false,
        };
        if after_operand {
            Context::Operator
        } else if is("by") || is("without") {
            Context::Function { grouped: true }
        } else if next.starts_with('(') {
            Context::Function { grouped: false }
        } else if next.starts_with(['{', '[', '@']) || is("offset") {
            Context::Metric
        } else {
            Context::Operand
        }
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == ':'
}
