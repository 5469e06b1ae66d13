//! The values that a metric must have for its records, in 128 bits, by DESIGN's section on the
//! limits of numbers. One thread records with a shard of its own, and one without.

use crate::refused::Settings;
use std::collections::BTreeMap;
use tickmetrics::HistogramSnapshot;

/// The threads.
pub const THREADS: usize = 2;

/// Where `record_n` stops to count values of one cell.
const MOST_AT_ONCE: u128 = 1 << 62;
/// Where the counts of a snapshot stop.
const MOST: u128 = (1 << 63) - 1;
/// The sum of values above the maximum has their bits from this one on. Such a sum stops at 2^64 -
/// 1.
const OUTSIDE_BITS: u32 = 16;
/// A sum is exact up to this much in the cells. Beyond that it is the most that they allow.
const EXACT: u128 = 1 << 63;
/// The library may divide by the inverse of a scale, which it rounds to a whole number that is near.
const TOLERANCE: f64 = 2e-12;

/// Whether a quantity in exported units is one of recorded units.
pub fn is_exported(found: f64, recorded: u128, scale: f64) -> bool {
    let wanted = recorded as f64 * scale;
    let slack = if scale == 1.0 { 0.0 } else { wanted.abs() * TOLERANCE + f64::from_bits(2) };
    found == wanted || (found - wanted).abs() <= slack || scale != 1.0 && wanted > 1e308
}

/// A histogram's series.
#[derive(Clone, Debug)]
pub struct Model {
    digits: u32,
    max: u64,
    scale: f64,
    native: Option<i8>,
    edges: Vec<u64>,
    threads: [Cells; THREADS],
    /// Its value at the start of the interval, and whether it had one.
    before: Option<Box<Self>>,
    /// The smallest and the largest value that was offered.
    bounds: Option<(u64, u64)>,
    pub negative: u64,
}

#[derive(Clone, Debug, Default)]
struct Cells {
    /// How many values each cell counts, by its smallest value.
    counts: BTreeMap<u64, u128>,
    /// Those above the maximum, and the sum of their upper bits.
    above: u128,
    above_sum: u64,
    sum: u128,
}

impl Model {
    /// # Panics
    /// Where they are none of a histogram.
    pub fn new(settings: &Settings) -> Self {
        let (digits, max, native, edges) = settings.distribution.clone().expect("a histogram's");
        Self {
            digits: digits.into(),
            max,
            scale: settings.scale,
            native,
            edges,
            threads: Default::default(),
            before: None,
            bounds: None,
            negative: 0,
        }
    }

    pub fn record_n(&mut self, thread: usize, value: u64, n: u64) {
        if n == 0 {
            return;
        }
        let (min, max) = self.bounds.unwrap_or((value, value));
        self.bounds = Some((min.min(value), max.max(value)));
        let lowest = self.lowest(value);
        let cells = &mut self.threads[thread];
        let count = match value > self.max {
            true => &mut cells.above,
            false => cells.counts.entry(lowest).or_default(),
        };
        // A single one is always counted.
        let room = MOST_AT_ONCE.saturating_sub(*count);
        let n = if n == 1 { 1 } else { u128::from(n).min(room) };
        *count += n;
        let sum = u128::from(value) * n;
        cells.sum += sum;
        if value > self.max {
            let upper = u64::try_from(sum >> OUTSIDE_BITS).unwrap_or(u64::MAX);
            cells.above_sum = cells.above_sum.saturating_add(upper);
        }
    }

    /// `HdrHistogram`'s cells: steps of 1 up to twice 10^digits, rounded up to a power of two, and
    /// twice as wide from each power of two on.
    fn width(&self, value: u64) -> u64 {
        let linear = (2 * 10_u64.pow(self.digits)).next_power_of_two();
        1 << (value / linear).checked_ilog2().map_or(0, |doublings| doublings + 1)
    }

    fn lowest(&self, value: u64) -> u64 {
        value - value % self.width(value)
    }

    /// Both threads' counts of each cell.
    fn counts(&self) -> BTreeMap<u64, u128> {
        let mut counts = BTreeMap::new();
        for (&lowest, &count) in self.threads.iter().flat_map(|cells| &cells.counts) {
            *counts.entry(lowest).or_default() += count;
        }
        counts
    }

    fn above(&self) -> u128 {
        self.threads.iter().map(|cells| cells.above).sum()
    }

    /// The least and the most that the cells allow of the sum, and whether all of it is known.
    fn exposed_sum(&self) -> u128 {
        let above_sums = self.threads.iter().map(|cells| cells.above_sum);
        let above_sum = above_sums.fold(0, u64::saturating_add);
        let (mut least, mut most) = (0_u128, 0_u128);
        for (lowest, count) in self.counts() {
            let highest = lowest.saturating_add(self.width(lowest) - 1).min(self.max);
            least += count.min(MOST) * u128::from(lowest);
            most += count.min(MOST) * u128::from(highest);
        }
        let (above, largest) = (self.above().min(MOST), self.bounds.map_or(0, |(_, max)| max));
        let stopped = above_sum == u64::MAX;
        if stopped {
            most = most.saturating_add(above * u128::from(largest));
        } else {
            least += u128::from(above_sum) << OUTSIDE_BITS;
            most += (u128::from(above_sum) + above) << OUTSIDE_BITS;
        }
        let is_known = !stopped && (most - least) / 2 <= EXACT / 2;
        // Of few values the cells are not asked.
        let few = self.count() * u128::from(largest) < EXACT;
        let sum = self.threads.iter().map(|cells| cells.sum).sum();
        if few || is_known { sum } else { most }
    }

    fn count(&self) -> u128 {
        (self.counts().values().sum::<u128>() + self.above()).min(MOST)
    }

    /// Later records belong to the interval.
    pub fn begin_interval(&mut self) {
        self.before = Some(Box::new(self.clone()));
    }

    /// Holds the snapshot of the interval against it. The smallest and the largest value are exact
    /// where none was as small or as large before, and else those of their cells.
    ///
    /// # Panics
    /// Where it has anything else.
    pub fn check_interval(&self, name: &str, quantiles: &[f64], found: &HistogramSnapshot) {
        let before = self.before.as_deref().expect("the interval began");
        let (mut counts, then) = (self.counts(), before.counts());
        if counts.values().chain([&self.above()]).any(|&count| count > MOST) {
            return;
        }
        for (lowest, count) in &mut counts {
            *count -= then.get(lowest).unwrap_or(&0);
        }
        counts.retain(|_, count| *count > 0);
        let above = self.above() - before.above();
        let count = counts.values().sum::<u128>() + above;
        assert_eq!(u128::from(found.count()), count.min(MOST), "{name}: the interval's count");
        if count == 0 {
            assert_eq!((found.min(), found.max(), found.quantile(0.5)), (None, None, None));
            return;
        }
        let (least, most) = self.bounds.expect("there are values");
        let highest = |lowest: u64| lowest.saturating_add(self.width(lowest) - 1).min(self.max);
        let min = match before.bounds {
            Some((earlier, _)) if least >= earlier => {
                let first = counts.keys().next().copied();
                first.unwrap_or_else(|| self.max.saturating_add(1)).max(least)
            }
            _ => least,
        };
        let max = match before.bounds {
            Some((_, earlier)) if most <= earlier => match counts.keys().next_back() {
                Some(&last) if above == 0 => highest(last).min(most),
                _ => most,
            },
            _ => most,
        };
        let same = |what: &str, found: Option<f64>, recorded: u64| {
            let is = found.is_some_and(|found| is_exported(found, recorded.into(), self.scale));
            assert!(is, "{name}: the interval's {what} is {found:?}, not {recorded}, of {self:?}");
        };
        same("smallest", found.min(), min);
        same("largest", found.max(), max);
        if count > MOST {
            return;
        }
        for &rank in quantiles {
            let place = (rank * found.count() as f64).ceil() as u128;
            let mut seen = 0;
            let cell = counts.iter().find(|&(_, count)| {
                seen += count;
                seen >= place
            });
            let value = match cell {
                _ if place <= 1 => min,
                _ if place >= count => max,
                Some((&lowest, _)) => highest(lowest).clamp(min, max),
                None => max,
            };
            same("quantile", found.quantile(rank), value);
        }
    }

    /// Holds a snapshot against it.
    ///
    /// # Panics
    /// Where it has anything else.
    pub fn check(&self, name: &str, found: &HistogramSnapshot) {
        let (counts, count) = (self.counts(), self.count());
        assert_eq!(u128::from(found.count()), count, "{name}: the count");
        assert_eq!(u128::from(found.saturated()), self.above().min(MOST), "{name}: saturated");
        assert_eq!(found.negative(), self.negative, "{name}: negative");
        let same = |what: &str, found: f64, recorded: u128| {
            let is = is_exported(found, recorded, self.scale);
            assert!(is, "{name}: {what} is {found}, not that of {recorded}, of {self:?}");
        };
        // Two threads may have more values in one cell than a snapshot counts.
        if counts.values().chain([&self.above()]).all(|&count| count <= MOST) {
            same("the sum", found.sum(), self.exposed_sum());
        }
        match (self.bounds, found.min(), found.max()) {
            (Some((min, max)), Some(least), Some(most)) => {
                same("the smallest", least, min.into());
                same("the largest", most, max.into());
            }
            (None, None, None) => {}
            other => panic!("{name}: {other:?}"),
        }
        let edges = &self.edges;
        assert_eq!(found.buckets().count(), edges.len(), "{name}: buckets");
        for (bucket, &edge) in found.buckets().zip(edges) {
            same("an edge", bucket.upper, edge.into());
            let below = counts.range(..=edge).map(|(_, count)| count).sum::<u128>();
            assert_eq!(u128::from(bucket.count), below.min(MOST), "{name}: up to {edge}");
        }
        self.check_native(name, found);
    }

    /// <https://prometheus.io/docs/specs/native_histograms/#schema>: bucket `i` is up to
    /// `2^(i * 2^-schema)`, and a cell is in that of its smallest value.
    fn check_native(&self, name: &str, found: &HistogramSnapshot) {
        let Some(schema) = self.native else { return assert!(found.native().is_none()) };
        let native = found.native().expect("it was asked for");
        assert_eq!(native.schema(), schema);
        let mut counts = self.counts();
        if self.above() > 0 {
            // Those count as the one that follows the maximum.
            *counts.entry(self.max.saturating_add(1)).or_default() += self.above();
        }
        let total = counts.values().sum::<u128>();
        let (mut buckets, mut zeros) = (BTreeMap::<i32, u128>::new(), 0);
        for (lowest, count) in counts {
            let exact = (lowest as f64 * self.scale).log2() * f64::from(schema).exp2();
            match lowest {
                0 => zeros = count,
                // Too near to an edge for this arithmetic.
                _ if (exact - exact.round()).abs() < 1e-6 || !exact.is_finite() => return,
                _ => *buckets.entry(exact.ceil() as i32).or_default() += count,
            }
        }
        buckets.retain(|_, count| *count > 0);
        if total <= MOST {
            let found: BTreeMap<_, _> =
                native.buckets().map(|bucket| (bucket.index, u128::from(bucket.count))).collect();
            assert_eq!((found, u128::from(native.zeros())), (buckets, zeros), "{name}: native");
        }
    }
}
