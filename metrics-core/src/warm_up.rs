use crate::bucket::Grid;
use crate::cell::Cell;
use crate::clock;
use crate::directory::{Distribution, Kind, MetricEntry, Source};
#[cfg(not(tickmetrics_loom))]
use crate::install;
use crate::layout::table::STAND_IN;
use crate::layout::{self, EXEMPLAR_CELLS, GAUGE_CELLS, HEAD_CELLS, PAGE_WORDS, UP_DOWN_CELLS};
use crate::segment::Segment;
use crate::shard::{self, Cells};
use crate::snapshot::Catalogue;
use crate::sync::Relaxed;

/// Pays the costs of a thread's first records in advance. It calibrates the clock (up to 200 ms,
/// once a process), gives the calling thread its shard, and has the system provide the memory of
/// every series that is registered by now.
///
/// For interned labels only the values interned so far count: intern known values first. A
/// histogram with the default digits and maximum takes 36 KiB for each series and thread.
///
/// ```
/// use tickmetrics::prelude::*;
///
/// let registry = Registry::new();
/// let ticks: Counter = registry.register(&Description::new("ticks_total", "Ticks seen."))?;
/// std::thread::spawn(move || {
///     tickmetrics::warm_up();
///     ticks.inc(); // a plain add, from the first one on
/// })
/// .join()
/// .unwrap();
/// # Ok::<(), tickmetrics::RegisterError>(())
/// ```
pub fn warm_up() {
    // If the system can't, no segment is installed, and that error is reported.
    #[cfg(not(tickmetrics_loom))]
    let _ = install::prepare_for_forks();
    clock::calibrate();
    let Some(segment) = Segment::current() else { return };
    let own = shard::attach_waiting(segment);
    Catalogue::new().for_each_run(segment.view(), |metric, first, length| {
        for (at, cells) in parts(segment, metric, first, length) {
            for cell in pages(at, cells) {
                if metric.kind == Kind::Gauge {
                    segment.shared()[cell as usize].fetch_add(0, Relaxed);
                } else if let Some(own) = own
                    && (cell as usize) < segment.shard(0).len()
                {
                    // SAFETY: the metric's entry names the cell, and each shard has it.
                    own.add(unsafe { Cell::new(cell) }, 0);
                }
            }
        }
    });
}

/// The first cell and the number of cells of each part for a run of series.
#[expect(clippy::cast_possible_truncation, reason = "cell numbers of one metric are u32")]
fn parts(segment: &Segment, metric: &MetricEntry, first: usize, length: usize) -> Vec<(u32, u32)> {
    let (first, length) = (first as u32, length as u32);
    let part = |start: u32, stride: u32| (start + first * stride, length * stride);
    match (metric.kind, metric.distribution.as_ref()) {
        (Kind::Counter, _) => vec![part(metric.first, 1)],
        (Kind::UpDownCounter, _) => vec![part(metric.first, UP_DOWN_CELLS)],
        (Kind::Gauge, _) => vec![part(metric.first, GAUGE_CELLS)],
        (Kind::Histogram, distribution) => {
            let mut parts = vec![part(metric.first, HEAD_CELLS)];
            if let Some(&Distribution { table, max, sigfigs, .. }) = distribution
                && let Some(grid) = Grid::new(max, sigfigs)
            {
                // With two interned labels most combinations never occur: an unused combination
                // gets no cells here.
                let interned = |(_, source): &&(_, Source)| matches!(source, Source::Set { .. });
                let find = |entry| segment.registration().find_distribution(entry, grid);
                let find_all = metric.dimensions.iter().filter(interned).count() < 2;
                for entry in (first..first + length).map(|series| table + series) {
                    let known = segment.shared()[entry as usize].load(Relaxed);
                    let cell = match known {
                        0 if find_all => find(entry as usize).ok(),
                        _ => (1..STAND_IN).contains(&known).then_some(known as u32),
                    };
                    let cells = layout::distribution_cells(grid.cells());
                    parts.extend(cell.map(|cell| (cell.saturating_sub(EXEMPLAR_CELLS), cells)));
                }
            }
            parts
        }
        // A segment has none.
        (Kind::Summary, _) => Vec::new(),
    }
}

/// One cell of each page under these cells. Shards begin on a page.
#[expect(clippy::cast_possible_truncation, reason = "512")]
fn pages(first: u32, count: u32) -> impl Iterator<Item = u32> {
    let page = PAGE_WORDS as u32;
    let aligned =
        (first / page..=(first + count.saturating_sub(1)) / page).map(move |at| at * page);
    aligned.map(move |cell| cell.max(first))
}
