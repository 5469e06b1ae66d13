//! Numbers of the text formats.

/// A number as Prometheus reads it: Go's `ParseFloat` without hexadecimal digits and underscores.
/// So `inf`, `+Infinity` and `nan` are numbers in upper and lower case, and a number that is too
/// large is none.
pub(super) fn float(text: &str) -> Option<f64> {
    if let Some(whole) = whole(text) {
        return Some(whole as f64);
    }
    let number: f64 = text.parse().ok()?;
    let first = text.trim_start_matches(['+', '-']).as_bytes().first()?;
    let is_allowed = match first {
        // `1e999` would be infinite.
        b'0'..=b'9' | b'.' => number.is_finite(),
        b'n' | b'N' => text.len() == 3,
        _ => true,
    };
    is_allowed.then_some(number)
}

/// A whole number of at most 15 digits, which every `f64` has exactly.
fn whole(text: &str) -> Option<u64> {
    if text.is_empty() || text.len() > 15 {
        return None;
    }
    text.bytes()
        .try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + u64::from(byte - b'0')))
}

/// A time of the text format, in milliseconds. Prometheus refuses negative ones, which the format's
/// own documentation has.
pub(super) fn milliseconds(text: &str) -> Option<i64> {
    // `i64` reads a plus, too.
    text.parse().ok().filter(|_| !text.starts_with('+'))
}

/// A time of `OpenMetrics`, in seconds.
pub(super) fn seconds(text: &str) -> Option<f64> {
    float(text).filter(|seconds| seconds.is_finite())
}

/// Seconds in milliseconds, the nearest.
#[expect(clippy::cast_possible_truncation, reason = "saturates")]
pub(super) fn to_milliseconds(seconds: f64) -> i64 {
    (seconds * 1000.0).round() as i64
}

#[cfg(test)]
mod tests {
    use super::{float, milliseconds};

    #[test]
    fn numbers_are_those_of_go() {
        for (text, number) in [
            ("0", 0.0),
            ("123456789012345", 123_456_789_012_345.0),
            ("9007199254740993", 9_007_199_254_740_992.0),
            ("18446744073709551615", 18_446_744_073_709_551_615.0),
            ("-1", -1.0),
            ("+1", 1.0),
            ("1.", 1.0),
            (".5", 0.5),
            ("1e5", 1e5),
            ("1.5E-07", 1.5e-7),
            ("1e-999", 0.0),
            ("Inf", f64::INFINITY),
            ("+Inf", f64::INFINITY),
            ("-inf", f64::NEG_INFINITY),
            ("INFINITY", f64::INFINITY),
            ("00012", 12.0),
        ] {
            assert_eq!(float(text), Some(number), "{text}");
        }
        assert!(["NaN", "nan", "NAN"].iter().all(|text| float(text).unwrap().is_nan()));
        for text in [
            "", ".", "+", "-", "e", "1e", "0x1", "0x1p4", "1_000", "1e999", "-1e999", "+nan",
            "-NaN", "1 ", "1\r", "++1", "--Inf", "infin", "1,5", "\u{661}",
        ] {
            assert_eq!(float(text), None, "{text}");
        }
    }

    #[test]
    fn times() {
        assert_eq!(milliseconds("1395066363000"), Some(1_395_066_363_000));
        assert_eq!(milliseconds("-3982045"), Some(-3_982_045));
        for text in ["", "+1", "1.5", "1e3", "99999999999999999999"] {
            assert_eq!(milliseconds(text), None, "{text}");
        }
    }
}
