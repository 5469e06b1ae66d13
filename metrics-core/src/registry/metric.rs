use super::Description;
use super::place::Placed;
use crate::bucket::Grid;
use crate::directory::Kind;
use crate::handles::{Block, Counter, Gauge, Histogram, UpDownCounter};
use crate::labels::Labels;
use crate::scale::Scale;
use crate::segment::{SINK_DISTRIBUTION, SINK_TABLE};

/// A handle that a [`Registry`](super::Registry) can give: [`Counter`], [`UpDownCounter`], [`Gauge`] or
/// [`Histogram`], with or without labels. Sealed.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no metric",
    label = "expected a `Counter`, `UpDownCounter`, `Gauge` or `Histogram`",
    note = "a struct of metrics is put into another with `#[metrics(flatten)]`"
)]
pub trait Metric: Copy + Send + Sync + 'static + sealed::Place {
    /// The kind of metric.
    const KIND: Kind;
    /// Its labels.
    type Labels: Labels;

    /// The description with what the handle's type says: its kind and labels.
    #[doc(hidden)]
    fn complete(mut description: Description) -> Description {
        let names = Self::Labels::dimensions().iter().map(|dimension| dimension.name).collect();
        description.complete(Self::KIND, names);
        description
    }
}

mod sealed {
    use super::{Description, Placed};

    pub trait Place {
        /// The handle for these cells.
        fn at(placed: &Placed, description: &Description) -> Self;
        /// A handle that records where nobody looks.
        fn sink() -> Self;
    }
}
pub(super) use sealed::Place;

impl<L: Labels> Place for Counter<L> {
    fn at(placed: &Placed, description: &Description) -> Self {
        let (scale, is_time) = (description.exported_scale(), description.is_time());
        Self { cells: placed.block(), scale, is_time }
    }

    fn sink() -> Self {
        Self { cells: Block::sink(), scale: Scale::new(1.0), is_time: false }
    }
}

impl<L: Labels> Metric for Counter<L> {
    const KIND: Kind = Kind::Counter;
    type Labels = L;
}

impl<L: Labels> Place for UpDownCounter<L> {
    fn at(placed: &Placed, _: &Description) -> Self {
        Self { cells: placed.block() }
    }

    fn sink() -> Self {
        Self { cells: Block::sink() }
    }
}

impl<L: Labels> Metric for UpDownCounter<L> {
    const KIND: Kind = Kind::UpDownCounter;
    type Labels = L;
}

impl<L: Labels> Place for Gauge<L> {
    fn at(placed: &Placed, description: &Description) -> Self {
        Self { cells: placed.block(), per_unit: description.nanoseconds() }
    }

    fn sink() -> Self {
        Self { cells: Block::sink(), per_unit: 1 }
    }
}

impl<L: Labels> Metric for Gauge<L> {
    const KIND: Kind = Kind::Gauge;
    type Labels = L;
}

impl<L: Labels> Place for Histogram<L> {
    fn at(placed: &Placed, description: &Description) -> Self {
        Grid::new(description.max, description.sigfigs).map_or_else(Self::sink, |grid| Self {
            heads: placed.block(),
            first: placed.cells,
            table: placed.table,
            grid,
            scale: description.exported_scale(),
            exemplar_period: description.exemplar_period,
        })
    }

    fn sink() -> Self {
        Self {
            heads: Block::sink(),
            first: SINK_DISTRIBUTION,
            table: SINK_TABLE,
            grid: Grid::SMALLEST,
            scale: Scale::new(1.0),
            exemplar_period: 0,
        }
    }
}

impl<L: Labels> Metric for Histogram<L> {
    const KIND: Kind = Kind::Histogram;
    type Labels = L;
}
