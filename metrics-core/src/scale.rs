//! Recorded units and exported ones.

/// 2^64: the first quantity that is no `u64`.
pub(crate) const TOO_LARGE: f64 = 18_446_744_073_709_551_616.0;

/// How many recorded units make an exported one: 10^9 where nanoseconds become seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Scale {
    per_unit: f64,
}

impl Scale {
    /// From exported units to a recorded one, as a description declares it. A fraction such as
    /// 0.01 is taken for exactly one hundredth, so that what is exported is the decimal number
    /// that was meant: 7 / 100 is 0.07, and 7 × 0.01 is not.
    pub(crate) fn new(scale: f64) -> Self {
        let per_unit = 1.0 / scale;
        let whole = per_unit.round();
        Self { per_unit: if (per_unit - whole).abs() < whole * 1e-12 { whole } else { per_unit } }
    }

    /// Whether numbers come through: not for a scale so near to 0 or infinity that its inverse is
    /// neither.
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

    /// Of a sum, which can be larger than any value.
    pub(crate) fn export_wide(self, recorded: u128) -> f64 {
        // Few are, and the others are converted in fewer steps.
        u64::try_from(recorded).map_or(recorded as f64 / self.per_unit, |it| self.export(it))
    }

    /// The nearest recorded unit; negative for a negative quantity.
    #[inline]
    pub(crate) fn record(self, exported: f64) -> f64 {
        (exported * self.per_unit).round()
    }
}

/// Nanoseconds to a unit of time that metrics are exported in; `None` for another unit.
pub(crate) fn nanoseconds_to(unit: &str) -> Option<u32> {
    match unit {
        "seconds" => Some(1_000_000_000),
        "milliseconds" => Some(1_000_000),
        "microseconds" => Some(1_000),
        "nanoseconds" => Some(1),
        _ => None,
    }
}

/// What a unit should be called that is one of time or size under another name: those would be
/// exported as something that they are not. `None` for the names themselves and for units of other
/// things. The macros have the same list (`metrics-macros/src/quantity.rs`).
pub(crate) fn right_unit(unit: &str) -> Option<&'static str> {
    let right = match unit.to_lowercase().as_str() {
        // Nothing is exported in the longer ones: seconds are Prometheus' base unit.
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
