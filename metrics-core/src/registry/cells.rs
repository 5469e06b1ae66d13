//! Cells for a new metric, and its entry in the directory.

use super::description::Description;
use super::error::RegisterError;
use super::known::Registered;
use crate::directory::{self, Distribution, Source};
use crate::labels::{Dimension, Interner, Values};
use crate::segment::{Full, MetricCells, Segment, claim, directory_full, fill_table, lay_out};
use crate::snapshot::New;

/// Takes the cells of a new metric from the segment, or those of an earlier run, writes its entry,
/// and returns the data for snapshots. A failure takes nothing.
pub(super) fn take_cells(
    registry: u64,
    description: &Description,
    series: usize,
    dimensions: &[Dimension],
) -> Result<(MetricCells, New), RegisterError> {
    let segment = Segment::get_or_reserve()?;
    let full = |Full { what, setting, exhausted }| {
        RegisterError::full(&description.name, what, setting, exhausted)
    };
    let (mut sources, mut interners) = (Vec::new(), Vec::new());
    for dimension in dimensions {
        let source = match dimension.values {
            Values::Fixed(values) => Source::Fixed(values.iter().map(|&v| v.into()).collect()),
            Values::Interned(interner) => {
                let set = interner.publish_all(segment).map_err(full)?;
                interners.push((set, interner));
                let capacity = u32::try_from(interner.capacity()).unwrap_or(u32::MAX);
                Source::Set { set, capacity }
            }
        };
        sources.push((dimension.name.to_owned(), source));
    }
    let mut registration = segment.registration();
    let wanted = entry(registry, description, series, sources);
    let new = |entry: u64, metric, is_resumed| {
        let entry = usize::try_from(entry).unwrap_or(usize::MAX);
        New { entry, metric, is_resumed, idle: description.idle, interners }
    };
    if let Some((at, metric, cells)) = claim(&mut registration, segment, &wanted).map_err(full)? {
        return Ok((cells, new(at, metric, true)));
    }
    let mark = registration.mark();
    let appended = lay_out(&registration, wanted, series).and_then(|(metric, cells)| {
        let at = registration.append_metric(&metric).map_err(directory_full)?;
        Ok((at, metric, cells))
    });
    let (at, metric, cells) = appended.map_err(|error| {
        registration.rewind(&mark);
        full(error)
    })?;
    fill_table(segment, &metric, &cells);
    Ok((cells, new(at, metric, false)))
}

/// A metric without cells, and the interners of its sets.
pub(super) fn without_cells(
    registry: u64,
    Registered { description, dimensions }: &Registered,
    series: usize,
) -> (directory::MetricEntry, Vec<(u64, &'static Interner)>) {
    let (mut sources, mut interners) = (Vec::new(), Vec::new());
    for (set, dimension) in (0..).zip(dimensions) {
        let source = match dimension.values {
            Values::Fixed(values) => Source::Fixed(values.iter().map(|&v| v.into()).collect()),
            Values::Interned(interner) => {
                interners.push((set, interner));
                let capacity = u32::try_from(interner.capacity()).unwrap_or(u32::MAX);
                Source::Set { set, capacity }
            }
        };
        sources.push((dimension.name.to_owned(), source));
    }
    let mut metric = entry(registry, description, series, sources);
    // No handle has a cell of this number.
    metric.first = u32::MAX;
    (metric, interners)
}

/// The metric's entry, without its cells.
fn entry(
    registry: u64,
    description: &Description,
    series: usize,
    dimensions: Vec<(String, Source)>,
) -> directory::MetricEntry {
    let kind = description.kind.unwrap_or(directory::Kind::Counter);
    directory::MetricEntry {
        registry,
        kind,
        first: 0,
        // Cell numbers are u32, and there is none for more series.
        series: u32::try_from(series).unwrap_or(u32::MAX),
        declared: 0,
        scale: description.scale_factor(),
        name: description.name.clone(),
        help: description.help.clone(),
        unit: description.unit.clone(),
        constants: description.constants.clone(),
        dimensions,
        distribution: (kind == directory::Kind::Histogram).then(|| Distribution {
            table: 0,
            max: description.max,
            sigfigs: description.sigfigs,
            native: description.native,
            edges: description.edges(),
            extremes: description.extremes,
            quantiles: description.quantiles.iter().map(|quantile| quantile.to_bits()).collect(),
        }),
    }
}
