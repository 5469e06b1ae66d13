//! The exemplars of a series, of all shards.

use super::shape::Shape;
use crate::exemplar;
use std::time::{Duration, SystemTime};

/// One recorded value, and the trace that it belongs to (see
/// [`Histogram::record_with_exemplar`](crate::Histogram::record_with_exemplar)).
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Exemplar {
    /// The value, in the exported unit.
    pub value: f64,
    /// The trace; not 0. Exposed as the label `trace_id`, in 32 hexadecimal digits.
    pub trace_id: u128,
    /// The span, or 0. Exposed as the label `span_id`, in 16 hexadecimal digits, unless it is 0.
    pub span_id: u64,
    /// When it was recorded.
    pub time: SystemTime,
}

/// At most one for each exposed bucket, and one above all of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Exemplars {
    /// Each with the number of its bucket; in their order.
    of_buckets: Vec<(usize, exemplar::Exemplar)>,
}

impl Exemplars {
    pub(super) fn clear(&mut self) {
        self.of_buckets.clear();
    }

    /// Its memory apart from itself.
    pub(super) fn bytes(&self) -> u64 {
        size_of_val(&self.of_buckets[..]) as u64
    }

    /// Adds an exemplar, unless its bucket has a newer one.
    pub(super) fn add(&mut self, exemplar: exemplar::Exemplar, shape: &Shape) {
        // The exported value: an exemplar must not be above its bucket's edge. A value that is
        // counted below an edge in its own cell can be above it.
        let value = shape.scale.export(exemplar.value);
        let bucket = shape.edges.partition_point(|edge| edge.upper < value);
        match self.of_buckets.binary_search_by_key(&bucket, |&(bucket, _)| bucket) {
            Ok(at) if self.of_buckets[at].1.time < exemplar.time => {
                self.of_buckets[at].1 = exemplar;
            }
            Ok(_) => {}
            Err(at) => self.of_buckets.insert(at, (bucket, exemplar)),
        }
    }

    /// Those that are not in `earlier`.
    pub(super) fn since(&self, earlier: &Self) -> Self {
        let is_new = |one: &&(usize, exemplar::Exemplar)| !earlier.of_buckets.contains(one);
        Self { of_buckets: self.of_buckets.iter().filter(is_new).copied().collect() }
    }

    pub(super) fn iter(&self, shape: &Shape) -> impl Iterator<Item = Exemplar> {
        self.of_buckets.iter().map(|&(_, exemplar::Exemplar { value, trace, span, time })| {
            let time = SystemTime::UNIX_EPOCH.checked_add(Duration::from_nanos(time));
            Exemplar {
                value: shape.scale.export(value),
                trace_id: trace,
                span_id: span,
                time: time.unwrap_or(SystemTime::UNIX_EPOCH),
            }
        })
    }
}
