//! Durations as Prometheus writes them in rule files.

use std::time::Duration;

/// The units from long to short, in milliseconds. A day always has 24 hours, a year 365 days.
const UNITS: [(&str, u64); 7] = [
    ("y", 365 * 86_400_000),
    ("w", 7 * 86_400_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1000),
    ("ms", 1),
];

/// Prometheus counts nanoseconds in 63 bits.
const MOST_MILLIS: u64 = i64::MAX.unsigned_abs() / 1_000_000;

/// Reads `1h30m`, or gives the reason why it is none.
pub(super) fn duration(text: &str) -> Result<Duration, &'static str> {
    const NONE: &str = "a duration is a whole number and a unit, such as 30s, 5m or 1h30m; the \
                        units are y, w, d, h, m, s and ms, each once and in this order";
    const LONG: &str = "a duration of more than 292 years is refused";
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    if text.is_empty() {
        return Err(NONE);
    }
    let (mut rest, mut units, mut sum) = (text, &UNITS[..], 0_u64);
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, behind) = rest.split_at(digits);
        if number.is_empty() {
            return Err(NONE);
        }
        let letters = behind.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, behind) = behind.split_at(letters);
        let at = units.iter().position(|(name, _)| *name == unit).ok_or(NONE)?;
        let (_, millis) = units.get(at).ok_or(NONE)?;
        units = units.get(at + 1..).unwrap_or_default();
        let number: u64 = number.parse().map_err(|_| LONG)?;
        sum = number.checked_mul(*millis).and_then(|part| sum.checked_add(part)).ok_or(LONG)?;
        rest = behind;
    }
    if sum > MOST_MILLIS { Err(LONG) } else { Ok(Duration::from_millis(sum)) }
}
