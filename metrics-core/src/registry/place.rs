//! Cells for a new metric, and its entry in the directory.

use super::{Description, RegisterError, Registered};
use crate::bucket::Grid;
use crate::cell::{First, Kind, SharedCell};
use crate::directory::{self, Distribution, Source};
use crate::handles::Block;
use crate::labels::{Dimension, Interner, Values};
use crate::layout::{self, GAUGE_CELLS, HEAD_CELLS, UP_DOWN_CELLS};
use crate::report::report;
use crate::segment::{Claim, Exhausted, Registration, Segment};
use crate::snapshot::New;
use crate::sync::Relaxed;

/// The cells of a metric.
#[derive(Clone, Copy, Debug)]
pub struct Placed {
    /// Its first one: of the shards, or a shared one for a gauge; a histogram's first head.
    pub(super) first: u32,
    /// The shared cells with a bit for each declared series.
    pub(super) declared: u32,
    /// The first cell of a histogram's first series, and the table of all series'.
    pub(super) cells: u32,
    pub(super) table: u32,
}

impl Placed {
    /// # Safety
    /// The metric has cells of this kind, for each of `L`'s series.
    pub(super) unsafe fn block<L, K: Kind>(&self) -> Block<L, K> {
        // SAFETY: registration handed them out, and one bit for each series.
        unsafe { Block::new(First::new(self.first), SharedCell::new(self.declared)) }
    }
}

/// Which part of the segment is full.
pub(crate) struct Full {
    pub(crate) what: &'static str,
    pub(crate) setting: &'static str,
    pub(crate) exhausted: Exhausted,
}

pub(crate) fn cells_full(exhausted: Exhausted) -> Full {
    Full { what: "cells", setting: "shard_bytes", exhausted }
}

fn shared_full(exhausted: Exhausted) -> Full {
    Full { what: "shared cells", setting: "shared_bytes", exhausted }
}

pub(crate) fn directory_full(exhausted: Exhausted) -> Full {
    Full { what: "words of the directory", setting: "directory_bytes", exhausted }
}

/// Takes the cells of a new metric from the segment, or those that it had in an earlier run, writes
/// its entry, and answers what snapshots must know; takes nothing where it fails.
pub(super) fn take_cells(
    registry: u64,
    description: &Description,
    series: usize,
    dimensions: &[Dimension],
) -> Result<(Placed, New), RegisterError> {
    let segment = Segment::get_or_reserve()?;
    let full = |Full { what, setting, exhausted }| {
        RegisterError::full(&description.name, what, setting, exhausted)
    };
    let (mut sources, mut interners) = (Vec::new(), Vec::new());
    for dimension in dimensions {
        let source = match dimension.values {
            Values::Fixed(values) => Source::Fixed(values.iter().map(|&v| v.into()).collect()),
            Values::Interned(interner) => {
                let set = interner.publish_all(segment).map_err(directory_full).map_err(full)?;
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
        New { entry, metric, is_resumed, interners }
    };
    if let Some((at, metric, placed)) = resume(&mut registration, segment, &wanted).map_err(full)? {
        return Ok((placed, new(at, metric, true)));
    }
    let mark = registration.mark();
    let appended = lay_out(&registration, wanted, series).and_then(|(metric, placed)| {
        let at = registration.append_metric(&metric).map_err(directory_full)?;
        Ok((at, metric, placed))
    });
    let (at, metric, placed) = appended.map_err(|error| {
        registration.rewind(&mark);
        full(error)
    })?;
    fill_table(segment, &metric, &placed);
    Ok((placed, new(at, metric, false)))
}

/// A metric without cells, and who numbers the values of its sets.
pub(super) fn without_cells(
    registry: u64,
    Registered { description, dimensions }: &Registered,
    series: usize,
) -> (directory::Metric, Vec<(u64, &'static Interner)>) {
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

/// Takes cells for a metric of so many series, and answers it with them. They are more than its
/// entry says where that could not hold their number: then there are not enough cells either.
pub(crate) fn lay_out(
    registration: &Registration<'_>,
    mut metric: directory::Metric,
    series: usize,
) -> Result<(directory::Metric, Placed), Full> {
    let cells = |each: u32, series: usize| {
        registration.cells(series.saturating_mul(each as usize)).map_err(cells_full)
    };
    let shared = |count: usize| registration.shared(count).map_err(shared_full);
    metric.first = match metric.kind {
        directory::Kind::Gauge => shared(series.saturating_mul(GAUGE_CELLS as usize))?,
        directory::Kind::UpDownCounter => cells(UP_DOWN_CELLS, series)?,
        directory::Kind::Histogram => cells(HEAD_CELLS, series)?,
        directory::Kind::Counter => cells(1, series)?,
    };
    let (mut placed_cells, mut table) = (0, 0);
    if let Some(distribution) = &mut metric.distribution
        && let Some(grid) = Grid::new(distribution.max, distribution.sigfigs)
    {
        table = shared(series)?;
        distribution.table = table;
        let count = others(&metric.dimensions).len();
        placed_cells = registration.distributions(grid, count).map_err(cells_full)?;
    }
    metric.declared = shared(series.div_ceil(64))?;
    let directory::Metric { first, declared, .. } = metric;
    Ok((metric, Placed { first, declared, cells: placed_cells, table }))
}

/// Says where the distributions are of a histogram's series that have cells from the start. Series
/// of interned labels get them when they are first asked for, but for those that stand in when there
/// are none left.
pub(crate) fn fill_table(segment: &Segment, metric: &directory::Metric, placed: &Placed) {
    let Some(grid) = metric.distribution.as_ref().and_then(|of| Grid::new(of.max, of.sigfigs))
    else {
        return;
    };
    let table = &segment.shared()[placed.table as usize..][..metric.series as usize];
    let cells = (placed.cells..).step_by(layout::distribution_cells(grid.cells()) as usize);
    for (series, first) in others(&metric.dimensions).into_iter().zip(cells) {
        // Relaxed: a handle to the series, which reads this, is made after this returns.
        table[series].store(u64::from(first), Relaxed);
    }
}

/// The series of each combination of enum values where every interned label is `other`; all of them
/// where no label is interned.
fn others(dimensions: &[(String, Source)]) -> Vec<usize> {
    dimensions.iter().fold(vec![0], |outer, (_, source)| {
        let (count, digits) = match source {
            Source::Fixed(values) => (values.len(), values.len()),
            Source::Set { capacity, .. } => (*capacity as usize + 1, 1),
        };
        outer.iter().flat_map(|base| (0..digits).map(move |digit| base * count + digit)).collect()
    })
}

/// Takes up the cells that a metric had in an earlier run of the program, where it is the same as
/// then. Answers the position of the claim, and the metric.
fn resume(
    registration: &mut Registration<'_>,
    segment: &Segment,
    wanted: &directory::Metric,
) -> Result<Option<(u64, directory::Metric, Placed)>, Full> {
    match registration.resumed().find(wanted) {
        Claim::Nothing => Ok(None),
        Claim::Changed(what) => {
            let name = &wanted.name;
            report(format_args!("{name} starts from zero, since it changed: {what}"));
            Ok(None)
        }
        Claim::Same(at, metric) => {
            let directory::Metric { first, declared, ref distribution, .. } = *metric;
            let table = distribution.as_ref().map_or(0, |distribution| distribution.table);
            let cells = match distribution {
                Some(_) => segment.shared()[table as usize].load(Relaxed),
                None => 0,
            };
            let claim = registration.append_claim(at, &wanted.help);
            let claim = claim.map_err(directory_full)?;
            registration.resumed().claimed(&wanted.name, at);
            // A cell number: this run's, which wrote it there itself.
            let cells = u32::try_from(cells).unwrap_or(0);
            let metric = directory::Metric { help: wanted.help.clone(), ..*metric };
            Ok(Some((claim, metric, Placed { first, declared, cells, table })))
        }
    }
}

/// The metric's entry, but for its cells.
fn entry(
    registry: u64,
    description: &Description,
    series: usize,
    dimensions: Vec<(String, Source)>,
) -> directory::Metric {
    let kind = description.kind.unwrap_or(directory::Kind::Counter);
    directory::Metric {
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
