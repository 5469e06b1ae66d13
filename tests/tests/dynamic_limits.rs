//! Families whose labels are known only at run time: what all of them have together, and what a later
//! run resumes. Each part is this test program in a process of its own.

use std::path::Path;
use tests::processes::{Folder, Other, role, say};
use tickmetrics::prelude::*;
use tickmetrics::{Dynamic, Segment, SegmentReader};

const OVERFLOW: &[(&str, &str)] = &[("otel_metric_overflow", "true")];

/// The part of the other process. Run directly, this test does nothing.
#[test]
fn in_another_process() {
    let Some((role, file)) = role() else { return };
    match role.as_str() {
        "few series" => few_series(&file),
        "long labels" => long_labels(&file),
        "first run" => run(&file, ["a", "b", "c"]),
        "second run" => run(&file, ["c", "d", "a"]),
        "third run" => run(&file, ["d", "e", "x"]),
        _ => panic!("{role}"),
    }
    say("done");
}

fn family(name: &str, most: usize) -> Dynamic<Counter> {
    Registry::global().register_dynamic(&Description::new(name, "Help."), most).unwrap()
}

fn few_series(file: &Path) {
    Segment::builder().path(file).dynamic_series(3).install().unwrap();
    let (one, other) = (family("one_total", 10), family("other_total", 10));
    for at in ["1", "2", "3", "4", "5"] {
        one.with(&[("a", at)]).inc();
        other.with(&[("a", at)]).inc();
        one.with(&[("a", at)]).inc();
    }
    let count = |name, labels| Registry::global().snapshot().counter(name, labels);
    assert_eq!(count("one_total", &[("a", "1")]), Some(2));
    assert_eq!(count("other_total", &[("a", "1")]), Some(1));
    assert_eq!(count("one_total", &[("a", "2")]), Some(2));
    assert_eq!(count("one_total", OVERFLOW), Some(6));
    assert_eq!(count("other_total", OVERFLOW), Some(4));
    assert_eq!(Segment::stats().unwrap().saturated_labels, 10);
}

/// Label sets never use up the room of other metrics and labels.
fn long_labels(file: &Path) {
    #[derive(Clone, Copy, Label)]
    #[label(capacity = 16)]
    struct Symbol(LabelId);

    Segment::builder().path(file).directory_bytes(64 << 10).install().unwrap();
    let many = family("many_total", 10_000);
    for at in 0..1_000 {
        many.with(&[("a", &format!("{at}{}", "x".repeat(900)))]).inc();
    }
    let snapshot = Registry::global().snapshot();
    let overflow = snapshot.counter("many_total", OVERFLOW).unwrap();
    let series = snapshot.family("many_total").unwrap().series_count();
    assert_eq!(overflow + series as u64, 1_001);
    assert!((20..40).contains(&series), "{series}");
    let further = Registry::global().register(&Description::new("further_total", "Help."));
    let further: Counter<Symbol> = further.unwrap();
    further.with(Symbol::intern("AAPL")).inc();
    let labels = [("symbol", "AAPL")];
    assert_eq!(Registry::global().snapshot().counter("further_total", &labels), Some(1));
    family("later_total", 10).with(&[("a", "1")]).inc();
}

/// A run that counts one for each, and is killed.
fn run(file: &Path, values: [&str; 3]) {
    Segment::builder().path(file).resume(true).install().unwrap();
    let family = family("runs_total", 5);
    let wait = Description::new("wait", "Help.");
    let wait: Dynamic<Histogram> = Registry::global().register_dynamic(&wait, 5).unwrap();
    for value in values {
        // Other names of labels, which must be known again, too.
        family.with(&[("value", value), (value, "1")]).inc();
        wait.with(&[("value", value)]).record(3);
    }
    // A legacy scraper could not tell it from those before.
    assert!(family.try_with(&[("a", "1"), ("a\u{e9}", "1")]).is_ok());
    say("counted");
    loop {
        std::thread::park();
    }
}

fn ends(role: &str, folder: &Folder) {
    let mut other = Other::start(role, &folder.file());
    assert_eq!(other.says(), "done");
}

#[test]
fn all_families_together_have_a_number_of_series() {
    ends("few series", &Folder::new("dynamic-few"));
}

#[test]
fn long_label_sets_leave_room_for_others() {
    let folder = Folder::new("dynamic-long");
    ends("long labels", &folder);
    let snapshot = SegmentReader::open(folder.file()).unwrap().snapshot().unwrap();
    assert_eq!(snapshot.counter("later_total", &[("a", "1")]), Some(1));
}

#[test]
fn counts_go_on_in_later_runs_whatever_the_order() {
    let folder = Folder::new("dynamic-runs");
    for role in ["first run", "second run", "third run"] {
        let mut other = Other::start(role, &folder.file());
        assert_eq!(other.says(), "counted");
        // Killed when it is dropped.
    }
    let snapshot = SegmentReader::open(folder.file()).unwrap().snapshot().unwrap();
    // Of six label sets in the order of the runs, and one that each run tries, five fit.
    let counts = ["a", "b", "c", "d", "e", "x"]
        .map(|value| snapshot.counter("runs_total", &[("value", value), (value, "1")]));
    let waits = ["a", "b", "c", "d", "e", "x"]
        .map(|value| snapshot.histogram("wait", &[("value", value)]).map(HistogramSnapshot::count));
    println!("{counts:?} {waits:?}");
    assert_eq!(counts, [Some(2), Some(1), Some(2), Some(2), None, None]);
    assert_eq!(snapshot.counter("runs_total", OVERFLOW), Some(2));
    assert_eq!(waits, [Some(2), Some(1), Some(2), Some(2), Some(1), None]);
    assert_eq!(snapshot.histogram("wait", OVERFLOW).map(HistogramSnapshot::count), Some(1));
}
