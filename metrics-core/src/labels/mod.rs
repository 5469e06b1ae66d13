//! Labels whose values are bounded by their type, so that a metric's series are a dense block and
//! `with` is arithmetic.

mod choose;
mod intern;
mod product;
mod table;

pub use intern::{Interner, LabelId};

use crate::handles::{Counter, Gauge, Histogram, UpDownCounter};
use std::marker::PhantomData;

/// The value of one label: an enum, a `bool`, or an interned string.
///
/// Made by `#[derive(Label)]`. An implementation by hand can name the wrong series of its metric,
/// but never reach outside it.
///
/// ```
/// use tickmetrics::prelude::*;
///
/// #[derive(Clone, Copy, Label)]
/// enum Side { Buy, Sell }
///
/// #[derive(Clone, Copy, Label)]
/// #[label(capacity = 64)]
/// struct Symbol(LabelId);
///
/// let registry = Registry::new();
/// let fills: Counter<(Symbol, Side)> = registry.register(&Description::new("fills_total", "Fills."))?;
/// fills.with((Symbol::intern("AAPL"), Side::Sell)).inc();
///
/// let labels = [("symbol", "AAPL"), ("side", "sell")];
/// assert_eq!(registry.snapshot().counter("fills_total", &labels), Some(1));
/// # Ok::<(), tickmetrics::RegisterError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no label",
    label = "`#[derive(Clone, Copy, Label)]` makes an enum or a newtype of `LabelId` one",
    note = "up to four labels together are a tuple; more are a struct with `#[derive(Labels)]`"
)]
pub trait Label: Copy + 'static {
    /// The label's name where nothing else names it: the type's, in snake case.
    const NAME: &'static str;
    /// How many values there are.
    const COUNT: usize;
    /// What the values are.
    fn values() -> Values;
    /// Which of the values this is, less than `COUNT`.
    fn index(self) -> usize;
}

/// The values that a label can have.
#[derive(Clone, Copy, Debug)]
pub enum Values {
    /// These, in the order of their index.
    Fixed(&'static [&'static str]),
    /// Those interned so far, and `other` with index 0.
    Interned(&'static Interner),
}

/// One label of a metric.
#[derive(Clone, Copy, Debug)]
pub struct Dimension {
    /// The label's name.
    pub name: &'static str,
    /// Its values.
    pub values: Values,
}

impl Dimension {
    /// Whether both have the same values, by content or by the interner that numbers them.
    pub(crate) fn same_values(&self, other: &Self) -> bool {
        match (self.values, other.values) {
            (Values::Fixed(a), Values::Fixed(b)) => a == b,
            (Values::Interned(a), Values::Interned(b)) => std::ptr::eq(a, b),
            _ => false,
        }
    }
}

impl Values {
    pub(crate) fn count(&self) -> usize {
        match self {
            Self::Fixed(values) => values.len(),
            Self::Interned(interner) => interner.capacity() + 1,
        }
    }
}

/// Which of a metric's series these labels name. An index outside them becomes that of the first
/// one, which is `other` where a label has one: whatever a label's implementation answers, the cells
/// are this metric's. For enums the compiler sees that none lies outside.
#[inline]
pub(crate) fn series<L: Labels>(labels: L) -> Index<L> {
    Index::bounded(labels.index())
}

/// One of the series that labels have: less than `L::SERIES`.
pub(crate) struct Index<L>(usize, PhantomData<fn(L)>);

impl<L: Labels> Index<L> {
    #[inline]
    fn bounded(index: usize) -> Self {
        Self(if index < L::SERIES { index } else { 0 }, PhantomData)
    }
}

impl<L> Clone for Index<L> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<L> Copy for Index<L> {}

impl<L> Index<L> {
    /// Every metric has a first series.
    pub(crate) const FIRST: Self = Self(0, PhantomData);

    /// # Safety
    /// It is less than `L::SERIES`.
    pub(crate) unsafe fn new(index: usize) -> Self {
        Self(index, PhantomData)
    }

    #[inline]
    pub(crate) fn get(self) -> usize {
        self.0
    }
}

/// The series that stands in for one that finds no cells: its interned labels are `other`.
#[cold]
pub(crate) fn stand_in<L: Labels>(index: Index<L>) -> Index<L> {
    let mut below = 1;
    // From the innermost label out: the last digit first.
    let stand_in = L::dimensions().iter().rev().fold(0, |stand_in, dimension| {
        let count = dimension.values.count().max(1);
        let digit = match dimension.values {
            Values::Fixed(_) => index.get() / below % count,
            Values::Interned(_) => 0,
        };
        let stand_in = stand_in + digit * below;
        below = below.saturating_mul(count);
        stand_in
    });
    Index::bounded(stand_in)
}

/// All labels of a metric: `()`, one [`Label`], a tuple of them, or a struct with
/// `#[derive(Labels)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` names no labels",
    label = "expected a label, a tuple of up to four, or a struct with `#[derive(Labels)]`"
)]
pub trait Labels: Copy + 'static {
    /// How many series there are: the product of the labels' counts.
    const SERIES: usize;
    /// The labels, outermost first: the last one's index changes fastest.
    fn dimensions() -> Vec<Dimension>;
    /// Which of the series this names, less than `SERIES`.
    fn index(self) -> usize;
}

impl Label for bool {
    const NAME: &'static str = "flag";
    const COUNT: usize = 2;

    fn values() -> Values {
        Values::Fixed(&["false", "true"])
    }

    #[inline]
    fn index(self) -> usize {
        usize::from(self)
    }
}

// `with` picks a series. `declare` does too, and has it exposed from now on even if it stays at
// zero, so that a rate over it starts from the first event: for interned labels, whose series are
// otherwise exposed once they were touched.

impl<L: Labels> Counter<L> {
    /// The series with these labels.
    #[inline]
    pub fn with(&self, labels: L) -> Counter {
        let cells = self.cells.at(series(labels));
        Counter { cells, scale: self.scale, is_time: self.is_time }
    }

    /// The series with these labels, exposed from now on.
    pub fn declare(&self, labels: L) -> Counter {
        self.cells.declare(series(labels));
        self.with(labels)
    }
}

impl<L: Labels> UpDownCounter<L> {
    /// The series with these labels.
    #[inline]
    pub fn with(&self, labels: L) -> UpDownCounter {
        UpDownCounter { cells: self.cells.at(series(labels)) }
    }

    /// The series with these labels, exposed from now on.
    pub fn declare(&self, labels: L) -> UpDownCounter {
        self.cells.declare(series(labels));
        self.with(labels)
    }
}

impl<L: Labels> Gauge<L> {
    /// The series with these labels.
    #[inline]
    pub fn with(&self, labels: L) -> Gauge {
        Gauge { cells: self.cells.at(series(labels)), per_unit: self.per_unit }
    }

    /// The series with these labels, exposed from now on.
    pub fn declare(&self, labels: L) -> Gauge {
        self.cells.declare(series(labels));
        self.with(labels)
    }
}

impl<L: Labels> Histogram<L> {
    /// The series with these labels.
    #[inline]
    pub fn with(&self, labels: L) -> Histogram {
        self.at(series(labels), stand_in::<L>)
    }

    /// The series with these labels, exposed from now on.
    pub fn declare(&self, labels: L) -> Histogram {
        self.declare_at(series(labels));
        self.with(labels)
    }
}
