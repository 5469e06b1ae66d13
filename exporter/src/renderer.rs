//! Expositions for a server of the program's own, with values of the last interval.

use crate::encode::{Protocol, render_beside};
use crate::interval::Intervals;
use std::fmt;
use std::slice;
use std::time::{Duration, Instant};
use tickmetrics::Snapshot;

/// Encodes one snapshot after the other, with the [quantiles](tickmetrics::Description::quantiles) and
/// [extremes](tickmetrics::Description::extremes) of the interval between them.
///
/// [`render_as`](crate::encode::render_as) knows one snapshot only. It leaves extremes and the summaries
/// beside histograms out, and gives a summary the quantiles since its start.
///
/// ```
/// use std::time::Duration;
/// use tickmetrics::prelude::*;
/// use tickmetrics_exporter::{Renderer, encode::Format};
///
/// let registry = Registry::new();
/// let wait = Description::new("wait", "Waited.").buckets([]).quantiles([0.5]);
/// let wait: Histogram = registry.register(&wait)?;
/// let mut renderer = Renderer::new(Duration::ZERO);
/// let mut text = || {
///     let bytes = renderer.render(&registry.snapshot(), Format::Text.into());
///     String::from_utf8(bytes).unwrap_or_default()
/// };
/// wait.record(100);
/// assert!(text().contains("\nwait{quantile=\"0.5\"} 100\nwait_sum 100\nwait_count 1\n"));
/// wait.record(7);
/// assert!(text().contains("\nwait{quantile=\"0.5\"} 7\nwait_sum 107\nwait_count 2\n"));
/// # Ok::<(), tickmetrics::RegisterError>(())
/// ```
pub struct Renderer {
    intervals: Intervals,
}

impl Renderer {
    /// With intervals of at least this length, as [`ExporterBuilder::interval`](crate::ExporterBuilder::interval)
    /// describes.
    pub fn new(interval: Duration) -> Self {
        Self { intervals: Intervals::new(interval) }
    }

    /// The snapshot of now as bytes. Snapshots are of the same registry each time.
    pub fn render(&mut self, snapshot: &Snapshot, protocol: Protocol) -> Vec<u8> {
        let interval = self.intervals.end(Instant::now(), slice::from_ref(snapshot));
        let none = Snapshot::default();
        let mut out = Vec::new();
        render_beside(snapshot, interval.first().unwrap_or(&none), protocol, &mut out);
        out
    }
}

impl fmt::Debug for Renderer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Renderer").finish_non_exhaustive()
    }
}
