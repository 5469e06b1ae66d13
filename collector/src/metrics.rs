//! The collector's metrics about itself.

use tickmetrics::{Counter, Gauge, Histogram, Label, Metrics};

/// What takes time.
#[derive(Clone, Copy, Debug, Label)]
pub(crate) enum Stage {
    /// Until the answer of a source is complete.
    Scrape,
    /// To turn an answer into samples.
    Parse,
    /// Both, of the slowest source of a cycle.
    Slowest,
    /// To put a batch together.
    Assemble,
    /// To write a batch, tries that failed included.
    Write,
    /// From the scrape of the slowest source to the stored batch, without the wait for the end of the
    /// cycle.
    Whole,
    /// The store's maintenance after a batch.
    Maintain,
}

/// Of one collector.
#[derive(Metrics)]
#[metrics(prefix = "tickmetrics_collector")]
pub(crate) struct CollectorMetrics {
    /// Time that the stages of a cycle took.
    #[metric(
        unit = "seconds",
        buckets = [
            "100us", "1ms", "2ms", "5ms", "10ms", "20ms", "50ms", "100ms", "200ms", "500ms", "1s",
            "2s", "5s", "10s"
        ]
    )]
    pub(crate) stage: Histogram<Stage>,
    /// Cycles.
    pub(crate) cycles: Counter,
    /// Cycles that were left out, because another one took too long.
    pub(crate) missed_cycles: Counter,
    /// Scrapes without a usable answer.
    pub(crate) failed_scrapes: Counter,
    /// Scrapes that were left out, because the answer of another one was still awaited.
    pub(crate) missed_scrapes: Counter,
    /// Batches written.
    pub(crate) batches: Counter,
    /// Samples written.
    pub(crate) samples: Counter,
    /// Candles written.
    pub(crate) candles: Counter,
    /// Events written.
    pub(crate) events: Counter,
    /// Tries to write that failed.
    pub(crate) write_errors: Counter,
    /// Batches lost, because the queue was full or the store failed for good.
    pub(crate) lost_batches: Counter,
    /// Batches that wait to be written.
    pub(crate) queued_batches: Gauge,
    /// Memory of the batches that wait to be written.
    #[metric(unit = "bytes")]
    pub(crate) queued: Gauge,
    /// Sources that answer.
    pub(crate) sources_up: Gauge,
    /// Sources.
    pub(crate) sources: Gauge,
}
