//! Registration: names are checked, cells handed out, and the directory told.

mod check;
mod description;
mod error;
mod exposed;
mod function;
mod metric;
mod metrics;
pub(crate) mod place;

pub use description::Description;
pub use error::RegisterError;
use exposed::Exposed;
use function::Functions;
pub use function::{CounterValues, FunctionGuard, GaugeValues};
pub use metric::Metric;
pub(crate) use metrics::register_or_sink;
pub use metrics::{Metrics, Scope, Visitor, build_global, build_registered, describe};
use place::Placed;

use crate::clock;
use crate::directory::Kind;
use crate::labels::{Dimension, Labels};
use crate::report::report;
use crate::segment::Segment;
use crate::snapshot::{Catalogue, New, Snapshot};
use crate::sync::{Arc, AtomicU64, Mutex, OnceLock, Relaxed, lock, process_wide};
use std::collections::HashMap;
use std::fmt;

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
    functions: Functions,
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

/// Where the values of a metric are.
enum Held {
    Cells(Placed),
    /// A function answers them.
    Function,
}

/// Whose metric it is.
#[derive(Clone, Copy)]
enum Owner {
    /// That of all who register it.
    Any,
    /// One function's.
    Function,
}

#[derive(Default)]
struct Known {
    /// What is registered.
    metrics: HashMap<Key, (Registered, Held)>,
    /// One metric of each name, and how many have it.
    names: HashMap<String, (Registered, usize)>,
    /// The names that all are exposed under.
    exposed: Exposed,
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
                functions: Functions::default(),
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
        self.register_from(description, Owner::Any)
    }

    fn register_from<M: Metric>(
        &self,
        description: &Description,
        owner: Owner,
    ) -> Result<M, RegisterError> {
        let description = M::complete(description.clone());
        let asked = Registered::new(&description, M::Labels::SERIES, M::Labels::dimensions())?;
        let placed = self.place(asked, M::Labels::SERIES, owner)?;
        // SAFETY: that is what they were found for: a metric that is there already has the same kind
        // and the same values of labels (`differs`), and so as many series.
        Ok(unsafe { M::at(&placed, &description) })
    }

    /// The values of all metrics now. Never makes a recording thread wait.
    ///
    /// At most once a second it also looks whether the clock that timings are taken with is what it was,
    /// and reports on standard error if not.
    pub fn snapshot(&self) -> Snapshot {
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

    /// Finds cells for a metric, or those that it has.
    fn place(
        &self,
        asked: Registered,
        series: usize,
        owner: Owner,
    ) -> Result<Placed, RegisterError> {
        let mut known = lock(&self.inner.known);
        if let Some(placed) = known.find(&asked, owner)? {
            return Ok(placed);
        }
        let Registered { description, dimensions } = &asked;
        let (placed, new) = place::take_cells(self.inner.number, description, series, dimensions)?;
        lock(&self.inner.new).push(new);
        known.insert(asked, Held::Cells(placed));
        Ok(placed)
    }
}

impl Registered {
    /// A metric with these labels, once all that concerns it alone was checked.
    fn new(
        description: &Description,
        series: usize,
        dimensions: Vec<Dimension>,
    ) -> Result<Self, RegisterError> {
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
        check::values(name, &dimensions)?;
        Ok(Self { description: description.clone(), dimensions })
    }
}

impl Known {
    /// The cells of a metric that is there, or `None` where it is not and may be.
    fn find(&self, asked: &Registered, owner: Owner) -> Result<Option<Placed>, RegisterError> {
        let Registered { description, .. } = asked;
        let name = &description.name;
        if let Some((there, held)) = self.metrics.get(&description.key()) {
            differs(there, asked)?;
            return match (held, owner) {
                (Held::Cells(placed), Owner::Any) => Ok(Some(*placed)),
                _ => Err(RegisterError::clash(name, name, "a function's series are its own")),
            };
        }
        if let Some((there, _)) = self.names.get(name) {
            differs(there, asked)?;
        }
        match self.exposed.find(description) {
            Some((with, reason)) => Err(RegisterError::clash(name, with, reason)),
            None => Ok(None),
        }
    }

    fn insert(&mut self, metric: Registered, held: Held) {
        let Registered { description, .. } = &metric;
        self.exposed.add(description);
        let of_name = self.names.entry(description.name.clone());
        of_name.or_insert_with(|| (metric.clone(), 0)).1 += 1;
        self.metrics.insert(description.key(), (metric, held));
    }

    /// Forgets a metric without cells.
    fn remove(&mut self, key: &Key) {
        let Some((Registered { description, .. }, _)) = self.metrics.remove(key) else { return };
        let Some((_, count)) = self.names.get_mut(&description.name) else { return };
        *count -= 1;
        if *count == 0 {
            self.names.remove(&description.name);
            self.exposed.remove(&description);
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
