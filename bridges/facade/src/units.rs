//! How finely a histogram's values are kept, and the unit that a metric is exposed in.
//!
//! `metrics` records `f64`, and a histogram of tickmetrics counts integers. A scale lies between: the
//! smallest difference of two values. With a scale of 10^-9 values go from 10^-9 to 9.2 × 10^9.

use metrics::Unit;

/// A billionth: nanoseconds, if values are seconds. It is the smallest value that
/// `metrics-exporter-prometheus` distinguishes from 0, too.
const FINEST: i32 = 9;

/// The last words of names whose values are of another size: in a thousandth of a unit, or a
/// millionth.
const BY_NAME: [(&[&str], i32); 2] = [
    (
        &[
            "ns",
            "nsec",
            "nanos",
            "nanoseconds",
            "us",
            "usec",
            "micros",
            "microseconds",
            "bytes",
            "kb",
            "kib",
            "size",
            "count",
            "gas",
            "timestamp",
        ],
        3,
    ),
    (&["ms", "msec", "millis", "milliseconds", "mb", "mib", "gb", "gib", "bps"], 6),
];

/// The unit that an exposition names: empty for those that have no name there.
pub(crate) fn exposed(unit: Option<Unit>) -> &'static str {
    match unit {
        // Sizes are exposed in bytes; a name for other units of size would be refused.
        None
        | Some(
            Unit::Count | Unit::Kibibytes | Unit::Mebibytes | Unit::Gibibytes | Unit::Tebibytes,
        ) => "",
        Some(Unit::Percent) => "percent",
        Some(unit) => unit.as_str(),
    }
}

/// The decimal digits after the point that a histogram's values keep.
pub(crate) fn decimals(unit: Option<Unit>, name: &str) -> i32 {
    match unit {
        // Nanoseconds, in any unit of time.
        Some(Unit::Seconds | Unit::Percent) => FINEST,
        Some(Unit::Milliseconds) => 6,
        Some(Unit::Nanoseconds) => 0,
        // Nanoseconds of microseconds, and a thousandth of what is counted or measured in bytes.
        Some(_) => 3,
        None => by_name(name),
    }
}

fn by_name(name: &str) -> i32 {
    let word = name.rsplit('_').next().unwrap_or_default();
    let known = BY_NAME.iter().find(|(words, _)| words.contains(&word));
    known.map_or(FINEST, |(_, decimals)| *decimals)
}

/// The digits that leave room above the largest edge: a thousand times of it.
pub(crate) fn decimals_below(edge: f64, decimals: i32) -> i32 {
    let most = (MAX as f64 / 1e3 / edge.abs().max(f64::MIN_POSITIVE)).log10().floor();
    // Between -300 and 320.
    #[expect(clippy::cast_possible_truncation, reason = "a small integer")]
    let most = most as i32;
    decimals.min(most)
}

/// The largest recorded value: all values above are one, and exposed as such.
pub(crate) const MAX: u64 = 1 << 63;

#[cfg(test)]
mod tests {
    use super::{decimals, decimals_below, exposed};
    use metrics::Unit;

    #[test]
    fn seconds_keep_nanoseconds_and_sizes_reach_far() {
        for (unit, name, digits) in [
            (None, "latency", 9),
            (None, "request_duration_seconds", 9),
            (None, "latency_ns", 3),
            (None, "block_size", 3),
            (None, "latency_ms", 6),
            (Some(Unit::Milliseconds), "latency", 6),
            (Some(Unit::Bytes), "latency", 3),
            (Some(Unit::Nanoseconds), "latency", 0),
        ] {
            assert_eq!(decimals(unit, name), digits, "{unit:?} {name}");
        }
        assert_eq!(exposed(Some(Unit::Kibibytes)), "");
        assert_eq!(exposed(Some(Unit::Seconds)), "seconds");
    }

    #[test]
    fn edges_leave_room_above_them() {
        assert_eq!(decimals_below(10.0, 9), 9);
        assert_eq!(decimals_below(1e12, 9), 3);
        assert_eq!(decimals_below(1e18, 9), -3);
        assert_eq!(decimals_below(0.0, 9), 9);
    }
}
