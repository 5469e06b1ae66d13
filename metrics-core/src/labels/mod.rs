//! Labels whose values are bounded by their type, so that a metric's series are a dense block and
//! `with` is arithmetic.

mod id;
mod intern;
mod key;
mod product;
mod sets;
mod table;

pub use id::LabelId;
pub use intern::Interner;
pub use sets::LabelSetError;
pub(crate) use sets::{LabelSet, LabelSets};

use std::marker::PhantomData;

/// The value of one label: an enum, a `bool`, or an interned string.
///
/// Made by `#[derive(Label)]`. A wrong implementation by hand can name the wrong series of its
/// metric, but never one of another metric.
///
/// The label of a `bool` is named `flag`: rename it by a field of `#[derive(Labels)]`.
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
    message = "`{Self}` is not a label",
    label = "`#[derive(Clone, Copy, Label)]` makes an enum or a newtype of `LabelId` one",
    note = "up to four labels together are a tuple; more are a struct with `#[derive(Labels)]`"
)]
pub trait Label: Copy + 'static {
    /// The label's default name: that of the type, in snake case.
    const NAME: &'static str;
    /// The number of values.
    const COUNT: usize;
    /// The values.
    fn values() -> Values;
    /// The number of this value, less than `COUNT`.
    fn index(self) -> usize;
}

/// The values that a label can have.
#[derive(Clone, Copy, Debug)]
pub enum Values {
    /// Fixed values, in the order of their index.
    Fixed(&'static [&'static str]),
    /// The values interned so far, and `other` with index 0.
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
    /// The label sets of a dynamic family, in place of one label.
    pub(crate) fn of_sets(sets: &'static LabelSets) -> Self {
        Self { name: "", values: Values::Interned(&sets.interner) }
    }

    /// Whether these are label sets.
    pub(crate) fn has_sets(&self) -> bool {
        self.name.is_empty()
    }

    /// Whether both have the same values: equal strings, or the same interner.
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

/// The number of the series with these labels. An index out of range becomes that of the first
/// series, which is `other` if a label has such a value. So the cells are this metric's, whatever
/// an implementation of `Label` returns. For enums the compiler sees that no index is out of range.
#[inline]
pub(crate) fn series<L: Labels>(labels: L) -> Index<L> {
    Index::bounded(labels.index())
}

/// The number of a series, less than `L::SERIES`.
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
    /// The index is less than `L::SERIES`.
    pub(crate) unsafe fn new(index: usize) -> Self {
        Self(index, PhantomData)
    }

    #[inline]
    pub(crate) fn get(self) -> usize {
        self.0
    }
}

/// The series that stands in for one without cells: its interned labels are `other`.
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
    message = "`{Self}` is not a set of labels",
    label = "expected a label, a tuple of up to four, or a struct with `#[derive(Labels)]`"
)]
pub trait Labels: Copy + 'static {
    /// The number of series: the product of the labels' counts.
    const SERIES: usize;
    /// The labels, outermost first: the last one's index changes fastest.
    fn dimensions() -> Vec<Dimension>;
    /// The number of the series with these labels, less than `SERIES`.
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
