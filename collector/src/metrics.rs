//! The collector's metrics about itself.

use tickmetrics::{Counter, Gauge, Histogram, Metrics};

/// Of one collector.
#[derive(Metrics)]
#[metrics(prefix = "tickmetrics_collector")]
pub(crate) struct CollectorMetrics {
    /// Time to scrape and parse the slowest source of each cycle.
    #[metric(unit = "seconds")]
    pub(crate) cycle: Histogram,
    /// Time until an answer was complete.
    #[metric(unit = "seconds")]
    pub(crate) scrape: Histogram,
    /// Time to turn an answer into samples.
    #[metric(unit = "seconds")]
    pub(crate) parse: Histogram,
    /// Time to put a batch together.
    #[metric(unit = "seconds")]
    pub(crate) assemble: Histogram,
    /// Time to write a batch, tries that failed included.
    #[metric(unit = "seconds")]
    pub(crate) write: Histogram,
    /// Time of the store's maintenance after a batch.
    #[metric(unit = "seconds")]
    pub(crate) maintain: Histogram,
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
