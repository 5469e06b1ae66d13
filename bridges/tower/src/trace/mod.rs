//! Traces as W3C's recommendation passes them on: <https://www.w3.org/TR/trace-context/>.

mod choose;
mod context;
mod current;
mod parse;
mod random;
mod state;

pub use context::TraceContext;
pub(crate) use current::Entered;
