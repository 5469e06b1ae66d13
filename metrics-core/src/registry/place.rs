//! Cells for a new metric, and its entry in the directory.

use super::{Description, RegisterError};
use crate::bucket::Grid;
use crate::directory::{self, Distribution, Kind, MAX_DIMENSIONS, Source};
use crate::handles::Block;
use crate::labels::{Dimension, Values, others};
use crate::layout::{GAUGE_CELLS, HEAD_CELLS, UP_DOWN_CELLS};
use crate::segment::{Exhausted, Registration, Segment};
use crate::sync::Relaxed;

/// The cells of a metric.
#[derive(Clone, Copy, Debug)]
pub struct Placed {
    /// Its first one: of the shards, or a shared one for a gauge; a histogram's first head.
    pub(super) first: u32,
    pub(super) series: u32,
    /// The shared cells with a bit for each declared series.
    pub(super) declared: u32,
    /// The first cell of a histogram's first series, and the table of all series'.
    pub(super) cells: u32,
    pub(super) table: u32,
}

impl Placed {
    pub(super) fn block<L>(&self) -> Block<L> {
        Block::new(self.first, self.declared)
    }
}

/// Which part of the segment is full.
struct Full {
    what: &'static str,
    setting: &'static str,
    exhausted: Exhausted,
}

fn cells_full(exhausted: Exhausted) -> Full {
    Full { what: "cells", setting: "shard_bytes", exhausted }
}

fn shared_full(exhausted: Exhausted) -> Full {
    Full { what: "shared cells", setting: "shared_bytes", exhausted }
}

fn directory_full(exhausted: Exhausted) -> Full {
    Full { what: "words of the directory", setting: "directory_bytes", exhausted }
}

/// Takes the cells of a new metric from the segment and writes its entry; takes nothing where it
/// fails.
pub(super) fn take_cells(
    registry: u64,
    description: &Description,
    series: usize,
    dimensions: &[Dimension],
) -> Result<Placed, RegisterError> {
    if description.label_names().count() > MAX_DIMENSIONS {
        return Err(RegisterError::InvalidSetting {
            name: description.name.clone(),
            reason: format!("it has more than {MAX_DIMENSIONS} labels"),
        });
    }
    let segment = Segment::get_or_reserve()?;
    let full = |Full { what, setting, exhausted }| {
        RegisterError::full(&description.name, what, setting, exhausted)
    };
    let mut sources = Vec::new();
    for dimension in dimensions {
        let source = match dimension.values {
            Values::Fixed(values) => Source::Fixed(values.iter().map(|&v| v.into()).collect()),
            Values::Interned(interner) => Source::Set {
                set: interner.publish_all(segment).map_err(directory_full).map_err(full)?,
                capacity: u32::try_from(interner.capacity()).unwrap_or(u32::MAX),
            },
        };
        sources.push((dimension.name.to_owned(), source));
    }
    let grid = Grid::new(description.max, description.sigfigs)
        .filter(|_| description.kind == Some(Kind::Histogram));
    // Series of interned labels get the cells of their distribution when they are first asked for,
    // but for those that stand in when there are none left.
    let placed_now = if grid.is_some() { others(dimensions) } else { Vec::new() };

    let registration = segment.registration();
    let mark = registration.mark();
    let placed =
        find(&registration, description.kind, series, placed_now.len(), grid).and_then(|placed| {
            let entry = entry(registry, description, &placed, sources);
            directory::append_metric(&registration, &entry).map_err(directory_full)?;
            Ok(placed)
        });
    let placed = placed.map_err(|error| {
        registration.rewind(&mark);
        full(error)
    })?;
    if let Some(grid) = grid {
        let table = &segment.shared()[placed.table as usize..][..series];
        let cells = (placed.cells..).step_by(grid.cells() as usize);
        for (series, first) in placed_now.into_iter().zip(cells) {
            // Relaxed: a handle to the series, which reads this, is made after this returns.
            table[series].store(u64::from(first), Relaxed);
        }
    }
    Ok(placed)
}

/// Takes the cells.
fn find(
    registration: &Registration<'_>,
    kind: Option<Kind>,
    series: usize,
    placed_now: usize,
    grid: Option<Grid>,
) -> Result<Placed, Full> {
    let cells = |each: u32, series: usize| {
        registration.cells(series.saturating_mul(each as usize)).map_err(cells_full)
    };
    let shared = |count: usize| registration.shared(count).map_err(shared_full);
    let first = match kind {
        Some(Kind::Gauge) => shared(series.saturating_mul(GAUGE_CELLS as usize))?,
        Some(Kind::UpDownCounter) => cells(UP_DOWN_CELLS, series)?,
        Some(Kind::Histogram) => cells(HEAD_CELLS, series)?,
        Some(Kind::Counter) | None => cells(1, series)?,
    };
    let (mut placed_cells, mut table) = (0, 0);
    if let Some(grid) = grid {
        table = shared(series)?;
        placed_cells = cells(grid.cells(), placed_now)?;
    }
    Ok(Placed {
        first,
        // Cells were found for all, and cell numbers are u32.
        series: u32::try_from(series).unwrap_or(u32::MAX),
        declared: shared(series.div_ceil(64))?,
        cells: placed_cells,
        table,
    })
}

fn entry(
    registry: u64,
    description: &Description,
    placed: &Placed,
    dimensions: Vec<(String, Source)>,
) -> directory::Metric {
    let kind = description.kind.unwrap_or(Kind::Counter);
    directory::Metric {
        registry,
        kind,
        first: placed.first,
        series: placed.series,
        declared: placed.declared,
        scale: description.scale_factor(),
        name: description.name.clone(),
        help: description.help.clone(),
        unit: description.unit.clone(),
        constants: description.constants.clone(),
        dimensions,
        distribution: (kind == Kind::Histogram).then(|| Distribution {
            table: placed.table,
            max: description.max,
            sigfigs: description.sigfigs,
            native: description.native,
            edges: description.edges(),
        }),
    }
}
