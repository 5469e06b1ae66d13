//! Cells for a new metric or label: their parts of the segment, and their number.

use super::process::Segment;
use super::registration::{Exhausted, Registration};
use super::resumed::Claim;
use crate::bucket::Grid;
use crate::directory::{self, Kind, MetricEntry, SetPlace, Source};
use crate::layout::{self, GAUGE_CELLS, HEAD_CELLS, UP_DOWN_CELLS};
use crate::report::report;
use crate::sync::Relaxed;

/// The cells of a metric.
#[derive(Clone, Copy, Debug)]
pub struct MetricCells {
    /// Its first cell: in the shards, or a shared one for a gauge; a histogram's first head.
    pub(crate) first: u32,
    /// The shared cells with a bit for each declared series.
    pub(crate) declared: u32,
    /// The first cell of the distribution of a histogram's first series, and the table of all series'.
    pub(crate) distribution: u32,
    pub(crate) table: u32,
}

impl MetricCells {
    /// Those of a metric that is counted nowhere, with the feature `off`.
    pub(crate) const NOWHERE: Self = Self { first: 0, declared: 0, distribution: 0, table: 0 };
}

/// The full part of the segment.
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

/// Adds an empty set of values for an interned label. A failure takes nothing.
pub(crate) fn lay_out_values(
    registration: &Registration<'_>,
    identity: &str,
    capacity: u32,
    has_sets: bool,
) -> Result<SetPlace, Full> {
    let mark = registration.mark();
    let cells = directory::retired_cells(capacity);
    let retired = registration.shared(cells).map_err(shared_full)?;
    match registration.append_value_set(identity, retired, capacity, has_sets) {
        Ok(number) => Ok(SetPlace { number, retired, has_sets }),
        Err(exhausted) => {
            registration.rewind(&mark);
            Err(directory_full(exhausted))
        }
    }
}

/// Takes cells for a metric of this many series, and returns the metric with them. `series` exceeds
/// the number in the entry if that could not hold it: then there are not enough cells either.
pub(crate) fn lay_out(
    registration: &Registration<'_>,
    mut metric: MetricEntry,
    series: usize,
) -> Result<(MetricEntry, MetricCells), Full> {
    let cells = |each: u32, series: usize| {
        registration.cells(series.saturating_mul(each as usize)).map_err(cells_full)
    };
    let shared = |count: usize| registration.shared(count).map_err(shared_full);
    metric.first = match metric.kind {
        Kind::Gauge => shared(series.saturating_mul(GAUGE_CELLS as usize))?,
        Kind::UpDownCounter => cells(UP_DOWN_CELLS, series)?,
        Kind::Histogram => cells(HEAD_CELLS, series)?,
        Kind::Counter => cells(1, series)?,
        // No handle has this kind.
        Kind::Summary => 0,
    };
    let (mut distribution_at, mut table) = (0, 0);
    if let Some(distribution) = &mut metric.distribution
        && let Some(grid) = Grid::new(distribution.max, distribution.sigfigs)
    {
        table = shared(series)?;
        distribution.table = table;
        let count = others(&metric.dimensions).len();
        distribution_at = registration.distributions(grid, count).map_err(cells_full)?;
    }
    metric.declared = shared(series.div_ceil(64))?;
    let MetricEntry { first, declared, .. } = metric;
    Ok((metric, MetricCells { first, declared, distribution: distribution_at, table }))
}

/// Stores the positions of the distributions for a histogram's series that have cells from the
/// start. Series of interned labels get them at their first use, except for those that stand in
/// when none are left.
pub(crate) fn fill_table(segment: &Segment, metric: &MetricEntry, cells: &MetricCells) {
    let Some(grid) = metric.distribution.as_ref().and_then(|of| Grid::new(of.max, of.sigfigs))
    else {
        return;
    };
    let table = &segment.shared()[cells.table as usize..][..metric.series as usize];
    let firsts = (cells.distribution..).step_by(layout::distribution_cells(grid.cells()) as usize);
    for (series, first) in others(&metric.dimensions).into_iter().zip(firsts) {
        // Relaxed: a handle to the series, which reads this, is made after this returns.
        table[series].store(u64::from(first), Relaxed);
    }
}

/// The series of each combination of enum values with every interned label at `other`; all series
/// if no label is interned.
fn others(dimensions: &[(String, Source)]) -> Vec<usize> {
    dimensions.iter().fold(vec![0], |outer, (_, source)| {
        let (count, digits) = match source {
            Source::Fixed(values) => (values.len(), values.len()),
            Source::Set { capacity, .. } => (*capacity as usize + 1, 1),
        };
        outer.iter().flat_map(|base| (0..digits).map(move |digit| base * count + digit)).collect()
    })
}

/// Claims the cells that a metric had in an earlier run of the program, if it is unchanged. Returns
/// the position of the claim, and the metric.
pub(crate) fn claim(
    registration: &mut Registration<'_>,
    segment: &Segment,
    wanted: &MetricEntry,
) -> Result<Option<(u64, MetricEntry, MetricCells)>, Full> {
    match registration.resumed().find(wanted) {
        Claim::Nothing => Ok(None),
        Claim::Changed(what) => {
            let name = &wanted.name;
            report(format_args!("{name} starts from zero, since it changed: {what}"));
            Ok(None)
        }
        Claim::Same(at, metric) => {
            let MetricEntry { first, declared, .. } = *metric;
            let table = metric.distribution.as_ref().map_or(0, |distribution| distribution.table);
            let first_distribution = match metric.distribution {
                Some(_) => segment.shared()[table as usize].load(Relaxed),
                None => 0,
            };
            let claim = registration.append_claim(at, &wanted.help);
            let claim = claim.map_err(directory_full)?;
            registration.resumed().claimed(&wanted.name, at);
            // A cell number of this run, which wrote it itself.
            let distribution = u32::try_from(first_distribution).unwrap_or(0);
            let metric = MetricEntry { help: wanted.help.clone(), ..*metric };
            Ok(Some((claim, metric, MetricCells { first, declared, distribution, table })))
        }
    }
}
