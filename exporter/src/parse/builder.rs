//! Puts samples together: families by name, histograms and summaries by labels.

use super::error::Fault;
use super::limits::Limits;
use super::types::{Family, FamilyType, Histogram, Label, Series, Value};
use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

/// The families that are there so far.
pub(super) struct Builder<'a, 'l> {
    pub(super) limits: &'l Limits,
    families: Vec<Open<'a>>,
    by_name: HashMap<Cow<'a, str>, usize>,
    samples: usize,
    native_buckets: usize,
    keys: RandomState,
}

/// A family that gets series.
struct Open<'a> {
    family: Family<'a>,
    index: Index,
}

/// Finds series by their labels and time. Series are added only when one is looked for that is not
/// the latest, so that text whose series are whole is hashed once for each of them.
#[derive(Default)]
struct Index {
    /// The latest series with a hash.
    heads: HashMap<u64, usize>,
    /// For each series, the one before with the same hash.
    before: Vec<Option<usize>>,
}

impl<'a, 'l> Builder<'a, 'l> {
    pub(super) fn new(limits: &'l Limits) -> Self {
        Self {
            limits,
            families: Vec::new(),
            by_name: HashMap::new(),
            samples: 0,
            native_buckets: 0,
            keys: RandomState::new(),
        }
    }

    /// Counts samples.
    pub(super) fn count(&mut self, samples: usize) -> Result<(), Fault> {
        self.samples = self.samples.saturating_add(samples);
        let limit = self.limits.samples;
        if self.samples > limit { Err(Fault::TooMany("samples", limit)) } else { Ok(()) }
    }

    pub(super) fn count_native(&mut self, buckets: usize) -> Result<(), Fault> {
        self.native_buckets = self.native_buckets.saturating_add(buckets);
        let limit = self.limits.native_buckets;
        let is_over = self.native_buckets > limit;
        if is_over { Err(Fault::TooMany("native buckets", limit)) } else { Ok(()) }
    }

    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// The family of a name. It begins now if there is none.
    pub(super) fn family(&mut self, name: Cow<'a, str>) -> Result<usize, Fault> {
        if let Some(at) = self.find(&name) {
            return Ok(at);
        }
        let at = self.add(name.clone())?;
        self.by_name.insert(name, at);
        Ok(at)
    }

    /// A new family, not to be found by its name.
    pub(super) fn add(&mut self, name: Cow<'a, str>) -> Result<usize, Fault> {
        let limit = self.limits.families;
        if self.families.len() >= limit {
            return Err(Fault::TooMany("families", limit));
        }
        let family_type = FamilyType::Unknown;
        let (help, unit, series) = (Cow::default(), Cow::default(), Vec::new());
        let family = Family { name, help, unit, family_type, series };
        self.families.push(Open { family, index: Index::default() });
        Ok(self.families.len() - 1)
    }

    pub(super) fn at(&mut self, family: usize) -> &mut Family<'a> {
        &mut self.families[family].family
    }

    /// Adds a series. The labels are taken out of the vector.
    pub(super) fn push(
        &mut self,
        family: usize,
        labels: &mut Vec<Label<'a>>,
        timestamp_ms: Option<i64>,
        value: Value,
    ) -> &mut Series<'a> {
        let labels = taken(labels);
        let (created, exemplars) = (None, Vec::new());
        let series = &mut self.families[family].family.series;
        let at = series.len();
        series.push(Series { labels, value, timestamp_ms, created, exemplars });
        &mut series[at]
    }

    /// The position of the series with these labels and this time, if there is one.
    pub(super) fn find_series(
        &mut self,
        family: usize,
        labels: &[Label<'a>],
        timestamp_ms: Option<i64>,
    ) -> Option<usize> {
        let Open { family, index } = &mut self.families[family];
        let last = family.series.len().checked_sub(1)?;
        let one = &family.series[last];
        if one.timestamp_ms == timestamp_ms && one.labels == labels {
            return Some(last);
        }
        index.add(&family.series, &self.keys);
        let mut next = index.heads.get(&hash(&self.keys, labels, timestamp_ms)).copied();
        while let Some(at) = next {
            let one = &family.series[at];
            if one.timestamp_ms == timestamp_ms && are_same(&one.labels, labels) {
                break;
            }
            next = index.before[at];
        }
        next
    }

    /// The histogram or summary with these labels and this time. It begins now if there is none.
    pub(super) fn whole(
        &mut self,
        family: usize,
        labels: &mut Vec<Label<'a>>,
        timestamp_ms: Option<i64>,
    ) -> &mut Series<'a> {
        if let Some(at) = self.find_series(family, labels, timestamp_ms) {
            return &mut self.at(family).series[at];
        }
        let value = match self.at(family).family_type {
            FamilyType::Summary => Value::Summary(Box::default()),
            _ => Value::Histogram(Box::new(Histogram::begin())),
        };
        self.push(family, labels, timestamp_ms, value)
    }

    /// The families, with complete histograms.
    pub(super) fn end(self) -> Vec<Family<'a>> {
        let mut families: Vec<_> = self.families.into_iter().map(|open| open.family).collect();
        for series in families.iter_mut().flat_map(|family| &mut family.series) {
            if let Value::Histogram(histogram) = &mut series.value {
                histogram.end();
            }
        }
        families
    }
}

/// All labels, in no more memory than they need.
pub(super) fn taken<'a>(labels: &mut Vec<Label<'a>>) -> Vec<Label<'a>> {
    let mut all = Vec::with_capacity(labels.len());
    all.append(labels);
    all
}

impl Index {
    /// Adds the series that are not in it yet.
    fn add(&mut self, series: &[Series<'_>], keys: &RandomState) {
        for (at, one) in series.iter().enumerate().skip(self.before.len()) {
            let before = self.heads.insert(hash(keys, &one.labels, one.timestamp_ms), at);
            self.before.push(before);
        }
    }
}

/// Labels in another order have the same hash.
fn hash(keys: &RandomState, labels: &[Label<'_>], timestamp_ms: Option<i64>) -> u64 {
    let labels = labels.iter().map(|label| keys.hash_one(label));
    labels.fold(keys.hash_one(timestamp_ms), u64::wrapping_add)
}

/// Whether the labels are the same in any order. No name is there twice.
fn are_same(a: &[Label<'_>], b: &[Label<'_>]) -> bool {
    if a.len() != b.len() || a == b {
        return a.len() == b.len();
    }
    let sorted = |labels: &[Label<'_>]| {
        let mut order: Vec<usize> = (0..labels.len()).collect();
        order.sort_unstable_by(|&one, &other| labels[one].0.cmp(&labels[other].0));
        order
    };
    sorted(a).into_iter().zip(sorted(b)).all(|(of_a, of_b)| a[of_a] == b[of_b])
}

impl Histogram {
    /// Without a count yet.
    pub(super) fn begin() -> Self {
        Self { count: f64::NAN, sum: None, buckets: Vec::new(), native: None }
    }

    /// Brings the buckets into order, and completes them and the count.
    pub(super) fn end(&mut self) {
        let Self { count, buckets, native, .. } = self;
        if !buckets.is_sorted_by(|a, b| a.0 < b.0) {
            buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
            // Of a bucket that is there twice, Prometheus takes the first.
            buckets.dedup_by(|next, first| next.0 == first.0);
        }
        if count.is_nan() {
            *count = buckets.last().map_or(0.0, |last| last.1);
        }
        let is_whole = buckets.last().is_some_and(|last| last.0 == f64::INFINITY);
        if !is_whole && (native.is_none() || !buckets.is_empty()) {
            buckets.push((f64::INFINITY, *count));
        }
        buckets.shrink_to_fit();
    }
}
