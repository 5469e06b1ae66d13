//! Numbers as the text format writes them.

/// 2^53: up to here every whole `f64` is one integer, and the text of that integer reads back the
/// same.
const WHOLE: f64 = 9_007_199_254_740_992.0;

pub(super) fn push_u64(out: &mut String, number: u64) {
    out.push_str(itoa::Buffer::new().format(number));
}

pub(super) fn push_i64(out: &mut String, number: i64) {
    out.push_str(itoa::Buffer::new().format(number));
}

/// The shortest text that reads back the same number; whole numbers without a point, and what is
/// no number as Go's `ParseFloat` spells it: the format's rule
/// (<https://prometheus.io/docs/instrumenting/exposition_formats/#comments-help-text-and-type-information>).
#[expect(clippy::cast_possible_truncation, reason = "whole and at most 2^53")]
pub(super) fn push_f64(out: &mut String, number: f64) {
    if number.abs() <= WHOLE && number.fract() == 0.0 {
        push_i64(out, number as i64);
    } else if number.is_finite() {
        out.push_str(ryu::Buffer::new().format_finite(number));
    } else if number.is_nan() {
        out.push_str("NaN");
    } else {
        out.push_str(if number > 0.0 { "+Inf" } else { "-Inf" });
    }
}

#[cfg(test)]
mod tests {
    use super::push_f64;

    fn text(number: f64) -> String {
        let mut out = String::new();
        push_f64(&mut out, number);
        out
    }

    #[test]
    fn whole_numbers_have_no_point() {
        for (number, expected) in [
            (0.0, "0"),
            (-0.0, "0"),
            (7.0, "7"),
            (-12.0, "-12"),
            (9_007_199_254_740_992.0, "9007199254740992"),
        ] {
            assert_eq!(text(number), expected);
        }
    }

    #[test]
    fn other_numbers_read_back_the_same() {
        for number in [0.07, -1.5e-6, f64::MIN_POSITIVE, f64::MAX, f64::EPSILON, 1.0 / 3.0, 1e300] {
            assert_eq!(text(number).parse::<f64>().unwrap().to_bits(), number.to_bits());
        }
    }

    #[test]
    fn what_is_no_number_is_spelled_as_prometheus_does() {
        assert_eq!(text(f64::NAN), "NaN");
        assert_eq!(text(-f64::NAN), "NaN");
        assert_eq!(text(f64::INFINITY), "+Inf");
        assert_eq!(text(f64::NEG_INFINITY), "-Inf");
    }
}
