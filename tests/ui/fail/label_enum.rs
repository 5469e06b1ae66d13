use tickmetrics::prelude::*;

#[derive(Clone, Copy, Label)]
enum Empty {}

#[derive(Clone, Copy, Label)]
enum WithFields {
    Number(u32),
    Named { number: u32 },
    Plain,
}

#[derive(Clone, Copy, Label)]
enum Same {
    StopLoss,
    #[label(rename = "stop_loss")]
    Stop,
    STOPLoss,
    #[label(rename = "")]
    Nothing,
}

#[derive(Clone, Copy, Label)]
#[label(rename = "__order")]
enum Name {
    #[label(name = "a")]
    A,
    #[label(rename = "b", rename = "c")]
    B,
}

#[derive(Clone, Copy, Label)]
enum __Reserved {
    Oui,
}

#[derive(Clone, Copy, Label)]
#[label(capacity = 16)]
enum Bounded {
    A,
}

#[derive(Clone, Copy, Label)]
enum Generic<T> {
    A,
    B(T),
}

#[derive(Clone, Copy, Label)]
#[label(rename_all = "Snake")]
enum Case {
    A,
}

#[derive(Clone, Copy, Label)]
#[label(rename_all = "lowercase")]
enum Alike {
    StopLoss,
    Stoploss,
}

#[derive(Clone, Copy, Label)]
#[label(capacity = 16, rename_all = "lowercase")]
struct Interned(LabelId);

fn main() {
    let registry = Registry::new();
    let _: Result<Counter<(Same, Name)>, _> = registry.register(&Description::new("a", "A."));
}
