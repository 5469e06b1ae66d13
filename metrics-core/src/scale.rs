//! Recorded units and exported units.

/// 2^64: the first quantity that no `u64` holds.
pub(crate) const TOO_LARGE: f64 = 18_446_744_073_709_551_616.0;

/// The number of recorded units in an exported one: 10^9 from nanoseconds to seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Scale {
    per_unit: f64,
}

impl Scale {
    /// From the exported units in a recorded one, as a description declares them. A fraction such
    /// as 0.01 is read as exactly one hundredth, so that the exported number is the intended
    /// decimal: 7 / 100 is 0.07, and 7 × 0.01 is not.
    pub(crate) fn new(scale: f64) -> Self {
        let per_unit = 1.0 / scale;
        let whole = per_unit.round();
        Self { per_unit: if (per_unit - whole).abs() < whole * 1e-12 { whole } else { per_unit } }
    }

    /// Whether conversions work: not for a scale so near to 0 or infinity that its inverse is
    /// infinity or 0.
    pub(crate) fn is_usable(self) -> bool {
        self.per_unit.is_normal()
    }

    /// Recorded units to an exported one.
    pub(crate) fn per_unit(self) -> f64 {
        self.per_unit
    }

    /// Whether both units are the same.
    pub(crate) fn is_one(self) -> bool {
        self.per_unit == 1.0
    }

    pub(crate) fn export(self, recorded: u64) -> f64 {
        recorded as f64 / self.per_unit
    }

    /// Exports a sum, which can be larger than any value.
    pub(crate) fn export_wide(self, recorded: u128) -> f64 {
        // Few sums are that large, and the others are converted in fewer steps.
        u64::try_from(recorded).map_or(recorded as f64 / self.per_unit, |it| self.export(it))
    }

    /// The nearest recorded unit; negative for a negative quantity.
    #[inline]
    pub(crate) fn record(self, exported: f64) -> f64 {
        (exported * self.per_unit).round()
    }
}

/// Nanoseconds in a unit of time for exported metrics; `None` for another unit.
pub(crate) fn nanoseconds_to(unit: &str) -> Option<u32> {
    match unit {
        "seconds" => Some(1_000_000_000),
        "milliseconds" => Some(1_000_000),
        "microseconds" => Some(1_000),
        "nanoseconds" => Some(1),
        _ => None,
    }
}

/// The right name of a unit of time or size that has another name. With a wrong name the metric
/// would be exported in the wrong unit. `None` for the right names themselves and for other units.
/// The macros have the same list (`metrics-macros/src/quantity.rs`).
pub(crate) fn right_unit(unit: &str) -> Option<&'static str> {
    let right = match unit.to_lowercase().as_str() {
        // No metric is exported in the longer units: seconds are Prometheus' base unit.
        "s" | "sec" | "secs" | "second" | "seconds" | "min" | "mins" | "minute" | "minutes"
        | "h" | "hr" | "hrs" | "hour" | "hours" | "day" | "days" | "week" | "weeks" => "seconds",
        "ms" | "msec" | "msecs" | "milli" | "millis" | "millisecond" | "milliseconds" => {
            "milliseconds"
        }
        // The micro sign and the Greek letter.
        "us" | "\u{b5}s" | "\u{3bc}s" | "usec" | "usecs" | "micro" | "micros" | "microsecond"
        | "microseconds" => "microseconds",
        "ns" | "nsec" | "nsecs" | "nano" | "nanos" | "nanosecond" | "nanoseconds" => "nanoseconds",
        "b" | "byte" | "bytes" | "kb" | "kib" | "kbyte" | "kbytes" | "kilobyte" | "kilobytes"
        | "kibibyte" | "kibibytes" | "mb" | "mib" | "mbyte" | "mbytes" | "megabyte"
        | "megabytes" | "mebibyte" | "mebibytes" | "gb" | "gib" | "gbyte" | "gbytes"
        | "gigabyte" | "gigabytes" | "gibibyte" | "gibibytes" | "tb" | "tib" | "terabyte"
        | "terabytes" | "tebibyte" | "tebibytes" => "bytes",
        _ => return None,
    };
    (right != unit).then_some(right)
}

/// The unit that the last word of a metric's name stands for, if it is unambiguous: `min` may be a
/// minimum, and `us` or `gb` a market if nothing is timed. The macros have the same list.
pub(crate) fn unit_in_name(word: &str, is_histogram: bool) -> Option<&'static str> {
    match word {
        "seconds" => Some("seconds"),
        "milliseconds" => Some("milliseconds"),
        "microseconds" => Some("microseconds"),
        "nanoseconds" => Some("nanoseconds"),
        "bytes" => Some("bytes"),
        "sec" | "secs" | "ms" | "msec" | "msecs" | "millis" | "usec" | "usecs" | "micros"
        | "\u{b5}s" | "\u{3bc}s" | "ns" | "nsec" | "nsecs" | "nanos" | "kb" | "kib"
        | "kilobytes" | "kibibytes" | "mb" | "mib" | "megabytes" | "mebibytes" | "gib"
        | "gigabytes" | "gibibytes" | "tib" | "terabytes" | "tebibytes" => right_unit(word),
        "s" | "us" | "gb" if is_histogram => right_unit(word),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Scale, right_unit};

    #[test]
    fn units_of_time_and_size_have_one_name_each() {
        for (unit, right) in [
            ("s", "seconds"),
            ("Seconds", "seconds"),
            ("second", "seconds"),
            ("minutes", "seconds"),
            ("ms", "milliseconds"),
            ("MILLIS", "milliseconds"),
            ("us", "microseconds"),
            ("\u{b5}s", "microseconds"),
            ("\u{3bc}s", "microseconds"),
            ("ns", "nanoseconds"),
            ("B", "bytes"),
            ("KiB", "bytes"),
            ("kilobytes", "bytes"),
        ] {
            assert_eq!(right_unit(unit), Some(right), "{unit}");
            assert_eq!(right_unit(right), None, "{right}");
        }
        for honest in ["", "trades", "bps", "dollars", "ratio", "celsius", "m", "bits", "ticks"] {
            assert_eq!(right_unit(honest), None, "{honest}");
        }
    }

    #[test]
    fn decimals_come_out_as_they_are_written() {
        for (scale, recorded, exported) in
            [(0.01, 7, 0.07), (1e-9, 1_500, 1.5e-6), (0.001, 2_429_366, 2429.366), (1e3, 5, 5e3)]
        {
            assert_eq!(Scale::new(scale).export(recorded).to_bits(), f64::to_bits(exported));
            assert_eq!(Scale::new(scale).record(exported).to_bits(), (recorded as f64).to_bits());
        }
        assert!(Scale::new(1.0).is_one());
    }
}
