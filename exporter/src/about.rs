use tickmetrics::prelude::*;
use tickmetrics::{Segment, SegmentStats};

/// The exporter's metrics about itself and about the segment of all metrics, in a separate registry
/// for each exporter, so that two exporters don't count each other's scrapes.
pub(crate) struct About {
    pub(crate) registry: Registry,
    pub(crate) metrics: AboutMetrics,
    /// The segment's counters at the last look-up.
    seen: Totals,
}

#[derive(Clone, Copy, Metrics)]
#[metrics(prefix = "tickmetrics")]
pub(crate) struct AboutMetrics {
    /// Scrapes of this exporter, this one included.
    pub(crate) exporter_scrapes: Counter,
    /// Time to read and encode all sources, up to the scrape before this one.
    #[metric(
        unit = "seconds",
        sigfigs = 1,
        max = "60s",
        buckets = ["10us", "100us", "1ms", "10ms", "100ms", "1s", "10s"]
    )]
    pub(crate) exporter_scrape_duration: Histogram,
    /// Series that the scrape before this one exposed, where a histogram is one.
    pub(crate) exporter_series: Gauge,
    /// Metrics that are not exposed: another one has one of their names, or they can't be exposed.
    pub(crate) exporter_left_out_families: Gauge,
    /// Snapshots that a source of metrics could not give.
    pub(crate) exporter_source_errors: Counter,
    /// Requests and connections cut short by a client limit.
    pub(crate) exporter_limited: Counter<Limit>,
    /// Listeners that other machines may reach without encryption or a password.
    pub(crate) exporter_unprotected_listeners: Gauge,
    /// Threads that have a shard of their own to record to.
    threads_attached: Gauge,
    /// Shards that no thread has.
    shards_free: Gauge,
    /// Records made the slower way, by threads without a shard of their own.
    overflow_records: Counter,
    /// Label values counted as `other` because there was no room for them.
    saturated_labels: Counter,
    /// Label values that were cut because they were too long.
    cut_labels: Counter,
    /// Metrics that could not be registered and are counted nowhere.
    failed_registrations: Counter,
}

/// The [`Limits`](crate::Limits) that clients can reach.
#[derive(Clone, Copy, Debug, Label)]
pub(crate) enum Limit {
    Connections,
    Handshakes,
    HandshakeRate,
    HeaderBytes,
    HeaderTimeout,
    IdleTimeout,
    ResponseTimeout,
    RequestRate,
    Renders,
}

#[derive(Default)]
struct Totals {
    overflow_records: u64,
    saturated_labels: u64,
    cut_labels: u64,
    failed_registrations: u64,
}

impl About {
    pub(crate) fn register() -> Result<Self, RegisterError> {
        let registry = Registry::new();
        let metrics = AboutMetrics::register(&registry)?;
        Ok(Self { registry, metrics, seen: Totals::default() })
    }

    /// Takes over the segment's counts.
    pub(crate) fn observe_segment(&mut self) {
        let Self { metrics, seen, .. } = self;
        let Some(SegmentStats {
            threads_attached,
            shards_free,
            overflow_records,
            saturated_labels,
            cut_labels,
            failed_registrations,
            ..
        }) = Segment::stats()
        else {
            return;
        };
        metrics.threads_attached.set(threads_attached as f64);
        metrics.shards_free.set(shards_free as f64);
        for (counter, seen, now) in [
            (metrics.overflow_records, &mut seen.overflow_records, overflow_records),
            (metrics.saturated_labels, &mut seen.saturated_labels, saturated_labels),
            (metrics.cut_labels, &mut seen.cut_labels, cut_labels),
            (metrics.failed_registrations, &mut seen.failed_registrations, failed_registrations),
        ] {
            counter.add(now.saturating_sub(*seen));
            *seen = now;
        }
    }
}
