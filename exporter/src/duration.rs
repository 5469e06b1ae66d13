//! Durations in Go's form: in the web configuration, and on the command line of the program
//! `tickmetrics`.

use std::time::Duration;

/// A duration such as `1h15m30.5s` or `300ms`, in the form of Go's `time.ParseDuration`; `None` for
/// other text, and for negative durations.
#[must_use]
pub fn parse(text: &str) -> Option<Duration> {
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest == "0" {
        return Some(Duration::ZERO);
    }
    let mut nanos = 0.0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let end = rest.find(|it: char| !it.is_ascii_digit() && it != '.')?;
        let (number, unit) = rest.split_at(end);
        let number: f64 = number.parse().ok()?;
        let units = [
            ("ns", 1.0),
            ("us", 1e3),
            ("µs", 1e3),
            ("μs", 1e3),
            ("ms", 1e6),
            ("s", 1e9),
            ("m", 6e10),
            ("h", 3.6e12),
        ];
        let end = unit.find(|it: char| it.is_ascii_digit() || it == '.').unwrap_or(unit.len());
        let (_, scale) = units.into_iter().find(|&(name, _)| name == &unit[..end])?;
        nanos += number * scale;
        rest = &unit[end..];
    }
    Duration::try_from_secs_f64(nanos / 1e9).ok()
}

#[cfg(test)]
mod tests {
    use super::parse;
    use std::time::Duration;

    #[test]
    fn as_go_reads_them() {
        // From the table of Go's own tests (src/time/time_test.go, parseDurationTests).
        for (text, seconds) in [
            ("0", 0.0),
            ("5s", 5.0),
            ("30s", 30.0),
            ("1478s", 1478.0),
            ("+5s", 5.0),
            ("+0", 0.0),
            ("5.0s", 5.0),
            ("5.6s", 5.6),
            ("5.s", 5.0),
            (".5s", 0.5),
            ("1.0s", 1.0),
            ("1.004s", 1.004),
            ("100.00100s", 100.001),
            ("10ns", 1e-8),
            ("11us", 1.1e-5),
            ("12µs", 1.2e-5),
            ("12μs", 1.2e-5),
            ("13ms", 0.013),
            ("14s", 14.0),
            ("15m", 900.0),
            ("16h", 57_600.0),
            ("3h30m", 12_600.0),
            ("10.5s4m", 250.5),
            ("2m3.4s", 123.4),
            ("1h2m3s4ms5us6ns", 3_723.004_005_006),
            ("39h9m14.425s", 140_954.425),
        ] {
            assert_eq!(parse(text), Some(Duration::from_secs_f64(seconds)), "{text}");
        }
        for text in [
            "", "3", "-", "s", ".", "-.", ".s", "+.s", "1x", "1d", "-5s", "1s ", " 1s", "1e3s",
            "1.2.3s",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
