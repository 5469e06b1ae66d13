//! The contents of a file's metrics, read a second time: the cells of each series, and their
//! values. It is written from the drawings in `metrics-core/src/layout.rs` and `directory/mod.rs`.

use crate::Words;
use std::collections::BTreeMap;
use tickmetrics::{HistogramSnapshot, Series, Snapshot, Value};

const HEADER_WORDS: u64 = 32;
/// Parts begin at multiples of it.
const PART_WORDS: u64 = 8192;
const NO_SET: u64 = u64::MAX;
/// Series of a family whose values are looked up.
const LOOKED_UP: usize = 50;
/// Ways to read a series' labels, where a damaged directory has values twice.
const WAYS: usize = 64;
/// Series of a metric that are counted.
const MANY: u64 = 2048;
/// More shards than the words of the base segment can be: those behind them are holes.
const SHARDS: u64 = 16;

/// The cells of a file.
pub struct Cells<'a, W: Words> {
    file: &'a W,
    sizes: Sizes,
    /// The values of interned labels.
    sets: BTreeMap<u64, Vec<String>>,
    /// The first of the shared cells with a bit for each value that is retired.
    retired: BTreeMap<u64, u64>,
    /// By name.
    metrics: BTreeMap<String, Vec<Metric>>,
}

/// The header's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    directory_words: u64,
    shared_words: u64,
    shard_words: u64,
    shards: u64,
}

struct Metric {
    kind: u64,
    first: u64,
    series: u64,
    /// The shared cells with a bit for each series that is shown untouched.
    declared: u64,
    scale: f64,
    constants: Vec<(String, String)>,
    /// Each with the number of its series, and the values that are known.
    labels: Vec<(String, u64, Values)>,
    /// Table, maximum and digits of a histogram.
    distribution: Option<[u64; 3]>,
}

enum Values {
    Fixed(Vec<String>),
    Set(u64),
}

impl Values {
    fn known<'a>(&'a self, sets: &'a BTreeMap<u64, Vec<String>>) -> &'a [String] {
        match self {
            Self::Fixed(values) => values,
            Self::Set(set) => sets.get(set).map_or(&[], |values| values),
        }
    }
}

impl Sizes {
    pub fn of(file: &impl Words) -> Self {
        Self {
            directory_words: file.get(3),
            shared_words: file.get(4),
            shard_words: file.get(5),
            shards: file.get(6),
        }
    }

    fn directory(self) -> u64 {
        HEADER_WORDS.saturating_add(self.shards).saturating_add(PART_WORDS - 1) / PART_WORDS
            * PART_WORDS
    }

    fn shared(self) -> u64 {
        self.directory().saturating_add(self.directory_words)
    }

    fn shard(self, shard: u64) -> u64 {
        let start = self.shared().saturating_add(self.shared_words);
        start.saturating_add(shard.saturating_mul(self.shard_words))
    }

    /// Whether there are no more series in a snapshot than these cells are enough for.
    pub fn are_enough(self, snapshot: &Snapshot) {
        let (mut in_shards, mut shared) = (0_u64, 0_u64);
        for series in snapshot.families().flat_map(|family| family.series()) {
            match series.value() {
                Value::Counter(_) | Value::Quantity(_) => in_shards += 1,
                Value::UpDown(_) => in_shards += 2,
                Value::Histogram(_) => in_shards += 8,
                Value::Gauge(_) => shared += 8,
                other => panic!("{other:?}"),
            }
        }
        let (shards, all) = (self.shard_words, self.shared_words);
        assert!(in_shards <= shards, "the series take {in_shards} cells of {shards}");
        assert!(shared <= all, "the gauges take {shared} cells of {all}");
    }
}

/// The words of one entry of the directory.
struct Entry<'a, W: Words> {
    file: &'a W,
    at: u64,
    end: u64,
}

impl<W: Words> Entry<'_, W> {
    fn word(&mut self) -> Option<u64> {
        let at = self.at;
        self.at += 1;
        (at < self.end).then(|| self.file.get(at as usize))
    }

    fn text(&mut self) -> Option<String> {
        let bytes = usize::try_from(self.word()?).ok()?;
        if bytes as u64 > (self.end - self.at) * 8 {
            return None;
        }
        let mut text = Vec::new();
        for _ in 0..bytes.div_ceil(8) {
            text.extend(self.word()?.to_le_bytes());
        }
        text.truncate(bytes);
        String::from_utf8(text).ok()
    }

    fn metric(&mut self) -> Option<(String, Metric)> {
        let [_, kind, first, series, declared, scale] = [(); 6].map(|()| self.word());
        let (name, _help, _unit) = (self.text()?, self.text()?, self.text()?);
        let mut constants = Vec::new();
        for _ in 0..self.word()? {
            constants.push((self.text()?, self.text()?));
        }
        let mut labels = Vec::new();
        for _ in 0..self.word()? {
            let name = self.text()?;
            let (set, count) = (self.word()?, self.word()?);
            labels.push(if set == NO_SET {
                let values: Option<Vec<_>> = (0..count).map(|_| self.text()).collect();
                (name, count, Values::Fixed(values?))
            } else {
                (name, count.checked_add(1)?, Values::Set(set))
            });
        }
        let kind = kind?;
        let distribution = match kind {
            4 => Some([self.word()?, self.word()?, self.word()?]),
            _ => None,
        };
        let (first, series, declared) = (first?, series?, declared?);
        let scale = f64::from_bits(scale?);
        Some((
            name,
            Metric { kind, first, series, declared, scale, constants, labels, distribution },
        ))
    }
}

impl<'a, W: Words> Cells<'a, W> {
    /// Reads the directory as far as it can be read.
    pub fn read(file: &'a W) -> Self {
        let sizes = Sizes::of(file);
        let mut metrics = BTreeMap::<String, Vec<Metric>>::new();
        let mut sets = BTreeMap::<u64, Vec<String>>::new();
        let mut retired = BTreeMap::new();
        let start = sizes.directory();
        let end = start.saturating_add(file.get(8).min(sizes.directory_words));
        let mut at = start;
        while at < end {
            let head = file.get(at as usize);
            let next = at + (head & u64::from(u32::MAX));
            let mut entry = Entry { file, at: at + 1, end: next.min(end) };
            match head >> 32 {
                // `other` is 0, or the label set that stands for all others.
                1 => {
                    let [first, _capacity, form] = [(); 3].map(|()| entry.word());
                    let other = if form == Some(1) {
                        label_set(&[("otel_metric_overflow", "true")])
                    } else {
                        "other".into()
                    };
                    sets.insert(at - start, vec![other]);
                    retired.extend(first.map(|first| (at - start, first)));
                }
                2 => {
                    let (Some(set), Some(text)) = (entry.word(), entry.text()) else { break };
                    sets.entry(set).or_default().push(text);
                }
                // Also of an earlier run: which of them is claimed is not asked for here.
                3 | 4 => {
                    let Some((name, metric)) = entry.metric() else { break };
                    metrics.entry(name).or_default().push(metric);
                }
                5 => {}
                _ => break,
            }
            if next == at {
                break;
            }
            at = next;
        }
        Self { file, sizes, sets, retired, metrics }
    }

    /// Holds a snapshot against it: each value is that of cells which a metric of that name has for
    /// these labels.
    pub fn check(&self, snapshot: &Snapshot) {
        self.sizes.are_enough(snapshot);
        self.are_apart();
        for family in snapshot.families() {
            let metrics = self.metrics.get(family.name()).map_or(&[][..], |all| all);
            assert!(!metrics.is_empty(), "{} is not in the directory", family.name());
            if let [metric] = metrics
                && let Some(exposed) = self.exposed(metric)
            {
                assert_eq!(family.series_count() as u64, exposed, "series of {}", family.name());
            }
            for series in family.series().take(LOOKED_UP) {
                let labels: Vec<_> = series.labels().collect();
                let mut is_known = false;
                for metric in metrics {
                    let Some(indices) = metric.indices(&labels, &self.sets) else { return };
                    is_known |= indices.into_iter().any(|index| self.is(metric, index, series));
                }
                let (name, value) = (family.name(), series.value());
                assert!(is_known, "no cells of {name}{labels:?} hold {value:?}");
            }
        }
    }

    /// No cell is two metrics', and each has as many series as its labels' values are combined.
    fn are_apart(&self) {
        let (mut in_shards, mut shared) = (Vec::new(), Vec::new());
        for (name, metric) in
            self.metrics.iter().flat_map(|(name, all)| all.iter().map(move |one| (name, one)))
        {
            let counts = metric.labels.iter().map(|&(_, count, _)| u128::from(count));
            assert_eq!(counts.product::<u128>(), metric.series.into(), "series of {name}");
            let is_scale = metric.scale > 0.0 && metric.scale.recip().is_normal();
            assert!(is_scale, "{name} has the scale {}", metric.scale);
            let cells = match metric.kind {
                1 => metric.series,
                2 => 2 * metric.series,
                _ => 8 * metric.series,
            };
            let part = if metric.kind == 3 { &mut shared } else { &mut in_shards };
            part.push((metric.first, metric.first + cells, name));
        }
        for part in [&mut in_shards, &mut shared] {
            part.sort_unstable();
            let first_two = part.windows(2).find(|two| two[0].1 > two[1].0);
            assert!(first_two.is_none(), "{first_two:?} have cells in common");
        }
    }

    /// How many series of a metric are exposed: all that there can be, or of interned labels those
    /// that were touched or declared, without a retired value. `None` where that takes long, or it is a histogram.
    fn exposed(&self, metric: &Metric) -> Option<u64> {
        let is_interned =
            metric.labels.iter().any(|(_, _, values)| matches!(values, Values::Set(_)));
        if metric.series > MANY || metric.kind == 4 || !is_interned {
            return (!is_interned).then_some(metric.series);
        }
        let exposed = (0..metric.series).filter(|&index| {
            let mut rest = index;
            let is_live = metric.labels.iter().rev().all(|(_, count, values)| {
                let digit = rest % count;
                rest /= count;
                digit < values.known(&self.sets).len() as u64 && !self.is_retired(values, digit)
            });
            let sum = |cell: u64| self.column(cell).fold(0, u64::wrapping_add);
            let first = metric.first;
            let is_touched = match metric.kind {
                // Of counters with more than 64 bits, the lower ones can all be zeros.
                1 => self.column(first + index).any(|count| count != 0),
                2 => sum(first + 2 * index) != 0 || sum(first + 2 * index + 1) != 0,
                _ => self.shared(first + 8 * index) != 0,
            };
            let is_declared = self.shared(metric.declared + index / 64) >> (index % 64) & 1 == 1;
            is_live && (is_touched || is_declared)
        });
        Some(exposed.count() as u64)
    }

    /// Whether a value of a label is retired, which `other` never is.
    fn is_retired(&self, values: &Values, digit: u64) -> bool {
        let Values::Set(set) = values else { return false };
        let first = self.retired.get(set).copied().unwrap_or(0);
        digit > 0 && self.shared(first.saturating_add(digit / 64)) >> (digit % 64) & 1 == 1
    }

    /// Whether a series of a metric has this value.
    fn is(&self, metric: &Metric, index: u64, series: Series<'_>) -> bool {
        let Metric { kind, first, series: all, scale, .. } = *metric;
        if index >= all {
            return false;
        }
        let sum = |cell: u64| self.column(cell).map(u128::from).sum::<u128>();
        let wrapped = |cell: u64| self.column(cell).fold(0, u64::wrapping_add);
        match (kind, series.value()) {
            (1, Value::Counter(value)) => u128::from(value) == sum(first + index),
            (1, Value::Quantity(value)) => {
                let wanted = sum(first + index) as f64 * scale;
                let slack = wanted.abs() * 1e-9 + f64::from_bits(1);
                value == wanted || (value - wanted).abs() <= slack || !wanted.is_finite()
            }
            (2, Value::UpDown(value)) => {
                let cell = first + 2 * index;
                value == wrapped(cell).wrapping_sub(wrapped(cell + 1)).cast_signed()
            }
            (3, Value::Gauge(value)) => gauge(self.shared(first + 8 * index)) == value.to_bits(),
            (4, Value::Histogram(value)) => self.is_histogram(metric, index, value),
            _ => false,
        }
    }

    fn is_histogram(&self, metric: &Metric, index: u64, value: &HistogramSnapshot) -> bool {
        let Some([table, max, digits]) = metric.distribution else { return false };
        let start = self.shared(table.saturating_add(index));
        let negative = self.column(metric.first + 8 * index + 3).map(u128::from).sum::<u128>();
        let negative = negative.min((1 << 63) - 1);
        u128::from(value.negative()) == negative
            && value.cells().all(|(lowest, _, count)| {
                // The reader skips the cells outside of a shard's bounds.
                let cell = start.saturating_add(cell_of(lowest, max, digits));
                let mut sums = vec![0_u128];
                for one in self.column(cell) {
                    let with: Vec<_> = sums.iter().map(|sum| sum + u128::from(one)).collect();
                    sums.extend(with);
                    sums.sort_unstable();
                    sums.dedup();
                }
                let most = (1_u128 << 63) - 1;
                sums.iter().any(|&sum| sum == count.into() || sum.min(most) == count.into())
            })
    }

    /// A cell in each shard that there is.
    fn column(&self, cell: u64) -> impl Iterator<Item = u64> {
        let seen = self.file.get(17).min(self.sizes.shards).min(SHARDS);
        (0..seen).map(move |shard| self.word(self.sizes.shard(shard).saturating_add(cell)))
    }

    fn shared(&self, cell: u64) -> u64 {
        self.word(self.sizes.shared().saturating_add(cell))
    }

    fn word(&self, at: u64) -> u64 {
        usize::try_from(at).map_or(0, |at| self.file.get(at))
    }
}

impl Metric {
    /// The series that these labels can be of. `None` where there are too many ways to read them.
    fn indices(
        &self,
        labels: &[(&str, &str)],
        sets: &BTreeMap<u64, Vec<String>>,
    ) -> Option<Vec<u64>> {
        let (constants, others) = labels.split_at(self.constants.len().min(labels.len()));
        let same = constants
            .iter()
            .copied()
            .eq(self.constants.iter().map(|(name, value)| (&**name, &**value)));
        if let [(name, _, Values::Set(set))] = &self.labels[..]
            && name.is_empty()
        {
            let set = sets.get(set)?.iter().position(|one| *one == label_set(others));
            return Some(set.filter(|_| same).map(|index| index as u64).into_iter().collect());
        }
        if !same || others.len() != self.labels.len() {
            return Some(Vec::new());
        }
        let mut indices = vec![0_u64];
        for ((name, count, values), &(its, value)) in self.labels.iter().zip(others) {
            let values = values.known(sets);
            let digits = values.iter().enumerate().filter(|(_, one)| name == its && *one == value);
            let digits: Vec<_> = digits.map(|(digit, _)| digit as u64).take(WAYS).collect();
            let of = |index: u64| {
                digits.iter().map(move |digit| index.wrapping_mul(*count).wrapping_add(*digit))
            };
            indices = indices.into_iter().flat_map(of).collect();
            if indices.len() >= WAYS {
                return None;
            }
        }
        Some(indices)
    }
}

/// The text of a label set: each name and value behind its length, of seven bits to a character.
fn label_set(labels: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for part in labels.iter().flat_map(|&(name, value)| [name, value]) {
        text.extend([part.len() & 127, part.len() >> 7].map(|bits| char::from(bits as u8)));
        text.push_str(part);
    }
    text
}

/// `HdrHistogram`'s numbers of cells: steps of 1 up to twice 10^digits, rounded up to a power of
/// two, and half as many for each doubling after that. One more cell counts the values above the
/// maximum.
fn cell_of(value: u64, max: u64, digits: u64) -> u64 {
    if value > max {
        return cell_of(max, max, digits) + 1;
    }
    let linear = match digits {
        1 => 5,
        2 => 8,
        _ => 11,
    };
    let shift = (u64::BITS - value.leading_zeros()).saturating_sub(linear);
    (u64::from(shift) << (linear - 1)) + (value >> shift)
}

/// The bits of a gauge's value: a cell of 0 was never set, and reads 0.
fn gauge(cell: u64) -> u64 {
    const UNSET: u64 = 0x7ff4_7469_636b_6d74;
    if cell == 0 { 0 } else { cell ^ UNSET }
}
