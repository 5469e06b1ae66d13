//! Reads Prometheus endpoints and segment files continuously, and stores every sample, candle and
//! event.
//!
//! source → parse → batch → store. Each stage knows only the one before it.
//!
//! | module | what it is |
//! |---|---|
//! | [`batch`] | what is stored: samples, candles and events of one cycle |
//! | [`store`] | where it is stored |

pub mod batch;
pub mod store;
