//! The cost of a segment in a file: the same operations in separate processes, with the cells in
//! anonymous memory and in shared memory, in turn.

use super::inputs::{INPUTS, durations};
use crate::ask::ask_numbers;
use crate::candidate::{Candidate, kept};
use crate::goal::Goal;
use crate::layout::Layout;
use crate::run::{self, Effort};
use crate::stats::median;
use crate::table::Report;
use std::fs;
use tickmetrics::prelude::*;
use tickmetrics::{Segment, SegmentBuilder};

const OPERATIONS: [&str; 3] = ["`inc`, eight in rotation", "enum label", "`record`"];
const ANONYMOUS: &str = "anonymous memory";
const FILE: &str = "a file in /dev/shm";

const SEGMENT: Layout = Layout {
    id: "segment",
    title: "A segment in a file",
    note: "Median nanoseconds of three processes of each kind, which take turns.",
    columns: &OPERATIONS,
};

pub(super) const GOALS: &[Goal] = &[
    Goal::ratio(
        "`inc` into a segment in a file",
        1.1,
        "× into anonymous memory",
        (SEGMENT.column(0).of(FILE), SEGMENT.column(0).of(ANONYMOUS)),
    ),
    Goal::ratio(
        "`record` into a segment in a file",
        1.1,
        "× into anonymous memory",
        (SEGMENT.column(2).of(FILE), SEGMENT.column(2).of(ANONYMOUS)),
    ),
];

/// Processes of each kind.
const ROUNDS: usize = 3;

pub(crate) fn measure(effort: Effort, report: &mut Report) -> Result<(), String> {
    let mut nanos = [ANONYMOUS, FILE].map(|name| (name, vec![Vec::new(); OPERATIONS.len()]));
    for _ in 0..ROUNDS {
        for (name, nanos) in &mut nanos {
            let file = u8::from(*name == FILE);
            let numbers = ask_numbers(&format!("segment {file} {}", u8::from(effort.quick)))?;
            nanos.iter_mut().zip(numbers).for_each(|(nanos, number)| nanos.push(number));
        }
    }
    let mut table = SEGMENT.table();
    for (name, mut nanos) in nanos {
        table.row(name, nanos.iter_mut().map(|nanos| median(nanos)));
    }
    report.push(table);
    Ok(())
}

/// The segment of a process that answers `segment 1`, if this is the question.
pub(crate) fn builder(question: &str) -> Option<SegmentBuilder> {
    question.starts_with("segment 1").then(|| Segment::builder().path(path()))
}

fn path() -> std::path::PathBuf {
    format!("/dev/shm/tickmetrics-overhead.{}", std::process::id()).into()
}

/// Measures the operations in this process's segment.
pub(crate) fn answer(quick: bool) -> Result<String, String> {
    #[derive(Clone, Copy, Label)]
    enum Side {
        Buy,
        Sell,
    }
    let registry = Registry::new();
    let counters: [Counter; 8] = std::array::from_fn(|at| {
        let description = Description::new(format!("counter_{at}_total"), "Counted.");
        registry.register(&description).expect("the name is new")
    });
    let total = registry.clone();
    let counters = kept(counters);
    let sides: &'static Counter<Side> =
        kept(registry.register(&Description::new("sides_total", "Counted.")).expect("is new"));
    let wait: &'static Histogram = kept(
        registry
            .register(&Description::new("wait_seconds", "Waited.").unit("seconds"))
            .expect("the name is new"),
    );
    let values = durations();
    let side = |turn: usize| if values[turn % INPUTS] & 1 == 0 { Side::Buy } else { Side::Sell };
    let count_of = |start: &'static str| {
        let total = total.clone();
        move || {
            let snapshot = total.snapshot();
            let families = snapshot.families().filter(|family| family.name().starts_with(start));
            let series = families.flat_map(|family| family.series().collect::<Vec<_>>());
            series
                .map(|series| match series.value() {
                    tickmetrics::Value::Counter(value) => value,
                    tickmetrics::Value::Histogram(histogram) => histogram.count(),
                    _ => 0,
                })
                .sum()
        }
    };
    let candidates = [
        Candidate::new(OPERATIONS[0], |turn| counters[turn % 8].inc(), count_of("counter_")),
        Candidate::new(OPERATIONS[1], move |turn| sides.with(side(turn)).inc(), count_of("sides_")),
        Candidate::new(OPERATIONS[2], |turn| wait.record(values[turn % INPUTS]), count_of("wait_")),
    ];
    let measured = run::interleaved(&candidates, Effort::new(quick).divided_by(2));
    // The file is missing if the segment is in anonymous memory.
    let _ = fs::remove_file(path());
    let medians: Vec<_> = measured?.iter().map(|one| one.median.to_string()).collect();
    Ok(medians.join(" "))
}
