//! Families derived from a histogram: counters of values that it could not measure, and its values
//! in the last interval.

use super::part::Part;
use tickmetrics::{HistogramSnapshot, Value};

/// A family derived from a histogram.
pub(super) enum Beside {
    Unmeasured(&'static Unmeasured),
    Extreme(&'static Extreme),
    /// Quantiles.
    Summary,
}

/// A counter of values that were not measured. It is exposed only if it counts anything.
pub(super) struct Unmeasured {
    /// The end of its name, behind the histogram's.
    pub(super) suffix: &'static str,
    /// The end of its help, after "Values of …".
    pub(super) what: &'static str,
    pub(super) count: fn(&HistogramSnapshot) -> u64,
}

/// A gauge of the last interval.
pub(super) struct Extreme {
    pub(super) suffix: &'static str,
    /// The beginning of its help, before "value of … in the last interval."
    pub(super) which: &'static str,
    pub(super) value: fn(&HistogramSnapshot) -> Option<f64>,
}

const EXTREMES: [Extreme; 2] = [
    Extreme { suffix: "_max", which: "Largest", value: HistogramSnapshot::max },
    Extreme { suffix: "_min", which: "Smallest", value: HistogramSnapshot::min },
];

/// The end of the summary's name, behind the histogram's.
pub(super) const SUMMARY: &str = "_quantiles";

/// The families derived from a histogram, by number; `None` after the last one.
pub(super) fn beside(number: usize, seen: &Seen, part: Part<'_>) -> Option<Beside> {
    const ALL: &[Extreme; EXTREMES.len()] = &EXTREMES;
    let unmeasured = seen.counters().map(Beside::Unmeasured);
    let interval = part.interval;
    let has_extremes = interval.is_some_and(|family| family.has_extremes());
    let extremes = ALL.iter().filter(|_| has_extremes).map(Beside::Extreme);
    let has_quantiles =
        interval.is_some_and(|family| family.quantiles().next().is_some() && !family.is_summary());
    let summary = has_quantiles.then_some(Beside::Summary);
    unmeasured.chain(extremes).chain(summary).nth(number)
}

/// The values of a series in the last interval, by its position.
pub(super) fn interval(part: Part<'_>, position: usize) -> Option<&HistogramSnapshot> {
    match part.interval?.series_from(position).next()?.value() {
        Value::Histogram(value) => Some(value),
        _ => None,
    }
}

const UNMEASURED: [Unmeasured; 2] = [
    Unmeasured {
        suffix: "_saturated_total",
        what: "above its maximum, counted in its last bucket.",
        count: HistogramSnapshot::saturated,
    },
    Unmeasured {
        suffix: "_negative_total",
        what: "below zero, counted nowhere else.",
        count: HistogramSnapshot::negative,
    },
];

/// Which of the counters count anything.
#[derive(Default)]
pub(super) struct Seen([bool; UNMEASURED.len()]);

impl Seen {
    #[inline]
    pub(super) fn look(&mut self, histogram: &HistogramSnapshot) {
        for (seen, one) in self.0.iter_mut().zip(&UNMEASURED) {
            *seen |= (one.count)(histogram) > 0;
        }
    }

    fn counters(&self) -> impl Iterator<Item = &'static Unmeasured> {
        const ALL: &[Unmeasured; UNMEASURED.len()] = &UNMEASURED;
        self.0.iter().zip(ALL).filter_map(|(&seen, one)| seen.then_some(one))
    }
}
