//! Numbers in the text format.

/// 2^53: up to here every whole `f64` is one integer, and the text of that integer parses to the
/// same number.
const WHOLE: f64 = 9_007_199_254_740_992.0;

pub(super) fn push_u64(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

pub(super) fn push_i64(out: &mut Vec<u8>, number: i64) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// The shortest text that parses to the same number. Whole numbers have no point, and NaN and the
/// infinities are spelled as in Go's `ParseFloat`: the format's rule
/// (<https://prometheus.io/docs/instrumenting/exposition_formats/#comments-help-text-and-type-information>).
#[expect(clippy::cast_possible_truncation, reason = "whole and at most 2^53")]
pub(super) fn push_f64(out: &mut Vec<u8>, number: f64) {
    if number.abs() <= WHOLE && number as i64 as f64 == number {
        push_i64(out, number as i64);
    } else if let Some(billionths) = billionths(number) {
        push_billionths(out, billionths);
    } else if number.is_finite() {
        out.extend_from_slice(ryu::Buffer::new().format_finite(number).as_bytes());
    } else if number.is_nan() {
        out.extend_from_slice(b"NaN");
    } else {
        out.extend_from_slice(if number > 0.0 { b"+Inf" } else { b"-Inf" });
    }
}

/// A number in billionths, such as a time in seconds that was measured in nanoseconds, if these
/// have at most 15 digits. No two such numbers are the same `f64`, so these digits are the shortest
/// that parse to the same number. Negative numbers are left out, and small ones, which are written
/// with an exponent.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in the range")]
fn billionths(number: f64) -> Option<u64> {
    if !(1e-5..1e6).contains(&number) {
        return None;
    }
    let nearest = (number * 1e9 + 0.5) as u64;
    (nearest as f64 / 1e9 == number).then_some(nearest)
}

/// In decimals, with at least one.
fn push_billionths(out: &mut Vec<u8>, billionths: u64) {
    const BILLION: u64 = 1_000_000_000;
    push_u64(out, billionths / BILLION);
    out.push(b'.');
    // With a leading digit, so that no zero is left out.
    let mut buffer = itoa::Buffer::new();
    let decimals = buffer.format(BILLION + billionths % BILLION);
    out.extend_from_slice(decimals[1..].trim_end_matches('0').as_bytes());
}

/// `OpenMetrics`' canonical form of a number
/// (<https://prometheus.io/docs/specs/om/open_metrics_spec/#considerations-canonical-numbers>): the
/// shortest that reads back the same, with an exponent of two digits below 10^-4 and from 10^6 on,
/// and else with a decimal point. It equals Prometheus' own text for a number of protobuf, so that
/// a series is the same in every format.
pub fn canonical(number: f64) -> String {
    let scientific = format!("{number:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return scientific };
    match exponent.parse().unwrap_or(0) {
        -4..6 => {
            let plain = number.to_string();
            if plain.contains('.') { plain } else { plain + ".0" }
        }
        exponent if exponent < 0 => format!("{digits}e-{:02}", -exponent),
        exponent => format!("{digits}e+{exponent:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{canonical, push_f64};

    fn text(number: f64) -> String {
        let mut out = Vec::new();
        push_f64(&mut out, number);
        String::from_utf8(out).unwrap()
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
    fn nanoseconds_as_seconds_are_written_as_ryu_writes_them() {
        // Steps through all magnitudes, with digits of all kinds.
        let mut nanos = 1_u64;
        while nanos < 2_000_000_000_000_000 {
            for nanos in [nanos, nanos + 1, nanos * 10, nanos - nanos % 1000] {
                for number in [nanos as f64 / 1e9, nanos as f64 * 1e-9, nanos as f64 / 1e10] {
                    let expected = ryu::Buffer::new().format_finite(number).to_owned();
                    let expected = expected.strip_suffix(".0").unwrap_or(&expected).to_owned();
                    assert_eq!(text(number), expected);
                }
            }
            nanos += nanos / 97 + 1;
        }
    }

    #[test]
    fn nan_and_infinities_are_spelled_as_in_prometheus() {
        assert_eq!(text(f64::NAN), "NaN");
        assert_eq!(text(-f64::NAN), "NaN");
        assert_eq!(text(f64::INFINITY), "+Inf");
        assert_eq!(text(f64::NEG_INFINITY), "-Inf");
    }

    /// The powers of ten from the specification's list, and numbers between.
    #[test]
    fn numbers_are_written_as_openmetrics_does() {
        for text in [
            "1e-10",
            "1e-09",
            "1e-05",
            "0.0001",
            "0.001",
            "0.1",
            "1.0",
            "10.0",
            "100000.0",
            "1e+06",
            "1e+10",
            "1e-07",
            "2.5e-07",
            "0.00025",
            "2.5",
            "123456.5",
            "1.234567e+06",
            "0.5",
            "123456.789",
            "1.5e+100",
            "1e-300",
            "0.0",
            "99999.0",
        ] {
            assert_eq!(canonical(text.parse().unwrap()), text);
        }
    }

    #[test]
    fn every_magnitude_reads_back_the_same() {
        for exponent in -300..300 {
            for digits in ["1", "2.5", "1.0000000000000002", "9.999999999999998"] {
                let number: f64 = format!("{digits}e{exponent}").parse().unwrap();
                assert_eq!(canonical(number).parse::<f64>().unwrap().to_bits(), number.to_bits());
            }
        }
    }
}
