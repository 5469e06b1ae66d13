//! Registration: checks names, hands out cells, and writes to the directory.

mod added;
mod cells;
mod check;
pub mod declared;
mod description;
mod dynamic;
mod error;
mod exposed;
mod external;
mod function;
mod functions;
mod known;
mod metric;
mod metrics;
mod register;

pub use description::Description;
pub use dynamic::{Dynamic, DynamicMetric};
pub use error::RegisterError;
pub use function::{CounterValues, FunctionGuard, GaugeValues};
pub use metric::Metric;
pub(crate) use metrics::register_or_sink;
pub use metrics::{Metrics, Scope, Visitor, build_global, build_registered, describe, kebab_case};
pub use register::Registry;
