//! A hook that panics, after a time without a hook. In a process of its own: it is not asked again.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering};
use tickmetrics::exemplar;
use tickmetrics::prelude::*;

static ASKED: AtomicU32 = AtomicU32::new(0);

/// The drop of what it panics with panics, too.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

fn hook() -> Option<(u128, u64)> {
    ASKED.fetch_add(1, Ordering::Relaxed);
    std::panic::panic_any(Bomb)
}

#[test]
fn a_panic_of_the_hook_does_not_reach_the_record() {
    let registry = Registry::new();
    let description = Description::new("wait", "Waited.").exemplars();
    let wait: Histogram = registry.register(&description).unwrap();
    let scope = exemplar::Scope::enter(1, 1);
    wait.record(1);
    let count = || {
        let snapshot = registry.snapshot();
        let wait = snapshot.histogram("wait", &[]).unwrap();
        assert_eq!(wait.exemplars().count(), 0);
        wait.count()
    };
    assert_eq!(count(), 1, "without a hook");

    exemplar::set_hook(hook).unwrap();
    let error = exemplar::set_hook(exemplar::current).unwrap_err();
    assert!(error.to_string().contains("is set already"), "{error}");
    // In a drop while another panic unwinds.
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        let _timer = wait.start();
        panic!("of the program");
    }));
    assert!(unwound.is_err());
    assert_eq!((count(), ASKED.load(Ordering::Relaxed)), (2, 1));
    wait.record(u64::MAX);
    assert_eq!((count(), ASKED.load(Ordering::Relaxed)), (3, 1), "not asked again");
    drop(scope);
    assert_eq!(exemplar::current(), None);
}

#[test]
fn a_task_of_the_programs_own_has_scopes_that_nest() {
    use exemplar::{Scope, current};
    let outer = Scope::enter(1, 2);
    let none = Scope::enter(0, 3);
    assert_eq!(current(), None, "a trace of 0 is none");
    drop(none);
    assert_eq!(current(), Some((1, 2)));
    std::thread::spawn(|| assert_eq!(current(), None)).join().unwrap();
    drop(outer);
    assert_eq!(current(), None);
}
