use super::place::Placed;
use super::{Description, Kind, RegisterError, Registry};
use crate::bucket::Grid;
use crate::handles::{Block, Counter, Gauge, Histogram, UpDownCounter};
use crate::labels::{Dimension, Labels};
use crate::layout::{HEAD_CELLS, header};
use crate::scale::Scale;
use crate::segment::{SINK_TABLE, Segment};

/// A handle that a [`Registry`] can give: [`Counter`], [`UpDownCounter`], [`Gauge`] or
/// [`Histogram`], with or without labels. Sealed.
pub trait Metric: Copy + Send + Sync + 'static + sealed::Place {
    /// The kind of metric.
    const KIND: Kind;
    /// How many series there are.
    const SERIES: usize;
    /// The labels.
    fn dimensions() -> Vec<Dimension>;

    /// Adds to a description what the handle's type says: its kind and labels.
    fn complete(description: &mut Description) {
        description.kind = Some(Self::KIND);
        description.labels = Self::dimensions().iter().map(|dimension| dimension.name).collect();
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
        Self { cells: placed.block(), scale: description.exported_scale() }
    }

    fn sink() -> Self {
        Self { cells: Block::sink(), scale: Scale::new(1.0) }
    }
}

impl<L: Labels> Metric for Counter<L> {
    const KIND: Kind = Kind::Counter;
    const SERIES: usize = L::SERIES;

    fn dimensions() -> Vec<Dimension> {
        L::dimensions()
    }
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
    const SERIES: usize = L::SERIES;

    fn dimensions() -> Vec<Dimension> {
        L::dimensions()
    }
}

impl<L: Labels> Place for Gauge<L> {
    fn at(placed: &Placed, _: &Description) -> Self {
        Self { cells: placed.block() }
    }

    fn sink() -> Self {
        Self { cells: Block::sink() }
    }
}

impl<L: Labels> Metric for Gauge<L> {
    const KIND: Kind = Kind::Gauge;
    const SERIES: usize = L::SERIES;

    fn dimensions() -> Vec<Dimension> {
        L::dimensions()
    }
}

impl<L: Labels> Place for Histogram<L> {
    fn at(placed: &Placed, description: &Description) -> Self {
        Grid::new(description.max, description.sigfigs).map_or_else(Self::sink, |grid| Self {
            heads: placed.block(),
            first: placed.cells,
            table: placed.table,
            grid,
            scale: description.exported_scale(),
        })
    }

    fn sink() -> Self {
        Self {
            heads: Block::sink(),
            first: HEAD_CELLS,
            table: SINK_TABLE,
            grid: Grid::SMALLEST,
            scale: Scale::new(1.0),
        }
    }
}

impl<L: Labels> Metric for Histogram<L> {
    const KIND: Kind = Kind::Histogram;
    const SERIES: usize = L::SERIES;

    fn dimensions() -> Vec<Dimension> {
        L::dimensions()
    }
}

/// A struct of metrics, made by `#[derive(Metrics)]`.
///
/// ```
/// use metrics_core::prelude::*;
///
/// #[derive(Metrics)]
/// #[metrics(prefix = "gateway")]
/// struct GatewayMetrics {
///     /// Messages received.
///     messages: Counter,
///     /// Time to decode a message.
///     #[metric(unit = "seconds")]
///     decode: Histogram,
/// }
///
/// let registry = Registry::new();
/// let metrics = GatewayMetrics::register(&registry)?;
/// metrics.messages.inc();
///
/// let names: Vec<String> =
///     GatewayMetrics::describe().iter().map(|metric| metric.name().to_owned()).collect();
/// assert_eq!(names, ["gateway_messages_total", "gateway_decode_seconds"]);
/// # Ok::<(), metrics_core::RegisterError>(())
/// ```
pub trait Metrics: Sized + Send + Sync + 'static {
    /// Registers every field and gives the struct, or the first error.
    ///
    /// # Errors
    /// As [`Registry::register`].
    fn register(registry: &Registry) -> Result<Self, RegisterError> {
        Self::register_in(&Scope::default(), registry)
    }

    /// What the struct declares, without a registry.
    fn describe() -> Vec<Description> {
        Self::describe_in(&Scope::default())
    }

    /// The struct registered in [`Registry::global`], by the first call.
    ///
    /// A field that can't be registered is reported on standard error, counted in
    /// [`SegmentStats::failed_registrations`](crate::SegmentStats), and records nothing. Call
    /// [`register`](Metrics::register) where the error should be handled.
    fn global() -> &'static Self;

    #[doc(hidden)]
    fn register_in(scope: &Scope, registry: &Registry) -> Result<Self, RegisterError>;

    #[doc(hidden)]
    fn describe_in(scope: &Scope) -> Vec<Description>;

    #[doc(hidden)]
    fn register_or_sink(scope: &Scope) -> Self;
}

/// What the structs around a struct of metrics say of its names and labels.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    prefix: String,
    constants: Vec<(String, String)>,
}

impl Scope {
    /// The scope inside a struct with this prefix, which may be empty, and these constant labels.
    #[must_use]
    pub fn inside(&self, prefix: &str, constants: &[(&str, &str)]) -> Self {
        let mut scope = self.clone();
        scope.prefix = join(&self.prefix, prefix);
        let owned = constants.iter().map(|&(name, value)| (name.to_owned(), value.to_owned()));
        scope.constants.extend(owned);
        scope
    }

    /// A description with the name that a field gets here, `prefix_field[_unit][_total]`, where no
    /// part is said twice.
    pub fn field<M: Metric>(&self, field: &str, unit: &str, help: &str) -> Description {
        let mut name = join(&self.prefix, field);
        let total = if M::KIND == Kind::Counter { "total" } else { "" };
        for suffix in [unit, total] {
            if !(suffix.is_empty() || name.ends_with(&format!("_{suffix}"))) {
                name = join(&name, suffix);
            }
        }
        self.named::<M>(&name, help).unit(unit)
    }

    /// A description with exactly this name.
    pub fn named<M: Metric>(&self, name: &str, help: &str) -> Description {
        let mut description = Description::new(name, help);
        description.constants.clone_from(&self.constants);
        M::complete(&mut description);
        description
    }
}

fn join(prefix: &str, name: &str) -> String {
    match (prefix, name) {
        ("", name) | (name, "") => name.to_owned(),
        (prefix, name) => format!("{prefix}_{name}"),
    }
}

/// A handle in the global registry. Where there is an error it is reported, and the handle records
/// where nobody looks: a program that can't count must still run.
pub fn register_or_sink<M: Metric>(description: &Description) -> M {
    Registry::global().register(description).unwrap_or_else(|error| {
        eprintln!("tickmetrics: {error}; it is counted nowhere");
        if let Some(segment) = Segment::current() {
            segment.count(header::FAILED_REGISTRATIONS);
        }
        M::sink()
    })
}
