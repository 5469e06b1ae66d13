//! The operations, each with the libraries that can do it.

pub(crate) mod counters;
pub(crate) mod histograms;
pub(crate) mod inputs;
pub(crate) mod labels;
pub(crate) mod memory;
pub(crate) mod names;
pub(crate) mod peers;
mod scaling;
pub(crate) mod scrape;
pub(crate) mod segment;
mod side;
mod tails;
pub(crate) mod tick;
pub(crate) mod timing;

use crate::candidate::Candidate;
use crate::goal::Goal;
use crate::run::Effort;
use crate::table::Report;

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

/// The goals of all groups, in the report's order.
pub(crate) const GOALS: &[&[Goal]] = &[
    counters::GOALS,
    labels::GOALS,
    histograms::GOALS,
    timing::GOALS,
    tick::GOALS,
    tails::GOALS,
    scrape::GOALS,
    scrape::peak::GOALS,
    memory::GOALS,
    segment::GOALS,
    scaling::GOALS,
];

/// The operations that `cargo bench` measures too, by criterion's method.
pub fn operations() -> [(&'static str, Vec<Candidate>); 3] {
    [
        ("counter, eight in rotation", counters::rotation()),
        ("histogram", histograms::all()),
        ("timing", timing::all()),
    ]
}

#[cfg(test)]
mod tests {
    use super::{Measure, counters, histograms, labels, scaling, tails, tick, timing};
    use crate::goal::Goal;
    use crate::run::Effort;
    use crate::table::Report;

    /// The other groups ask processes, or measure sizes that take long. Their rows are constants.
    const HERE: [(Measure, &[Goal]); 7] = [
        (counters::measure, counters::GOALS),
        (histograms::measure, histograms::GOALS),
        (labels::measure, labels::GOALS),
        (timing::measure, timing::GOALS),
        (tick::measure, tick::GOALS),
        (tails::measure, tails::GOALS),
        (scaling::measure, scaling::GOALS),
    ];

    #[test]
    fn each_group_measures_what_its_goals_are_for() {
        tickmetrics::Segment::builder().shards(64).shard_bytes(1 << 30).install().unwrap();
        let effort = Effort { batches: 1, batch_nanos: 1.0, quick: true };
        for (measure, goals) in HERE {
            let mut report = Report::default();
            measure(effort, &mut report).unwrap();
            for goal in goals {
                assert!(goal.is_in(&report), "{goal:?}");
            }
        }
    }
}
