//! Records that can become the exemplar of their series.

use super::histogram::Histogram;
use crate::clock;
use crate::exemplar::{self, Ids};
use std::time::Duration;

impl Histogram {
    /// Records a value as [`record`](Histogram::record) does, and may keep it as the exemplar of
    /// its series.
    ///
    /// Each thread keeps one value for each series: the largest of the last 15 seconds, or of
    /// [another period](crate::Description::exemplar_period). `OpenMetrics` and protobuf expose it
    /// with its bucket, and [`HistogramSnapshot::exemplars`](crate::HistogramSnapshot::exemplars)
    /// returns it. It leads from a slow request in a graph to that request's trace.
    ///
    /// The ids are those of W3C's trace context, where 0 means none. A value without a trace is not
    /// kept; one without a span is kept with its trace alone. The call takes no lock and allocates
    /// nothing. Beyond a record it costs a read of the clock and, if the value is kept, some ten
    /// stores and a read of the time of day. A thread without a shard of its own drops an exemplar
    /// if another thread is writing one, but never drops a value.
    ///
    /// Where the trace is the thread's own, a [hook](crate::exemplar) names it for plain records
    /// and timers. This call asks no hook.
    ///
    /// ```
    /// use tickmetrics::prelude::*;
    ///
    /// let registry = Registry::new();
    /// let wait: Histogram = registry.register(&Description::new("wait", "Waited."))?;
    /// let trace_id = 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736;
    /// wait.record_with_exemplar(70, trace_id, 0x00f0_67aa_0ba9_02b7);
    /// wait.record_with_exemplar(7, trace_id + 1, 0x53ce_929d_0e0e_4736); // smaller
    ///
    /// let snapshot = registry.snapshot();
    /// let wait = snapshot.histogram("wait", &[]).unwrap();
    /// let kept: Vec<_> = wait.exemplars().map(|one| (one.value, one.trace_id)).collect();
    /// assert_eq!((wait.count(), kept), (2, vec![(70.0, trace_id)]));
    /// # Ok::<(), tickmetrics::RegisterError>(())
    /// ```
    #[inline]
    pub fn record_with_exemplar(&self, value: u64, trace_id: u128, span_id: u64) {
        self.record_given(value);
        if trace_id != 0 {
            let ids = Ids { trace: trace_id, span: span_id };
            exemplar::offer(self.slot(), value, ids, clock::ticks(), self.exemplar_period);
        }
    }

    /// Records a duration as [`record_duration`](Histogram::record_duration) does, and keeps it as
    /// [`record_with_exemplar`](Histogram::record_with_exemplar) does.
    #[inline]
    pub fn record_duration_with_exemplar(&self, duration: Duration, trace_id: u128, span_id: u64) {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.record_with_exemplar(nanos, trace_id, span_id);
    }

    /// Records a quantity in exported units as [`record_f64`](Histogram::record_f64) does, and
    /// keeps it as [`record_with_exemplar`](Histogram::record_with_exemplar) does. A quantity that
    /// is counted as negative has no exemplar.
    #[inline]
    pub fn record_f64_with_exemplar(&self, quantity: f64, trace_id: u128, span_id: u64) {
        match self.recorded(quantity) {
            Some(value) => self.record_with_exemplar(value, trace_id, span_id),
            None => self.record_f64(quantity),
        }
    }
}
