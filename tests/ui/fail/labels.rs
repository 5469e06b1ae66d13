use tickmetrics::prelude::*;

#[derive(Clone, Copy, Label)]
enum Side {
    Buy,
    Sell,
}

#[derive(Clone, Copy, Labels)]
struct Same {
    side: Side,
    #[label(rename = "side")]
    other: Side,
}

#[derive(Clone, Copy, Labels)]
struct Names {
    #[label(rename = "a\nb")]
    dashed: Side,
    __reserved: Side,
    #[label(capacity = 2)]
    bounded: Side,
}

#[derive(Clone, Copy, Labels)]
#[label(rename = "a")]
struct Renamed {
    side: Side,
}

#[derive(Clone, Copy, Labels)]
struct Empty {}

#[derive(Clone, Copy, Labels)]
struct Tuple(Side, Side);

#[derive(Clone, Copy, Labels)]
enum Enum {
    A,
}

#[derive(Clone, Copy, Labels)]
struct Generic<L> {
    label: L,
}

fn main() {
    let registry = Registry::new();
    let _: Result<Counter<Same>, _> = registry.register(&Description::new("a", "A."));
}
