//! Families whose labels are known only at run time.

use super::check;
use super::description::Description;
use super::error::RegisterError;
use super::known::{Known, Owner, Registered};
use super::metric::{Metric, Sealed as _};
use super::register::Registry;
use crate::directory::Exposure;
use crate::handles::{Counter, Gauge, Histogram, UpDownCounter};
use crate::labels::{Dimension, Interner, LabelSet, LabelSetError, LabelSets};
use crate::sync::lock;
use std::fmt;

/// A metric whose labels are known only at run time: their names, too, and they can differ from one
/// series to the next. [`with`](Dynamic::with) looks a series up.
///
/// Where the labels are known when compiling, [`Counter<L>`](Counter) and its kin are better: they
/// find a series by arithmetic, and a wrong label is an error of the compiler. A dynamic family is for
/// what other libraries and peers name.
///
/// - **A handle is a plain one.** Keep it, and a record costs what it costs without labels.
/// - **A look-up takes no lock** if the labels are known, and allocates nothing: up to eight labels in
///   any order, or more in the order of their names. A new label set takes a lock.
/// - **Bounded.** A family has at most the series that its registration names, each with at most 1,024
///   bytes, and 128 different names of labels. All families of the process have 100,000
///   ([`SegmentBuilder::dynamic_series`](crate::SegmentBuilder::dynamic_series)). What does not fit is
///   counted in the series with the label `otel_metric_overflow="true"`, which OpenTelemetry names so.
///   [`SegmentStats::saturated_labels`](crate::SegmentStats) counts how often that happened.
/// - **Not in a forked child**: one that was forked while another thread added a label set must not add any
///   to the same family, since it has a locked copy of the family's lock. Kept handles and known labels work.
/// - **In the segment**, as every metric: a reader in another process has all series, and a later run
///   [resumes](crate::SegmentBuilder::resume) their counts.
/// - **Idle series** can be hidden, and return with their counts: see [`Description::idle`].
///
/// ```
/// use tickmetrics::prelude::*;
/// use tickmetrics::Dynamic;
///
/// let registry = Registry::new();
/// let requests = Description::new("requests_total", "Requests, as peers name them.");
/// let requests: Dynamic<Counter> = registry.register_dynamic(&requests, 2_000)?;
///
/// let orders = requests.with(&[("path", "/orders"), ("method", "POST")]);
/// orders.inc();
/// orders.inc();
/// requests.with(&[("job", "nightly")]).inc();
///
/// let labels = [("method", "POST"), ("path", "/orders")];
/// assert_eq!(registry.snapshot().counter("requests_total", &labels), Some(2));
/// # Ok::<(), tickmetrics::RegisterError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Dynamic<M: DynamicMetric> {
    family: M::Family,
    sets: &'static LabelSets,
}

/// A handle of one series that a [`Dynamic`] family can give: [`Counter`], [`UpDownCounter`],
/// [`Gauge`] or [`Histogram`] without labels. Sealed.
pub trait DynamicMetric: Metric<Labels = ()> {
    /// The handle of the whole family.
    #[doc(hidden)]
    type Family: Metric<Labels = LabelSet>;

    /// One series of the family.
    #[doc(hidden)]
    fn series(family: &Self::Family, labels: LabelSet) -> Self;

    /// One series of the family, which is exposed from now on.
    #[doc(hidden)]
    fn declared(family: &Self::Family, labels: LabelSet) -> Self;
}

macro_rules! dynamic {
    ($($handle:ident)+) => {
        $(
            impl DynamicMetric for $handle {
                type Family = $handle<LabelSet>;

                #[inline]
                fn series(family: &Self::Family, labels: LabelSet) -> Self {
                    family.with(labels)
                }

                fn declared(family: &Self::Family, labels: LabelSet) -> Self {
                    family.declare(labels)
                }
            }
        )+
    };
}

dynamic! { Counter UpDownCounter Gauge Histogram }

impl<M: DynamicMetric> fmt::Debug for Dynamic<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dynamic").field("sets", self.sets).finish_non_exhaustive()
    }
}

impl<M: DynamicMetric> Dynamic<M> {
    /// The series with these labels, names and values, in any order; none is the series without
    /// labels. A label with an empty value counts as none, as in Prometheus. A series whose labels were retired is shown again.
    ///
    /// Labels that no series can have (a name that is empty, starts with `__`, appears twice or is one
    /// of the metric's constant labels) are counted as those that do not fit, and standard error
    /// reports the first of them. [`try_with`](Self::try_with) returns the reason.
    #[inline]
    pub fn with(&self, labels: &[(&str, &str)]) -> M {
        M::series(&self.family, self.sets.get(labels))
    }

    /// As [`with`](Self::with), with an error for labels that no series can have. Labels that do not
    /// fit are no error, and a full family does not look whether they could be a series'.
    ///
    /// # Errors
    /// The label, and why it can't be one.
    ///
    /// ```
    /// use tickmetrics::prelude::*;
    /// use tickmetrics::Dynamic;
    ///
    /// let requests = Description::new("requests_total", "Requests.").constant("host", "ny4");
    /// let requests: Dynamic<Counter> = Registry::new().register_dynamic(&requests, 100)?;
    /// let error = requests.try_with(&[("host", "ld4")]).unwrap_err();
    /// assert_eq!(error.label(), "host");
    /// # Ok::<(), tickmetrics::RegisterError>(())
    /// ```
    pub fn try_with(&self, labels: &[(&str, &str)]) -> Result<M, LabelSetError> {
        self.sets.try_get(labels).map(|set| M::series(&self.family, set))
    }

    /// As [`with`](Self::with). The series is exposed from now on, even if it stays at zero, so that a
    /// rate over it starts from the first event.
    ///
    /// ```
    /// use tickmetrics::prelude::*;
    /// use tickmetrics::Dynamic;
    ///
    /// let registry = Registry::new();
    /// let errors = Description::new("errors_total", "Errors, by peer.");
    /// let errors: Dynamic<Counter> = registry.register_dynamic(&errors, 100)?;
    /// let (of_ny, of_ld) = (errors.declare(&[("peer", "ny4")]), errors.with(&[("peer", "ld4")]));
    /// assert_eq!(registry.snapshot().counter("errors_total", &[("peer", "ny4")]), Some(0));
    /// assert_eq!(registry.snapshot().counter("errors_total", &[("peer", "ld4")]), None);
    /// # Ok::<(), tickmetrics::RegisterError>(())
    /// ```
    pub fn declare(&self, labels: &[(&str, &str)]) -> M {
        M::declared(&self.family, self.sets.get(labels))
    }

    /// Hides the series with these labels until [`with`](Self::with) is asked for them: see
    /// [`Interner`](Interner#retired-values). Returns whether that changes anything.
    pub fn retire(&self, labels: &[(&str, &str)]) -> bool {
        self.sets.retire(labels)
    }

    /// The most series of the family, apart from that of all others.
    pub fn capacity(&self) -> usize {
        self.sets.interner.capacity()
    }
}

impl Registry {
    /// Registers a family whose labels are known only at run time, with at most this many series, 1
    /// to 2^24. The same description again gives the same family. See [`Dynamic`].
    ///
    /// # Errors
    /// Those of [`register`](Registry::register), and a number of series that is 0, too large, or not
    /// that of the same family before.
    pub fn register_dynamic<M: DynamicMetric>(
        &self,
        description: &Description,
        most_series: usize,
    ) -> Result<Dynamic<M>, RegisterError> {
        let description = M::complete(description.clone());
        let invalid = |reason: String| {
            let name = description.name.clone();
            Err(RegisterError::InvalidSetting { name, reason })
        };
        if !(1..=Interner::MAX_CAPACITY).contains(&most_series) {
            return invalid(format!("it allows {most_series} series: 1 to 2^24 are possible"));
        }
        check::unit_in_name(&description)?;
        let known = &mut *lock(&self.inner.known);
        let sets = match known.families.get(&description.key()) {
            Some(sets) => sets,
            None => self.label_sets(known, &description, most_series)?,
        };
        if sets.interner.capacity() != most_series {
            let before = sets.interner.capacity();
            return invalid(format!("it allows {most_series} series, and {before} before"));
        }
        let dimensions = vec![Dimension::of_sets(sets)];
        let asked = Registered::new(&description, most_series + 1, dimensions)?;
        let cells = self.cells(known, asked, most_series + 1, Owner::Any)?;
        known.families.insert(description.key(), sets);
        // SAFETY: the cells were found for this kind and so many series. Each `LabelSet` of these sets
        // is less. A family that was there before has the same kind (`differs`) and the same sets.
        let family = unsafe { <M::Family>::from_cells(&cells, &description) };
        Ok(Dynamic { family, sets })
    }

    /// The sets of a new family. They stay for ever, so what can be wrong with the family is looked for
    /// first.
    fn label_sets(
        &self,
        known: &Known,
        description: &Description,
        most_series: usize,
    ) -> Result<&'static LabelSets, RegisterError> {
        let name = &description.name;
        let plain = Registered::new(description, 1, Vec::new())?;
        if known.find(&plain, Owner::Any)?.is_some() {
            let reason = "that one has no labels: register it by register_dynamic, too";
            return Err(RegisterError::clash(name, name, reason));
        }
        let Description { kind, constants, .. } = description;
        // In all forms: which ones there are can change before a run that resumes the sets.
        let forms = kind.iter().flat_map(|&kind| Exposure::of(kind, true, true));
        let forms = forms.filter_map(|series| series.label);
        let reserved: Vec<&str> = description.label_names().chain(forms).collect();
        // What the names of labels are checked against is part of it.
        let identity = format!("{} {kind:?} {name} {constants:?}", self.inner.number);
        let identity = String::leak(identity);
        Ok(LabelSets::new(most_series, identity, name, &reserved))
    }
}
