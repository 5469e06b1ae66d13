//! Exemplars, from threads that keep them while others read. Their ids are derived from their
//! values, so a mixture of two exemplars is noticed. In a process of its own: there are fewer
//! shards than threads.

use std::fs;
use std::path::Path;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};
use tests::exemplars::{ids, record};
use tests::processes::{Folder, Other, role, say, wait as wait_for_parent};
use tickmetrics::prelude::*;
use tickmetrics::{Exemplar, Segment, SegmentReader};

#[derive(Clone, Copy, Label)]
#[label(capacity = 4)]
struct Symbol(LabelId);

const SHARDS: usize = 2;

fn register(description: &Description) -> (Registry, Histogram) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| Segment::builder().shards(SHARDS).install().unwrap());
    let registry = Registry::new();
    let wait = registry.register(description).unwrap();
    (registry, wait)
}

fn described() -> Description {
    Description::new("wait", "Waited.").buckets([10, 1_000, 100_000])
}

fn exemplars(registry: &Registry) -> Vec<Exemplar> {
    registry.snapshot().histogram("wait", &[]).unwrap().exemplars().collect()
}

fn values(registry: &Registry) -> Vec<f64> {
    exemplars(registry).iter().map(|one| one.value).collect()
}

/// The invariants of any snapshot.
fn check(wait: &HistogramSnapshot, earliest: SystemTime) {
    let mut buckets = Vec::new();
    for Exemplar { value, trace_id, span_id, time, .. } in wait.exemplars() {
        let whole: u64 = value.to_string().parse().unwrap();
        assert_eq!((trace_id, span_id), ids(whole), "{value} has another's ids");
        assert!(earliest <= time && time <= SystemTime::now(), "{time:?}");
        let counted = wait.cells().any(|(low, high, _)| (low..=high).contains(&whole));
        assert!(counted, "{value} is not counted in {wait:?}");
        buckets.push(wait.buckets().position(|bucket| value <= bucket.upper));
    }
    // The one above all edges is last, and `None`.
    let all = buckets.len();
    buckets.dedup();
    assert!(buckets.len() == all && all <= 4, "{buckets:?}");
}

#[test]
fn exemplars_are_whole_and_counted_while_threads_write() {
    let earliest = SystemTime::now();
    // None stays for any time: each record writes.
    let (registry, wait) = register(&described().exemplar_period(Duration::ZERO));
    let done = AtomicBool::new(false);
    let mut seen = 0;
    thread::scope(|scope| {
        // Two more than there are shards: these share one.
        for thread in 0..SHARDS as u64 + 2 {
            let done = &done;
            scope.spawn(move || {
                let mut n = thread;
                while !done.load(Ordering::Relaxed) {
                    n = n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    record(&wait, n >> 44);
                }
            });
        }
        while seen < 3_000 {
            let snapshot = registry.snapshot();
            let wait = snapshot.histogram("wait", &[]).unwrap();
            check(wait, earliest);
            seen += wait.exemplars().count();
        }
        done.store(true, Ordering::Relaxed);
    });
    check(registry.snapshot().histogram("wait", &[]).unwrap(), earliest);
}

#[test]
fn the_largest_of_a_period_is_kept() {
    let (registry, wait) = register(&described().exemplar_period(Duration::from_secs(5)));
    tickmetrics::with_mock_clock(|clock| {
        record(&wait, 0);
        assert_eq!(values(&registry), [0.0], "the first one, whatever it is");
        [7, 3, 9, 9, 8].into_iter().for_each(|value| record(&wait, value));
        assert_eq!(values(&registry), [9.0]);
        clock.advance(Duration::from_millis(4_999));
        record(&wait, 2);
        assert_eq!(values(&registry), [9.0], "not for its time");
        clock.advance(Duration::from_millis(1));
        record(&wait, 2);
        assert_eq!(values(&registry), [2.0], "for its time");
        record(&wait, 1_001);
        record(&wait, u64::MAX);
        assert_eq!(values(&registry), [u64::MAX as f64], "above the maximum too");
    });
    assert_eq!(registry.snapshot().histogram("wait", &[]).unwrap().count(), 10);
}

#[test]
fn every_way_to_record_has_one() {
    let description = described().scale(0.5);
    let (registry, wait) = register(&description);
    let (trace, span) = ids(1);
    wait.record_with_exemplar(5, 0, span);
    assert_eq!(exemplars(&registry), [], "no trace, no exemplar");
    wait.record_f64_with_exemplar(-1.0, trace, span);
    assert_eq!(exemplars(&registry), [], "counted apart");
    let is = |value: f64, trace, span| {
        let Some(one) = exemplars(&registry).pop() else { panic!("{value} is not there") };
        assert_eq!((one.value, one.trace_id, one.span_id), (value, trace, span));
    };
    wait.record_f64_with_exemplar(3.0, trace, span);
    is(3.0, trace, span);
    wait.record_duration_with_exemplar(Duration::from_nanos(8), trace + 1, 0);
    is(4.0, trace + 1, 0);
    let snapshot = registry.snapshot();
    let wait = snapshot.histogram("wait", &[]).unwrap();
    assert_eq!((wait.count(), wait.negative()), (3, 1));
}

#[test]
fn an_interval_has_those_that_came_in_it() {
    let (registry, wait) = register(&described().exemplar_period(Duration::ZERO));
    record(&wait, 5);
    let earlier = registry.snapshot();
    let interval = |earlier: &Snapshot| {
        let interval = registry.snapshot().since(earlier);
        let wait = interval.histogram("wait", &[]).unwrap();
        wait.exemplars().map(|one| one.value).collect::<Vec<_>>()
    };
    assert!(interval(&earlier).is_empty());
    record(&wait, 50_000);
    assert_eq!(interval(&earlier), [50_000.0]);
    assert_eq!(interval(&Snapshot::default()), [50_000.0]);
}

/// Each in its own place, also where a series has got no cells and another stands in.
#[test]
fn series_have_their_own() {
    let registry = register(&described()).0;
    let wait: Histogram<(Symbol, bool)> =
        registry.register(&Description::new("by_symbol", "Waited.")).unwrap();
    let names = ["a", "b", "c", "d", "other"];
    let all = names.iter().flat_map(|name| [false, true].map(|flag| (*name, flag)));
    for ((name, flag), value) in all.clone().zip(1..) {
        record(&wait.with((Symbol::intern(name), flag)), value);
    }
    let snapshot = registry.snapshot();
    for ((name, flag), value) in all.zip(1..) {
        let labels = [("symbol", name), ("flag", if flag { "true" } else { "false" })];
        let one = snapshot.histogram("by_symbol", &labels).unwrap();
        let exemplars: Vec<_> = one.exemplars().map(|one| (one.value, one.trace_id)).collect();
        assert_eq!(exemplars, [(f64::from(value), ids(u64::try_from(value).unwrap()).0)]);
    }
}

/// The part of the other process. Run directly, this test does nothing.
#[test]
fn in_another_process() {
    let Some((_, file)) = role() else { return };
    let small = 64 << 10;
    let builder = Segment::builder().shards(2).shard_bytes(small).shared_bytes(small);
    builder.directory_bytes(small).path(&file).resume(true).install().unwrap();
    let description = described().exemplar_period(Duration::ZERO);
    let wait: Histogram = Registry::new().register(&description).unwrap();
    (1..=WRITTEN).for_each(|value| record(&wait, value));
    say("done");
    wait_for_parent();
}

/// How often the other process writes its exemplar, which makes the sequence number twice as much:
/// one that no other word has.
const WRITTEN: u64 = 12_345;

/// The values of the exemplars in a file.
fn in_file(file: &Path) -> Vec<f64> {
    let snapshot = SegmentReader::open(file).unwrap().snapshot().unwrap();
    let wait = snapshot.histogram("wait", &[]).unwrap();
    check(wait, SystemTime::UNIX_EPOCH);
    wait.exemplars().map(|one| one.value).collect()
}

#[test]
fn a_killed_process_leaves_it_and_a_half_written_one_is_left_out() {
    let folder = Folder::new("exemplars");
    let file = folder.file();
    let mut other = Other::start("write", &file);
    assert_eq!(other.says(), "done");
    assert_eq!(in_file(&file), [WRITTEN as f64]);
    other.kill();
    assert_eq!(in_file(&file), [WRITTEN as f64], "it is there when its process is not");

    let mut bytes = fs::read(&file).unwrap();
    let sequence = (2 * WRITTEN).to_ne_bytes();
    let words = bytes.as_chunks::<8>().0;
    let at: Vec<_> = (0..words.len()).filter(|&at| words[at] == sequence).collect();
    assert_eq!(at.len(), 1, "one word is the sequence number");
    bytes[at[0] * 8..][..8].copy_from_slice(&(2 * WRITTEN + 1).to_ne_bytes());
    fs::write(&file, &bytes).unwrap();
    assert!(in_file(&file).is_empty(), "it may be half of one, and half of another");

    // The next run continues the counts, but not the exemplars.
    assert_eq!(Other::start("write", &file).says(), "done");
    let snapshot = SegmentReader::open(&file).unwrap().snapshot().unwrap();
    assert_eq!(snapshot.histogram("wait", &[]).unwrap().count(), 2 * WRITTEN);
    assert_eq!(in_file(&file), [WRITTEN as f64]);
}
