//! The operations, each with the libraries that can do it.

mod counters;
mod histograms;
mod labels;
mod memory;
mod peers;
mod scaling;
mod scrape;
pub(crate) mod segment;
mod side;
mod tails;
mod tick;
mod timing;

pub(crate) use peers::Metrics;
pub(crate) use scrape::FIRST;
pub(crate) use scrape::peak::PEAK;
use side::Side;
pub(crate) use tick::{NOTHING, OUR_CLOCK, replay};

use crate::candidate::Candidate;
use crate::run::Effort;
use crate::table::Report;
use std::sync::OnceLock;

pub(crate) const OURS: &str = "tickmetrics";
pub(crate) const RAW: &str = "raw design";
pub(crate) const FETCH_ADD: &str = "one shared fetch_add";

/// Answers a question to a separate process.
///
/// # Errors
/// If it is not a question.
pub(crate) fn answer(question: &str) -> Result<String, String> {
    match question.split_once(' ') {
        Some(("segment", kind)) => segment::answer(kind.ends_with('1')),
        Some(("peak", of)) => scrape::peak::answer(of),
        _ => memory::answer(question),
    }
}

type Measure = fn(Effort, &mut Report) -> Result<(), String>;

/// Groups with their names.
pub(crate) type Groups = &'static [(&'static str, Measure)];

/// The groups that each process measures, the most important first.
pub(crate) const EACH: Groups = &[
    ("counters", counters::measure),
    ("histograms", histograms::measure),
    ("labels", labels::measure),
    ("timing", timing::measure),
    ("tick", tick::measure),
    ("tails", tails::measure),
    ("scaling", scaling::measure),
    ("memory", memory::measure),
    ("segment", segment::measure),
];

/// The groups that one process measures: they take long, and hardly depend on the placement of
/// memory.
pub(crate) const ONCE: Groups = &[("scrape", scrape::measure), ("peak", scrape::peak::measure)];

/// The operations that `cargo bench` measures too, by criterion's method.
pub fn operations() -> [(&'static str, Vec<Candidate>); 3] {
    [
        ("counter, eight in rotation", counters::rotation()),
        ("histogram", histograms::all()),
        ("timing", timing::all()),
    ]
}

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
    crate::candidate::kept(values)
}

/// The same in seconds.
pub(crate) fn seconds() -> &'static [f64; INPUTS] {
    static SECONDS: OnceLock<&[f64; INPUTS]> = OnceLock::new();
    SECONDS.get_or_init(|| crate::candidate::kept(durations().map(|nanos| nanos as f64 * 1e-9)))
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
