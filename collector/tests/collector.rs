//! Collectors as their users see them: sources that behave or not, and a store of the test.

#[path = "collector/ask.rs"]
mod ask;
#[path = "collector/candles.rs"]
mod candles;
#[path = "collector/cycles.rs"]
mod cycles;
#[path = "collector/gzip.rs"]
mod gzip;
#[path = "collector/hostile.rs"]
mod hostile;
#[path = "collector/segments.rs"]
mod segments;
#[path = "collector/stores.rs"]
mod stores;
#[path = "collector/support.rs"]
mod support;
#[path = "collector/trading.rs"]
mod trading;
#[path = "collector/trading_store.rs"]
mod trading_store;
