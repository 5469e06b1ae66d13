//! Maxima and bucket edges: times and exported quantities as recorded integers.

use syn::{Error, Lit, LitStr};

/// The default maximum of a histogram, an hour in nanoseconds, as in `Description::DEFAULT_MAX`.
pub(crate) const DEFAULT_MAX: u64 = 3_600_000_000_000;

/// Suffixes of a time, and nanoseconds in each. A longer suffix comes before one that it ends with.
const SUFFIXES: [(&str, u64); 7] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// The recorded unit of a metric's values.
#[derive(Clone, Copy)]
pub(crate) enum Units {
    /// Nanoseconds, with their number in an exported unit.
    Time(u64),
    /// Another unit, with its scale: exported units in a recorded one.
    Other(f64),
}

impl Units {
    /// The units of a metric.
    pub(crate) fn new(unit: &str, scale: Option<f64>) -> Self {
        Self::of_time(unit).unwrap_or(Self::Other(scale.unwrap_or(1.0)))
    }

    /// The units of time, which are recorded in nanoseconds; `None` for another unit.
    pub(crate) fn of_time(unit: &str) -> Option<Self> {
        match unit {
            "seconds" => Some(Self::Time(1_000_000_000)),
            "milliseconds" => Some(Self::Time(1_000_000)),
            "microseconds" => Some(Self::Time(1_000)),
            "nanoseconds" => Some(Self::Time(1)),
            _ => None,
        }
    }

    /// The right name of a unit of time or size that has another name: the list of
    /// `metrics-core/src/scale.rs`.
    pub(crate) fn right_name(unit: &str) -> Option<&'static str> {
        let right = match unit.to_lowercase().as_str() {
            "s" | "sec" | "secs" | "second" | "seconds" | "min" | "mins" | "minute" | "minutes"
            | "h" | "hr" | "hrs" | "hour" | "hours" | "day" | "days" | "week" | "weeks" => {
                "seconds"
            }
            "ms" | "msec" | "msecs" | "milli" | "millis" | "millisecond" | "milliseconds" => {
                "milliseconds"
            }
            "us" | "\u{b5}s" | "\u{3bc}s" | "usec" | "usecs" | "micro" | "micros"
            | "microsecond" | "microseconds" => "microseconds",
            "ns" | "nsec" | "nsecs" | "nano" | "nanos" | "nanosecond" | "nanoseconds" => {
                "nanoseconds"
            }
            "b" | "byte" | "bytes" | "kb" | "kib" | "kbyte" | "kbytes" | "kilobyte"
            | "kilobytes" | "kibibyte" | "kibibytes" | "mb" | "mib" | "mbyte" | "mbytes"
            | "megabyte" | "megabytes" | "mebibyte" | "mebibytes" | "gb" | "gib" | "gbyte"
            | "gbytes" | "gigabyte" | "gigabytes" | "gibibyte" | "gibibytes" | "tb" | "tib"
            | "terabyte" | "terabytes" | "tebibyte" | "tebibytes" => "bytes",
            _ => return None,
        };
        (right != unit).then_some(right)
    }

    /// The unit that the last word of a name stands for, if it is unambiguous: `min` may be a
    /// minimum, and `us` or `gb` a market if nothing is timed. The list of
    /// `metrics-core/src/scale.rs`, too.
    pub(crate) fn in_name(word: &str, is_histogram: bool) -> Option<&'static str> {
        match word {
            "seconds" => Some("seconds"),
            "milliseconds" => Some("milliseconds"),
            "microseconds" => Some("microseconds"),
            "nanoseconds" => Some("nanoseconds"),
            "bytes" => Some("bytes"),
            "sec" | "secs" | "ms" | "msec" | "msecs" | "millis" | "usec" | "usecs" | "micros"
            | "\u{b5}s" | "\u{3bc}s" | "ns" | "nsec" | "nsecs" | "nanos" | "kb" | "kib"
            | "kilobytes" | "kibibytes" | "mb" | "mib" | "megabytes" | "mebibytes" | "gib"
            | "gigabytes" | "gibibytes" | "tib" | "terabytes" | "tebibytes" => {
                Self::right_name(word)
            }
            "s" | "us" | "gb" if is_histogram => Self::right_name(word),
            _ => None,
        }
    }

    /// A declared value in recorded units: a number of exported units, or a string with a time.
    pub(crate) fn recorded(self, declared: &Lit) -> syn::Result<u64> {
        let (text, suffix) = match declared {
            Lit::Str(time) => return self.time(time),
            Lit::Int(number) => (number.base10_digits(), number.suffix()),
            Lit::Float(number) => (number.base10_digits(), number.suffix()),
            _ => {
                return Err(Error::new_spanned(
                    declared,
                    "expected a number, or a time as \"10s\"",
                ));
            }
        };
        let wrong = |reason: String| Error::new_spanned(declared, reason);
        if !suffix.is_empty() {
            return Err(wrong(format!("write a time as a string: \"{text}{suffix}\"")));
        }
        let recorded = match self {
            Self::Time(nanoseconds) => whole(text, nanoseconds),
            Self::Other(1.0) => whole(text, 1),
            Self::Other(scale) => text.parse().ok().and_then(|number: f64| round(number / scale)),
        };
        recorded.ok_or_else(|| {
            let recorded = match self {
                Self::Time(_) => "whole number of nanoseconds".to_owned(),
                Self::Other(1.0) => "whole number from 0 to 2^64 - 1".to_owned(),
                Self::Other(scale) => format!("multiple of the scale {scale}"),
            };
            wrong(format!("`{text}` is not a {recorded}"))
        })
    }

    /// A recorded value in exported units, as `tickmetrics` exports it: a scale such as 0.01 is
    /// exactly one hundredth.
    #[expect(clippy::cast_precision_loss, reason = "exported numbers are `f64`")]
    pub(crate) fn exported(self, recorded: u64) -> f64 {
        let per_unit = match self {
            Self::Time(nanoseconds) => nanoseconds as f64,
            Self::Other(scale) => {
                let (per_unit, whole) = (scale.recip(), scale.recip().round());
                if (per_unit - whole).abs() < whole * 1e-12 { whole } else { per_unit }
            }
        };
        recorded as f64 / per_unit
    }

    /// A recorded value as it may be declared: `2.5us`, or a number of exported units.
    #[expect(clippy::cast_precision_loss, reason = "thousandths are exact")]
    pub(crate) fn text(self, recorded: u64) -> String {
        if let Self::Other(_) = self {
            return self.exported(recorded).to_string();
        }
        for (suffix, nanoseconds) in [("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1_000)] {
            let thousandth = nanoseconds / 1_000;
            if recorded >= nanoseconds && recorded.is_multiple_of(thousandth) {
                return format!("{}{suffix}", (recorded / thousandth) as f64 / 1e3);
            }
        }
        format!("{recorded}ns")
    }

    fn time(self, time: &LitStr) -> syn::Result<u64> {
        let text = time.value();
        let wrong = |reason: String| Error::new_spanned(time, reason);
        if !matches!(self, Self::Time(_)) {
            return Err(wrong(format!(
                "`{text}` is a time, but this metric has no unit of time: add `unit = \"seconds\"`, or \
                 write a number"
            )));
        }
        let digits = text.trim_end_matches(|c: char| c.is_alphabetic());
        let nanoseconds = SUFFIXES.iter().find(|(suffix, _)| *suffix == &text[digits.len()..]);
        let is_number = digits.starts_with(|c: char| c.is_ascii_digit())
            && digits.chars().all(|c| c.is_ascii_digit() || c == '.');
        let Some((_, nanoseconds)) = nanoseconds.filter(|_| is_number) else {
            return Err(wrong(format!(
                "`{text}` is not a time: write a number and one of ns, us, ms, s, m, h, as in \"10s\""
            )));
        };
        whole(digits, *nanoseconds)
            .ok_or_else(|| wrong(format!("`{text}` is not a whole number of nanoseconds")))
    }
}

/// A number times a factor, if that is a whole number. Integers are exact.
#[expect(clippy::cast_precision_loss, reason = "nothing finer than a nanosecond is needed")]
fn whole(number: &str, factor: u64) -> Option<u64> {
    if let Ok(integer) = number.parse::<u64>() {
        return integer.checked_mul(factor);
    }
    round(number.parse::<f64>().ok()? * factor as f64)
}

/// The nearest integer, if the difference is only a rounding of decimal fractions.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked just before")]
fn round(value: f64) -> Option<u64> {
    // 2^64, the first value that does not fit.
    const LIMIT: f64 = 18_446_744_073_709_551_616.0;
    let near = value.round();
    let whole = (value - near).abs() <= near * 1e-9;
    (whole && (0.0..LIMIT).contains(&near)).then_some(near as u64)
}

#[cfg(test)]
mod tests {
    use super::Units;
    use syn::{Lit, parse_str};

    const SECONDS: Units = Units::Time(1_000_000_000);

    fn recorded(units: Units, literal: &str) -> Option<u64> {
        units.recorded(&parse_str::<Lit>(literal).expect("a literal")).ok()
    }

    #[test]
    fn times_are_nanoseconds() {
        let cases = [
            ("\"1ns\"", 1),
            ("\"1us\"", 1_000),
            ("\"1µs\"", 1_000),
            ("\"2.5ms\"", 2_500_000),
            ("\"10s\"", 10_000_000_000),
            ("\"1m\"", 60_000_000_000),
            ("\"1h\"", 3_600_000_000_000),
            ("\"0.000001s\"", 1_000),
            ("0.001", 1_000_000),
            ("1e-9", 1),
            ("3", 3_000_000_000),
        ];
        for (literal, nanoseconds) in cases {
            assert_eq!(recorded(SECONDS, literal), Some(nanoseconds), "{literal}");
        }
        assert_eq!(recorded(Units::Time(1), "7"), Some(7));
    }

    #[test]
    fn fractions_of_nanoseconds_are_refused() {
        let cases = [
            "\"0.5ns\"",
            "\"10\"",
            "\"s\"",
            "\"-1s\"",
            "\"1e3s\"",
            "\"1.2.3s\"",
            "\"1 s\"",
            "\"1d\"",
            "\"\"",
            "\"6000000h\"",
            "1e-10",
            "-1",
            "1s",
            "true",
            "99999999999",
        ];
        for literal in cases {
            assert_eq!(recorded(SECONDS, literal), None, "{literal}");
        }
    }

    #[test]
    fn recorded_values_are_written_as_declared() {
        for (recorded, text) in [
            (0, "0ns"),
            (250, "250ns"),
            (2_500, "2.5us"),
            (100_000, "100us"),
            (1_000_001, "1000.001us"),
            (90_000_000_000, "90s"),
        ] {
            assert_eq!(SECONDS.text(recorded), text);
        }
        assert_eq!(Units::Other(0.01).text(7), "0.07");
        assert_eq!(Units::Time(1_000_000).exported(250_000), 0.25);
    }

    #[test]
    fn a_scale_divides() {
        let hundredths = Units::Other(0.01);
        assert_eq!(recorded(hundredths, "10"), Some(1_000));
        assert_eq!(recorded(hundredths, "0.07"), Some(7));
        assert_eq!(recorded(hundredths, "0.005"), None);
        assert_eq!(recorded(hundredths, "\"1s\""), None);
        assert_eq!(recorded(Units::Other(1.0), "18446744073709551615"), Some(u64::MAX));
        assert_eq!(recorded(Units::Other(1.0), "18446744073709551616"), None);
    }
}
