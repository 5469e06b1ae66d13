//! The trace that a thread works for, attached to values that are recorded.
//!
//! [`Histogram::record_with_exemplar`](crate::Histogram::record_with_exemplar) names the trace of a
//! value at each call. A hook names it in one place. It is a function that returns the ids of the
//! calling thread's trace and span. It is asked for the exemplars of all histograms whose
//! descriptions [ask for them](crate::Description::exemplars): by `record`, `record_duration`,
//! `record_f64` and `record_signed`, by timers, and by [`#[timed(exemplars)]`](crate::timed).
//!
//! Programs with `tracing-opentelemetry` find a hook in the crate `tickmetrics-tracing`. Others
//! mark their work by a [`Scope`], whose hook is [`current`]:
//!
//! ```
//! use tickmetrics::{exemplar, prelude::*};
//!
//! # let registry = Registry::new();
//! exemplar::set_hook(exemplar::current)?; // once, at the start of the program
//! let wait: Histogram = registry.register(&Description::new("wait", "Waited.").exemplars())?;
//!
//! let trace_id = 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736;
//! let scope = exemplar::Scope::enter(trace_id, 0x00f0_67aa_0ba9_02b7);
//! wait.record(70); // or a timer's end, however deep in the call
//! drop(scope);
//! wait.record(80); // of no trace
//!
//! let snapshot = registry.snapshot();
//! let wait = snapshot.histogram("wait", &[]).unwrap();
//! let kept: Vec<_> = wait.exemplars().map(|one| (one.value, one.trace_id)).collect();
//! assert_eq!((wait.count(), kept), (2, vec![(70.0, trace_id)]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # When the hook is asked
//!
//! Only for a value that would be kept: it is larger than the series' exemplar in this thread, or
//! that one has had its [period](crate::Description::exemplar_period). So it is asked seldom, unless
//! it has no answer: then it is asked again for the next such value.
//!
//! # What the hook may do
//!
//! Anything. If it records, no hook is asked for that value, so that it does not call itself. If it
//! panics, the value is recorded without an exemplar, and the hook is not asked any more. Where
//! panics abort the program, so does this one. Its time is added to the time of the record.
//!
//! # Cost
//!
//! A histogram that asks for no exemplars records as fast as without this module. One that asks
//! records out of line, and then looks for a hook: if there is one, it reads the clock and makes the
//! two comparisons above. That is some 115 instructions instead of 23.

mod hook;
mod keep;
mod scope;

pub use hook::{HookIsSet, set_hook};
#[cfg(all(test, tickmetrics_loom))]
pub(crate) use keep::Keep;
pub(crate) use keep::{Exemplar, Ids, Slot, offer, offer_current, read};
pub use scope::{Scope, current};
