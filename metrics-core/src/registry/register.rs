use super::cells::take_cells;
use super::check;
use super::description::Description;
use super::error::RegisterError;
use super::functions::Functions;
use super::known::{Held, Known, Owner, Registered};
use super::metric::Metric;
use crate::clock;
use crate::labels::Labels;
use crate::report::report;
use crate::segment::{MetricCells, Segment};
use crate::snapshot::{Catalogue, New, Snapshot};
use crate::sync::{Arc, AtomicU64, Mutex, OnceLock, Relaxed, lock, process_wide};
use std::fmt;

/// A set of metrics that is exposed together. Clones are the same registry.
///
/// All registries count in the process's one [`Segment`]. A registry's part of it stays taken when
/// the registry is dropped, so that a handle is valid for ever.
#[derive(Clone)]
pub struct Registry {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) number: u64,
    pub(super) known: Mutex<Known>,
    pub(super) functions: Functions,
    /// Metrics that no snapshot has shown yet.
    new: Mutex<Vec<New>>,
    catalogue: Mutex<Catalogue>,
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let metrics = lock(&self.inner.known).metrics.len();
        f.debug_struct("Registry").field("metrics", &metrics).finish_non_exhaustive()
    }
}

impl Default for Registry {
    fn default() -> Self {
        Self::new()
    }
}

impl Registry {
    /// A registry without metrics.
    pub fn new() -> Self {
        process_wide! {
            static NEXT: AtomicU64 = AtomicU64::new(Registry::GLOBAL + 1);
        }
        // Relaxed: the numbers only have to differ.
        Self::numbered(NEXT.fetch_add(1, Relaxed))
    }

    /// The number of the global registry, even if others are made first.
    const GLOBAL: u64 = 0;

    fn numbered(number: u64) -> Self {
        Self {
            inner: Arc::new(Inner {
                number,
                known: Mutex::default(),
                functions: Functions::default(),
                new: Mutex::default(),
                catalogue: Mutex::new(Catalogue::new()),
            }),
        }
    }

    /// The process's own registry, used by `#[timed]` and [`Metrics::global`](crate::Metrics::global).
    pub fn global() -> &'static Self {
        process_wide! {
            static GLOBAL: OnceLock<Registry> = OnceLock::new();
        }
        GLOBAL.get_or_init(|| Self::numbered(Self::GLOBAL))
    }

    /// Registers a metric with the kind and labels of the handle's type. The same description again
    /// gives the same handle.
    ///
    /// ```
    /// use tickmetrics::prelude::*;
    ///
    /// let registry = Registry::new();
    /// let orders: Counter<bool> =
    ///     registry.register(&Description::new("orders_total", "Orders, by whether they filled."))?;
    /// orders.with(true).inc();
    /// assert_eq!(registry.snapshot().counter("orders_total", &[("flag", "true")]), Some(1));
    /// # Ok::<(), tickmetrics::RegisterError>(())
    /// ```
    ///
    /// # Errors
    /// Every variant of [`RegisterError`]; nothing is registered then.
    pub fn register<M: Metric>(&self, description: &Description) -> Result<M, RegisterError> {
        self.register_from(description, M::Labels::SERIES, Owner::Any)
    }

    pub(super) fn register_from<M: Metric>(
        &self,
        description: &Description,
        series: usize,
        owner: Owner,
    ) -> Result<M, RegisterError> {
        let description = M::complete(description.clone());
        let asked = Registered::new(&description, series, M::Labels::dimensions())?;
        check::unit_in_name(&description)?;
        let cells = self.cells(&mut lock(&self.inner.known), asked, series, owner)?;
        // SAFETY: the cells were found for this kind and so many series. A metric that was there
        // before has the same kind and the same values of labels (`differs`), and so as many
        // series.
        Ok(unsafe { M::from_cells(&cells, &description) })
    }

    /// The values of all metrics now. This never makes a recording thread wait.
    ///
    /// At most once a second it also checks the clock that timings use, and reports a change on
    /// standard error.
    pub fn snapshot(&self) -> Snapshot {
        if crate::IS_OFF {
            return Snapshot::default();
        }
        let change = clock::look_after();
        let asked = self.inner.functions.ask(self.inner.number);
        let mut snapshot = Snapshot::default();
        if let Some(segment) = Segment::current() {
            if let Some(change) = change {
                segment.set_clock_scale(clock::scale());
                report(format_args!("{change}"));
            }
            let mut catalogue = lock(&self.inner.catalogue);
            let new = std::mem::take(&mut *lock(&self.inner.new));
            snapshot = catalogue.snapshot(segment.view(), new);
        }
        self.inner.functions.add_answers(asked, &mut snapshot);
        snapshot
    }

    /// Finds cells for a metric, or the cells that it has.
    pub(super) fn cells(
        &self,
        known: &mut Known,
        asked: Registered,
        series: usize,
        owner: Owner,
    ) -> Result<MetricCells, RegisterError> {
        if let Some(cells) = known.find(&asked, owner)? {
            known.declare(&asked.description);
            return Ok(cells);
        }
        let cells = if crate::IS_OFF {
            MetricCells::NOWHERE
        } else {
            let Registered { description, dimensions } = &asked;
            let (cells, new) = take_cells(self.inner.number, description, series, dimensions)?;
            lock(&self.inner.new).push(new);
            cells
        };
        known.insert(asked, Held::Cells(cells));
        Ok(cells)
    }
}
