//! The registered metrics, and the check of further ones.

use super::check;
use super::declared;
use super::description::{Description, Key};
use super::error::RegisterError;
use super::exposed::Exposed;
use crate::directory::Kind;
use crate::labels::{Dimension, LabelSets};
use crate::segment::MetricCells;
use std::collections::HashMap;
use std::fmt;

/// A metric, and the values of its labels.
#[derive(Clone)]
pub(super) struct Registered {
    pub(super) description: Description,
    pub(super) dimensions: Vec<Dimension>,
}

/// The place of a metric's values.
pub(super) enum Held {
    Cells(MetricCells),
    /// A function returns them.
    Function,
}

/// The owner of a metric.
#[derive(Clone, Copy)]
pub(super) enum Owner {
    /// All registrations of it share the metric.
    Any,
    /// One function's.
    Function,
}

#[derive(Default)]
pub(super) struct Known {
    /// The registered metrics.
    pub(super) metrics: HashMap<Key, (Registered, Held)>,
    /// One metric of each name, and the number of metrics with it.
    names: HashMap<String, (Registered, usize)>,
    /// The exposed names of all metrics.
    exposed: Exposed,
    /// The label sets of dynamic families.
    pub(super) families: HashMap<Key, &'static LabelSets>,
}

impl Registered {
    /// A metric with these labels, after all checks that concern it alone.
    pub(super) fn new(
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
        declared::check(description, &dimensions)
            .map_err(|reason| RegisterError::InvalidSetting { name: name.clone(), reason })?;
        Ok(Self { description: description.clone(), dimensions })
    }
}

impl Known {
    /// The cells of a registered metric, or `None` for a new one that is allowed.
    pub(super) fn find(
        &self,
        asked: &Registered,
        owner: Owner,
    ) -> Result<Option<MetricCells>, RegisterError> {
        let Registered { description, .. } = asked;
        let name = &description.name;
        if let Some((there, held)) = self.metrics.get(&description.key()) {
            differs(there, asked)?;
            return match (held, owner) {
                (Held::Cells(cells), Owner::Any) => Ok(Some(*cells)),
                _ => Err(RegisterError::clash(
                    name,
                    name,
                    "a function's series are its own: give one of them another name",
                )),
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

    /// Adds the declarations of another registration of a metric.
    pub(super) fn declare(&mut self, asked: &Description) {
        if let Some((there, _)) = self.metrics.get_mut(&asked.key()) {
            there.description.declare(asked);
        }
    }

    pub(super) fn descriptions(&self) -> Vec<Description> {
        self.metrics.values().map(|(metric, _)| metric.description.clone()).collect()
    }

    pub(super) fn insert(&mut self, metric: Registered, held: Held) {
        let Registered { description, .. } = &metric;
        self.exposed.add(description);
        let of_name = self.names.entry(description.name.clone());
        of_name.or_insert_with(|| (metric.clone(), 0)).1 += 1;
        self.metrics.insert(description.key(), (metric, held));
    }

    /// Forgets a metric without cells.
    pub(super) fn remove(&mut self, key: &Key) {
        let Some((Registered { description, .. }, _)) = self.metrics.remove(key) else { return };
        let Some((_, count)) = self.names.get_mut(&description.name) else { return };
        *count -= 1;
        if *count == 0 {
            self.names.remove(&description.name);
            self.exposed.remove(&description);
        }
    }
}

/// Fails if two metrics of one name differ in a property that they must share.
fn differs(there: &Registered, asked: &Registered) -> Result<(), RegisterError> {
    let same_labels = there.description.labels == asked.description.labels;
    let same_values = there.dimensions.len() == asked.dimensions.len()
        && there.dimensions.iter().zip(&asked.dimensions).all(|(a, b)| a.same_values(b));
    let has_sets = [there, asked].map(|it| it.dimensions.iter().any(Dimension::has_sets));
    let (there, asked) = (&there.description, &asked.description);
    let name = &asked.name;
    if let (Some(a), Some(b)) = (there.kind, asked.kind)
        && a != b
    {
        return Err(RegisterError::other_kind(name, a, b));
    }
    // What is another metric comes first: its help text differs, too.
    let labels = |of: &Description| of.label_names().map(str::to_owned).collect::<Vec<_>>();
    let constants =
        |of: &Description| of.constants.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    let differ = |what: &str, there: &dyn fmt::Debug, asked: &dyn fmt::Debug| {
        let reason = format!("that one's {what} is {there:?}, this one's {asked:?}");
        Err(RegisterError::difference(name, reason))
    };
    let mixed = there.mixed && asked.mixed;
    if has_sets[0] != has_sets[1] {
        let reason =
            "the labels of one of them are known only at run time: register both in one way";
        return Err(RegisterError::clash(name, name, reason));
    }
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
    if there.unit != asked.unit {
        return differ("unit", &there.unit, &asked.unit);
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
        // Whether a handle asks the hook for exemplars is its own: `#[timed]` and `#[timed(exemplars)]`
        // are one metric.
        if there.exemplar_period != asked.exemplar_period {
            let (there, asked) = (there.exemplar_period, asked.exemplar_period);
            return differ("exemplar period in milliseconds", &there, &asked);
        }
    }
    if there.idle != asked.idle {
        return differ("time until a series is idle", &there.idle, &asked.idle);
    }
    if there.help != asked.help {
        return differ("help", &there.help, &asked.help);
    }
    Ok(())
}
