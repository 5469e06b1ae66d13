//! Exemplars whose ids are derived from their values.

#![expect(missing_docs, reason = "not for users")]

use std::sync::Barrier;
use std::thread;
use tickmetrics::Histogram;

/// The trace and the span of a value.
pub fn ids(value: u64) -> (u128, u64) {
    // splitmix64, so that all bits change with the value.
    let mix = |seed: u64| {
        let mut word = value.wrapping_add(seed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word ^ word >> 27
    };
    (u128::from(mix(1)) << 64 | u128::from(mix(2)), mix(3))
}

pub fn record(histogram: &Histogram, value: u64) {
    let (trace, span) = ids(value);
    histogram.record_with_exemplar(value, trace, span);
}

/// Records each value on a thread of its own, all of which are there at a time: each keeps one
/// exemplar.
pub fn record_on_threads(histogram: &Histogram, values: &[u64]) {
    let all = Barrier::new(values.len());
    thread::scope(|scope| {
        for &value in values {
            let all = &all;
            scope.spawn(move || {
                record(histogram, value);
                all.wait();
            });
        }
    });
}
