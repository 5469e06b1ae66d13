//! What is known of the values and labels of an expression's result.

use crate::catalogue::Sample;
use std::collections::BTreeSet;

/// What is known of a result.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Facts<'a> {
    pub(super) nature: Nature,
    /// The metric that the value is of, or was computed of alone.
    pub(super) sample: Option<Sample<'a>>,
    pub(super) labels: Labels,
    pub(super) bounds: Bounds,
    /// The unit of the value; `None` if it is not known.
    pub(super) unit: Option<&'a str>,
    /// Whether it is a quantile of classic buckets.
    pub(super) is_quantile: bool,
    /// Whether counters were added up.
    pub(super) is_sum: bool,
    /// Whether it was multiplied, shifted and the like.
    pub(super) is_scaled: bool,
    /// Whether it is one number and not a vector.
    pub(super) is_scalar: bool,
    /// The declared maximum of the values that it is a mean, a quantile or one of.
    pub(super) declared_max: Option<f64>,
}

/// How a value moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nature {
    /// It grows from the start of a process: a counter.
    Total,
    /// It is the growth of one: a rate or an increase.
    Growth,
    /// It rises and falls.
    Level,
    Unknown,
}

/// The least and the most that a value can be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bounds {
    pub(super) low: f64,
    pub(super) high: f64,
}

/// Labels of a result.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Labels {
    /// Every series has these.
    certain: BTreeSet<String>,
    /// Some series may have these.
    possible: BTreeSet<String>,
    /// Whether there may be any other.
    is_open: bool,
}

/// Whether a label is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Has {
    Yes,
    No,
    Maybe,
}

impl Facts<'_> {
    pub(super) fn unknown() -> Self {
        Self {
            nature: Nature::Unknown,
            sample: None,
            labels: Labels::any(),
            bounds: Bounds::ANY,
            unit: None,
            is_quantile: false,
            is_sum: false,
            is_scaled: false,
            is_scalar: false,
            declared_max: None,
        }
    }

    /// One number.
    pub(super) fn scalar(bounds: Bounds) -> Self {
        Self { labels: Labels::default(), bounds, is_scalar: true, ..Self::unknown() }
    }

    /// Whether both are of the same series.
    pub(super) fn is_of_same(&self, other: &Self) -> bool {
        self.sample.zip(other.sample).is_some_and(|(one, other)| {
            one.part == other.part && std::ptr::eq(one.family, other.family)
        })
    }

    /// A vector about which only these are known.
    pub(super) fn vector(labels: Labels, bounds: Bounds) -> Self {
        Self { labels, bounds, ..Self::unknown() }
    }
}

impl Bounds {
    pub(super) const ANY: Self = Self { low: f64::NEG_INFINITY, high: f64::INFINITY };
    pub(super) const POSITIVE: Self = Self { low: 0.0, high: f64::INFINITY };
    pub(super) const FRACTION: Self = Self { low: 0.0, high: 1.0 };

    pub(super) fn exactly(value: f64) -> Self {
        Self { low: value, high: value }
    }

    /// The one value that there is.
    pub(super) fn single(self) -> Option<f64> {
        (self.low == self.high).then_some(self.low)
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self { low: self.low.max(other.low), high: self.high.min(other.high) }
    }

    pub(super) fn or(self, other: Self) -> Self {
        Self { low: self.low.min(other.low), high: self.high.max(other.high) }
    }

    pub(super) fn is_empty(self) -> bool {
        self.low > self.high
    }

    pub(super) fn is_positive(self) -> bool {
        self.low >= 0.0
    }

    /// The bounds of an operation that is monotone in each operand, from its corners.
    pub(super) fn of_corners(self, other: Self, of: impl Fn(f64, f64) -> f64) -> Self {
        let corners = [
            of(self.low, other.low),
            of(self.low, other.high),
            of(self.high, other.low),
            of(self.high, other.high),
        ];
        if corners.iter().any(|corner| corner.is_nan()) {
            return Self::ANY;
        }
        Self {
            low: corners.iter().copied().fold(f64::INFINITY, f64::min),
            high: corners.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        }
    }
}

impl Labels {
    /// Nothing is known.
    pub(super) fn any() -> Self {
        Self { is_open: true, ..Self::default() }
    }

    pub(super) fn of(names: impl IntoIterator<Item = String>) -> Self {
        Self { certain: names.into_iter().collect(), ..Self::default() }
    }

    /// There may be others.
    pub(super) fn open(&mut self) {
        self.is_open = true;
    }

    pub(super) fn has(&self, name: &str) -> Has {
        if self.certain.contains(name) {
            Has::Yes
        } else if self.is_open || self.possible.contains(name) {
            Has::Maybe
        } else {
            Has::No
        }
    }

    pub(super) fn add(&mut self, name: &str) {
        self.possible.remove(name);
        self.certain.insert(name.to_owned());
    }

    pub(super) fn add_possible(&mut self, name: &str) {
        if !self.certain.contains(name) {
            self.possible.insert(name.to_owned());
        }
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.certain.remove(name);
        self.possible.remove(name);
    }

    /// Only these.
    #[must_use]
    pub(super) fn only(&self, names: &[String]) -> Self {
        let mut kept = Self::default();
        for name in names {
            match self.has(name) {
                Has::Yes => kept.add(name),
                Has::Maybe => kept.add_possible(name),
                Has::No => {}
            }
        }
        kept
    }

    /// All but these.
    #[must_use]
    pub(super) fn without(&self, names: &[String]) -> Self {
        let mut kept = self.clone();
        names.iter().for_each(|name| kept.remove(name));
        kept
    }

    /// Those of either of two operands.
    #[must_use]
    pub(super) fn of_either(&self, other: &Self) -> Self {
        let certain: BTreeSet<_> = self.certain.intersection(&other.certain).cloned().collect();
        let all = [&self.certain, &self.possible, &other.certain, &other.possible];
        let possible = all.into_iter().flatten().filter(|name| !certain.contains(*name)).cloned();
        Self { possible: possible.collect(), is_open: self.is_open || other.is_open, certain }
    }

    /// Whether no series has any.
    pub(super) fn is_none(&self) -> bool {
        self.certain.is_empty() && self.possible.is_empty() && !self.is_open
    }

    /// All that are known.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.certain.iter().chain(&self.possible).map(String::as_str)
    }

    /// Labels that all series of one have and no series of the other.
    pub(super) fn difference(&self, other: &Self) -> Vec<&str> {
        let certain = self.certain.iter().filter(|name| other.has(name) == Has::No);
        certain.map(String::as_str).collect()
    }
}
