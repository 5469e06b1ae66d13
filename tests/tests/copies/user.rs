//! A program that has the crate from a Rust dylib, and its own code for what is inlined.

use shared::metrics_core::{Counter, Description, Registry, Segment, warm_up};

fn main() {
    let registry = Registry::new();
    let ticks: Counter = registry.register(&Description::new("ticks_total", "Ticks.")).unwrap();
    let count = move || {
        warm_up();
        (0..1000).for_each(|_| ticks.inc());
    };
    count();
    std::thread::spawn(count).join().unwrap();
    let overflow = Segment::stats().unwrap().overflow_records;
    println!("{} {overflow}", registry.snapshot().counter("ticks_total", &[]).unwrap());
}
