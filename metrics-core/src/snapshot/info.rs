use super::interned::Interned;
use super::shape::Shape;
use super::values::LabelValues;
use crate::directory::{self, Pairs, Source};
use crate::names::{self, Escaping};
use crate::scale::Scale;
use crate::sync::Arc;

/// The constant properties of a metric.
#[derive(Debug)]
pub(super) struct MetricInfo {
    /// The word of the directory where its entry begins.
    pub(super) entry: usize,
    pub(super) metric: directory::MetricEntry,
    pub(super) scale: Scale,
    /// For histograms.
    pub(super) shape: Option<Arc<Shape>>,
    pub(super) dimensions: Vec<Dimension>,
    /// Whether no label's name needs escaping.
    pub(super) has_legacy_labels: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Dimension {
    pub(super) name: String,
    /// The number of values that the series are laid out for.
    pub(super) count: usize,
    /// The number of series with one value of it: the product of the counts of the labels behind
    /// it.
    pub(super) below: u32,
    fixed: Option<Arc<LabelValues>>,
    set: u64,
}

impl Dimension {
    fn values(&self, interned: &Interned) -> Arc<LabelValues> {
        self.fixed.as_ref().map_or_else(|| interned.values(self.set), Arc::clone)
    }

    /// The bits of its retired values; empty if none is retired.
    fn retired<'a>(&self, interned: &'a Interned) -> &'a [u64] {
        if self.is_interned() { interned.retired(self.set) } else { &[] }
    }

    /// The values that its type has; `None` for an interned label.
    pub(super) fn fixed(&self) -> Option<&LabelValues> {
        self.fixed.as_deref()
    }

    pub(super) fn has_sets(&self) -> bool {
        self.name.is_empty()
    }

    /// The labels of this dimension for one of its values.
    pub(super) fn labels<'a>(&'a self, value: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let (one, set) =
            if self.has_sets() { (None, value) } else { (Some((&*self.name, value)), "") };
        one.into_iter().chain(directory::pairs(set))
    }

    pub(super) fn is_interned(&self) -> bool {
        self.fixed.is_none()
    }
}

impl MetricInfo {
    /// A metric as the directory has it.
    pub(super) fn of(entry: usize, metric: directory::MetricEntry) -> Self {
        let shape = Shape::new(&metric).map(Arc::new);
        let dimension = |(name, source): &(String, Source)| match source {
            Source::Fixed(values) => Dimension {
                name: name.clone(),
                count: values.len(),
                below: 1,
                fixed: Some(Arc::new(values.iter().map(String::as_str).collect())),
                set: 0,
            },
            Source::Set { set, capacity } => Dimension {
                name: name.clone(),
                count: *capacity as usize + 1,
                below: 1,
                fixed: None,
                set: *set,
            },
        };
        let mut dimensions: Vec<_> = metric.dimensions.iter().map(dimension).collect();
        let mut below = 1_u32;
        for dimension in dimensions.iter_mut().rev() {
            dimension.below = below;
            below = below.saturating_mul(u32::try_from(dimension.count).unwrap_or(u32::MAX));
        }
        let scale = Scale::new(metric.scale);
        Self::new(entry, metric, scale, shape, dimensions)
    }

    pub(super) fn new(
        entry: usize,
        metric: directory::MetricEntry,
        scale: Scale,
        shape: Option<Arc<Shape>>,
        dimensions: Vec<Dimension>,
    ) -> Self {
        let constants = metric.constants.iter().map(|(name, _)| name);
        let mut labels = constants.chain(dimensions.iter().map(|dimension| &dimension.name));
        let has_legacy_labels = labels.all(|name| Escaping::is_legacy_label(name));
        Self { entry, metric, scale, shape, dimensions, has_legacy_labels }
    }

    /// The present values of each label.
    pub(super) fn values(&self, interned: &Interned) -> Vec<Arc<LabelValues>> {
        self.dimensions.iter().map(|dimension| dimension.values(interned)).collect()
    }

    /// The bits of the retired values of each label; `None` if none is retired.
    pub(super) fn retired<'a>(&self, interned: &'a Interned) -> Option<Vec<&'a [u64]>> {
        let retired = self.dimensions.iter().map(|dimension| dimension.retired(interned));
        retired.clone().any(|bits| !bits.is_empty()).then(|| retired.collect())
    }

    /// Whether the series of the metric have label sets of their own: those of a dynamic family.
    pub(super) fn has_sets(&self) -> bool {
        self.dimensions.iter().any(Dimension::has_sets)
    }

    /// The metric's constant labels that a series with this label set has: a label of its own comes
    /// before a constant one that was added to the metric's later, by `ExternalLabels`.
    pub(super) fn constants_beside<'a>(
        &'a self,
        set: Pairs<'a>,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        let constants = self.metric.constants.iter().map(|(name, value)| (&**name, &**value));
        constants.filter(move |(name, _)| set.clone().all(|(own, _)| !names::can_meet(own, name)))
    }

    /// The number of the value of each label in the series of this index.
    pub(super) fn digits(&self, index: u32) -> impl Iterator<Item = (&Dimension, usize)> {
        let mut rest = index;
        self.dimensions.iter().map(move |dimension| {
            let digit = rest / dimension.below.max(1);
            rest -= digit * dimension.below;
            (dimension, digit as usize)
        })
    }
}
