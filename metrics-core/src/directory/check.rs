//! Whether the directory's contents are possible: its words may come from another process's file,
//! which a crash or an attacker can have filled with anything.

use super::entry::{
    Distribution, Entry, MAX_VALUE_BYTES, MetricEntry, OTHER, SetPlace, Source, retired_cells,
};
use super::exposure::Exposure;
use super::kind::Kind;
use super::label_set::{self, OVERFLOW, SetNames};
use crate::bucket::Grid;
use crate::layout::{GAUGE_CELLS, HEAD_CELLS, Layout, UP_DOWN_CELLS};
use crate::names;
use crate::scale::Scale;
use std::collections::{HashMap, HashSet};

/// The most labels of a metric. Readers process them recursively.
pub(crate) const MAX_DIMENSIONS: usize = 128;

/// A summary of the entries so far.
///
/// Cells are handed out in the order of the entries, so the cells of two metrics never overlap.
/// Hence all series together have no more cells than exist, and the size of the segment bounds a
/// reader's memory.
#[derive(Debug, Default)]
pub(crate) struct Check {
    /// The ends of the taken cells, of the shards and shared ones.
    cells: u64,
    shared: u64,
    sets: HashMap<u64, Set>,
    /// The resumed metrics that are not claimed yet, by position.
    resumed: HashMap<u64, Outline>,
    /// The shown metrics, by registry and name.
    shown: HashMap<(u64, String), Shown>,
    /// Bytes of the texts of all labels: see [`Check::label_bytes`].
    label_bytes: u64,
}

/// The properties that metrics of one name must share.
#[derive(Debug)]
struct Outline {
    registry: u64,
    name: String,
    kind: Kind,
    /// The names of the constant labels and of the others, in their order.
    labels: [Vec<String>; 2],
}

#[derive(Debug)]
struct Shown {
    kind: Kind,
    /// By the same names, sorted: two orders of them could make one series.
    labels: HashMap<Vec<String>, [Vec<String>; 2]>,
}

#[derive(Debug)]
struct Set {
    capacity: u32,
    /// The names of the labels, if the values are label sets.
    names: Option<SetNames>,
    values: HashSet<String>,
    /// Their bytes.
    bytes: u64,
    /// The number of labels with them, and the bytes that each of those writes before a value.
    labels: u64,
    before: u64,
}

impl Check {
    /// `None` if this library could not have written the entry after those before it.
    pub(crate) fn entry(&mut self, entry: &Entry, layout: Layout) -> Option<()> {
        match entry {
            Entry::ValueSet { set: SetPlace { number, retired, has_sets }, capacity, .. } => {
                let values = HashSet::new();
                let names = has_sets.then(Default::default);
                let (bytes, labels, before) = (0, 0, 0);
                let empty = Set { capacity: *capacity, names, values, bytes, labels, before };
                self.sets.insert(*number, empty);
                let cells = retired_cells(*capacity) as u64;
                take(&mut self.shared, *retired, cells, layout.shared_words)
            }
            Entry::Value { set, text } => {
                let set = self.sets.get_mut(set)?;
                holds(text.len() <= MAX_VALUE_BYTES)?;
                let bytes = if let Some(names) = &mut set.names {
                    holds(text != OVERFLOW && label_set::is_set(text))?;
                    let pairs = label_set::pairs(text);
                    holds(names.fault(&pairs).is_none())?;
                    names.add(&pairs);
                    let bytes = pairs.map(|(name, value)| names::longest(name) + value.len());
                    bytes.sum::<usize>() as u64
                } else {
                    holds(text != OTHER)?;
                    text.len() as u64
                };
                holds(set.values.insert(text.clone()))?;
                set.bytes += bytes;
                let texts = bytes.saturating_mul(set.labels).saturating_add(set.before);
                self.label_bytes = self.label_bytes.saturating_add(texts);
                holds(set.values.len() <= set.capacity as usize)
            }
            Entry::Metric(metric) => {
                self.metric(metric, layout)?;
                self.show(Outline::of(metric))
            }
            Entry::Resumed { at, metric } => {
                self.resumed.insert(*at, Outline::of(metric));
                self.metric(metric, layout)
            }
            Entry::Claim { resumed, .. } => {
                let outline = self.resumed.remove(resumed)?;
                self.show(outline)
            }
        }
    }

    fn show(&mut self, metric: Outline) -> Option<()> {
        let Outline { registry, name, kind, labels } = metric;
        let same = self.shown.entry((registry, name));
        let same = same.or_insert_with(|| Shown { kind, labels: HashMap::new() });
        let mut sorted = labels.concat();
        sorted.sort_unstable();
        let known = same.labels.entry(sorted).or_insert_with(|| labels.clone());
        holds(same.kind == kind && *known == labels)?;
        // Label sets, whose name is empty, could be those of any other series.
        let mut all = same.labels.keys().flatten();
        holds(same.labels.len() == 1 || !all.any(String::is_empty))
    }

    /// The bytes of the texts of all labels, for each metric with them: a snapshot keeps these
    /// texts ready, each value behind the label's name, the first label's behind the constant ones.
    /// Many metrics can share one value, and each value has the name, so the size of the segment
    /// does not bound it.
    pub(crate) fn label_bytes(&self) -> u64 {
        self.label_bytes
    }

    fn metric(&mut self, metric: &MetricEntry, layout: Layout) -> Option<()> {
        let labels = metric.constants.iter().map(|(name, _)| name);
        let has_sets = self.has_sets(metric)?;
        let named = if has_sets { &[][..] } else { &metric.dimensions[..] };
        let labels = labels.chain(named.iter().map(|(name, _)| name));
        holds(names::fault_of_metric(&metric.name).is_none())?;
        holds(labels.clone().all(|name| names::fault_of_label(name).is_none()))?;
        // A reader exposes no intervals, so their labels are free.
        let reserved = |label: &str| {
            Exposure::of(metric.kind, false, false).any(|series| series.label == Some(label))
        };
        holds(!labels.clone().any(|name| reserved(name)))?;
        holds(labels.clone().count() <= MAX_DIMENSIONS)?;
        holds(names::are_told_apart(&labels.clone().map(String::as_str)))?;
        if has_sets && let [(_, Source::Set { set, .. })] = &metric.dimensions[..] {
            let forms = Exposure::of(metric.kind, false, false).filter_map(|series| series.label);
            let reserved: Vec<&str> = labels.map(String::as_str).chain(forms).collect();
            let set = self.sets.get_mut(set)?;
            if set.labels > 0 {
                // The sets of a later metric are those of an earlier one only if both are one family.
                holds(set.names.as_ref()?.reserved() == reserved)?;
            } else {
                let mut known = SetNames::reserving(&reserved);
                // Those of an earlier run come before the metric.
                for text in &set.values {
                    let pairs = label_set::pairs(text);
                    holds(known.fault(&pairs).is_none())?;
                    known.add(&pairs);
                }
                set.names = Some(known);
            }
        }
        holds(metric.scale > 0.0 && Scale::new(metric.scale).is_usable())?;
        let mut product = 1_u32;
        let constants =
            metric.constants.iter().map(|(name, value)| names::longest(name) + value.len());
        let mut before = constants.sum::<usize>() as u64;
        for (name, source) in &metric.dimensions {
            before += names::longest(name) as u64;
            let (count, values, bytes) = match source {
                Source::Fixed(values) => {
                    let mut known = HashSet::new();
                    holds(values.iter().all(|value| known.insert(value)))?;
                    let bytes = values.iter().map(|value| value.len() as u64).sum();
                    (u32::try_from(values.len()).ok()?, values.len() as u64, bytes)
                }
                Source::Set { set, capacity } => {
                    let set = self.sets.get_mut(set)?;
                    holds(set.capacity == *capacity)?;
                    set.labels += 1;
                    set.before = set.before.saturating_add(before);
                    (capacity.checked_add(1)?, set.values.len() as u64 + 1, set.bytes)
                }
            };
            let texts = bytes.saturating_add(values.saturating_mul(before));
            self.label_bytes = self.label_bytes.saturating_add(texts);
            before = 0;
            product = product.checked_mul(count)?;
        }
        holds(product == metric.series && product > 0)?;

        let series = u64::from(metric.series);
        let in_shards = |check: &mut Self, each: u32| {
            take(&mut check.cells, metric.first, series * u64::from(each), layout.shard_words)
        };
        let shared = |check: &mut Self, first: u32, count: u64| {
            take(&mut check.shared, first, count, layout.shared_words)
        };
        match metric.kind {
            Kind::Counter => in_shards(self, 1)?,
            Kind::UpDownCounter => in_shards(self, UP_DOWN_CELLS)?,
            Kind::Histogram => in_shards(self, HEAD_CELLS)?,
            Kind::Gauge => shared(self, metric.first, series * u64::from(GAUGE_CELLS))?,
            Kind::Summary => return None,
        }
        if let Some(distribution) = &metric.distribution {
            let Distribution { table, max, sigfigs, native, edges, quantiles, .. } = distribution;
            let schemas = Grid::new(*max, *sigfigs)?.native_schemas();
            holds(native.is_none_or(|schema| schemas.contains(&schema)))?;
            holds(edges.is_sorted_by(|a, b| a < b) && edges.last().is_none_or(|edge| edge <= max))?;
            let quantiles: Vec<_> = quantiles.iter().map(|&bits| f64::from_bits(bits)).collect();
            holds(are_quantiles(&quantiles))?;
            shared(self, *table, series)?;
        }
        shared(self, metric.declared, series.div_ceil(64))
    }
}

impl Check {
    /// Whether the series of a metric have label sets. `None` if that is impossible.
    fn has_sets(&self, metric: &MetricEntry) -> Option<bool> {
        let mut has_sets = false;
        for (name, source) in &metric.dimensions {
            let of_sets = match source {
                Source::Fixed(_) => false,
                Source::Set { set, .. } => self.sets.get(set)?.names.is_some(),
            };
            holds(of_sets == name.is_empty())?;
            has_sets |= of_sets;
        }
        holds(!has_sets || metric.dimensions.len() == 1)?;
        Some(has_sets)
    }
}

impl Outline {
    fn of(metric: &MetricEntry) -> Self {
        let constants = metric.constants.iter().map(|(name, _)| name.clone());
        let others = metric.dimensions.iter().map(|(name, _)| name.clone());
        Self {
            registry: metric.registry,
            name: metric.name.clone(),
            kind: metric.kind,
            labels: [constants.collect(), others.collect()],
        }
    }
}

/// Whether these are quantiles to expose: rising, from 0 to 1.
pub(crate) fn are_quantiles(numbers: &[f64]) -> bool {
    numbers.is_sorted_by(|a, b| a < b) && numbers.iter().all(|it| (0.0..=1.0).contains(it))
}

fn holds(condition: bool) -> Option<()> {
    condition.then_some(())
}

/// Takes cells behind the taken ones, out of `of`.
fn take(taken: &mut u64, first: u32, count: u64, of: usize) -> Option<()> {
    let first = u64::from(first);
    let end = first.checked_add(count)?;
    holds(first >= *taken && end <= of as u64)?;
    *taken = end;
    Some(())
}
