use crate::bucket::Grid;
use crate::clock;
use crate::directory::Metric;
use crate::handles::{GAUGE_WORDS, HEAD_CELLS, UpDownCounter};
use crate::layout::PAGE_WORDS;
use crate::registry::Kind;
use crate::segment::Segment;
use crate::shard::{self, Cells};
use crate::snapshot::Catalogue;
use crate::sync::Relaxed;
use std::iter;

/// Pays ahead what a thread's first records would cost: calibrates the clock (up to 200 ms, once a
/// process), gives the calling thread its shard, and has the system give it the memory of every
/// series that is registered by now.
///
/// Of interned labels only the values interned so far count: intern what is known first. A
/// histogram with the default digits and maximum takes 36 KiB for each series and thread.
///
/// ```
/// use metrics_core::prelude::*;
///
/// let registry = Registry::new();
/// let ticks: Counter = registry.register(&Description::new("ticks_total", "Ticks seen."))?;
/// std::thread::spawn(move || {
///     metrics_core::warm_up();
///     ticks.inc(); // a plain add, from the first on
/// })
/// .join()
/// .unwrap();
/// # Ok::<(), metrics_core::RegisterError>(())
/// ```
pub fn warm_up() {
    clock::calibrate();
    let Some(segment) = Segment::current() else { return };
    let own = shard::attach(segment);
    Catalogue::of_all().for_each_run(segment, |metric, first, length| {
        for (at, cells) in parts(metric, first, length) {
            for cell in pages(at, cells) {
                if metric.kind == Kind::Gauge {
                    segment.shared()[cell as usize].fetch_add(0, Relaxed);
                } else if let Some(own) = own {
                    own.add(cell, 0);
                }
            }
        }
    });
}

/// The first cell and the number of cells of each part that a run of series lies in.
#[expect(clippy::cast_possible_truncation, reason = "cell numbers of one metric are u32")]
fn parts(metric: &Metric, first: usize, length: usize) -> Vec<(u32, u32)> {
    let (first, length) = (first as u32, length as u32);
    let part = |start: u32, stride: u32| (start + first * stride, length * stride);
    match (metric.kind, &metric.distribution) {
        (Kind::Counter, _) => vec![part(metric.first, 1)],
        (Kind::UpDownCounter, _) => vec![part(metric.first, UpDownCounter::<()>::STRIDE)],
        (Kind::Gauge, _) => vec![part(metric.first, GAUGE_WORDS)],
        (Kind::Histogram, distribution) => {
            let grid = distribution
                .as_ref()
                .and_then(|of| Some((of.first, Grid::new(of.max, of.sigfigs)?)));
            let cells = grid.map(|(first, grid)| part(first, grid.cells()));
            iter::once(part(metric.first, HEAD_CELLS)).chain(cells).collect()
        }
    }
}

/// A cell of each page that these cells lie on. Shards begin on a page.
#[expect(clippy::cast_possible_truncation, reason = "512")]
fn pages(first: u32, count: u32) -> impl Iterator<Item = u32> {
    let page = PAGE_WORDS as u32;
    let aligned =
        (first / page..=(first + count.saturating_sub(1)) / page).map(move |at| at * page);
    aligned.map(move |cell| cell.max(first))
}
