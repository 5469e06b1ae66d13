//! The pieces of protobuf's wire format
//! (<https://protobuf.dev/programming-guides/encoding/>), written one after the other.
//!
//! Field numbers are 1 to 15, so that a tag is one byte.

/// The types of fields on the wire.
const VARINT: u8 = 0;
const I64: u8 = 1;
const LEN: u8 = 2;

const fn tag(field: u8, wire_type: u8) -> u8 {
    field << 3 | wire_type
}

/// The bytes of a number as a varint.
const fn varint_len(number: u64) -> usize {
    ((number | 1).ilog2() / 7 + 1) as usize
}

#[expect(clippy::cast_possible_truncation, reason = "seven bits at a time")]
#[inline]
pub(super) fn push_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

pub(super) fn push_uint(out: &mut Vec<u8>, field: u8, number: u64) {
    out.push(tag(field, VARINT));
    push_varint(out, number);
}

/// A number with its sign in the lowest bit, so that small ones are short either way.
#[inline]
pub(super) fn push_zigzag(out: &mut Vec<u8>, number: i64) {
    push_varint(out, ((number << 1) ^ (number >> 63)).cast_unsigned());
}

pub(super) fn push_sint(out: &mut Vec<u8>, field: u8, number: i64) {
    out.push(tag(field, VARINT));
    push_zigzag(out, number);
}

#[inline]
pub(super) fn push_double(out: &mut Vec<u8>, field: u8, number: f64) {
    out.push(tag(field, I64));
    out.extend_from_slice(&number.to_le_bytes());
}

/// A text in pieces.
#[inline]
pub(super) fn push_text(out: &mut Vec<u8>, field: u8, pieces: &[&str]) {
    out.push(tag(field, LEN));
    push_varint(out, pieces.iter().map(|piece| piece.len() as u64).sum());
    pieces.iter().for_each(|piece| out.extend_from_slice(piece.as_bytes()));
}

/// A message of a `double`, field 1.
#[inline]
pub(super) fn push_number(out: &mut Vec<u8>, field: u8, number: f64) {
    let mut message = [tag(field, LEN), 9, tag(1, I64), 0, 0, 0, 0, 0, 0, 0, 0];
    message[3..].copy_from_slice(&number.to_le_bytes());
    out.extend_from_slice(&message);
}

/// A message of a number, field 1, and a `double`, field 2.
#[expect(clippy::cast_possible_truncation, reason = "at most 20 bytes")]
#[inline]
pub(super) fn push_bucket(out: &mut Vec<u8>, field: u8, number: u64, double: f64) {
    let length = 1 + varint_len(number) + 9;
    out.extend_from_slice(&[tag(field, LEN), length as u8, tag(1, VARINT)]);
    push_varint(out, number);
    let mut last = [tag(2, I64), 0, 0, 0, 0, 0, 0, 0, 0];
    last[1..].copy_from_slice(&double.to_le_bytes());
    out.extend_from_slice(&last);
}

/// A message whose length is known only after it is written. The length is then put in front: into
/// the reserved room if the guess was good; otherwise the message moves.
#[must_use = "without its length a message can't be read"]
pub(super) struct Message {
    /// The beginning of the message, behind the room for its length.
    start: usize,
    room: usize,
}

impl Message {
    /// Begins a field with a message of about `guess` bytes.
    #[inline]
    pub(super) fn field(out: &mut Vec<u8>, field: u8, guess: usize) -> Self {
        out.push(tag(field, LEN));
        Self::delimited(out, guess)
    }

    /// Begins a message of about `guess` bytes that is no field of another.
    #[inline]
    pub(super) fn delimited(out: &mut Vec<u8>, guess: usize) -> Self {
        let room = varint_len(guess as u64);
        out.extend_from_slice(&[0; 10][..room]);
        Self { start: out.len(), room }
    }

    #[inline]
    pub(super) fn end(self, out: &mut Vec<u8>) {
        let length = out.len() - self.start;
        self.end_with(out, length);
    }

    /// Ends a message with only its beginning in `out`, and `others` bytes elsewhere.
    pub(super) fn end_in_pieces(self, out: &mut Vec<u8>, others: usize) {
        let length = out.len() - self.start + others;
        self.end_with(out, length);
    }

    #[expect(clippy::cast_possible_truncation, reason = "seven bits at a time")]
    #[inline]
    fn end_with(self, out: &mut Vec<u8>, length: usize) {
        let room = varint_len(length as u64);
        if room != self.room {
            self.make_room(out, room);
        }
        let mut rest = length;
        for byte in &mut out[self.start - self.room..][..room] {
            *byte = rest as u8 | 0x80;
            rest >>= 7;
        }
        out[self.start - self.room + room - 1] &= 0x7f;
    }

    #[cold]
    fn make_room(&self, out: &mut Vec<u8>, room: usize) {
        let front = self.start - self.room;
        out.splice(front..self.start, std::iter::repeat_n(0, room));
    }
}

#[cfg(test)]
mod tests {
    use super::{Message, push_varint, varint_len};

    fn varint(number: u64) -> Vec<u8> {
        let mut out = Vec::new();
        push_varint(&mut out, number);
        out
    }

    /// The examples of protobuf's documentation, and the extremes.
    #[test]
    fn varints() {
        assert_eq!(varint(1), [0x01]);
        assert_eq!(varint(150), [0x96, 0x01]);
        assert_eq!(varint(0), [0]);
        assert_eq!(varint(u64::MAX), [255, 255, 255, 255, 255, 255, 255, 255, 255, 1]);
        for bits in 0..64 {
            for number in [1_u64 << bits, (1 << bits) - 1] {
                assert_eq!(varint(number).len(), varint_len(number), "{number}");
            }
        }
    }

    #[test]
    fn the_length_is_right_whatever_was_guessed() {
        for length in [0, 1, 127, 128, 129, 16_383, 16_384, 70_000] {
            for guess in [0, 127, 128, 20_000, 3_000_000] {
                let mut out = vec![9];
                let outer = Message::field(&mut out, 4, guess);
                let message = Message::delimited(&mut out, guess);
                out.extend(std::iter::repeat_n(7, length));
                message.end(&mut out);
                outer.end(&mut out);
                let mut inner = varint(length as u64);
                inner.extend(std::iter::repeat_n(7, length));
                let mut expected = vec![9, 4 << 3 | 2];
                expected.extend(varint(inner.len() as u64));
                expected.extend(inner);
                assert!(out == expected, "{length} bytes, guessed {guess}");
            }
        }
    }
}
