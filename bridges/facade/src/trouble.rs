//! What could not be followed: counted, and reported once for each name.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Mutex, OnceLock, PoisonError};
use tickmetrics::__text::report;
use tickmetrics::{Counter, Description, Label, RegisterError, Registry};

/// The most names that are reported.
const MOST_NAMES: usize = 100;

/// Why something could not be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Label)]
pub(crate) enum Reason {
    /// Another metric has the name, or is of another kind.
    Clash,
    /// No metric can have the name, or the setting.
    Invalid,
    /// There is no room in the segment.
    Full,
    /// A limit of series is reached.
    Limit,
    /// A description came after its metric.
    Late,
}

/// Counts and reports for one recorder.
pub(crate) struct Trouble {
    registry: Registry,
    /// Registered at the first trouble.
    counter: OnceLock<Option<Counter<Reason>>>,
    reported: Mutex<HashSet<(String, Reason)>>,
}

impl Trouble {
    pub(crate) fn new(registry: Registry) -> Self {
        Self { registry, counter: OnceLock::new(), reported: Mutex::default() }
    }

    /// Counts it, and reports it if it is the first of its reason about this name.
    pub(crate) fn tell(&self, name: &str, reason: Reason, what: fmt::Arguments<'_>) {
        let counter = self.counter.get_or_init(|| {
            let description = Description::new(
                "tickmetrics_facade_troubles_total",
                "Registrations and descriptions of the facade that could not be followed, by reason.",
            );
            self.registry.register(&description).ok()
        });
        if let Some(counter) = counter {
            counter.with(reason).inc();
        }
        let is_first = {
            let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
            reported.len() < MOST_NAMES && reported.insert((name.to_owned(), reason))
        };
        if is_first {
            report(format_args!("the metric {name:?} of the facade: {what}"));
        }
    }
}

impl From<&RegisterError> for Reason {
    fn from(error: &RegisterError) -> Self {
        match error {
            RegisterError::Clash { .. } => Self::Clash,
            RegisterError::Full { .. }
            | RegisterError::Refused { .. }
            | RegisterError::Segment(_) => Self::Full,
            _ => Self::Invalid,
        }
    }
}
