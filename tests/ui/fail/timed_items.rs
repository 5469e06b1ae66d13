use tickmetrics::prelude::*;

#[timed]
struct Struct;

#[timed]
const fn constant() {}

trait Trait {
    #[timed]
    fn method(&self) -> u32;
}

#[timed(outcome)]
#[track_caller]
fn tracked() {}

#[timed]
mod module {}

fn main() {
    // The items are there all the same: these are not further errors.
    let _ = Struct;
    constant();
    tracked();
}
