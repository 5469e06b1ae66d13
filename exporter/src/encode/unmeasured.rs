//! What a histogram could not measure, exposed as counters beside it.

use metrics_core::HistogramSnapshot;

/// One of these counters. It is there only if it counts anything.
pub(super) struct Unmeasured {
    /// What its name has behind the histogram's.
    pub(super) suffix: &'static str,
    /// The end of its help, after "Values of …".
    pub(super) what: &'static str,
    pub(super) count: fn(&HistogramSnapshot) -> u64,
}

pub(super) const UNMEASURED: [Unmeasured; 2] = [
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

/// Which of them count anything.
#[derive(Default)]
pub(super) struct Seen([bool; UNMEASURED.len()]);

impl Seen {
    #[inline]
    pub(super) fn look(&mut self, histogram: &HistogramSnapshot) {
        for (seen, one) in self.0.iter_mut().zip(&UNMEASURED) {
            *seen |= (one.count)(histogram) > 0;
        }
    }

    /// The first of them that counts anything is 0.
    pub(super) fn counter(&self, number: usize) -> Option<&'static Unmeasured> {
        const ALL: &[Unmeasured; UNMEASURED.len()] = &UNMEASURED;
        self.0.iter().zip(ALL).filter(|(seen, _)| **seen).nth(number).map(|(_, one)| one)
    }
}
