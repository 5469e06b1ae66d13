//! Registration: names are checked, cells handed out, and the directory told.

mod check;
mod description;
mod error;
mod exposed;
mod metric;
mod metrics;
pub(crate) mod place;

pub use description::Description;
pub use error::RegisterError;
use exposed::Exposed;
pub use metric::Metric;
pub(crate) use metrics::register_or_sink;
pub use metrics::{Metrics, Scope, Visitor, build_global, build_registered, describe};
use place::Placed;

use crate::clock;
use crate::directory::Kind;
use crate::handles::Gauge;
use crate::labels::{Dimension, Labels};
use crate::report::report;
use crate::segment::Segment;
use crate::snapshot::{Catalogue, New, Snapshot};
use crate::sync::{Arc, AtomicU64, Mutex, OnceLock, Relaxed, lock, process_wide, thread_local};
use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A set of metrics that is exposed together. Clones are the same registry.
///
/// All registries count in the process's one [`Segment`]. What a registry took from it stays
/// taken when the registry is dropped, so that a handle is valid for ever.
#[derive(Clone)]
pub struct Registry {
    inner: Arc<Inner>,
}

struct Inner {
    number: u64,
    known: Mutex<Known>,
    observed: Mutex<Vec<Observed>>,
    /// Metrics that no snapshot has shown yet.
    new: Mutex<Vec<New>>,
    catalogue: Mutex<Catalogue>,
}

/// A name, and what tells metrics of one name apart: constant labels, and the names of the others.
type Key = (String, Vec<(String, String)>, Vec<&'static str>);

/// A metric, and the values of its labels.
#[derive(Clone)]
struct Registered {
    description: Description,
    dimensions: Vec<Dimension>,
}

#[derive(Default)]
struct Known {
    /// What is registered.
    metrics: HashMap<Key, (Registered, Placed)>,
    /// One metric of each name, and the names that all are exposed under.
    names: HashMap<String, Registered>,
    exposed: Exposed,
}

/// A gauge whose value is asked for at each snapshot.
#[derive(Clone)]
struct Observed {
    gauge: Gauge,
    value: Arc<dyn Fn() -> f64 + Send + Sync>,
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
        // Relaxed: only that each number is given once matters.
        Self::numbered(NEXT.fetch_add(1, Relaxed))
    }

    /// The number of the global registry, whenever that is made.
    const GLOBAL: u64 = 0;

    fn numbered(number: u64) -> Self {
        Self {
            inner: Arc::new(Inner {
                number,
                known: Mutex::default(),
                observed: Mutex::default(),
                new: Mutex::default(),
                catalogue: Mutex::new(Catalogue::new()),
            }),
        }
    }

    /// The process's own registry, which `#[timed]` and [`Metrics::global`] register in.
    pub fn global() -> &'static Self {
        process_wide! {
            static GLOBAL: OnceLock<Registry> = OnceLock::new();
        }
        GLOBAL.get_or_init(|| Self::numbered(Self::GLOBAL))
    }

    /// Registers a metric, whose kind and labels are those of the handle asked for. The same
    /// description again gives the same handle.
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
        let description = M::complete(description.clone());
        let placed = self.place(&description, M::Labels::SERIES, &M::Labels::dimensions())?;
        // SAFETY: that is what they were found for: a metric that is there already has the same kind
        // and the same values of labels (`differs`), and so as many series.
        Ok(unsafe { M::at(&placed, &description) })
    }

    /// Registers a gauge whose value is asked for at each snapshot. A call that panics gives NaN.
    ///
    /// ```
    /// use tickmetrics::prelude::*;
    ///
    /// let registry = Registry::new();
    /// registry.gauge_fn("queue_depth", "Depth of the queue.", || 7.0)?;
    /// assert_eq!(registry.snapshot().gauge("queue_depth", &[]), Some(7.0));
    /// # Ok::<(), tickmetrics::RegisterError>(())
    /// ```
    ///
    /// # Errors
    /// As [`register`](Registry::register), and a clash where the name is taken: two functions
    /// can't be told to be the same.
    pub fn gauge_fn(
        &self,
        name: impl Into<String>,
        help: impl Into<String>,
        value: impl Fn() -> f64 + Send + Sync + 'static,
    ) -> Result<(), RegisterError> {
        let description = Description::new(name, help);
        let mut observed = lock(&self.inner.observed);
        if lock(&self.inner.known).names.contains_key(&description.name) {
            let name = &description.name;
            return Err(RegisterError::clash(name, name, "a gauge function's name is its own"));
        }
        let gauge = self.register(&description)?;
        observed.push(Observed { gauge, value: Arc::new(value) });
        Ok(())
    }

    /// The values of all metrics now. Never makes a recording thread wait.
    ///
    /// At most once a second it also looks whether the clock that timings are taken with is what it was,
    /// and reports on standard error if not.
    pub fn snapshot(&self) -> Snapshot {
        let change = clock::look_after();
        self.observe();
        let Some(segment) = Segment::current() else { return Snapshot::default() };
        if let Some(change) = change {
            segment.set_clock_scale(clock::scale());
            report(format_args!("{change}"));
        }
        let mut catalogue = lock(&self.inner.catalogue);
        let new = std::mem::take(&mut *lock(&self.inner.new));
        catalogue.snapshot(segment.view(), new)
    }

    /// Asks the gauge functions for their values. One that takes a snapshot of this registry itself
    /// is not asked again meanwhile: the nested snapshot shows the last values.
    fn observe(&self) {
        thread_local! {
            /// The registries whose functions this thread is asking.
            static OBSERVING: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
        }
        let number = self.inner.number;
        let enter = |observing: &RefCell<Vec<u64>>| {
            let mut observing = observing.borrow_mut();
            let first = !observing.contains(&number);
            observing.extend(first.then_some(number));
            first
        };
        // An error means that the thread is ending and can't tell.
        if !OBSERVING.try_with(enter).unwrap_or(false) {
            return;
        }
        // A function may itself use the registry: no lock is held while it runs.
        let observed = lock(&self.inner.observed).clone();
        for Observed { gauge, value } in observed {
            gauge.set(catch_unwind(AssertUnwindSafe(|| value())).unwrap_or_else(|payload| {
                // Dropping what was thrown can panic again. What that throws is kept for ever.
                let dropped = catch_unwind(AssertUnwindSafe(|| drop(payload)));
                dropped.unwrap_or_else(std::mem::forget);
                f64::NAN
            }));
        }
        let _ = OBSERVING.try_with(|observing| observing.borrow_mut().pop());
    }

    /// Finds cells for a metric, or those that it has.
    fn place(
        &self,
        description: &Description,
        series: usize,
        dimensions: &[Dimension],
    ) -> Result<Placed, RegisterError> {
        description.check()?;
        let name = &description.name;
        let product = dimensions
            .iter()
            .try_fold(1_usize, |product, dimension| product.checked_mul(dimension.values.count()));
        match product {
            Some(product) if product == series && series > 0 => {}
            product => {
                let product = product.unwrap_or(usize::MAX);
                return Err(RegisterError::InconsistentLabels {
                    name: name.clone(),
                    series,
                    product,
                });
            }
        }
        let asked =
            Registered { description: description.clone(), dimensions: dimensions.to_vec() };
        let mut known = lock(&self.inner.known);
        let key = (name.clone(), description.constants.clone(), description.labels.clone());
        if let Some((there, placed)) = known.metrics.get(&key) {
            differs(there, &asked)?;
            return Ok(*placed);
        }
        known.admit(&asked)?;
        check::values(name, dimensions)?;
        let (placed, new) = place::take_cells(self.inner.number, description, series, dimensions)?;
        lock(&self.inner.new).push(new);
        known.names.entry(name.clone()).or_insert_with(|| asked.clone());
        known.exposed.add(description);
        known.metrics.insert(key, (asked, placed));
        Ok(placed)
    }
}

impl Known {
    /// Whether a metric that is not there yet may be.
    fn admit(&self, asked: &Registered) -> Result<(), RegisterError> {
        if let Some(there) = self.names.get(&asked.description.name) {
            differs(there, asked)?;
        }
        let asked = &asked.description;
        match self.exposed.find(asked) {
            Some((with, reason)) => Err(RegisterError::clash(&asked.name, with, reason)),
            None => Ok(()),
        }
    }
}

/// An error where two metrics of one name differ in what such metrics must share.
fn differs(there: &Registered, asked: &Registered) -> Result<(), RegisterError> {
    let same_labels = there.description.labels == asked.description.labels;
    let same_values = there.dimensions.len() == asked.dimensions.len()
        && there.dimensions.iter().zip(&asked.dimensions).all(|(a, b)| a.same_values(b));
    let (there, asked) = (&there.description, &asked.description);
    let name = &asked.name;
    if let (Some(a), Some(b)) = (there.kind, asked.kind)
        && a != b
    {
        return Err(RegisterError::other_kind(name, a, b));
    }
    let labels = |of: &Description| of.label_names().map(str::to_owned).collect::<Vec<_>>();
    let constants =
        |of: &Description| of.constants.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    let differ = |what: &str, there: &dyn fmt::Debug, asked: &dyn fmt::Debug| {
        let reason = format!("that one's {what} is {there:?}, this one's {asked:?}");
        Err(RegisterError::clash(name, name, reason))
    };
    if there.help != asked.help {
        return differ("help", &there.help, &asked.help);
    }
    if there.unit != asked.unit {
        return differ("unit", &there.unit, &asked.unit);
    }
    let mixed = there.mixed && asked.mixed;
    if labels(there) != labels(asked) && !mixed {
        return differ("list of labels", &labels(there), &labels(asked));
    }
    if constants(there) != constants(asked) && !mixed {
        return differ("list of constant labels", &constants(there), &constants(asked));
    }
    if same_labels && !same_values {
        let reason = "their labels are called the same and have other values: each type with \
                      derive(Label) has values of its own, so share one type";
        return Err(RegisterError::clash(name, name, reason));
    }
    if there.scale_factor() != asked.scale_factor() {
        return differ("scale", &there.scale_factor(), &asked.scale_factor());
    }
    if asked.kind == Some(Kind::Histogram) {
        let grid = |of: &Description| (of.sigfigs, of.max, of.native, of.edges());
        if grid(there) != grid(asked) {
            return differ("(digits, maximum, native schema, buckets)", &grid(there), &grid(asked));
        }
        let interval = |of: &Description| (of.extremes, of.quantiles.clone());
        if interval(there) != interval(asked) {
            return differ("(extremes, quantiles)", &interval(there), &interval(asked));
        }
        if there.exemplar_period != asked.exemplar_period {
            let (there, asked) = (there.exemplar_period, asked.exemplar_period);
            return differ("exemplar period in milliseconds", &there, &asked);
        }
    }
    Ok(())
}
