//! Metrics pushed to a Pushgateway, for programs that end before they are scraped.

mod client;
mod error;
mod settings;
mod target;
mod task;

pub use error::PushError;
pub use settings::{AtEnd, Push};
pub(crate) use target::Target;
pub(crate) use task::{Order, Orders, PushMetrics, Pusher};
