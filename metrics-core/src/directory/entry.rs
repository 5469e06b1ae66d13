//! The entries, written and read back.

use super::kind::Kind;
use crate::sync::{AtomicU64, Relaxed};
use std::cmp::Ordering;
use std::fmt;

const VALUE_SET: u64 = 1;
const VALUE: u64 = 2;
const METRIC: u64 = 3;
const RESUMED: u64 = 4;
const CLAIM: u64 = 5;
/// In place of a set: the values follow.
const NO_SET: u64 = u64::MAX;

/// The value of an interned label for all that did not fit. It has no entry.
pub(crate) const OTHER: &str = "other";
/// The most bytes of an interned value.
pub(crate) const MAX_VALUE_BYTES: usize = 1024;
/// Words of the entries of the longest value, and of the shortest.
pub(crate) const MAX_VALUE_WORDS: usize = 3 + MAX_VALUE_BYTES.div_ceil(8);
pub(crate) const MIN_VALUE_WORDS: usize = 3;

/// Makes any schema more than 0.
const NATIVE: i64 = 1 << 8;

/// The place of an interned label's values in the segment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SetPlace {
    /// The number of the set: the position of its entry.
    pub(crate) number: u64,
    /// The first of the shared cells with a bit for each value, which is set while the value is
    /// retired.
    pub(crate) retired: u32,
    /// Whether the values are label sets.
    pub(crate) has_sets: bool,
}

/// Shared cells with a bit for each value of a set, `other` included.
pub(crate) fn retired_cells(capacity: u32) -> usize {
    capacity as usize / 64 + 1
}

/// An entry, read back.
#[derive(Debug)]
pub(crate) enum Entry {
    ValueSet {
        set: SetPlace,
        capacity: u32,
        identity: String,
    },
    Value {
        set: u64,
        text: String,
    },
    Metric(MetricEntry),
    /// The metric of an earlier run. Readers show it once it is claimed.
    Resumed {
        at: u64,
        metric: MetricEntry,
    },
    Claim {
        resumed: u64,
        help: String,
    },
}

/// A metric, as read from its entry.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MetricEntry {
    /// The number of its registry in the process.
    pub(crate) registry: u64,
    pub(crate) kind: Kind,
    /// The first cell: in each shard, or shared for a gauge. A histogram's first head.
    pub(crate) first: u32,
    pub(crate) series: u32,
    /// The shared cells with one bit for each series that is exposed even if it was never touched.
    pub(crate) declared: u32,
    /// Exported units in a recorded one.
    pub(crate) scale: f64,
    pub(crate) name: String,
    pub(crate) help: String,
    pub(crate) unit: String,
    pub(crate) constants: Vec<(String, String)>,
    pub(crate) dimensions: Vec<(String, Source)>,
    /// For histograms.
    pub(crate) distribution: Option<Distribution>,
}

impl MetricEntry {
    /// Compares the properties that distinguish metrics: registry, name and labels.
    pub(crate) fn cmp_identity(&self, other: &Self) -> Ordering {
        fn labels(metric: &MetricEntry) -> impl Iterator<Item = &String> {
            metric.dimensions.iter().map(|(name, _)| name)
        }
        let of_names = (&self.name, self.registry, &self.constants).cmp(&(
            &other.name,
            other.registry,
            &other.constants,
        ));
        of_names.then_with(|| labels(self).cmp(labels(other)))
    }
}

/// The source of a dimension's values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Fixed(Vec<String>),
    /// The values of a set, which has this capacity, and `other`.
    Set {
        set: u64,
        capacity: u32,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Distribution {
    /// The shared cells with the first cell of each series, or 0 before it has one.
    pub(crate) table: u32,
    pub(crate) max: u64,
    pub(crate) sigfigs: u8,
    /// The schema of its native buckets, if it has any.
    pub(crate) native: Option<i8>,
    /// Upper edges of the exposed buckets, in recorded units.
    pub(crate) edges: Vec<u64>,
    /// Whether smallest and largest value of an interval are exposed.
    pub(crate) extremes: bool,
    /// Bits of the quantiles of an interval that are exposed.
    pub(crate) quantiles: Vec<u64>,
}

/// The entry of an empty set of values for an interned label.
pub(crate) fn value_set(identity: &str, retired: u32, capacity: u32, has_sets: bool) -> Vec<u64> {
    let mut words = vec![u64::from(retired), u64::from(capacity), u64::from(has_sets)];
    push_text(&mut words, identity);
    entry(VALUE_SET, words)
}

/// The entry of a value of a set.
pub(crate) fn value(set: u64, text: &str) -> Vec<u64> {
    let mut words = vec![set];
    push_text(&mut words, text);
    entry(VALUE, words)
}

/// The entry of a metric.
pub(crate) fn metric(metric: &MetricEntry) -> Vec<u64> {
    entry(METRIC, metric_words(metric))
}

/// The entry of a metric of an earlier run.
pub(crate) fn resumed(metric: &MetricEntry) -> Vec<u64> {
    entry(RESUMED, metric_words(metric))
}

/// The entry that records that the metric of an earlier run at `resumed` is registered in this one.
pub(crate) fn claim(resumed: u64, help: &str) -> Vec<u64> {
    let mut words = vec![resumed];
    push_text(&mut words, help);
    entry(CLAIM, words)
}

fn metric_words(metric: &MetricEntry) -> Vec<u64> {
    let mut words = vec![
        metric.registry,
        metric.kind as u64,
        u64::from(metric.first),
        u64::from(metric.series),
        u64::from(metric.declared),
        metric.scale.to_bits(),
    ];
    for text in [&metric.name, &metric.help, &metric.unit] {
        push_text(&mut words, text);
    }
    words.push(metric.constants.len() as u64);
    for (name, value) in &metric.constants {
        push_text(&mut words, name);
        push_text(&mut words, value);
    }
    words.push(metric.dimensions.len() as u64);
    for (name, source) in &metric.dimensions {
        push_text(&mut words, name);
        match source {
            Source::Set { set, capacity } => words.extend([*set, u64::from(*capacity)]),
            Source::Fixed(values) => {
                words.extend([NO_SET, values.len() as u64]);
                for value in values {
                    push_text(&mut words, value);
                }
            }
        }
    }
    if let Some(distribution) = &metric.distribution {
        words.extend([u64::from(distribution.table), distribution.max]);
        let native = distribution.native.map_or(0, |schema| NATIVE + i64::from(schema));
        words.extend([u64::from(distribution.sigfigs), native.cast_unsigned()]);
        words.push(distribution.edges.len() as u64);
        words.extend(&distribution.edges);
        words.extend([u64::from(distribution.extremes), distribution.quantiles.len() as u64]);
        words.extend(&distribution.quantiles);
    }
    words
}

fn entry(kind: u64, mut words: Vec<u64>) -> Vec<u64> {
    words.insert(0, kind << 32 | (words.len() as u64 + 1));
    words
}

fn push_text(words: &mut Vec<u64>, text: &str) {
    words.push(text.len() as u64);
    words.extend(
        text.as_bytes()
            .chunks(8)
            .map(|chunk| chunk.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte))),
    );
}

/// An invalid entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Damaged {
    /// The word of the directory where reading stopped.
    pub(crate) at: usize,
}

impl fmt::Display for Damaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the segment's directory is damaged at word {}", self.at)
    }
}

/// Reads the entry at word `at` and returns it with the position of the next one; `None` at the
/// end. An entry of an unknown kind is damage.
pub(crate) fn read(directory: &[AtomicU64], at: usize) -> Result<Option<(Entry, usize)>, Damaged> {
    // Relaxed loads in here: the length of `directory` was read with Acquire.
    let Some(head) = directory.get(at).map(|word| word.load(Relaxed)) else { return Ok(None) };
    let words = usize::try_from(head & u64::from(u32::MAX)).unwrap_or(0);
    let end = at.checked_add(words).filter(|&end| words > 0 && end <= directory.len());
    let end = end.ok_or(Damaged { at })?;
    let mut from = Cursor { words: &directory[..end], at: at + 1 };
    let entry = match head >> 32 {
        VALUE_SET => from.value_set(at as u64),
        VALUE => from.value(),
        METRIC => from.metric().map(Entry::Metric),
        RESUMED => from.metric().map(|metric| Entry::Resumed { at: at as u64, metric }),
        CLAIM => from.claim(),
        _ => None,
    };
    match entry {
        Some(entry) if from.at == end => Ok(Some((entry, end))),
        _ => Err(Damaged { at: from.at.min(end) }),
    }
}

/// Reads the fields of one entry. `None` if the entry ends too early or a field is out of range.
struct Cursor<'a> {
    words: &'a [AtomicU64],
    at: usize,
}

impl Cursor<'_> {
    fn word(&mut self) -> Option<u64> {
        let word = self.words.get(self.at)?.load(Relaxed);
        self.at += 1;
        Some(word)
    }

    fn small<T: TryFrom<u64>>(&mut self) -> Option<T> {
        T::try_from(self.word()?).ok()
    }

    fn flag(&mut self) -> Option<bool> {
        match self.word()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    /// A count of items of at least one word each, so that a damaged count can't demand more memory
    /// than the entry has.
    fn count(&mut self) -> Option<usize> {
        let count: usize = self.small()?;
        (count <= self.words.len() - self.at).then_some(count)
    }

    fn text(&mut self) -> Option<String> {
        let bytes: usize = self.small()?;
        let words = self.words.get(self.at..self.at.checked_add(bytes.div_ceil(8))?)?;
        self.at += words.len();
        let mut text: Vec<u8> =
            words.iter().flat_map(|word| word.load(Relaxed).to_le_bytes()).collect();
        text.truncate(bytes);
        String::from_utf8(text).ok()
    }

    fn list<T>(&mut self, item: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = self.count()?;
        (0..count).map(|_| item(self)).collect()
    }

    fn value_set(&mut self, number: u64) -> Option<Entry> {
        let (retired, capacity) = (self.small()?, self.small()?);
        let has_sets = self.flag()?;
        let set = SetPlace { number, retired, has_sets };
        Some(Entry::ValueSet { set, capacity, identity: self.text()? })
    }

    fn value(&mut self) -> Option<Entry> {
        Some(Entry::Value { set: self.word()?, text: self.text()? })
    }

    fn claim(&mut self) -> Option<Entry> {
        Some(Entry::Claim { resumed: self.word()?, help: self.text()? })
    }

    fn metric(&mut self) -> Option<MetricEntry> {
        let registry = self.word()?;
        let kind = Kind::from_number(self.word()?)?;
        Some(MetricEntry {
            registry,
            kind,
            first: self.small()?,
            series: self.small()?,
            declared: self.small()?,
            scale: f64::from_bits(self.word()?),
            name: self.text()?,
            help: self.text()?,
            unit: self.text()?,
            constants: self.list(|from| Some((from.text()?, from.text()?)))?,
            dimensions: self.list(|from| Some((from.text()?, from.source()?)))?,
            distribution: match kind {
                Kind::Histogram => Some(self.distribution()?),
                _ => None,
            },
        })
    }

    fn source(&mut self) -> Option<Source> {
        match self.word()? {
            NO_SET => self.list(Self::text).map(Source::Fixed),
            set => Some(Source::Set { set, capacity: self.small()? }),
        }
    }

    fn distribution(&mut self) -> Option<Distribution> {
        Some(Distribution {
            table: self.small()?,
            max: self.word()?,
            sigfigs: self.small()?,
            native: match self.small()? {
                0 => None,
                schema => Some(i8::try_from(i64::checked_sub(schema, NATIVE)?).ok()?),
            },
            edges: self.list(Self::word)?,
            extremes: self.flag()?,
            quantiles: self.list(Self::word)?,
        })
    }
}
