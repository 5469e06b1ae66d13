//! Numbers for people, and for scripts.

/// The shortest text that parses to the same number; whole numbers have no point.
pub(crate) fn exact(number: f64) -> String {
    // Up to this size every printed digit is exact.
    if number.fract() == 0.0 && number.abs() < 1e15 {
        format!("{}", number + 0.0)
    } else if number.is_infinite() {
        String::from(if number > 0.0 { "+Inf" } else { "-Inf" })
    } else {
        format!("{number:?}")
    }
}

const TIMES: [(f64, &str); 4] = [(1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")];
const OTHERS: [(f64, &str); 6] =
    [(1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, "")];

/// Whether [`short`] prints the unit itself.
pub(crate) fn is_time(unit: &str) -> bool {
    matches!(unit, "seconds" | "milliseconds" | "microseconds" | "nanoseconds")
}

/// The most columns of [`short`], for finite numbers. A column that cuts a number shows another
/// one.
const SHORT: usize = 7;

/// Three digits and their unit, in at most 7 columns: times from nanoseconds to seconds, other
/// quantities with a prefix of a thousand. Other numbers have one digit and an exponent, or two.
pub(crate) fn short(number: f64, unit: &str) -> String {
    let size = number.abs();
    if size == 0.0 || !size.is_finite() {
        return exact(number);
    }
    let (steps, number): (&[(f64, &str)], f64) = match unit {
        "seconds" => (&TIMES, number),
        "milliseconds" => (&TIMES, number / 1e3),
        "microseconds" => (&TIMES, number / 1e6),
        "nanoseconds" => (&TIMES, number / 1e9),
        _ => (&OTHERS, number),
    };
    let size = number.abs();
    // A number that rounds to a thousand of one step belongs to the next.
    let fits = |&&(step, _): &&(f64, &str)| size >= step * 0.9995;
    let &(step, suffix) = steps.iter().find(fits).unwrap_or(&steps[steps.len() - 1]);
    let scaled = number / step;
    let decimals = match scaled.abs() {
        size if size >= 99.95 => 0,
        size if size >= 9.995 => 1,
        size if size >= 0.01 => 2,
        _ => return exponent(number, ""),
    };
    let mut text = format!("{scaled:.decimals$}");
    if text.contains('.') && suffix.is_empty() {
        text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
    }
    text += suffix;
    if text.chars().count() <= SHORT {
        return text;
    }
    exponent(number, if is_time(unit) { suffix } else { "" })
}

fn exponent(number: f64, suffix: &str) -> String {
    let [two, one] = [format!("{number:.1e}{suffix}"), format!("{number:.0e}{suffix}")];
    if two.chars().count() <= SHORT { two } else { one }
}

#[cfg(test)]
mod tests {
    use super::{SHORT, exact, short};

    #[test]
    fn for_scripts() {
        for (number, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (3.0, "3"),
            (1.5e-6, "1.5e-6"),
            (0.25, "0.25"),
            (f64::INFINITY, "+Inf"),
            (f64::NAN, "NaN"),
            (1e300, "1e300"),
        ] {
            assert_eq!(exact(number), text);
        }
    }

    #[test]
    fn for_people() {
        for (number, unit, text) in [
            (1.503e-6, "seconds", "1.50µs"),
            (0.000_999_9, "seconds", "1.00ms"),
            (2e-9, "seconds", "2.00ns"),
            (90.0, "seconds", "90.0s"),
            (0.5, "milliseconds", "500µs"),
            (0.0, "seconds", "0"),
            (12_345.0, "", "12.3k"),
            (999.96, "", "1.00k"),
            (7.0, "", "7"),
            (-12.34, "bps", "-12.3"),
            (0.05, "", "0.05"),
            (1.234e-7, "", "1.2e-7"),
            (8e9, "bytes", "8.00G"),
            (f64::NAN, "seconds", "NaN"),
            // The value of "no limit", and a time since 1970.
            (18_446_744_073_709_551_615.0, "bytes", "18447P"),
            (1_795_928_238.0, "seconds", "1.8e9s"),
            (86_400.0, "seconds", "86400s"),
            (-1e300, "", "-1e300"),
        ] {
            assert_eq!(short(number, unit), text, "{number} {unit}");
        }
    }

    #[test]
    fn no_number_is_wider_than_its_column() {
        for unit in ["", "bytes", "seconds", "milliseconds", "microseconds", "nanoseconds"] {
            for exponent in -307..=308 {
                for digits in [1.0, 1.5, 9.994, 9.996, 9.9999, -1.0, -9.994, -9.996] {
                    let number = digits * 10f64.powi(exponent);
                    let text = short(number, unit);
                    let is_infinite = number.is_infinite();
                    assert!(
                        is_infinite || text.chars().count() <= SHORT,
                        "{number} {unit}: {text}"
                    );
                }
            }
        }
    }
}
