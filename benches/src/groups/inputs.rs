//! The inputs that all libraries get: durations, and the edges of buckets.

use crate::candidate::kept;
use std::sync::OnceLock;

/// Length of the tables of inputs that loops go round in: a power of two.
pub(crate) const INPUTS: usize = 1_024;

/// Durations in nanoseconds, log-normal around 1.5 µs: most from 0.5 to 5 µs, in an order that no
/// predictor learns.
pub(crate) fn durations() -> &'static [u64; INPUTS] {
    static DURATIONS: OnceLock<&[u64; INPUTS]> = OnceLock::new();
    DURATIONS.get_or_init(make_durations)
}

fn make_durations() -> &'static [u64; INPUTS] {
    let mut random = fastrand::Rng::with_seed(1);
    // The sum of twelve uniform numbers is nearly normal.
    let mut normal = move || (0..12).map(|_| random.f64()).sum::<f64>() - 6.0;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive")]
    let values = std::array::from_fn(|_| (1_500.0 * (0.6 * normal()).exp()) as u64);
    kept(values)
}

/// The same in seconds.
pub(crate) fn seconds() -> &'static [f64; INPUTS] {
    static SECONDS: OnceLock<&[f64; INPUTS]> = OnceLock::new();
    SECONDS.get_or_init(|| kept(durations().map(|nanos| nanos as f64 * 1e-9)))
}

/// Upper edges of buckets in nanoseconds, for libraries that count in buckets.
pub(crate) const EDGES: [u64; 15] = [
    100,
    250,
    500,
    1_000,
    2_500,
    5_000,
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    10_000_000,
    100_000_000,
];

/// The same in seconds.
pub(crate) fn edges() -> [f64; 15] {
    EDGES.map(|nanos| nanos as f64 * 1e-9)
}
