use tickmetrics::prelude::*;

#[derive(Metrics)]
struct Generic<T> {
    /// Seen.
    seen: Counter<T>,
}

#[derive(Metrics)]
struct Tuple(Counter);

#[derive(Metrics)]
struct Unit;

#[derive(Metrics)]
enum Enum {
    A,
}

fn main() {
    // There is an implementation all the same: these are not further errors.
    Tuple::global();
    let _ = Unit::register(&Registry::new());
    Enum::describe();
}
