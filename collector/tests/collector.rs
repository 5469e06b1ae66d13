//! Collectors as their users see them: sources that behave or not, and a store of the test.

#[path = "collector/support.rs"]
mod support;

#[path = "collector/ask.rs"]
mod ask;
#[path = "collector/cycles.rs"]
mod cycles;
#[path = "collector/hostile.rs"]
mod hostile;
#[path = "collector/stores.rs"]
mod stores;
