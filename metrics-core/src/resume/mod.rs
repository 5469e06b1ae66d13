//! The counts of an earlier run of the program, carried over into a new segment.
//!
//! The earlier run's file is only read. All metrics of its directory are laid out anew in the new
//! segment, which nobody knows yet. Their counts are added up into the overflow shard there: the
//! shards' cells only matter as sums. Then the new file replaces the old one in one step. So at no
//! moment is a count in neither file or in both. Nothing but counts comes from a file that may be
//! damaged: above all no cell numbers, and no bounds in a histogram's head, which decide where a
//! record goes. And the cells of replaced metrics and the memory of ended threads are freed.
//!
//! Exemplars are not carried over: the traces of the earlier run are known by then.
//!
//! A metric that is carried over is *resumed*: its entry in the directory is not shown until this
//! run registers the same metric, which *claims* it (`directory`, `segment::claim`). Interners take
//! over their values separately (`Interner::resume`).
//!
//! The file is read by system calls rather than mapped, so that a hole or a truncation can't end
//! the process.

mod error;
mod old;

use crate::bucket::Grid;
use crate::directory::{Kind, MetricEntry, Source};
use crate::layout::{HEAD_CELLS, MOST, head, table::STAND_IN};
use crate::segment::{
    self, Exhausted, Registration, ResumedSet, Segment, cells_full, fill_table, lay_out,
    lay_out_values,
};
use crate::sync::Relaxed;
pub(crate) use error::ResumeError;
use old::Old;
use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::MetadataExt;

/// Carries the counts of the file `old` over into `segment`, whose file is `new`.
pub(crate) fn carry_over(old: &File, new: &File, segment: &Segment) -> Result<(), ResumeError> {
    if old.metadata()?.uid() != new.metadata()?.uid() {
        return Err(ResumeError::File("it is another user's".into()));
    }
    let old = Old::read(old)?;
    let mut registration = segment.registration();
    let mut sets = HashMap::new();
    for metric in &old.metrics {
        if !matches!(metric.kind, Kind::Counter | Kind::Histogram) {
            continue;
        }
        // An interner without a name could not take over its values.
        if let Some(sources) = sources(&old, metric, &mut sets, &mut registration, segment)? {
            let entry = MetricEntry { dimensions: sources, ..metric.clone() };
            carry(&old, metric, entry, &mut registration, segment)?;
        }
    }
    Ok(())
}

/// The metric's labels, with the numbers of their values' sets in the new segment.
fn sources(
    old: &Old<'_>,
    metric: &MetricEntry,
    sets: &mut HashMap<u64, u64>,
    registration: &mut Registration<'_>,
    segment: &Segment,
) -> Result<Option<Vec<(String, Source)>>, ResumeError> {
    let mut sources = Vec::new();
    for (name, source) in &metric.dimensions {
        let source = match source {
            Source::Fixed(_) => source.clone(),
            Source::Set { set, capacity } => {
                let Some(values) = old.sets.get(set).filter(|set| !set.identity.is_empty()) else {
                    return Ok(None);
                };
                let number = match sets.get(set) {
                    Some(&number) => number,
                    None => append_set(values, *capacity, registration, segment)?,
                };
                sets.insert(*set, number);
                Source::Set { set: number, capacity: *capacity }
            }
        };
        sources.push((name.clone(), source));
    }
    Ok(Some(sources))
}

fn append_set(
    old: &old::Set,
    capacity: u32,
    registration: &mut Registration<'_>,
    segment: &Segment,
) -> Result<u64, ResumeError> {
    let set = lay_out_values(registration, &old.identity, capacity, old.has_sets)?;
    for value in &old.values {
        registration.append_earlier_value(set.number, value).map_err(directory_full)?;
    }
    for number in &old.retired {
        let word = &segment.shared()[(set.retired + number / 64) as usize];
        word.store(word.load(Relaxed) | 1 << (number % 64), Relaxed);
    }
    let (values, retired) = (old.values.clone(), old.retired.clone());
    let resumed = ResumedSet { set, capacity, values, retired };
    registration.resumed().add_set(old.identity.clone(), resumed);
    Ok(set.number)
}

fn directory_full(exhausted: Exhausted) -> ResumeError {
    segment::directory_full(exhausted).into()
}

/// Carries one metric over, whose new entry still lacks its cells.
fn carry(
    old: &Old<'_>,
    was: &MetricEntry,
    entry: MetricEntry,
    registration: &mut Registration<'_>,
    segment: &Segment,
) -> Result<(), ResumeError> {
    let series = entry.series as usize;
    let (metric, cells) = lay_out(registration, entry, series)?;
    let at = registration.append_resumed(&metric).map_err(directory_full)?;
    fill_table(segment, &metric, &cells);
    if metric.kind == Kind::Histogram {
        histogram(old, was, &metric, registration, segment)?;
    } else {
        let first = metric.first as usize;
        for shard in 0..old.shards {
            let series = metric.series as usize;
            old.shard(shard, was.first as usize, series, |series, count| {
                add(segment, first + series, count);
            })?;
        }
    }
    registration.resumed().add_metric(at, metric);
    Ok(())
}

fn histogram(
    old: &Old<'_>,
    was: &MetricEntry,
    metric: &MetricEntry,
    registration: &Registration<'_>,
    segment: &Segment,
) -> Result<(), ResumeError> {
    let (Some(before), Some(now)) = (&was.distribution, &metric.distribution) else {
        return Ok(());
    };
    let Some(grid) = Grid::new(now.max, now.sigfigs) else { return Ok(()) };
    // The series with cells, and their first cells.
    let mut with_cells = Vec::new();
    let mut outside = false;
    old.shared(before.table as usize, metric.series as usize, |series, entry| {
        if entry < STAND_IN {
            outside |= !old.has_cells(entry, grid);
            with_cells.push((series, usize::try_from(entry).unwrap_or(usize::MAX)));
        }
    })?;
    if outside {
        return Err(ResumeError::File("it is damaged: a histogram's cells lie outside".into()));
    }
    for (series, cells) in with_cells {
        let mut first = None;
        for shard in 0..old.shards {
            let mut heads = [0; HEAD_CELLS as usize];
            let at = was.first as usize + series * heads.len();
            old.shard(shard, at, heads.len(), |cell, value| heads[cell] = value)?;
            if heads == [0; HEAD_CELLS as usize] {
                continue;
            }
            let entry = now.table as usize + series;
            let find = || registration.find_distribution(entry, grid).map_err(cells_full);
            let to = match first {
                Some(first) => first,
                None => *first.insert(find()? as usize),
            };
            let head_at = metric.first as usize + series * heads.len();
            add_up_to(segment, head_at + head::NEGATIVE, heads[head::NEGATIVE], MOST);
            let bounds = head::bounds(heads[head::NOT_MIN], heads[head::MAX]);
            let Some((min, max)) = bounds else { continue };
            let (from, through) = (grid.index(min) as usize, grid.index(max) as usize);
            old.shard(shard, cells + from, through - from + 1, |cell, n| {
                add_up_to(segment, to + from + cell, n, MOST);
            })?;
            add(segment, head_at + head::SUM, heads[head::SUM]);
            add_up_to(segment, head_at + head::OUTSIDE, heads[head::OUTSIDE], u64::MAX);
            raise(segment, head_at + head::NOT_MIN, !min);
            raise(segment, head_at + head::MAX, max);
        }
    }
    Ok(())
}

// Nobody knows the segment yet: there is one writer, and a process that opens the file under its
// name comes after.

fn add(segment: &Segment, cell: usize, n: u64) {
    let cell = &segment.shard(0)[cell];
    cell.store(cell.load(Relaxed).wrapping_add(n), Relaxed);
}

fn add_up_to(segment: &Segment, cell: usize, n: u64, most: u64) {
    let cell = &segment.shard(0)[cell];
    cell.store(cell.load(Relaxed).saturating_add(n).min(most), Relaxed);
}

fn raise(segment: &Segment, cell: usize, value: u64) {
    let cell = &segment.shard(0)[cell];
    cell.store(cell.load(Relaxed).max(value), Relaxed);
}
