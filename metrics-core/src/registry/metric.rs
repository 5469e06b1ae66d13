use super::description::Description;
use crate::bucket::Grid;
use crate::cell::{self, Distribution, First, SharedCell};
use crate::directory::Kind;
use crate::handles::{Block, Counter, Gauge, Histogram, UpDownCounter};
use crate::labels::Labels;
use crate::layout::{SINK_DISTRIBUTION, SINK_TABLE};
use crate::scale::Scale;
use crate::segment::MetricCells;

/// A handle that a [`Registry`](super::Registry) can give: [`Counter`], [`UpDownCounter`], [`Gauge`] or
/// [`Histogram`], with or without labels. Sealed.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a metric",
    label = "expected a `Counter`, `UpDownCounter`, `Gauge` or `Histogram`",
    note = "a struct of metrics is put into another with `#[metrics(flatten)]`"
)]
pub trait Metric: Copy + Send + Sync + 'static + sealed::Sealed {
    /// The kind of metric.
    const KIND: Kind;
    /// Its labels.
    type Labels: Labels;

    /// The description with the kind and labels of the handle's type.
    #[doc(hidden)]
    fn complete(mut description: Description) -> Description {
        let names = Self::Labels::dimensions().iter().map(|dimension| dimension.name).collect();
        description.complete(Self::KIND, names);
        description
    }
}

mod sealed {
    use crate::registry::Description;
    use crate::segment::MetricCells;

    pub trait Sealed {
        /// The handle for these cells.
        ///
        /// # Safety
        /// The cells were found for a metric of this kind and description, and with these labels.
        unsafe fn from_cells(cells: &MetricCells, description: &Description) -> Self;
        /// A handle that records into the sink.
        fn sink() -> Self;
    }
}
pub(super) use sealed::Sealed;

/// # Safety
/// The metric has cells of this kind, for each of `L`'s series.
unsafe fn block<L, K: cell::Kind>(cells: &MetricCells) -> Block<L, K> {
    // SAFETY: registration handed the cells out, and one bit for each series.
    unsafe { Block::new(First::new(cells.first), SharedCell::new(cells.declared)) }
}

impl<L: Labels> Sealed for Counter<L> {
    unsafe fn from_cells(cells: &MetricCells, description: &Description) -> Self {
        let (scale, is_time) = (description.exported_scale(), description.is_time());
        // SAFETY: as the caller ensures.
        Self { cells: unsafe { block(cells) }, scale, is_time }
    }

    fn sink() -> Self {
        Self { cells: Block::sink(), scale: Scale::new(1.0), is_time: false }
    }
}

impl<L: Labels> Metric for Counter<L> {
    const KIND: Kind = Kind::Counter;
    type Labels = L;
}

impl<L: Labels> Sealed for UpDownCounter<L> {
    unsafe fn from_cells(cells: &MetricCells, _: &Description) -> Self {
        // SAFETY: as the caller ensures.
        Self { cells: unsafe { block(cells) } }
    }

    fn sink() -> Self {
        Self { cells: Block::sink() }
    }
}

impl<L: Labels> Metric for UpDownCounter<L> {
    const KIND: Kind = Kind::UpDownCounter;
    type Labels = L;
}

impl<L: Labels> Sealed for Gauge<L> {
    unsafe fn from_cells(cells: &MetricCells, description: &Description) -> Self {
        // SAFETY: as the caller ensures.
        Self { cells: unsafe { block(cells) }, per_unit: description.nanoseconds() }
    }

    fn sink() -> Self {
        Self { cells: Block::sink(), per_unit: 1 }
    }
}

impl<L: Labels> Metric for Gauge<L> {
    const KIND: Kind = Kind::Gauge;
    type Labels = L;
}

impl<L: Labels> Sealed for Histogram<L> {
    unsafe fn from_cells(cells: &MetricCells, description: &Description) -> Self {
        Grid::new(description.max, description.sigfigs).map_or_else(Self::sink, |grid| {
            // SAFETY: as the caller ensures.
            let histogram = unsafe {
                let first = Distribution::new(cells.distribution);
                Self::new(block(cells), first, SharedCell::new(cells.table), grid)
            };
            let histogram =
                histogram.scaled(description.exported_scale(), description.exemplar_period);
            if description.exemplars { histogram.asking() } else { histogram }
        })
    }

    fn sink() -> Self {
        // SAFETY: the sink has a distribution of the smallest grid at 0, and a table of one entry.
        unsafe {
            let first = Distribution::new(SINK_DISTRIBUTION);
            Self::new(Block::sink(), first, SharedCell::new(SINK_TABLE), Grid::SMALLEST)
        }
    }
}

impl<L: Labels> Metric for Histogram<L> {
    const KIND: Kind = Kind::Histogram;
    type Labels = L;
}
