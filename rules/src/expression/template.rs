//! What may stand in the place of a variable.
//!
//! A variable can be any text: a label value, a duration, a function, a list of labels. What is
//! around it leaves few possibilities, which are tried one after the other until the parser reads
//! the whole.

use super::NotChecked;
use super::bounds::MAX_LENGTH;
use super::variables::{Found, Substituted, Usage, Variables, variable};
use std::borrow::Cow;
use std::ops::Range;

/// Substitutions of one text that are tried.
const MAX_TRIES: usize = 64;
/// Bytes of a value that is used.
const MAX_VALUE: usize = 1024;

/// A text and its variables.
pub(super) struct Template<'a> {
    text: &'a str,
    parts: Vec<Part<'a>>,
}

/// A variable and what may stand in its place, the likeliest first.
struct Part<'a> {
    name: &'a str,
    place: Range<usize>,
    context: Context,
    choices: Vec<Choice<'a>>,
}

#[derive(Clone, Debug, PartialEq)]
struct Choice<'a> {
    text: Cow<'a, str>,
    any: bool,
}

/// Where a variable is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Context {
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
    /// A function: an aggregation if `by` or `without` follows.
    Function { grouped: bool },
    /// A number or a metric.
    Operand,
    /// An operator, or what may follow an operand.
    Operator,
}

impl<'a> Template<'a> {
    pub(super) fn new(text: &'a str, variables: &'a Variables) -> Result<Self, NotChecked> {
        let mut parts = Vec::new();
        let mut scan = Scan::new(text);
        while let Some((found, place)) = scan.next() {
            // `$__timeFilter(column)`, `$__timeGroup(…)`: functions of SQL.
            if found.name.starts_with("__") && text[place.end..].starts_with('(') && !scan.in_text()
            {
                return Err(NotChecked::Macro { name: found.name.to_owned(), place });
            }
            let context = scan.context(&place);
            let choices = choices(context, &found, variables);
            scan.passed(context, &place);
            parts.push(Part { name: found.name, place, context, choices });
        }
        Ok(Self { text, parts })
    }

    pub(super) fn usages(&self) -> Vec<Usage> {
        let usage =
            |part: &Part<'_>| Usage { name: part.name.to_owned(), place: part.place.clone() };
        self.parts.iter().map(usage).collect()
    }

    /// The texts to try. A variable stands for one thing wherever it is in one context.
    pub(super) fn substitutions(
        &self,
    ) -> impl Iterator<Item = Result<Substituted<'static>, NotChecked>> {
        let mut keys: Vec<(&str, Context, usize)> = Vec::new();
        let mut key_of = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            let key = (part.name, part.context, part.choices.len());
            let known = keys.iter().position(|known| *known == key);
            key_of.push(known.unwrap_or(keys.len()));
            if known.is_none() {
                keys.push(key);
            }
        }
        let tries = keys.iter().fold(1_usize, |all, key| all.saturating_mul(key.2));
        (0..tries.min(MAX_TRIES)).map(move |attempt| {
            let mut rest = attempt;
            let chosen: Vec<usize> = keys
                .iter()
                .map(|&(_, _, choices)| {
                    let choice = rest % choices;
                    rest /= choices;
                    choice
                })
                .collect();
            self.substituted(key_of.iter().map(|&key| chosen.get(key).copied().unwrap_or(0)))
        })
    }

    fn substituted(
        &self,
        chosen: impl Iterator<Item = usize>,
    ) -> Result<Substituted<'static>, NotChecked> {
        let mut substituted = Substituted::empty();
        let mut at = 0;
        for (part, chosen) in self.parts.iter().zip(chosen) {
            substituted.push(&self.text[at..part.place.start]);
            if let Some(choice) = part.choices.get(chosen) {
                substituted.push_variable(&choice.text, part.place.clone(), choice.any);
            }
            at = part.place.end;
            if substituted.text().len() > MAX_LENGTH {
                return Err(NotChecked::TooLong);
            }
        }
        substituted.push(&self.text[at..]);
        Ok(substituted)
    }
}

fn choices<'a>(context: Context, found: &Found<'_>, variables: &'a Variables) -> Vec<Choice<'a>> {
    let mut choices = Vec::new();
    let any = |text: &'static str| Choice { text: text.into(), any: true };
    if let Some(choice) = value(context, found, variables) {
        choices.push(choice);
    }
    let further: &[&'static str] = match context {
        Context::Text | Context::Piece | Context::Label | Context::Metric => &["a"],
        Context::Duration => &["1m"],
        Context::Unit => &["m"],
        Context::Number => &["1"],
        Context::Quoted => &["\"a\""],
        Context::Matchers { before: false, after: false } => &["a=\"a\""],
        Context::Matchers { before: true, after: false } => &[",a=\"a\""],
        Context::Matchers { before: false, after: true } => &["a=\"a\","],
        Context::Matchers { before: true, after: true } => &[",a=\"a\","],
        Context::Function { grouped: true } => &["sum", "topk", "count_values"],
        Context::Function { grouped: false } => &[
            "abs",
            "rate",
            "histogram_quantile",
            "quantile_over_time",
            "clamp_max",
            "sum",
            "topk",
            "count_values",
        ],
        Context::Operand => &["1", "a"],
        Context::Operator => &["+", ""],
    };
    choices.extend(further.iter().copied().map(any));
    choices
}

/// The first value of a variable, if it fits.
fn value<'a>(context: Context, found: &Found<'_>, variables: &'a Variables) -> Option<Choice<'a>> {
    let values = variables.values(found.name);
    let value = values.first()?.as_str();
    if value.is_empty() || value.len() > MAX_VALUE || value.starts_with('$') {
        return None;
    }
    // Whether it is the same in each format, whatever is escaped there.
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-/: ".contains(c);
    let dots = found.format.is_none();
    let fits = match context {
        Context::Text => values.len() == 1 && value.chars().all(|c| plain(c) || dots && c == '.'),
        // A value with brackets, quotes or variables of its own can change what is around it.
        Context::Matchers { .. } | Context::Quoted | Context::Operand | Context::Operator => {
            !value.contains(['$', '#']) && !value.contains("[[")
        }
        _ => value.chars().all(|c| plain(c) && c != '/'),
    };
    fits.then(|| Choice { text: value.into(), any: values.len() > 1 })
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
struct Scan<'a> {
    text: &'a str,
    at: usize,
    quote: Option<char>,
    /// `(`, `[`, `{`, and `b` for the parenthesis of a list of labels.
    open: Vec<char>,
    before: Before<'a>,
    /// Where the last variable ended.
    passed: Option<usize>,
}

const LISTS: [&str; 6] = ["by", "without", "on", "ignoring", "group_left", "group_right"];

impl<'a> Scan<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, at: 0, quote: None, open: Vec::new(), before: Before::Sign('('), passed: None }
    }

    fn next(&mut self) -> Option<(Found<'a>, Range<usize>)> {
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

    fn in_text(&self) -> bool {
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
                let is_list = |word: &str| LISTS.iter().any(|list| word.eq_ignore_ascii_case(list));
                let list = matches!(self.before, Before::Word(word) if is_list(word));
                self.open.push(if list { 'b' } else { '(' });
                self.before = Before::Sign(c);
            }
            '[' | '{' => {
                self.open.push(c);
                self.before = Before::Sign(c);
            }
            ')' | ']' | '}' => {
                self.open.pop();
                self.before = Before::Operand;
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
    fn passed(&mut self, context: Context, place: &Range<usize>) {
        self.passed = Some(place.end);
        if self.quote.is_none() && context != Context::Operator {
            self.before = Before::Operand;
        }
    }

    fn context(&self, place: &Range<usize>) -> Context {
        if self.quote.is_some() {
            return Context::Text;
        }
        let behind = &self.text[..place.start];
        let ahead = &self.text[place.end..];
        let after_variable = self.passed == Some(place.start);
        let joined = after_variable || behind.ends_with(is_word);
        let digits = behind.len() - behind.trim_end_matches(is_word).len();
        let digits = &behind[behind.len() - digits..];
        let after_digits = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        let joins = ahead.starts_with(is_word) || variable(ahead).is_some();
        let next = ahead.trim_start();
        let in_brackets = self.open.last() == Some(&'[');
        let after_offset = match self.before {
            Before::Word(word) => word.eq_ignore_ascii_case("offset"),
            Before::Sign('-' | '+') => {
                let signed = behind.trim_end().trim_end_matches(['-', '+']).trim_end();
                signed.to_ascii_lowercase().ends_with("offset")
            }
            _ => false,
        };
        if in_brackets || after_offset || after_digits {
            // A colon in brackets is before the step.
            let step = in_brackets && behind.ends_with(':');
            return match (joined && !step, joins && !ahead.starts_with(':')) {
                (true, _) => Context::Unit,
                (false, true) => Context::Number,
                (false, false) => Context::Duration,
            };
        }
        if self.before == Before::Sign('@') {
            return Context::Number;
        }
        match self.open.last() {
            Some('{') => self.in_braces(joined || joins, next),
            Some('b') if joined || joins => Context::Piece,
            Some('b') => Context::Label,
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
            Before::Word(word) => !operators.iter().any(|op| word.eq_ignore_ascii_case(op)),
            Before::Sign(_) => false,
        };
        if after_operand {
            Context::Operator
        } else if is("by") || is("without") {
            Context::Function { grouped: true }
        } else if next.starts_with('(') {
            Context::Function { grouped: closes_grouped(next) }
        } else if next.starts_with(['{', '[', '@']) || is("offset") {
            Context::Metric
        } else {
            Context::Operand
        }
    }
}

/// Whether `by` or `without` follows these parentheses.
fn closes_grouped(text: &str) -> bool {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' if depth == 1 => {
                let word = text[at + 1..].trim_start().to_ascii_lowercase();
                return ["by", "without"].iter().any(|list| {
                    word.strip_prefix(list).is_some_and(|rest| !rest.starts_with(is_word))
                });
            }
            ')' => depth -= 1,
            _ => {}
        }
    }
    false
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == ':'
}
