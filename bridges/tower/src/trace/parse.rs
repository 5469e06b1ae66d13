//! The header `traceparent`, read strictly and written.

/// The ids and flags of a `traceparent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parent {
    pub(crate) trace_id: u128,
    pub(crate) span_id: u64,
    pub(crate) flags: u8,
}

/// The version that this code writes, of which it knows all parts.
const VERSION: u64 = 0;
/// The version that no header may have.
const FORBIDDEN: u64 = 0xff;
/// Lengths of the parts of version 0, which a later version may only add to.
const FIRST_PARTS: usize = 2 + 1 + 32 + 1 + 16 + 1 + 2;
/// Sampled; and, from level 2 of the recommendation, a random trace id. Unknown flags are not passed on.
pub(crate) const KNOWN_FLAGS: u8 = SAMPLED | 0b10;
pub(crate) const SAMPLED: u8 = 0b01;

/// `None` unless it is as section 3.2 has it: hexadecimal digits in lower case, no id of zeros, nothing
/// after the flags of version 0, and a `-` before what a later version adds.
pub(crate) fn parse(header: &[u8]) -> Option<Parent> {
    let (first, added) = header.split_at_checked(FIRST_PARTS)?;
    let mut parts = first.split(|&byte| byte == b'-');
    let mut part = |digits: usize| {
        let part = parts.next().filter(|part| part.len() == digits)?;
        part.iter().try_fold(0, |number: u128, &digit| Some(number << 4 | value(digit)?))
    };
    let version = u64::try_from(part(2)?).ok()?;
    let trace_id = part(32)?;
    let span_id = u64::try_from(part(16)?).ok()?;
    let flags = u8::try_from(part(2)?).ok()?;
    let complete = match version {
        FORBIDDEN => false,
        VERSION => added.is_empty(),
        _ => added.first().is_none_or(|&byte| byte == b'-'),
    };
    let valid = complete && trace_id != 0 && span_id != 0;
    valid.then_some(Parent { trace_id, span_id, flags: flags & KNOWN_FLAGS })
}

/// The value of a hexadecimal digit in lower case.
fn value(digit: u8) -> Option<u128> {
    match digit {
        b'0'..=b'9' => Some(u128::from(digit - b'0')),
        b'a'..=b'f' => Some(u128::from(digit - b'a' + 10)),
        _ => None,
    }
}

/// The header of version 0.
pub(crate) fn write(parent: Parent) -> [u8; FIRST_PARTS] {
    let mut header = [b'-'; FIRST_PARTS];
    let mut rest = header.as_mut_slice();
    for (number, digits) in
        [(0, 2), (parent.trace_id, 32), (parent.span_id.into(), 16), (parent.flags.into(), 2)]
    {
        let (part, after) = rest.split_at_mut(digits);
        fill(part, number);
        rest = after.get_mut(1..).unwrap_or_default();
    }
    header
}

/// A number in as many hexadecimal digits.
pub(crate) fn hex<const DIGITS: usize>(number: u128) -> [u8; DIGITS] {
    let mut digits = [b'0'; DIGITS];
    fill(&mut digits, number);
    digits
}

fn fill(digits: &mut [u8], mut number: u128) {
    for digit in digits.iter_mut().rev() {
        #[expect(clippy::cast_possible_truncation, reason = "the low four bits")]
        let value = number as u8 & 0xf;
        *digit = if value < 10 { b'0' + value } else { b'a' + value - 10 };
        number >>= 4;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_header_reads_back() {
        let parent =
            Parent { trace_id: u128::MAX << 90 | 0xabc, span_id: 0x0102_0304_0506_0708, flags: 1 };
        assert_eq!(parse(&write(parent)), Some(parent));
        let header = write(Parent { trace_id: 1, span_id: 2, flags: 3 });
        let text = "00-00000000000000000000000000000001-0000000000000002-03";
        assert_eq!(header, text.as_bytes());
        assert_eq!(hex::<4>(0xf0a), *b"0f0a");
    }

    #[test]
    fn unknown_flags_are_left_out_and_known_ones_kept() {
        for (flags, kept) in [("00", 0), ("01", 1), ("02", 2), ("ff", 3), ("f8", 0)] {
            let header = format!("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-{flags}");
            assert_eq!(parse(header.as_bytes()).unwrap().flags, kept);
        }
    }
}
