//! The segment and its directory, read while they are made, and the owners of cells.

use super::{check, install, join, layout, register, spawn};
use crate::cell::SharedCell;
use crate::install;
use crate::layout::Layout;
use crate::layout::{SINK_DISTRIBUTION, SINK_TABLE};
use crate::segment::SegmentError;
use crate::sync::Relaxed;
use crate::{Counter, Description, Registry, Segment, shard};
use std::ptr;

#[test]
fn the_segment_is_made_once_and_found_whole() {
    check("the segment made from two threads, and used from a third", || {
        // SAFETY: the segment is made with room for it, below.
        let sink_table =
            || shard::shared(unsafe { SharedCell::new(SINK_TABLE) }).map(|cell| cell.load(Relaxed));
        // The statics exist from the start.
        assert_eq!((sink_table(), Segment::stats()), (None, None));
        let layout = Layout { shared_words: SINK_TABLE as usize + 1, ..layout(1, 8) };
        let make = move || spawn(move || install::install(|| Segment::reserve(layout)).err());
        let user = spawn(move || {
            if let Some(first_cell) = sink_table() {
                assert_eq!(first_cell, u64::from(SINK_DISTRIBUTION));
            }
            if let Some(stats) = Segment::stats() {
                assert_eq!(stats.shards_free, 1);
                assert!(sink_table().is_some());
            }
            None
        });
        let [first, second, _] = join([make(), make(), user]);
        assert!(matches!(
            (first, second),
            (None, Some(SegmentError::InUse)) | (Some(SegmentError::InUse), None)
        ));
        let shared = Segment::current().map(|segment| &raw const segment.shared()[0]);
        assert_eq!(
            shard::shared(SharedCell::SINK).map(ptr::from_ref),
            shared,
            "shared cells of another segment"
        );
    });
}

#[test]
fn a_published_metric_is_whole() {
    check("registration, and a snapshot meanwhile", || {
        install(layout(1, 8));
        let registry = Registry::new();
        let writer = {
            let registry = registry.clone();
            spawn(move || register::<Counter>(&registry, "n").inc())
        };
        let reader = spawn({
            let registry = registry.clone();
            move || {
                let snapshot = registry.snapshot();
                let families: Vec<_> = snapshot.families().collect();
                match &families[..] {
                    [] => {}
                    [family] => {
                        assert_eq!((family.name(), family.help()), ("n", "h"));
                        assert!(snapshot.counter("n", &[]) <= Some(1));
                    }
                    _ => panic!("{snapshot:?}"),
                }
            }
        });
        join([writer, reader]);
        assert_eq!(registry.snapshot().counter("n", &[]), Some(1));
    });
}

#[test]
fn the_same_description_twice_is_one_metric() {
    check("one metric registered from two threads", || {
        install(layout(2, 8));
        let registry = Registry::new();
        join([(); 2].map(|()| {
            let registry = registry.clone();
            spawn(move || register::<Counter>(&registry, "n").inc())
        }));
        let snapshot = registry.snapshot();
        assert_eq!(snapshot.families().count(), 1);
        assert_eq!(snapshot.counter("n", &[]), Some(2));
    });
}

#[test]
fn two_descriptions_get_cells_of_their_own() {
    check("two metrics registered from two threads, each in its registry", || {
        install(layout(2, 8));
        let both = join([1, 2].map(|count| {
            spawn(move || {
                let registry = Registry::new();
                register::<Counter>(&registry, "n").add(count);
                registry
            })
        }));
        let counts = both.map(|registry| registry.snapshot().counter("n", &[]));
        assert_eq!(counts, [Some(1), Some(2)]);
    });
}

#[test]
fn a_clash_is_told_to_one_of_two_threads() {
    check("one name with two helps from two threads", || {
        install(layout(1, 8));
        let registry = Registry::new();
        let registered = join(["h", "i"].map(|help| {
            let registry = registry.clone();
            spawn(move || registry.register::<Counter>(&Description::new("n", help)).is_ok())
        }));
        assert_eq!(registered.into_iter().filter(|&ok| ok).count(), 1);
        assert_eq!(registry.snapshot().families().count(), 1);
    });
}
