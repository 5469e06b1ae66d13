//! The pieces of a line, which the text formats have in common.

use super::error::{Fault, ParseError};
use super::types::Label;
use std::borrow::Cow;

/// Reads a text from its beginning to its end. It never passes the end of a line by itself.
pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
    /// The beginning of the present line, and its number.
    start: usize,
    number: usize,
}

impl<'a> Lexer<'a> {
    /// # Errors
    /// The first line that is not UTF-8.
    pub(super) fn new(body: &'a [u8]) -> Result<Self, ParseError> {
        match std::str::from_utf8(body) {
            Ok(text) => Ok(Self { text, at: 0, start: 0, number: 1 }),
            Err(error) => {
                let valid = &body[..error.valid_up_to()];
                let number = valid.split(|&byte| byte == b'\n').count();
                let line = body.split(|&byte| byte == b'\n').nth(number - 1).unwrap_or_default();
                let line = String::from_utf8_lossy(&line[..line.len().min(320)]);
                Err(ParseError::line(&line, number, "the text is not UTF-8".into()))
            }
        }
    }

    /// The error of the present line.
    pub(super) fn error(&self, reason: impl Into<Fault>) -> ParseError {
        ParseError::line(&self.text[self.start..], self.number, reason.into())
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at == self.text.len()
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let is_there = self.peek() == Some(byte);
        self.at += usize::from(is_there);
        is_there
    }

    pub(super) fn eat_text(&mut self, text: &str) -> bool {
        let is_there = self.text.as_bytes()[self.at..].starts_with(text.as_bytes());
        self.at += if is_there { text.len() } else { 0 };
        is_there
    }

    /// Passes blanks. Returns whether there were any.
    pub(super) fn blanks(&mut self) -> bool {
        let start = self.at;
        while let Some(b' ' | b'\t') = self.peek() {
            self.at += 1;
        }
        self.at > start
    }

    fn take_while(&mut self, is_part: impl Fn(u8) -> bool) -> &'a str {
        let rest = &self.text.as_bytes()[self.at..];
        let length = rest.iter().position(|&byte| !is_part(byte)).unwrap_or(rest.len());
        let start = self.at;
        self.at += length;
        // All users stop at an ASCII character.
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// The rest of the line.
    pub(super) fn rest(&mut self) -> &'a str {
        self.take_while(|byte| byte != b'\n')
    }

    /// The text up to the next blank or the end of the line.
    pub(super) fn word(&mut self) -> &'a str {
        self.take_while(|byte| !matches!(byte, b' ' | b'\t' | b'\n'))
    }

    /// Goes on to the next line.
    pub(super) fn end_line(&mut self) -> Result<(), Fault> {
        match self.peek() {
            Some(b'\n') => {
                self.at += 1;
                (self.start, self.number) = (self.at, self.number + 1);
                Ok(())
            }
            None => Ok(()),
            Some(b'\r') => {
                Err("a line ends in a carriage return, which is no part of the format".into())
            }
            Some(_) => Err("there is more text than the format has in this place".into()),
        }
    }

    /// The name of a metric without quotes. Empty if there is none.
    pub(super) fn metric_name(&mut self) -> &'a str {
        match self.peek() {
            Some(b'0'..=b'9') => "",
            _ => self.take_while(|byte| NAME[usize::from(byte)]),
        }
    }

    /// The name of a metric in a comment, with quotes or without.
    pub(super) fn name(&mut self) -> Result<Cow<'a, str>, Fault> {
        let name =
            if self.peek() == Some(b'"') { self.quoted()? } else { self.metric_name().into() };
        if name.is_empty() { Err("there is no valid name of a metric".into()) } else { Ok(name) }
    }

    /// The text in double quotes.
    #[inline]
    fn quoted(&mut self) -> Result<Cow<'a, str>, Fault> {
        let start = self.at + 1;
        let bytes = self.text.as_bytes();
        let (mut at, mut is_escaped) = (start, false);
        loop {
            match bytes.get(at) {
                Some(b'"') => break,
                Some(b'\\') if bytes.get(at + 1).is_some_and(|&next| next != b'\n') => {
                    is_escaped = true;
                    at += 2;
                }
                None | Some(b'\n' | b'\\') => return Err("a double quote is not closed".into()),
                Some(_) => at += 1,
            }
        }
        self.at = at + 1;
        // Between two quotes.
        let text = self.text.get(start..at).unwrap_or_default();
        Ok(if is_escaped { unescape(text, true) } else { text.into() })
    }

    /// The name and the labels of a sample. Blanks between them are only an error if `STRICT`.
    #[inline]
    pub(super) fn series<const STRICT: bool>(
        &mut self,
        labels: &mut Vec<Label<'a>>,
        most: usize,
    ) -> Result<Cow<'a, str>, Fault> {
        labels.clear();
        let mut name = Cow::Borrowed(self.metric_name());
        let is_whole = matches!(self.peek(), None | Some(b' ' | b'\t' | b'\n' | b'{'));
        if !is_whole && !name.is_empty() {
            return Err("the name of a metric has a character that it has only in quotes".into());
        }
        self.blanks_unless::<STRICT>();
        if self.eat(b'{') {
            self.braces::<STRICT>(&mut name, labels, most)?;
        }
        if name.is_empty() {
            return Err("there is no valid name of a metric".into());
        }
        Ok(name)
    }

    /// The labels of an exemplar, behind the opening brace.
    pub(super) fn exemplar_labels(&mut self, most: usize) -> Result<Vec<Label<'a>>, Fault> {
        let (mut labels, mut name) = (Vec::new(), "exemplar".into());
        self.braces::<true>(&mut name, &mut labels, most)?;
        Ok(labels)
    }

    /// The labels behind an opening brace, and among them the name of the metric in quotes.
    fn braces<const STRICT: bool>(
        &mut self,
        name: &mut Cow<'a, str>,
        labels: &mut Vec<Label<'a>>,
        most: usize,
    ) -> Result<(), Fault> {
        loop {
            self.blanks_unless::<STRICT>();
            if self.eat(b'}') {
                return check_labels(labels);
            }
            let is_quoted = self.peek() == Some(b'"');
            let label = if is_quoted { self.quoted()? } else { self.label_name().into() };
            if label.is_empty() {
                return Err("there is no valid name of a label".into());
            }
            self.blanks_unless::<STRICT>();
            if is_quoted && matches!(self.peek(), Some(b',' | b'}')) {
                if !name.is_empty() {
                    return Err("there is a second name of the metric".into());
                }
                *name = label;
            } else {
                if !self.eat(b'=') {
                    return Err("there is no = behind the name of a label".into());
                }
                self.blanks_unless::<STRICT>();
                if self.peek() != Some(b'"') {
                    return Err("the value of a label is not in double quotes".into());
                }
                let value = self.quoted()?;
                if labels.len() >= most {
                    return Err(Fault::TooMany("labels of a sample", most));
                }
                labels.push((label, value));
            }
            self.blanks_unless::<STRICT>();
            // Prometheus reads a text without a comma between two labels, or with one behind the last.
            let (has_comma, ends) = (self.eat(b','), self.peek() == Some(b'}'));
            if STRICT && has_comma == ends {
                return Err(
                    "there is neither a comma with a label nor a brace behind a label".into()
                );
            }
        }
    }

    fn blanks_unless<const STRICT: bool>(&mut self) {
        if !STRICT {
            self.blanks();
        }
    }

    fn label_name(&mut self) -> &'a str {
        match self.peek() {
            Some(b'0'..=b'9') => "",
            _ => self.take_while(|byte| byte != b':' && NAME[usize::from(byte)]),
        }
    }
}

/// The bytes of names without quotes: letters, digits, underscores and colons.
const NAME: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        table[byte as usize] = byte.is_ascii_alphanumeric() || byte == b'_' || byte == b':';
        byte += 1;
    }
    table
};

/// The most labels that are compared pair by pair.
const FEW: usize = 16;

/// No name may be there twice, and `__name__` is that of the metric.
pub(super) fn check_labels(labels: &[Label<'_>]) -> Result<(), Fault> {
    if labels.iter().any(|(name, _)| name == "__name__") {
        return Err("the label __name__ is that of the metric's name".into());
    }
    let twice = if labels.len() <= FEW {
        (1..labels.len()).find(|&at| labels[..at].iter().any(|(name, _)| *name == labels[at].0))
    } else {
        let mut order: Vec<usize> = (0..labels.len()).collect();
        order.sort_unstable_by(|&a, &b| labels[a].0.cmp(&labels[b].0));
        order.windows(2).find(|pair| labels[pair[0]].0 == labels[pair[1]].0).map(|pair| pair[0])
    };
    twice.map_or(Ok(()), |at| Err(format!("the label {:?} is there twice", labels[at].0).into()))
}

/// Replaces `\\`, `\n` and, where `quotes` are escaped, `\"`. A backslash before anything else
/// stays, as in Prometheus.
pub(super) fn unescape(text: &str, quotes: bool) -> Cow<'_, str> {
    let Some(first) = text.find('\\') else { return text.into() };
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    let mut next = Some(first);
    while let Some(at) = next {
        plain.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let replaced = match rest.as_bytes().first() {
            Some(b'\\') => Some('\\'),
            Some(b'n') => Some('\n'),
            Some(b'"') if quotes => Some('"'),
            _ => None,
        };
        plain.push(replaced.unwrap_or('\\'));
        rest = &rest[usize::from(replaced.is_some())..];
        next = rest.find('\\');
    }
    plain.push_str(rest);
    plain.into()
}
