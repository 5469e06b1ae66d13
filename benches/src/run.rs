//! Batches of all candidates in turn, on one thread.

use crate::candidate::Candidate;
use crate::stats::{Measured, Sample};
use nix::sys::resource::{UsageWho, getrusage};
use quanta::Clock;
use std::sync::OnceLock;

/// The duration of measurements.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// Batches of each candidate.
    pub(crate) batches: usize,
    /// The target for a batch in nanoseconds.
    pub(crate) batch_nanos: f64,
    /// For measurements of seconds rather than microseconds: whether to shorten them.
    pub(crate) quick: bool,
}

/// The fewest turns of a batch.
const TURNS: usize = 1_000;

impl Effort {
    pub(crate) fn new(quick: bool) -> Self {
        Self { batches: if quick { 120 } else { 600 }, batch_nanos: 30_000.0, quick }
    }

    /// A part of the effort, for operations that take longer or matter less.
    pub(crate) fn divided_by(self, parts: usize) -> Self {
        Self { batches: (self.batches / parts).max(30), ..self }
    }
}

/// The processor's time stamp counter, with its scale.
pub(crate) fn clock() -> &'static Clock {
    static CLOCK: OnceLock<Clock> = OnceLock::new();
    CLOCK.get_or_init(Clock::new)
}

/// Measures a batch.
pub(crate) fn timed(batch: impl FnOnce()) -> Sample {
    let clock = clock();
    let before = involuntary_switches();
    let start = clock.raw();
    batch();
    let end = clock.raw();
    let interrupted = involuntary_switches() != before;
    Sample { nanos: clock.delta_as_nanos(start, end) as f64, interrupted }
}

/// How often the scheduler took the processor away from this thread.
fn involuntary_switches() -> i64 {
    getrusage(UsageWho::RUSAGE_THREAD).map_or(0, |usage| usage.involuntary_context_switches())
}

/// The number of turns in a batch, and the number done to find it.
pub(crate) fn calibrate(candidate: &Candidate, effort: Effort) -> (usize, u64) {
    let (mut done, mut fastest) = (0, f64::INFINITY);
    for _ in 0..8 {
        let nanos = timed(|| candidate.run(TURNS)).nanos;
        candidate.tidy();
        done += TURNS as u64;
        fastest = fastest.min(nanos / TURNS as f64);
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
    let turns = (effort.batch_nanos / fastest.max(0.05)) as usize;
    // A multiple of 8, for the rotation.
    (turns.clamp(TURNS, 200_000).next_multiple_of(8), done)
}

/// Runs all candidates in turn, batch by batch, so that a drift of the machine hits all alike.
///
/// # Errors
/// If a candidate's count differs from the number of operations.
pub(crate) fn interleaved(
    candidates: &[Candidate],
    effort: Effort,
) -> Result<Vec<Measured>, String> {
    let calibrated: Vec<_> = candidates.iter().map(|one| calibrate(one, effort)).collect();
    let mut samples = vec![Vec::with_capacity(effort.batches); candidates.len()];
    let mut done: Vec<u64> = calibrated.iter().map(|&(_, done)| done).collect();
    for batch in 0..effort.batches {
        for at in 0..candidates.len() {
            // Each candidate follows another neighbour from batch to batch.
            let at = (at + batch) % candidates.len();
            let (candidate, (turns, _)) = (&candidates[at], calibrated[at]);
            // Untimed turns restore the caches and predictors after the neighbour's batch.
            let warm = turns / 8;
            candidate.run(warm);
            let sample = timed(|| candidate.run(turns));
            candidate.tidy();
            done[at] += (warm + turns) as u64;
            samples[at].push(Sample { nanos: sample.nanos / turns as f64, ..sample });
        }
    }
    candidates.iter().zip(done).try_for_each(|(candidate, turns)| candidate.check(turns))?;
    Ok(candidates
        .iter()
        .zip(samples)
        .map(|(one, samples)| Measured::of(&one.name, &samples))
        .collect())
}
