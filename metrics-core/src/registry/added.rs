//! Values without handles, added to a snapshot with a description.

use super::check;
use super::description::Description;
use super::error::RegisterError;
use crate::directory::{Kind, MetricEntry};
use crate::snapshot::{Added, ClassicHistogram, Snapshot, Summary};
use std::collections::HashSet;

impl Snapshot {
    /// Adds a count that is kept elsewhere: by the system, or another library. It is exposed as a
    /// counter, in the exported unit. A negative number or NaN is added as 0.
    ///
    /// The labels are the description's constant ones; series of one name differ in their values.
    /// Nothing is registered, and other snapshots lack it.
    ///
    /// ```
    /// use tickmetrics::prelude::*;
    ///
    /// let registry = Registry::new();
    /// let mut snapshot = registry.snapshot();
    /// let faults = Description::new("faults_total", "Page faults.").constant("type", "minor");
    /// snapshot.add_counter(&faults, 12.0)?;
    /// let mut series = snapshot.family("faults_total").unwrap().series();
    /// assert!(series.next().unwrap().labels().eq([("type", "minor")]));
    /// # Ok::<(), tickmetrics::RegisterError>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`Registry::register`](crate::Registry::register) that concern names, and a clash
    /// with a metric of the snapshot. The snapshot is unchanged then.
    pub fn add_counter(
        &mut self,
        description: &Description,
        count: f64,
    ) -> Result<(), RegisterError> {
        self.add(description, Added::Counter(count))
    }

    /// Adds a value that something else keeps, as a gauge; otherwise as
    /// [`add_counter`](Self::add_counter).
    ///
    /// # Errors
    /// As [`add_counter`](Self::add_counter).
    pub fn add_gauge(
        &mut self,
        description: &Description,
        value: f64,
    ) -> Result<(), RegisterError> {
        self.add(description, Added::Gauge(value))
    }

    /// Adds a histogram that something else keeps, with its own buckets, whatever the description
    /// says about buckets; otherwise as [`add_counter`](Self::add_counter).
    ///
    /// ```
    /// use tickmetrics::{ClassicHistogram, Description, Snapshot};
    ///
    /// let wait = Description::new("wait_seconds", "Time waited.").unit("seconds");
    /// let mut snapshot = Snapshot::default();
    /// snapshot.add_histogram(&wait, ClassicHistogram::new([(0.1, 3), (1.0, 7)], 8, 9.5))?;
    /// # Ok::<(), tickmetrics::RegisterError>(())
    /// ```
    ///
    /// # Errors
    /// As [`add_counter`](Self::add_counter), and [`RegisterError::InvalidSetting`] if edges do not
    /// rise or counts fall.
    pub fn add_histogram(
        &mut self,
        description: &Description,
        histogram: ClassicHistogram,
    ) -> Result<(), RegisterError> {
        self.add(description, Added::Histogram(histogram))
    }

    /// Adds a summary that something else keeps; otherwise as [`add_counter`](Self::add_counter).
    ///
    /// # Errors
    /// As [`add_counter`](Self::add_counter), and [`RegisterError::InvalidSetting`] if quantiles do
    /// not rise from 0 to 1.
    pub fn add_summary(
        &mut self,
        description: &Description,
        summary: Summary,
    ) -> Result<(), RegisterError> {
        self.add(description, Added::Summary(summary))
    }

    /// Adds all series of a name at once: each has its own labels behind the description's constant
    /// ones. All have one kind of value and the same labels' names. Without a series, nothing is
    /// added.
    ///
    /// ```
    /// use tickmetrics::{Added, Description, Snapshot};
    ///
    /// let mut snapshot = Snapshot::default();
    /// let jobs = Description::new("jobs_total", "Jobs done.");
    /// let of = |queue: &str, count| (vec![("queue".into(), queue.into())], Added::Counter(count));
    /// snapshot.add_family(&jobs, [of("fast", 12.0), of("slow", 3.0)])?;
    /// assert_eq!(snapshot.family("jobs_total").unwrap().series_count(), 2);
    /// # Ok::<(), tickmetrics::RegisterError>(())
    /// ```
    ///
    /// # Errors
    /// As [`add_counter`](Self::add_counter), [`add_histogram`](Self::add_histogram) and
    /// [`add_summary`](Self::add_summary). The snapshot is unchanged then, and has none of the
    /// series.
    pub fn add_family(
        &mut self,
        description: &Description,
        series: impl IntoIterator<Item = (Vec<(String, String)>, Added)>,
    ) -> Result<(), RegisterError> {
        let mut adding: Option<Adding> = None;
        for (labels, value) in series {
            let adding = match &mut adding {
                Some(adding) => adding,
                none => none.insert(Adding::begin(self, description, &labels, value.kind())?),
            };
            adding.push(labels, value)?;
        }
        if let Some(Adding { metrics, .. }) = adding {
            self.insert(&description.name, metrics);
        }
        Ok(())
    }

    fn add(&mut self, description: &Description, value: Added) -> Result<(), RegisterError> {
        self.add_family(description, [(Vec::new(), value)])
    }
}

/// Constant labels, which differ from series to series of a name.
type Constants = Vec<(String, String)>;

/// Checked series of one name, to be put into a snapshot.
struct Adding {
    /// With the labels of the first series.
    description: Description,
    kind: Kind,
    /// How many labels all series have with the same value.
    shared: usize,
    /// Of the snapshot's series of this name, and of the new ones.
    taken: HashSet<Constants>,
    metrics: Vec<(MetricEntry, Added)>,
}

impl Adding {
    /// Checks what all series share with the first one.
    fn begin(
        snapshot: &Snapshot,
        description: &Description,
        labels: &Constants,
        kind: Kind,
    ) -> Result<Self, RegisterError> {
        let shared = description.constants.len();
        let mut description = description.clone();
        description.constants.extend_from_slice(labels);
        description.complete(kind, Vec::new());
        description.check()?;
        admit(snapshot, &description, kind)?;
        let taken = snapshot.metrics_named(&description.name);
        let taken = taken.map(|there| there.constants.clone()).collect();
        Ok(Self { description, kind, shared, taken, metrics: Vec::new() })
    }

    fn push(&mut self, mut labels: Constants, value: Added) -> Result<(), RegisterError> {
        let Self { description, kind, shared, .. } = self;
        let (name, kind) = (&description.name, *kind);
        if value.kind() != kind {
            return Err(RegisterError::other_kind(name, kind, value.kind()));
        }
        if let Some(reason) = value.fault() {
            return Err(RegisterError::InvalidSetting { name: name.clone(), reason });
        }
        let (before, own) = description.constants.split_at_checked(*shared).unwrap_or_default();
        if !own.iter().map(label).eq(labels.iter().map(label)) {
            return Err(RegisterError::difference(name, "another series has other labels"));
        }
        let mut constants = before.to_vec();
        constants.append(&mut labels);
        check::constants(name, &constants)?;
        if !self.taken.insert(constants.clone()) {
            let reason = "it has the same series: add each one once";
            return Err(RegisterError::clash(name, name, reason));
        }
        let metric = MetricEntry {
            // None has this number.
            registry: u64::MAX,
            kind,
            first: 0,
            series: 1,
            declared: 0,
            scale: description.scale_factor(),
            name: name.clone(),
            help: description.help.clone(),
            unit: description.unit.clone(),
            constants,
            dimensions: Vec::new(),
            distribution: None,
        };
        self.metrics.push((metric, value));
        Ok(())
    }
}

/// Whether a name's series can be added to those of the snapshot.
fn admit(snapshot: &Snapshot, asked: &Description, kind: Kind) -> Result<(), RegisterError> {
    let Description { name, help, unit, constants, .. } = asked;
    for there in snapshot.metrics_named(name) {
        let same_labels = there.constants.iter().map(label).eq(constants.iter().map(label))
            && there.dimensions.is_empty();
        let difference = if there.kind != kind {
            return Err(RegisterError::other_kind(name, there.kind, kind));
        } else if !same_labels {
            "that one has other labels"
        } else if there.unit != *unit {
            "that one has another unit"
        } else if there.help != *help {
            "that one has another help text"
        } else {
            continue;
        };
        return Err(RegisterError::difference(name, difference));
    }
    let parts = asked.exposures().filter(|series| !series.suffix.is_empty());
    let mut parts = parts.map(|series| [name, series.suffix].concat());
    let with = snapshot.exposed_as_part(name);
    match with.or_else(|| parts.find_map(|part| snapshot.family(&part))) {
        Some(family) => {
            let both = if family.name().len() > name.len() { family.name() } else { name };
            let reason =
                format!("both would be exposed as {both:?}: give one of them another name");
            Err(RegisterError::clash(name, family.name(), reason))
        }
        None => Ok(()),
    }
}

fn label((name, _): &(String, String)) -> &str {
    name
}

#[cfg(test)]
mod tests;
