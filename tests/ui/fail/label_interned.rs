use tickmetrics::prelude::*;

#[derive(Clone, Copy, Label)]
struct NoCapacity(LabelId);

#[derive(Clone, Copy, Label)]
#[label(capacity = 0)]
struct Zero(LabelId);

#[derive(Clone, Copy, Label)]
#[label(capacity = 16777217)]
struct TooMany(LabelId);

#[derive(Clone, Copy, Label)]
#[label(capacity = "many")]
struct Words(LabelId);

#[derive(Clone, Copy, Label)]
#[label(capacity = many, size = 2)]
struct Unreadable(LabelId);

#[derive(Clone, Copy, Label)]
#[label(capacity = 16)]
struct Two(LabelId, LabelId);

#[derive(Clone, Copy, Label)]
#[label(capacity = 16)]
struct Named {
    id: LabelId,
}

#[derive(Clone, Copy, Label)]
#[label(capacity = 16)]
struct Generic<T>(T);

fn main() {
    // There are methods all the same: these are not further errors.
    let symbol = NoCapacity::intern("AAPL");
    symbol.as_str();
}
