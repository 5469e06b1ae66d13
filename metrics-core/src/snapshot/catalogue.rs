//! What a reader knows of metrics: the directory, read once and kept. A registry of this process has
//! no need to read what all the others wrote there: it is told of its own metrics, and asks the
//! interners for their values.

use super::budget::Budget;
use super::exposed::Exposed;
use super::merge::{self, Data};
use super::shape::Shape;
use super::values::{Indices, Values};
use super::{MetricSnapshot, Snapshot};
use crate::directory::{self, Check, Damaged, Entry, Source};
use crate::labels::Interner;
use crate::layout::header;
use crate::names;
use crate::scale::Scale;
use crate::segment::View;
use crate::sync::Arc;
use std::collections::{HashMap, HashSet, hash_map};
use std::mem;

/// The metrics of one registry, or all as far as the directory was read.
pub(crate) struct Catalogue {
    /// The word of the directory to go on from.
    position: usize,
    check: Check,
    /// The values of interned labels, by the number of their set; the first is `other`.
    sets: HashMap<u64, Arc<Values>>,
    /// Where those are asked for that the directory is not read for.
    interners: Vec<(u64, &'static Interner)>,
    /// Metrics of an earlier run that this one has not registered yet, by their position.
    kept: HashMap<u64, directory::Metric>,
    /// Sorted by name, and metrics of one name in the order of their registration.
    metrics: Vec<Known>,
}

/// A metric of this process, as it is registered.
pub(crate) struct New {
    /// The word of the directory where its entry begins.
    pub(crate) entry: usize,
    pub(crate) metric: directory::Metric,
    /// Whether it goes on with what an earlier process counted.
    pub(crate) is_resumed: bool,
    /// The sets of its labels, and who numbers their values.
    pub(crate) interners: Vec<(u64, &'static Interner)>,
}

/// A metric, and its last snapshot.
struct Known {
    about: Arc<About>,
    /// Whether it goes on with what an earlier process counted.
    is_resumed: bool,
    exposed: Arc<Exposed>,
    /// Where the next snapshot goes too, if nobody has this one any more: memory that is fresh at
    /// each scrape would cost more than what is written to it.
    data: Arc<Data>,
    /// Filled anew at each snapshot.
    indices: Indices,
}

/// What never changes of a metric.
#[derive(Debug)]
pub(super) struct About {
    /// The word of the directory where its entry begins.
    pub(super) entry: usize,
    pub(super) metric: directory::Metric,
    pub(super) scale: Scale,
    /// For histograms.
    pub(super) shape: Option<Arc<Shape>>,
    pub(super) dimensions: Vec<Dimension>,
    /// Whether no name of a label needs any escaping.
    pub(super) has_legacy_labels: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Dimension {
    pub(super) name: String,
    /// How many values the series are laid out for.
    pub(super) count: usize,
    /// How many series have one value of it: the product of the counts of those behind it.
    pub(super) below: u32,
    fixed: Option<Arc<Values>>,
    set: u64,
}

impl Catalogue {
    pub(crate) fn new() -> Self {
        Self {
            position: 0,
            check: Check::default(),
            sets: HashMap::new(),
            interners: Vec::new(),
            kept: HashMap::new(),
            metrics: Vec::new(),
        }
    }

    /// The values now of the metrics that were added, and of new ones.
    pub(crate) fn snapshot(&mut self, view: View<'_>, new: Vec<New>) -> Snapshot {
        let added = !new.is_empty();
        for New { entry, metric, is_resumed, interners } in new {
            for (set, interner) in interners {
                if let hash_map::Entry::Vacant(vacant) = self.sets.entry(set) {
                    vacant.insert(Arc::new(Values::from_iter([Interner::OTHER])));
                    self.interners.push((set, interner));
                }
            }
            self.add(entry, metric, is_resumed);
        }
        if added {
            self.put_in_order();
        }
        push_new_values(&mut self.sets, &self.interners);
        self.snapshot_within(view, &mut Budget::unlimited())
    }

    /// The values now of all metrics as far as the directory was read. What the budget is not
    /// enough for is left out.
    pub(crate) fn snapshot_within(&mut self, view: View<'_>, budget: &mut Budget) -> Snapshot {
        let sets = &self.sets;
        let metrics = self.metrics.iter_mut().map(|known| known.snapshot(view, sets, budget));
        Snapshot { metrics: metrics.collect() }
    }

    /// Calls `visit(metric, first, length)` for each run of series whose labels have values.
    pub(crate) fn for_each_run(
        &mut self,
        view: View<'_>,
        mut visit: impl FnMut(&directory::Metric, usize, usize),
    ) {
        let _ = self.read_on(view);
        for Known { about, .. } in &self.metrics {
            let values = about.values(&self.sets);
            merge::runs(&about.dimensions, &values, &mut |first, length| {
                visit(&about.metric, first, length);
            });
        }
    }

    /// Reads the entries that came since the last time, and stops where one is damaged. This
    /// process writes none such; another's file may have them.
    pub(crate) fn read_on(&mut self, view: View<'_>) -> Result<(), Damaged> {
        let known = self.metrics.len();
        let read = self.read_entries(view);
        if self.metrics.len() > known {
            self.put_in_order();
        }
        read
    }

    /// See [`Check::label_bytes`].
    #[cfg(not(tickmetrics_loom))]
    pub(crate) fn label_bytes(&self) -> u64 {
        self.check.label_bytes()
    }

    fn read_entries(&mut self, view: View<'_>) -> Result<(), Damaged> {
        let directory = view.directory();
        if directory.len() <= self.position {
            return Ok(());
        }
        let Some(directory) = directory.get(0..directory.len()) else { return Ok(()) };
        while let Some((entry, next)) = directory::read(&directory, self.position)? {
            let at = self.position;
            self.check.entry(&entry, view.layout()).ok_or(Damaged { at })?;
            self.position = next;
            match entry {
                Entry::ValueSet { set, .. } => {
                    self.sets.insert(set, Arc::new(Values::from_iter([Interner::OTHER])));
                }
                Entry::Value { set, text, .. } => {
                    if let Some(values) = self.sets.get_mut(&set) {
                        Arc::make_mut(values).push(&text);
                    }
                }
                Entry::Metric(metric) => self.add(at, metric, false),
                Entry::Kept { at, metric } => {
                    self.kept.insert(at, metric);
                }
                Entry::Claim { kept, help } => {
                    if let Some(metric) = self.kept.remove(&kept) {
                        self.add(at, directory::Metric { help, ..metric }, true);
                    }
                }
            }
        }
        Ok(())
    }

    /// Sorts, and drops each metric that a later one with the same series takes the place of.
    fn put_in_order(&mut self) {
        let metric = |known: &Known| Arc::clone(&known.about);
        let mut same: Vec<_> = self.metrics.iter().map(metric).collect();
        // Stable: of those that are the same, the last one is the latest.
        same.sort_by(|a, b| a.metric.cmp_identity(&b.metric));
        let replaced =
            same.windows(2).filter(|two| two[0].metric.cmp_identity(&two[1].metric).is_eq());
        let replaced: HashSet<_> = replaced.map(|two| Arc::as_ptr(&two[0])).collect();
        self.metrics.retain(|known| !replaced.contains(&Arc::as_ptr(&known.about)));
        self.metrics.sort_by(|a, b| a.about.metric.name.cmp(&b.about.metric.name));
    }

    fn add(&mut self, entry: usize, metric: directory::Metric, is_resumed: bool) {
        let about = Arc::new(About::of(entry, metric));
        let data = Arc::new(Data::none(about.metric.kind));
        let (exposed, indices) = (Arc::default(), Indices::default());
        self.metrics.push(Known { about, is_resumed, exposed, data, indices });
    }
}

impl Known {
    fn snapshot(
        &mut self,
        view: View<'_>,
        sets: &HashMap<u64, Arc<Values>>,
        budget: &mut Budget,
    ) -> MetricSnapshot {
        let Self { about, is_resumed, exposed, data, indices } = self;
        if Arc::get_mut(data).is_none() {
            *data = Arc::new(Data::none(about.metric.kind));
        }
        let values = about.values(sets);
        indices.clear();
        if let Some(data) = Arc::get_mut(data) {
            merge::metric(view, about, &values, data, indices, budget);
        }
        if exposed.indices != *indices {
            *exposed = Arc::new(Exposed::after(exposed, mem::take(indices), values));
        }
        MetricSnapshot {
            about: Arc::clone(about),
            exposed: Arc::clone(exposed),
            data: Arc::clone(data),
            created: if *is_resumed { 0 } else { view.header(header::STARTED) },
        }
    }
}

impl Dimension {
    fn values(&self, sets: &HashMap<u64, Arc<Values>>) -> Arc<Values> {
        self.fixed.as_ref().or_else(|| sets.get(&self.set)).cloned().unwrap_or_default()
    }

    pub(super) fn is_interned(&self) -> bool {
        self.fixed.is_none()
    }
}

/// Takes up what was interned since the last time.
pub(super) fn push_new_values(
    sets: &mut HashMap<u64, Arc<Values>>,
    interners: &[(u64, &'static Interner)],
) {
    for (set, interner) in interners {
        if let Some(values) = sets.get_mut(set) {
            let new = interner.values_from(values.len());
            new.for_each(|value| Arc::make_mut(values).push(value));
        }
    }
}

impl About {
    /// A metric as the directory has it.
    pub(super) fn of(entry: usize, metric: directory::Metric) -> Self {
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
        metric: directory::Metric,
        scale: Scale,
        shape: Option<Arc<Shape>>,
        dimensions: Vec<Dimension>,
    ) -> Self {
        let constants = metric.constants.iter().map(|(name, _)| name);
        let mut labels = constants.chain(dimensions.iter().map(|dimension| &dimension.name));
        let has_legacy_labels = labels.all(|name| names::is_legacy_label(name));
        Self { entry, metric, scale, shape, dimensions, has_legacy_labels }
    }

    /// The values of each label by now.
    pub(super) fn values(&self, sets: &HashMap<u64, Arc<Values>>) -> Vec<Arc<Values>> {
        self.dimensions.iter().map(|dimension| dimension.values(sets)).collect()
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
