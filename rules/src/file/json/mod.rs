//! JSON as a tree whose nodes have places. No crate that is kept has both the places of values and
//! those of parts of a string with escapes.

#[cfg(test)]
mod tests;

use crate::place::{Piece, Place, Text};

/// The largest file that is read. Dashboards have up to a few megabytes.
pub(super) const MOST_BYTES: usize = 32 << 20;

/// The most nodes in a file.
const MOST_NODES: usize = 2_000_000;

/// How deep values are nested: that of `serde_json`.
const MOST_DEPTH: usize = 128;

#[derive(Debug)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) value: Value,
}

#[derive(Debug)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Number(f64),
    String(Text),
    Array(Vec<Node>),
    Object(Vec<(Text, Node)>),
}

impl Node {
    /// The value of a key: the last one, as `JSON.parse` takes it.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        let Value::Object(entries) = &self.value else { return None };
        entries.iter().rev().find(|(name, _)| name.as_str() == key).map(|(_, node)| node)
    }

    /// The value behind several keys.
    pub(super) fn at(&self, keys: &[&str]) -> Option<&Node> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }

    pub(super) fn text(&self) -> Option<&Text> {
        if let Value::String(text) = &self.value { Some(text) } else { None }
    }

    pub(super) fn number(&self) -> Option<f64> {
        if let Value::Number(number) = self.value { Some(number) } else { None }
    }

    pub(super) fn bool(&self) -> Option<bool> {
        if let Value::Bool(value) = self.value { Some(value) } else { None }
    }

    /// The items of an array; none of anything else.
    pub(super) fn items(&self) -> &[Node] {
        if let Value::Array(items) = &self.value { items } else { &[] }
    }

    /// The entries of an object; none of anything else.
    pub(super) fn entries(&self) -> &[(Text, Node)] {
        if let Value::Object(entries) = &self.value { entries } else { &[] }
    }

    /// The text of a key.
    pub(super) fn text_of(&self, key: &str) -> Option<&Text> {
        self.get(key).and_then(Node::text)
    }

    /// The items of a key.
    pub(super) fn items_of(&self, key: &str) -> &[Node] {
        self.get(key).map_or(&[], Node::items)
    }
}

/// Where and why a text is no JSON.
pub(super) type Refused = (usize, &'static str);

/// Reads a document.
pub(super) fn parse(text: &str) -> Result<Node, Refused> {
    let mut reader = Reader { text, at: 0, nodes: 0 };
    reader.eat("\u{feff}");
    let node = reader.value(0)?;
    reader.space();
    if reader.at == text.len() { Ok(node) } else { Err((reader.at, "something follows the end")) }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    nodes: usize,
}

impl Reader<'_> {
    fn next(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn space(&mut self) {
        while matches!(self.next(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn eat(&mut self, word: &str) -> bool {
        let is_next = self.rest().starts_with(word);
        self.at += if is_next { word.len() } else { 0 };
        is_next
    }

    fn value(&mut self, depth: usize) -> Result<Node, Refused> {
        self.space();
        let start = self.at;
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            return Err((start, "the file has more than 2 million values"));
        }
        if depth > MOST_DEPTH {
            return Err((start, "values are nested deeper than 128"));
        }
        let value = match self.next() {
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.array(depth)?,
            Some(b'"') => Value::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            _ if self.eat("null") => Value::Null,
            _ if self.eat("true") => Value::Bool(true),
            _ if self.eat("false") => Value::Bool(false),
            None => return Err((start, "the file ends too early")),
            Some(_) => return Err((start, "this is no value")),
        };
        Ok(Node { place: Place::new(start, self.at), value })
    }

    fn object(&mut self, depth: usize) -> Result<Value, Refused> {
        self.at += 1;
        let mut entries = Vec::new();
        self.space();
        if self.eat("}") {
            return Ok(Value::Object(entries));
        }
        loop {
            self.space();
            if self.next() != Some(b'"') {
                return Err((self.at, "a key in quotes must be here"));
            }
            let key = self.string()?;
            self.space();
            if !self.eat(":") {
                return Err((self.at, "a colon must be here"));
            }
            entries.push((key, self.value(depth + 1)?));
            self.space();
            if self.eat("}") {
                return Ok(Value::Object(entries));
            }
            if !self.eat(",") {
                return Err((self.at, "a comma or a closing brace must be here"));
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value, Refused> {
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.eat("]") {
            return Ok(Value::Array(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.space();
            if self.eat("]") {
                return Ok(Value::Array(items));
            }
            if !self.eat(",") {
                return Err((self.at, "a comma or a closing bracket must be here"));
            }
        }
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.next().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        self.at - start
    }

    fn number(&mut self) -> Result<Value, Refused> {
        const REFUSED: &str = "this is no number";
        let start = self.at;
        self.eat("-");
        let leading = self.next();
        let mut fits = self.digits();
        if leading == Some(b'0') && fits > 1 {
            return Err((start, "a number has no leading zeros"));
        }
        if self.eat(".") {
            fits = fits.min(self.digits());
        }
        if self.eat("e") || self.eat("E") {
            let _ = self.eat("+") || self.eat("-");
            fits = fits.min(self.digits());
        }
        let number = self.text.get(start..self.at).and_then(|text| text.parse().ok());
        match number {
            Some(number) if fits > 0 => Ok(Value::Number(number)),
            _ => Err((start, REFUSED)),
        }
    }

    fn string(&mut self) -> Result<Text, Refused> {
        let start = self.at;
        self.at += 1;
        let mut value = String::new();
        let mut pieces = Vec::new();
        loop {
            let from = self.at;
            let plain = |byte: &u8| *byte != b'"' && *byte != b'\\' && *byte >= b' ';
            self.at += self.rest().bytes().take_while(plain).count();
            let part = self.text.get(from..self.at).unwrap_or_default();
            push(&mut value, &mut pieces, part, from..self.at);
            let from = self.at;
            match self.next() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Text::new(value, Place::new(start, self.at), pieces));
                }
                Some(b'\\') => {
                    let character = self.escape()?;
                    push(
                        &mut value,
                        &mut pieces,
                        character.encode_utf8(&mut [0; 4]),
                        from..self.at,
                    );
                }
                Some(_) => {
                    return Err((from, "a control character in a string must be an escape"));
                }
                None => return Err((start, "the string has no end")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Refused> {
        let start = self.at;
        self.at += 2;
        Ok(match self.text.as_bytes().get(start + 1) {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => self.unicode(start)?,
            _ => return Err((start, "this is no escape")),
        })
    }

    fn unicode(&mut self, start: usize) -> Result<char, Refused> {
        let high = self.unit().ok_or((start, "this is no escape"))?;
        if (0xd800..0xdc00).contains(&high) && self.rest().starts_with("\\u") {
            let before = self.at;
            self.at += 2;
            let low = self.unit().ok_or((before, "this is no escape"))?;
            if (0xdc00..0xe000).contains(&low) {
                let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = before;
        }
        // Half of a pair is no character: Go reads this instead.
        Ok(char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    /// Four hexadecimal digits.
    fn unit(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        self.at += 4;
        u32::from_str_radix(digits, 16).ok().filter(|_| is_hex)
    }
}

fn push(value: &mut String, pieces: &mut Vec<Piece>, part: &str, source: std::ops::Range<usize>) {
    if !part.is_empty() {
        let start = value.len();
        value.push_str(part);
        pieces.push(Piece { value: start..value.len(), source });
    }
}
