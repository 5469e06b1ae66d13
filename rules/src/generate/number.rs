//! Numbers in texts and in tests.

/// Rounded to so many significant digits.
pub(super) fn rounded(number: f64, digits: usize) -> f64 {
    format!("{number:.*e}", digits.saturating_sub(1)).parse().unwrap_or(number)
}

/// A share as a percentage, for people.
pub(super) fn percent(share: f64) -> String {
    // What is nearly all is not all.
    let digits = if share > 0.99 { 12 } else { 4 };
    format!("{} %", rounded(share * 100.0, digits))
}

/// As Go's `%.4g` writes it.
pub(super) fn general(number: f64) -> String {
    let scientific = format!("{number:.3e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..4).contains(&exponent) {
        return rounded(number, 4).to_string();
    }
    let digits = if digits.contains('.') {
        digits.trim_end_matches('0').trim_end_matches('.')
    } else {
        digits
    };
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::{general, percent};

    #[test]
    fn numbers_are_written_as_go_does() {
        for (number, text) in [
            (0.0, "0"),
            (1.0, "1"),
            (-2.5, "-2.5"),
            (0.007_199_99, "0.0072"),
            (1234.4, "1234"),
            (9999.9, "1e+04"),
            (12345.0, "1.234e+04"),
            (100_000.0, "1e+05"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (0.000_012_5, "1.25e-05"),
            (1e100, "1e+100"),
        ] {
            assert_eq!(general(number), text);
        }
        assert_eq!(percent(14.4 * 0.0005), "0.72 %");
        assert_eq!(percent(0.999_999_99), "99.999999 %");
    }
}
