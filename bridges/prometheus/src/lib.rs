#![doc = include_str!("../README.md")]
//!
//! | module | what it is |
//! |---|---|
//! | `gather` | a registry's families, within a time limit |
//! | `families` | a family, added to a snapshot |
//! | `values` | the number of a counter or a gauge |

mod families;
mod gather;
mod values;

use gather::Gather;
use std::error::Error;
use std::fmt;
use std::time::Duration;
use tickmetrics::Snapshot;
use tickmetrics_exporter::{LeftOut, Source};

/// A registry of the crate `prometheus`, for
/// [`ExporterBuilder::source`](tickmetrics_exporter::ExporterBuilder::source).
///
/// ```
/// use prometheus::{IntCounter, Registry};
/// use tickmetrics_exporter::Source;
/// use tickmetrics_prometheus::PrometheusRegistry;
///
/// let registry = Registry::new();
/// let orders = IntCounter::new("orders_total", "Orders sent.")?;
/// registry.register(Box::new(orders.clone()))?;
/// orders.inc();
///
/// let snapshot = PrometheusRegistry::new(registry).snapshot()?;
/// let value = snapshot.value("orders_total", &[]);
/// assert!(matches!(value, Some(tickmetrics::Value::Quantity(1.0))));
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
/// ```
pub struct PrometheusRegistry {
    gather: Gather,
    left_out: Vec<LeftOut>,
}

impl PrometheusRegistry {
    /// The time limit without [`time_limit`](Self::time_limit).
    pub const DEFAULT_TIME_LIMIT: Duration = Duration::from_secs(1);

    /// A registry, which remains in use: it shares its metrics with its clones.
    pub fn new(registry: prometheus::Registry) -> Self {
        let gather = Gather::new(registry, Self::DEFAULT_TIME_LIMIT);
        Self { gather, left_out: Vec::new() }
    }

    /// How long a scrape waits for the registry's collectors. While one is late, scrapes lack this
    /// registry and do not wait for it again.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.gather.limit = limit;
        self
    }
}

impl Source for PrometheusRegistry {
    fn snapshot(&mut self) -> Result<Snapshot, Box<dyn Error + Send + Sync>> {
        self.left_out.clear();
        let families = self.gather.families()?;
        let mut snapshot = Snapshot::default();
        for family in &families {
            if let Err(reason) = families::add(&mut snapshot, family) {
                self.left_out.push(LeftOut { name: family.name().to_owned(), reason });
            }
        }
        Ok(snapshot)
    }

    fn left_out(&self) -> Vec<LeftOut> {
        self.left_out.clone()
    }
}

impl fmt::Debug for PrometheusRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limit = &self.gather.limit;
        f.debug_struct("PrometheusRegistry").field("time_limit", limit).finish_non_exhaustive()
    }
}
