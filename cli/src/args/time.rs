//! Times on the command line.

use std::time::Duration;
use tickmetrics_exporter::__cli::parse_duration;

/// A time between two readings.
pub(super) fn interval(text: &str) -> Result<Duration, String> {
    let interval = parse_duration(text).ok_or_else(|| {
        format!("{text:?} is not a time: give a number and its unit, such as 500ms or 2s")
    })?;
    // Less would measure the reading itself; more is a mistake.
    if !(Duration::from_millis(10)..=Duration::from_secs(86_400)).contains(&interval) {
        return Err(format!("{text} is not between 10ms and a day"));
    }
    Ok(interval)
}

/// A time of at least a second.
pub(super) fn age(text: &str) -> Result<Duration, String> {
    let age = parse_duration(text).ok_or_else(|| {
        format!("{text:?} is not a time: give a number and its unit, such as 1m or 720h")
    })?;
    if age < Duration::from_secs(1) {
        Err(format!("{text} is less than a second"))
    } else {
        Ok(age)
    }
}
