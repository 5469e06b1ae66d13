//! The cost of interned labels and registries, and the effect on others of a peer that chooses the
//! values: counted in bytes and allocations, with a small directory.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Once;
use tickmetrics::prelude::*;
use tickmetrics::{Interner, Segment};

struct Counting;

thread_local! {
    static ALLOCATED: Cell<(u64, usize)> = const { Cell::new((0, 0)) };
}

// SAFETY: everything is the system's; only a thread-local without a destructor is counted up.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let (times, bytes) = ALLOCATED.get();
        ALLOCATED.set((times + 1, bytes + layout.size()));
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How many allocations this thread makes in a call, and of how many bytes.
fn allocated(call: impl FnOnce()) -> (u64, usize) {
    let (times, bytes) = ALLOCATED.get();
    call();
    (ALLOCATED.get().0 - times, ALLOCATED.get().1 - bytes)
}

const DIRECTORY_BYTES: usize = 1 << 20;

fn registry() -> Registry {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| Segment::builder().directory_bytes(DIRECTORY_BYTES).install().unwrap());
    Registry::new()
}

/// A label of its own for each test.
macro_rules! label {
    ($name:ident, $capacity:literal) => {
        #[derive(Clone, Copy, PartialEq, Debug, Label)]
        #[label(capacity = $capacity, rename = "name")]
        struct $name(LabelId);
    };
}

fn counter<L: Labels>(registry: &Registry, name: &str) -> Counter<L> {
    registry.register(&Description::new(name, "Help.")).unwrap()
}

#[test]
fn a_long_value_is_cut_and_ends_nothing() {
    label!(Name, 64);
    let registry = registry();
    let used: Counter<Name> = counter(&registry, "used_total");
    let cut = || Segment::stats().unwrap().cut_labels;
    let before = cut();
    let long = "x".repeat(65 << 20);
    let name = Name::intern(&long);
    assert_eq!(name.as_str().len(), Interner::MAX_BYTES);
    assert!(name.as_str().ends_with(Interner::CUT), "told from a short one");
    assert_eq!(name, Name::intern(&(long + "y")), "the same up to the cut");
    assert_eq!(name, Name::intern(name.as_str()), "what is cut is what it is");
    assert_eq!(cut() - before, 2);
    // As long as may be, and one byte more, where a character of two bytes is in the way.
    let whole = "y".repeat(Interner::MAX_BYTES);
    assert_eq!(Name::intern(&whole).as_str(), whole);
    let odd = Name::intern(&("z".to_owned() + &"é".repeat(Interner::MAX_BYTES))).as_str();
    assert_eq!(odd, format!("z{}{}", "é".repeat(510), Interner::CUT));
    for n in 0..61 {
        assert_eq!(Name::intern(&n.to_string()).as_str(), n.to_string());
    }
    assert_eq!(Name::intern("one more").as_str(), "other");
    used.with(name).inc();
    let labels = [("name", name.as_str())];
    assert_eq!(registry.snapshot().counter("used_total", &labels), Some(1));
    // A known value needs no memory, cut or not.
    let long = "x".repeat(5000);
    assert_eq!(allocated(|| assert_eq!(Name::intern(&long), name)), (0, 0));
}

#[test]
fn no_label_uses_up_the_directory_of_the_others() {
    label!(Flooded, 1_000_000);
    label!(Later, 64);
    let registry = registry();
    counter::<Flooded>(&registry, "flooded_total");
    // More than the directory, in values of any length.
    for n in 0..2 * DIRECTORY_BYTES / Interner::MAX_BYTES {
        Flooded::intern(&format!("{n}{}", "x".repeat(Interner::MAX_BYTES - 8)));
    }
    let long = format!("last{}", "x".repeat(Interner::MAX_BYTES - 8));
    assert_eq!(Flooded::intern(&long).as_str(), "other");
    assert_eq!(Flooded::intern("short").as_str(), "short", "what still fits is taken");
    (0..DIRECTORY_BYTES / 8).for_each(|n| {
        let _ = Flooded::intern(&n.to_string());
    });
    assert_eq!(Flooded::intern("none").as_str(), "other");
    // Others have all that they may have.
    let later: Counter<Later> = counter(&registry, "later_total");
    for n in 0..64 {
        let name = format!("{n:04}{}", "y".repeat(1000));
        later.with(Later::intern(&name)).inc();
        assert_eq!(registry.snapshot().counter("later_total", &[("name", &name)]), Some(1));
    }
}

#[test]
fn texts_have_a_bound() {
    let registry = registry();
    let long = "a".repeat(1025);
    let help = "a ".repeat(4097);
    for (description, reason) in [
        (Description::new(&long, "Help."), "it has more than 1,024 bytes"),
        (Description::new("a", &help), "it has more than 8,192 bytes"),
        (Description::new("a", "Help.").unit(&long), "its unit has more than 1,024 bytes"),
        (Description::new("a", "Help.").constant(&long, "x"), "it has more than 1,024 bytes"),
        (
            Description::new("a", "Help.").constant("venue", &long),
            "its value has more than 1,024 bytes",
        ),
    ] {
        let error = registry.register::<Counter>(&description).unwrap_err().to_string();
        assert!(error.ends_with(reason) && error.len() < 200, "{error}");
    }
    let description = Description::new("a", "Help.").constant("venue", &long[1..]);
    registry.register::<Counter>(&description).unwrap();
    let error = registry.gauge_fn(&long, "Help.", || 1.0).unwrap_err().to_string();
    assert!(error.ends_with("it has more than 1,024 bytes"), "{error}");
}

#[test]
fn a_label_takes_memory_for_its_values_and_not_for_its_capacity() {
    label!(Large, 16_777_216);
    let bytes = |call: &dyn Fn()| allocated(call).1;
    let first = bytes(&|| assert_eq!(Large::intern("first").as_str(), "first"));
    assert!(first < 4096, "{first}");
    let thousand = bytes(&|| {
        for n in 0..1000 {
            Large::intern(&n.to_string());
        }
    });
    assert!(thousand < 200_000, "{thousand}");
    for n in 0..1000 {
        assert_eq!(Large::intern(&n.to_string()).as_str(), n.to_string());
    }
}

#[test]
fn a_first_snapshot_does_not_grow_with_other_registries() {
    label!(Own, 64);
    label!(Others, 4096);
    let registry = registry();
    let first_snapshot = || {
        let registry = Registry::new();
        counter::<Own>(&registry, "own_total").with(Own::intern("a")).inc();
        let count = |snapshot: Snapshot| snapshot.counter("own_total", &[("name", "a")]);
        allocated(|| assert_eq!(count(registry.snapshot()), Some(1)))
    };
    first_snapshot();
    let before = first_snapshot();
    counter::<Others>(&registry, "others_total");
    (0..500).for_each(|n| {
        let _ = Others::intern(&n.to_string());
    });
    for _ in 0..500 {
        counter::<()>(&Registry::new(), "other_total");
    }
    assert_eq!(first_snapshot(), before);
}
