//! Registries one after the other, as in a test suite. Cells are never freed, so all of them need room.
//!
//! A process of its own, whose segment has the default sizes.

use tickmetrics::{Description, Histogram, Registry};

#[test]
fn a_hundred_thousand_registries_fit() {
    for round in 0..100_000 {
        let registry = Registry::new();
        let description = Description::new("wait_seconds", "Waited.").unit("seconds");
        let wait: Histogram = registry.register(&description).unwrap();
        wait.record(1_500 + round);
        let snapshot = registry.snapshot();
        let wait = snapshot.histogram("wait_seconds", &[]).unwrap();
        assert_eq!((wait.count(), wait.max()), (1, Some((1_500 + round) as f64 / 1e9)));
    }
}
