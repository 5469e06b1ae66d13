use tickmetrics::prelude::*;

#[derive(Label)]
enum NotCopy {
    A,
}

#[derive(Clone, Copy, Label)]
#[label(capacity = 16)]
struct Symbol(&'static str);

fn main() {}
