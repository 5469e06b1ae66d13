//! Protobuf's wire format, read field by field
//! (<https://protobuf.dev/programming-guides/encoding/>). Nothing here recurses.

use super::error::Fault;

/// The rest of a message.
#[derive(Clone, Copy)]
pub(super) struct Message<'a>(pub(super) &'a [u8]);

/// A field's content.
#[derive(Clone, Copy)]
pub(super) enum Field<'a> {
    Varint(u64),
    I64([u8; 8]),
    /// No known field has this type.
    I32,
    Bytes(&'a [u8]),
}

const ENDS_EARLY: &str = "a message ends within a field";
const OTHER_TYPE: &str = "a field is of another type than the format has";

impl<'a> Message<'a> {
    /// The number and the content of the next field. `None` at the end.
    #[inline]
    pub(super) fn next(&mut self) -> Result<Option<(u64, Field<'a>)>, Fault> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let field = match tag & 7 {
            0 => Field::Varint(self.varint()?),
            1 => Field::I64(self.array()?),
            2 => Field::Bytes(self.delimited()?),
            5 => self.array::<4>().map(|_| Field::I32)?,
            _ => return Err("a field is of a type that the format does not have".into()),
        };
        match tag >> 3 {
            0 => Err("a field has no number".into()),
            number => Ok(Some((number, field))),
        }
    }

    #[inline]
    pub(super) fn varint(&mut self) -> Result<u64, Fault> {
        let (mut number, mut shift) = (0, 0);
        loop {
            let (&byte, rest) = self.0.split_first().ok_or(ENDS_EARLY)?;
            self.0 = rest;
            // The tenth byte has the highest bit alone.
            if shift == 63 && byte > 1 {
                return Err("a number has more than 64 bits".into());
            }
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
            shift += 7;
        }
    }

    /// Bytes behind their length.
    #[inline]
    pub(super) fn delimited(&mut self) -> Result<&'a [u8], Fault> {
        let length = self.varint()?;
        let length = usize::try_from(length).map_err(|_| ENDS_EARLY)?;
        let (bytes, rest) = self.0.split_at_checked(length).ok_or(ENDS_EARLY)?;
        self.0 = rest;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or(ENDS_EARLY)?;
        self.0 = rest;
        Ok(*bytes)
    }
}

impl<'a> Field<'a> {
    pub(super) fn uint(self) -> Result<u64, Fault> {
        match self {
            Self::Varint(number) => Ok(number),
            _ => Err(OTHER_TYPE.into()),
        }
    }

    pub(super) fn double(self) -> Result<f64, Fault> {
        match self {
            Self::I64(bytes) => Ok(f64::from_le_bytes(bytes)),
            _ => Err(OTHER_TYPE.into()),
        }
    }

    pub(super) fn bytes(self) -> Result<&'a [u8], Fault> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            _ => Err(OTHER_TYPE.into()),
        }
    }

    pub(super) fn message(self) -> Result<Message<'a>, Fault> {
        self.bytes().map(Message)
    }

    pub(super) fn text(self) -> Result<&'a str, Fault> {
        std::str::from_utf8(self.bytes()?).map_err(|_| "a text is not UTF-8".into())
    }

    /// A repeated `sint64`, packed or not.
    pub(super) fn each_sint(
        self,
        mut add: impl FnMut(i64) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        match self {
            Self::Varint(number) => add(zigzag(number)),
            Self::Bytes(bytes) => {
                let mut rest = Message(bytes);
                while !rest.0.is_empty() {
                    add(zigzag(rest.varint()?))?;
                }
                Ok(())
            }
            _ => Err(OTHER_TYPE.into()),
        }
    }

    /// A repeated `double`, packed or not.
    pub(super) fn each_double(
        self,
        mut add: impl FnMut(f64) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        match self {
            Self::I64(bytes) => add(f64::from_le_bytes(bytes)),
            Self::Bytes(bytes) => {
                let (doubles, rest) = bytes.as_chunks();
                if !rest.is_empty() {
                    return Err(ENDS_EARLY.into());
                }
                doubles.iter().try_for_each(|&bytes| add(f64::from_le_bytes(bytes)))
            }
            _ => Err(OTHER_TYPE.into()),
        }
    }

    /// A `sint32`.
    #[expect(clippy::cast_possible_truncation, reason = "as protobuf demands")]
    pub(super) fn sint32(self) -> Result<i32, Fault> {
        let number = self.uint()? as u32;
        Ok((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }
}

/// A number with its sign in the lowest bit.
fn zigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}
