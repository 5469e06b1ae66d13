//! Values without handles, added to a snapshot with a description.

use super::description::Description;
use super::error::RegisterError;
use crate::directory::{Kind, MetricEntry};
use crate::snapshot::Snapshot;

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
        // The larger one of NaN and 0 is 0.
        self.add(description, Kind::Counter, count.max(0.0))
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
        self.add(description, Kind::Gauge, value)
    }

    fn add(
        &mut self,
        description: &Description,
        kind: Kind,
        value: f64,
    ) -> Result<(), RegisterError> {
        let mut description = description.clone();
        description.complete(kind, Vec::new());
        description.check()?;
        self.admit(&description, kind)?;
        let scale = description.scale_factor();
        let Description { name, help, unit, constants, .. } = description;
        let metric = MetricEntry {
            // None has this number.
            registry: u64::MAX,
            kind,
            first: 0,
            series: 1,
            declared: 0,
            scale,
            name,
            help,
            unit,
            constants,
            dimensions: Vec::new(),
            distribution: None,
        };
        self.insert(metric, value);
        Ok(())
    }

    fn admit(&self, asked: &Description, kind: Kind) -> Result<(), RegisterError> {
        let Description { name, help, unit, constants, .. } = asked;
        for there in self.metrics_named(name) {
            if there.kind != kind {
                return Err(RegisterError::other_kind(name, there.kind, kind));
            }
            let same_constants = there.constants == *constants && there.dimensions.is_empty();
            let same_labels = there.constants.iter().map(label).eq(constants.iter().map(label))
                && there.dimensions.is_empty();
            let difference = if same_constants {
                let reason = "it has the same series: add each one once";
                return Err(RegisterError::clash(name, name, reason));
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
        match self.exposed_as_part(name) {
            Some(family) => {
                let reason =
                    format!("both would be exposed as {name:?}: give one of them another name");
                Err(RegisterError::clash(name, family.name(), reason))
            }
            None => Ok(()),
        }
    }
}

fn label((name, _): &(String, String)) -> &str {
    name
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;
    use crate::{Kind, Value};

    fn described(name: &str) -> Description {
        Description::new(name, "Help.")
    }

    #[test]
    fn added_values_are_among_the_families() {
        let registry = Registry::new();
        registry.register::<Counter>(&described("m_total")).unwrap().add(3);
        let mut snapshot = registry.snapshot();
        for (kind, value) in [("a\"b", 1.5), ("other", f64::NAN)] {
            let of_kind = described("c_seconds_total").unit("seconds").constant("type", kind);
            snapshot.add_counter(&of_kind, value).unwrap();
        }
        snapshot.add_gauge(&described("z"), -2.0).unwrap();

        let names: Vec<_> = snapshot.families().map(|family| family.name()).collect();
        assert_eq!(names, ["c_seconds_total", "m_total", "z"]);
        let family = snapshot.family("c_seconds_total").unwrap();
        assert_eq!((family.kind(), family.unit()), (Kind::Counter, "seconds"));
        let series = family.series().map(|one| (one.labels().next().unwrap(), one.value()));
        let series: Vec<_> =
            series.map(|(labels, value)| format!("{labels:?} {value:?}")).collect();
        assert_eq!(
            series,
            [r#"("type", "a\"b") Quantity(1.5)"#, r#"("type", "other") Quantity(0.0)"#]
        );
        assert_eq!(snapshot.gauge("z", &[]), Some(-2.0));
        assert!(matches!(
            snapshot.family("m_total").unwrap().series().next().unwrap().value(),
            Value::Counter(3)
        ));
        assert!(registry.snapshot().family("z").is_none());
    }

    #[test]
    fn a_clash_changes_nothing() {
        let registry = Registry::new();
        registry.register::<Counter<bool>>(&described("labelled_total")).unwrap();
        registry.register::<Counter>(&described("plain_total")).unwrap();
        registry.register::<Histogram>(&described("wait")).unwrap();
        let mut snapshot = registry.snapshot();
        let one = described("one").constant("a", "1");
        snapshot.add_gauge(&one, 1.0).unwrap();
        for (name, asked) in [
            ("same series", &one),
            ("labels", &described("one").constant("b", "1")),
            ("help", &Description::new("one", "Other.").constant("a", "2")),
            ("unit", &described("one").constant("a", "2").unit("bytes")),
            ("kind", &described("plain_total")),
            ("name", &described("")),
            ("label", &described("two").constant("__a", "")),
            ("bucket", &described("wait_bucket")),
            ("count", &described("wait_count")),
        ] {
            assert!(snapshot.add_gauge(asked, 2.0).is_err(), "{name}");
        }
        for asked in ["labelled_total", "plain_total", "wait_negative_total"] {
            assert!(snapshot.add_counter(&described(asked), 2.0).is_err(), "{asked}");
        }
        assert_eq!(snapshot.families().count(), 4);
        assert_eq!(snapshot.gauge("one", &[("a", "1")]), Some(1.0));
        snapshot.add_gauge(&described("one").constant("a", "2"), 2.0).unwrap();
        assert_eq!(snapshot.gauge("one", &[("a", "2")]), Some(2.0));
    }
}
