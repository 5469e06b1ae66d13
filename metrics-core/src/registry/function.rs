//! Registration of functions that return values.

use super::cells::without_cells;
use super::description::{Description, Key};
use super::error::RegisterError;
use super::functions::{Function, call, discard};
use super::known::{Held, Owner, Registered};
use super::register::{Inner, Registry};
use crate::directory::Kind;
use crate::handles::{Gauge, Number};
use crate::labels::{Labels, series};
use crate::snapshot::Answers;
use crate::sync::{Arc, Mutex, lock};
use std::fmt;
use std::sync::Weak;

/// Keeps a function of [`Registry::gauge_fn_with`] or [`Registry::counter_fn_with`] registered.
///
/// Its drop removes the function's series from later snapshots, and frees their name. It does not
/// wait: a running call in another thread may end later, and then the function is dropped.
#[must_use = "bind it, `let _guard = ...`, or call `forget()`; `let _ = ...` removes the function at once"]
pub struct FunctionGuard {
    registry: Weak<Inner>,
    number: u64,
    key: Key,
}

/// The result of a function of [`Registry::gauge_fn_with`]. Sealed.
///
/// | result | series |
/// |---|---|
/// | a [`Number`] | one without labels |
/// | `Option<Number>` | one, or none for now |
/// | `Vec<(L, Number)>`, `[(L, Number); N]` | one for each of the [`Labels`]; the last one wins among equal labels |
#[diagnostic::on_unimplemented(
    message = "a gauge's function can't answer `{Self}`",
    label = "expected a number, an `Option` of one, or a `Vec` or array of labels with numbers"
)]
pub trait GaugeValues: sealed::Sealed<f64> {}

/// The result of a function of [`Registry::counter_fn_with`], in recorded units. Sealed.
///
/// | result | series |
/// |---|---|
/// | `u64`, `u32` or `usize` | one without labels |
/// | an `Option` of that | one, or none for now |
/// | `Vec<(L, u64)>`, `[(L, u64); N]`, or with one of the others | one for each of the [`Labels`]; counts with equal labels are added up |
#[diagnostic::on_unimplemented(
    message = "a counter's function can't answer `{Self}`",
    label = "expected a `u64`, an `Option` of one, or a `Vec` or array of labels with `u64`s"
)]
pub trait CounterValues: sealed::Sealed<u64> {}

mod sealed {
    use crate::labels::Labels;

    pub trait Sealed<V> {
        type Labels: Labels;

        /// The index of each series, and its value.
        fn pairs(self) -> Vec<(u32, V)>;
    }

    /// An unsigned integer that counts.
    pub trait Count {
        fn to_u64(self) -> u64;
    }
}
use sealed::{Count, Sealed};

#[expect(clippy::cast_possible_truncation, reason = "there are as many series as a u32 can name")]
fn index<L: Labels>(labels: L) -> u32 {
    series(labels).get() as u32
}

/// Implements the traits for one value, an optional one, and several with labels.
macro_rules! values {
    ($public:ident, $one:ident => $value:ty, $convert:ident) => {
        impl<N: $one> $public for N {}
        impl<N: $one> $public for Option<N> {}
        impl<L: Labels, N: $one> $public for Vec<(L, N)> {}
        impl<L: Labels, N: $one, const COUNT: usize> $public for [(L, N); COUNT] {}

        impl<N: $one> Sealed<$value> for N {
            type Labels = ();

            fn pairs(self) -> Vec<(u32, $value)> {
                vec![(0, self.$convert())]
            }
        }

        impl<N: $one> Sealed<$value> for Option<N> {
            type Labels = ();

            fn pairs(self) -> Vec<(u32, $value)> {
                self.map(|value| (0, value.$convert())).into_iter().collect()
            }
        }

        impl<L: Labels, N: $one> Sealed<$value> for Vec<(L, N)> {
            type Labels = L;

            fn pairs(self) -> Vec<(u32, $value)> {
                self.into_iter().map(|(labels, value)| (index(labels), value.$convert())).collect()
            }
        }

        impl<L: Labels, N: $one, const COUNT: usize> Sealed<$value> for [(L, N); COUNT] {
            type Labels = L;

            fn pairs(self) -> Vec<(u32, $value)> {
                self.into_iter().map(|(labels, value)| (index(labels), value.$convert())).collect()
            }
        }
    };
}

values!(GaugeValues, Number => f64, to_f64);
values!(CounterValues, Count => u64, to_u64);

macro_rules! counts {
    ($($count:ident)+) => {
        $(
            impl Count for $count {
                #[allow(clippy::cast_lossless, reason = "a u64 is one, too")]
                fn to_u64(self) -> u64 {
                    self as u64
                }
            }
        )+
    };
}

counts!(u32 u64 usize);

impl Registry {
    /// Registers a gauge whose value is computed at each snapshot, permanently. A call that panics
    /// gives NaN.
    ///
    /// [`gauge_fn_with`](Self::gauge_fn_with) has labels and a unit, and can be removed. The result
    /// of this function is kept in a cell, so a segment's file has the value of the last snapshot.
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
    /// As [`register`](Registry::register), and a clash if the series exists already: two functions
    /// can't be compared.
    pub fn gauge_fn(
        &self,
        name: impl Into<String>,
        help: impl Into<String>,
        value: impl Fn() -> f64 + Send + Sync + 'static,
    ) -> Result<(), RegisterError> {
        let description = Description::new(name, help);
        let gauge = self.register_from::<Gauge>(&description, 1, Owner::Function)?;
        let ask = move || gauge.set(call(&value).unwrap_or(f64::NAN));
        self.inner.functions.add(Function { ask: Box::new(ask), answers: None });
        Ok(())
    }

    /// Registers a gauge whose values are computed at each snapshot, until the guard is dropped:
    /// one value, or one for each of several labels.
    ///
    /// ```
    /// use std::sync::{Arc, Mutex};
    /// use tickmetrics::prelude::*;
    ///
    /// #[derive(Clone, Copy, Label)]
    /// enum Venue { Xnas, Xnys }
    ///
    /// let registry = Registry::new();
    /// let orders = Arc::new(Mutex::new(vec![(Venue::Xnas, 100), (Venue::Xnys, 7)]));
    ///
    /// let description = Description::new("open_orders", "Open orders.").constant("desk", "options");
    /// let guard = registry.gauge_fn_with(&description, {
    ///     let orders = Arc::clone(&orders);
    ///     move || orders.lock().unwrap().clone()
    /// })?;
    /// let xnas = [("desk", "options"), ("venue", "xnas")];
    /// assert_eq!(registry.snapshot().gauge("open_orders", &xnas), Some(100.0));
    ///
    /// drop(guard);
    /// assert!(registry.snapshot().family("open_orders").is_none());
    ///
    /// // Without labels, and for good.
    /// let description = Description::new("venues", "Venues with open orders.");
    /// registry.gauge_fn_with(&description, move || orders.lock().unwrap().len())?.forget();
    /// assert_eq!(registry.snapshot().gauge("venues", &[]), Some(2.0));
    /// # Ok::<(), tickmetrics::RegisterError>(())
    /// ```
    ///
    /// Values are in the exported unit. A series that is missing from a result is missing from the
    /// snapshot. Without cells, no series is in a segment's file. A call that panics gives NaN
    /// without labels, and no series with labels.
    ///
    /// Each thread that takes a snapshot calls the function, several at once if several take one. A
    /// thread that records never calls it. A snapshot waits for the function. The function may use
    /// the registry: a snapshot that it takes itself shows its last result.
    ///
    /// A struct with `#[derive(Metrics)]` has no such fields: it is registered without arguments,
    /// so a function would have nothing to read.
    ///
    /// # Errors
    /// As [`register`](Registry::register), and a clash if the series exists already. Functions and
    /// other metrics may share a name, as any two metrics, with other values of constant labels.
    pub fn gauge_fn_with<V: GaugeValues + 'static>(
        &self,
        description: &Description,
        values: impl Fn() -> V + Send + Sync + 'static,
    ) -> Result<FunctionGuard, RegisterError> {
        self.add_function::<V::Labels>(description, Kind::Gauge, move |answers, dimensions| {
            let instead = if dimensions == 0 { vec![(0, f64::NAN)] } else { Vec::new() };
            Box::new(move || {
                let answer = call(|| Sealed::<f64>::pairs(values()));
                lock(&answers).take_gauges(answer.unwrap_or_else(|| instead.clone()));
            })
        })
    }

    /// Registers a counter whose value is counted elsewhere and read at each snapshot, permanently.
    /// Otherwise as [`counter_fn_with`](Self::counter_fn_with).
    ///
    /// # Errors
    /// As [`counter_fn_with`](Self::counter_fn_with).
    pub fn counter_fn(
        &self,
        name: impl Into<String>,
        help: impl Into<String>,
        value: impl Fn() -> u64 + Send + Sync + 'static,
    ) -> Result<(), RegisterError> {
        self.counter_fn_with(&Description::new(name, help), value).map(FunctionGuard::forget)
    }

    /// Registers a counter whose values are counted elsewhere: by a driver or another library. They
    /// are read at each snapshot, until the guard is dropped.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
    /// use tickmetrics::prelude::*;
    ///
    /// static DROPPED: AtomicU64 = AtomicU64::new(12);
    ///
    /// let registry = Registry::new();
    /// let description =
    ///     Description::new("packets_dropped_total", "Packets dropped.").constant("queue", "rx0");
    /// let guard = registry.counter_fn_with(&description, || DROPPED.load(Relaxed))?;
    /// let labels = [("queue", "rx0")];
    /// assert_eq!(registry.snapshot().counter("packets_dropped_total", &labels), Some(12));
    /// # Ok::<(), tickmetrics::RegisterError>(())
    /// ```
    ///
    /// Counts are in recorded units, as those of a [`Counter`](crate::Counter): nanoseconds with a
    /// unit of time, else as defined by [`scale`](Description::scale).
    ///
    /// **A count must not fall.** If a result is less than an earlier one, snapshots show the
    /// largest one until it is exceeded, so that no query sees a restart. If the count restarts,
    /// drop the guard and register again: then the exposed count restarts, too, as after a restart
    /// of the process.
    ///
    /// A call that panics gives no series, and a series that is missing from a result is missing
    /// from the snapshot. Otherwise as [`gauge_fn_with`](Self::gauge_fn_with).
    ///
    /// # Errors
    /// As [`gauge_fn_with`](Self::gauge_fn_with).
    pub fn counter_fn_with<V: CounterValues + 'static>(
        &self,
        description: &Description,
        values: impl Fn() -> V + Send + Sync + 'static,
    ) -> Result<FunctionGuard, RegisterError> {
        self.add_function::<V::Labels>(description, Kind::Counter, move |answers, _| {
            Box::new(move || {
                let answer = call(|| Sealed::<u64>::pairs(values()));
                lock(&answers).take_counters(answer.unwrap_or_default());
            })
        })
    }

    /// Registers a function. `ask` makes it from the place for its results and the number of
    /// labels.
    fn add_function<L: Labels>(
        &self,
        description: &Description,
        kind: Kind,
        ask: impl FnOnce(Arc<Mutex<Answers>>, usize) -> Box<dyn Fn() + Send + Sync>,
    ) -> Result<FunctionGuard, RegisterError> {
        let mut description = description.clone();
        let dimensions = L::dimensions();
        description.complete(kind, dimensions.iter().map(|dimension| dimension.name).collect());
        let labels = dimensions.len();
        let asked = Registered::new(&description, L::SERIES, dimensions)?;
        if u32::try_from(L::SERIES).is_err() {
            let reason = "its labels have more than 4,294,967,295 combinations".into();
            return Err(RegisterError::InvalidSetting { name: description.name, reason });
        }
        let (metric, interners) = without_cells(self.inner.number, &asked, L::SERIES);
        let answers = Arc::new(Mutex::new(Answers::new(metric, interners)));
        let ask = ask(Arc::clone(&answers), labels);
        let key = description.key();
        {
            let mut known = lock(&self.inner.known);
            known.find(&asked, Owner::Function)?;
            known.insert(asked, Held::Function);
        }
        let number = self.inner.functions.add(Function { ask, answers: Some(answers) });
        Ok(FunctionGuard { registry: Arc::downgrade(&self.inner), number, key })
    }
}

impl FunctionGuard {
    /// Keeps the function for the life of its registry.
    pub fn forget(mut self) {
        self.registry = Weak::new();
    }
}

impl Drop for FunctionGuard {
    fn drop(&mut self) {
        let Some(registry) = self.registry.upgrade() else { return };
        // The function first: the name is free once no snapshot adds its results.
        let function = lock(&registry.functions.0).remove(&self.number);
        lock(&registry.known).remove(&self.key);
        discard(function);
        discard(registry);
    }
}

impl fmt::Debug for FunctionGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FunctionGuard").field("name", &self.key.0).finish_non_exhaustive()
    }
}
