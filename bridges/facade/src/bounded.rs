//! A metric with a limit of series.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use tickmetrics::{Description, Dynamic, DynamicMetric, LabelSetError, RegisterError, Registry};

/// The label of the series for all that do not fit, which the core gives it.
const OVERFLOW: [(&str, &str); 1] = [("otel_metric_overflow", "true")];

/// A family of series whose labels are known at run time only, with the number of keys that have one.
pub(crate) struct Bounded<M: DynamicMetric> {
    dynamic: Dynamic<M>,
    /// The core has the limit; this tells when it is reached.
    used: AtomicUsize,
}

/// The series of a key.
pub(crate) enum Found<M> {
    /// Its own.
    Own(M),
    /// That of all for which there is no room.
    Overflow(M),
    /// The same, since no series can have the labels.
    Refused(M, LabelSetError),
}

impl<M: DynamicMetric> Bounded<M> {
    pub(crate) fn register(
        registry: &Registry,
        description: &Description,
        most: usize,
    ) -> Result<Self, RegisterError> {
        let dynamic = registry.register_dynamic(description, most)?;
        Ok(Self { dynamic, used: AtomicUsize::new(0) })
    }

    /// The series of a key that has none yet.
    pub(crate) fn find(&self, labels: &[(&str, &str)]) -> Found<M> {
        // Relaxed: a hint. The core counts label sets, and several keys can have the same.
        if self.used.load(Relaxed) >= self.dynamic.capacity() {
            return Found::Overflow(self.overflow());
        }
        match self.dynamic.try_with(labels) {
            Ok(_) => {
                self.used.fetch_add(1, Relaxed);
                // Exposed from now on, at zero: as programs expect it that register at their start.
                Found::Own(self.dynamic.declare(labels))
            }
            Err(error) => Found::Refused(self.overflow(), error),
        }
    }

    /// The series of all that do not fit.
    pub(crate) fn overflow(&self) -> M {
        self.dynamic.with(&OVERFLOW)
    }
}
