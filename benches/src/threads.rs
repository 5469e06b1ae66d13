//! Batches of all candidates in turn, on one thread and on two at the same time.

use crate::candidate::Candidate;
use crate::run::{Effort, calibrate, timed};
use crate::stats::{Measured, Sample};
use std::hint::spin_loop;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

const THREADS: usize = 2;

/// A barrier without sleep, so that threads' batches start together.
#[derive(Default)]
struct Meeting {
    arrived: AtomicUsize,
}

impl Meeting {
    /// Waits until all threads have arrived `time` times.
    fn wait(&self, time: usize) {
        // AcqRel and Acquire: each thread's work before is visible to the others after.
        self.arrived.fetch_add(1, Ordering::AcqRel);
        while self.arrived.load(Ordering::Acquire) < time * THREADS {
            spin_loop();
        }
    }
}

/// One candidate, alone and beside a second thread with the same work on the same metric.
pub(crate) struct Pair {
    pub(crate) alone: Measured,
    pub(crate) beside: Measured,
}

/// A thread's results: its samples by candidate, and its number of turns.
type Done = Vec<(Vec<Sample>, Vec<Sample>, u64)>;

/// # Errors
/// If a candidate's count differs from the number of operations.
pub(crate) fn interleaved(candidates: &[Candidate], effort: Effort) -> Result<Vec<Pair>, String> {
    let calibrated: Vec<_> = candidates.iter().map(|one| calibrate(one, effort)).collect();
    let turns: Vec<usize> = calibrated.iter().map(|&(turns, _)| turns).collect();
    let meeting = Meeting::default();
    let [first, second]: [Done; THREADS] = thread::scope(|scope| {
        let (meeting, turns) = (&meeting, &turns);
        let threads = [true, false].map(|first| {
            scope.spawn(move || work(first, candidates, turns, effort.batches, meeting))
        });
        threads.map(|thread| thread.join().unwrap_or_default())
    });
    let mut pairs = Vec::new();
    for (((candidate, (_, before)), first), second) in
        candidates.iter().zip(calibrated).zip(first).zip(second)
    {
        candidate.check(before + first.2 + second.2)?;
        let both = |(a, b): (&Sample, &Sample)| Sample {
            nanos: f64::midpoint(a.nanos, b.nanos),
            interrupted: a.interrupted || b.interrupted,
        };
        let beside: Vec<Sample> = first.1.iter().zip(&second.1).map(both).collect();
        pairs.push(Pair {
            alone: Measured::of(&candidate.name, &first.0),
            beside: Measured::of(&candidate.name, &beside),
        });
    }
    Ok(pairs)
}

fn work(
    first: bool,
    candidates: &[Candidate],
    turns: &[usize],
    batches: usize,
    meeting: &Meeting,
) -> Done {
    let mut done = vec![(Vec::new(), Vec::new(), 0); candidates.len()];
    let mut time = 0;
    let mut meet = || {
        time += 1;
        meeting.wait(time);
    };
    for _ in 0..batches {
        for ((candidate, &turns), (alone, beside, total)) in
            candidates.iter().zip(turns).zip(&mut done)
        {
            let mut batch = |samples: &mut Vec<Sample>| {
                candidate.run(turns / 8);
                let sample = timed(|| candidate.run(turns));
                *total += (turns / 8 + turns) as u64;
                samples.push(Sample { nanos: sample.nanos / turns as f64, ..sample });
            };
            meet();
            if first {
                batch(alone);
            }
            meet();
            batch(beside);
            meet();
            if first {
                candidate.tidy();
            }
        }
    }
    done
}
