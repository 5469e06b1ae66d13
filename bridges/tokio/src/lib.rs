#![doc = include_str!("../README.md")]
//!
//! | module | what it is |
//! |---|---|
//! | `watch` | the names of what is watched, and their guards |
//! | `runtime` | the metrics of a runtime |
//! | `unstable` | those that tokio has with `--cfg tokio_unstable` |
//! | `tasks` | the metrics of instrumented tasks |
//! | `table` | lists of metrics, added to a snapshot |
#![cfg_attr(docsrs, feature(doc_cfg))]

mod runtime;
mod table;
#[cfg(feature = "tasks")]
mod tasks;
#[cfg(tokio_unstable)]
mod unstable;
mod watch;

use std::error::Error;
use std::sync::Arc;
use tickmetrics::{RegisterError, Snapshot};
use tickmetrics_exporter::Source;
use tokio::runtime::Handle;
use watch::Watched;
pub use watch::{Watch, WatchError};

/// Runtimes and tasks to expose. Clones share them.
///
/// ```
/// use tickmetrics::Snapshot;
/// use tickmetrics_tokio::Tokio;
///
/// let runtime = tokio::runtime::Builder::new_current_thread().build()?;
/// let tokio = Tokio::new();
/// let watch = tokio.runtime("main", runtime.handle())?;
/// let mut snapshot = Snapshot::default();
/// tokio.add_to(&mut snapshot)?;
/// assert_eq!(snapshot.gauge("tokio_workers", &[("runtime", "main")]), Some(1.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Tokio {
    runtimes: Arc<Watched<Handle>>,
    #[cfg(feature = "tasks")]
    tasks: Arc<Watched<tokio_metrics::TaskMonitor>>,
}

impl Tokio {
    /// Without runtimes and tasks.
    pub fn new() -> Self {
        Self::default()
    }

    /// Exposes a runtime under this name, in the label `runtime`, until the guard is dropped.
    ///
    /// # Errors
    /// If a runtime of this name is exposed already, or the name has more than 1,024 bytes.
    pub fn runtime(&self, name: impl Into<String>, handle: &Handle) -> Result<Watch, WatchError> {
        watch::watch(&self.runtimes, name.into(), handle.clone())
    }

    /// Exposes the tasks of a monitor under this name, in the label `task`, until the guard is
    /// dropped.
    ///
    /// # Errors
    /// If a monitor of this name is exposed already, or the name has more than 1,024 bytes.
    #[cfg(feature = "tasks")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tasks")))]
    pub fn tasks(
        &self,
        name: impl Into<String>,
        monitor: &tokio_metrics::TaskMonitor,
    ) -> Result<Watch, WatchError> {
        watch::watch(&self.tasks, name.into(), monitor.clone())
    }

    /// Adds the present values to a snapshot, for servers other than the exporter.
    ///
    /// # Errors
    /// If the snapshot has a metric of one of the names. The others are not added then.
    pub fn add_to(&self, snapshot: &mut Snapshot) -> Result<(), RegisterError> {
        runtime::add(snapshot, &self.runtimes.all())?;
        #[cfg(feature = "tasks")]
        tasks::add(snapshot, &self.tasks.all())?;
        Ok(())
    }
}

impl Source for Tokio {
    fn snapshot(&mut self) -> Result<Snapshot, Box<dyn Error + Send + Sync>> {
        let mut snapshot = Snapshot::default();
        self.add_to(&mut snapshot)?;
        Ok(snapshot)
    }
}
