//! Sums the distributions of a histogram's series.
//!
//! Most of the time would be spent waiting for memory. A series has some hundred cells on pages of
//! its own, and a processor predicts the next lines of a page only after a few. So a series' cells
//! are prefetched when its head is read, and read when they are likely to be present: two series
//! later.

use super::budget::Budget;
use super::cells::plus;
use super::histogram::HistogramSnapshot;
use super::info::MetricInfo;
use super::shape::Shape;
use super::sum;
use crate::exemplar;
use crate::layout::{
    EXEMPLAR_CELLS, HEAD_CELLS, LINE_WORDS, PAGE_WORDS, WORD_BYTES, head, table::STAND_IN,
};
use crate::memory;
use crate::segment::{Part, View, Window, Words};
use crate::sync::{Acquire, Arc, AtomicU64, Relaxed, fence};
use std::collections::VecDeque;

/// The number of spans in flight. One leaves the memory idle part of the time; four or eight were
/// no faster than two.
const AHEAD: usize = 2;

/// The heads of one read from a file. Other heads and cells are read between a series' head and its
/// cells, and records made meanwhile are counted but missing from the sum: with more heads, more
/// records. One call takes a microsecond.
const HEADS_AHEAD: usize = 8;

/// If no shard holds more than this, all shards together hold at most 2^64.
pub(super) const SURE: u64 = (1 << 47) - 1;

/// Reads the series of one histogram in turn.
pub(super) struct Reader<'a> {
    info: &'a MetricInfo,
    shape: &'a Arc<Shape>,
    budget: &'a mut Budget,
    histograms: &'a mut Vec<HistogramSnapshot>,
    /// How many of `histograms` are read.
    read: usize,
    /// The spans of the series after those, whose heads are read.
    under_way: VecDeque<Vec<Span<'a>>>,
    /// The shards, each with a window on its heads.
    shards: Vec<(Part<'a>, Window<'a>)>,
    table: Window<'a>,
    /// Scratch space.
    spare: Vec<Span<'a>>,
    sums: Vec<u64>,
    /// The sum of the cells before each line of a series' cells.
    before: Vec<u64>,
    /// Whether no shard has, or can be read for, the heads of the series from here on. The snapshot
    /// fails then, and a file can declare very many series.
    is_over: bool,
}

/// The cells of a head.
type Head = [AtomicU64; HEAD_CELLS as usize];

/// The part of one shard's cells of a series that has values.
struct Span<'a> {
    cells: Words<'a>,
    /// The index of the first one.
    first: u32,
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        view: View<'a>,
        info: &'a MetricInfo,
        shape: &'a Arc<Shape>,
        histograms: &'a mut Vec<HistogramSnapshot>,
        budget: &'a mut Budget,
    ) -> Self {
        let (spare, sums, before) = (Vec::new(), Vec::new(), Vec::new());
        let under_way = VecDeque::new();
        let heads = |shard| (shard, Window::new(shard, HEADS_AHEAD * HEAD_CELLS as usize));
        let shards: Vec<_> = view.shards_seen().map(heads).collect();
        let each = size_of_val(&shards[..]) + shards.len() * HEADS_AHEAD * size_of::<Head>();
        budget.take_bytes(each as u64);
        let table = Window::new(view.shared_part(), PAGE_WORDS);
        let read = 0;
        Self {
            info,
            shape,
            budget,
            histograms,
            read,
            under_way,
            shards,
            table,
            spare,
            sums,
            before,
            is_over: false,
        }
    }

    /// Reads a series if it was touched or is `shown` anyway; returns whether it is read.
    pub(super) fn read(&mut self, index: usize, shown: impl Fn() -> bool) -> bool {
        if self.is_over || self.budget.is_exceeded() {
            return false;
        }
        let at = self.read + self.under_way.len();
        if at == self.histograms.len() {
            self.histograms.push(HistogramSnapshot::new(Arc::clone(self.shape)));
        }
        let mut spans = std::mem::take(&mut self.spare);
        self.read_heads(index, at, &mut spans);
        let is_exposed = !spans.is_empty() || self.histograms[at].negative != 0 || shown();
        if !is_exposed || !self.budget.take_bytes(self.bytes(at, &spans)) {
            spans.clear();
            self.spare = spans;
            return false;
        }
        if self.under_way.len() < AHEAD {
            spans.iter().take(AHEAD).for_each(|span| span.lines().for_each(memory::prefetch));
            self.under_way.push_back(spans);
        } else {
            self.under_way.push_back(spans);
            self.read_cells();
        }
        true
    }

    /// Reads the last series.
    pub(super) fn finish(mut self) {
        while !self.under_way.is_empty() {
            self.read_cells();
        }
        self.histograms.truncate(self.read);
        // Acquire pairs with the Release of the cells in `Batch::record`: of all that was counted
        // here, the next snapshot sees the bounds, and so counts it again.
        fence(Acquire);
    }

    fn read_heads(&mut self, index: usize, at: usize, spans: &mut Vec<Span<'a>>) {
        let total = &mut self.histograms[at];
        (total.low, total.outside) = (0, 0);
        (total.min, total.max, total.negative) = (u64::MAX, 0, 0);
        total.exemplars.clear();
        let grid = self.shape.grid;
        let entry_at = self.shape.table as usize + index;
        // Relaxed: a record that this snapshot must show came after its series had cells.
        let entry = self.table.get(entry_at..entry_at + 1).first();
        let entry = entry.map_or(0, |entry| entry.load(Relaxed));
        let cells_at = usize::try_from(entry).unwrap_or(0);
        let cells = cells_at..cells_at.saturating_add(grid.cells() as usize);
        let with_exemplar = cells_at.saturating_sub(EXEMPLAR_CELLS as usize)..cells.end;
        let has_cells = (u64::from(EXEMPLAR_CELLS)..STAND_IN).contains(&entry)
            && self.budget.take_cells(&with_exemplar, self.info.entry);
        let head_at = self.info.metric.first as usize + index * HEAD_CELLS as usize;
        let head_cells = head_at..head_at + HEAD_CELLS as usize;
        self.is_over = true;
        for (shard, heads) in &mut self.shards {
            let Some(mut head) = heads.get(head_cells.clone()).first_chunk() else { continue };
            self.is_over = false;
            let load = |head: &Head, cell: usize| head[cell].load(Relaxed);
            total.negative = plus(total.negative, load(head, head::NEGATIVE));
            if !has_cells {
                continue;
            }
            // Before the counts, so that its value is counted (`exemplar::read`), and before the
            // bounds, which limit the cells that are read: a head that was read ahead is read
            // again.
            let again;
            if load(head, head::EXEMPLAR) != 0 {
                if let Some(exemplar) = exemplar::read(*shard, head_at, cells_at) {
                    total.exemplars.add(exemplar, self.shape);
                }
                again = shard.get(head_cells.clone()).unwrap_or_default();
                head = again.first_chunk().unwrap_or(head);
            }
            // A writer stores minimum and maximum before it counts. If the cells already have
            // counts of values outside the bounds read here, the next snapshot finds them; those
            // that an earlier snapshot found are not outside (`finish`).
            let bounds = head::bounds(load(head, head::NOT_MIN), load(head, head::MAX));
            let Some((min, max)) = bounds else { continue };
            let (first, last) = (grid.index(min), grid.index(max));
            let cells = cells_at + first as usize..cells_at + last as usize + 1;
            let Some(cells) = shard.get(cells) else { continue };
            // Modulo 2^64, until the cells are read.
            total.low = total.low.wrapping_add(load(head, head::SUM));
            total.outside = total.outside.saturating_add(load(head, head::OUTSIDE));
            total.min = total.min.min(min);
            total.max = total.max.max(max);
            spans.push(Span { cells, first });
        }
    }

    /// The most bytes of a series whose head is read.
    fn bytes(&self, at: usize, spans: &[Span<'_>]) -> u64 {
        let HistogramSnapshot { below, exemplars, .. } = &self.histograms[at];
        let first = spans.iter().map(|span| span.first as usize).min().unwrap_or(0);
        let end = spans.iter().map(|span| span.first as usize + span.cells.len()).max();
        let cells = (end.unwrap_or(first) - first) * WORD_BYTES + size_of::<HistogramSnapshot>();
        below.bytes() + exemplars.bytes() + cells as u64
    }

    /// Reads the cells of the series that has been in flight the longest, and prefetches those of
    /// the last.
    fn read_cells(&mut self) {
        let Some(mut spans) = self.under_way.pop_front() else { return };
        let total = &mut self.histograms[self.read];
        self.read += 1;
        let grid = self.shape.grid;
        total.first = grid.index(total.min);
        let last = self.under_way.get(AHEAD - 1).map_or(&[][..], |spans| &spans[..]);
        let (first, others) =
            last.split_first().map_or((&[][..], &[][..]), |(a, b)| (&*a.cells, b));
        others.iter().take(AHEAD - 1).flat_map(Span::lines).for_each(memory::prefetch);
        let ahead = first.as_chunks::<LINE_WORDS>().0;
        let cells = (grid.index(total.max) + 1).saturating_sub(total.first) as usize;
        self.before.resize(cells / LINE_WORDS + 1, 0);
        let line = |at: usize, sum| {
            if let Some(before) = self.before.get_mut(at) {
                *before = sum;
            }
            if let Some([cell, ..]) = ahead.get(at) {
                memory::prefetch(cell);
            }
        };
        match &spans[..] {
            [Span { cells, .. }] => {
                total.count = total.cells.fill(cells, |cell| cell.load(Relaxed), line);
            }
            several => {
                self.sums.clear();
                self.sums.resize(cells, 0);
                let mut bits = 0;
                for (at, span) in several.iter().enumerate() {
                    if let Some(next) = several.get(at + AHEAD) {
                        next.lines().for_each(memory::prefetch);
                    }
                    let sums = self.sums[(span.first - total.first) as usize..].iter_mut();
                    for (sum, cell) in sums.zip(&*span.cells) {
                        let count = cell.load(Relaxed);
                        bits |= count;
                        *sum = sum.wrapping_add(count);
                    }
                }
                if bits > SURE {
                    sum_up(&mut self.sums, several, total.first);
                }
                total.count = total.cells.fill(&self.sums, |&sum| sum, line);
            }
        }
        ahead.iter().skip(cells / LINE_WORDS).for_each(|line| memory::prefetch(&line[0]));
        for (below, edge) in total.below.iter_mut().zip(&self.shape.edges) {
            let end = (edge.cell + 1).saturating_sub(total.first) as usize;
            *below = match self.before.get(end / LINE_WORDS) {
                Some(before) if end < cells => plus(*before, total.cells.sum_on_line(end)),
                _ => total.count,
            };
        }
        total.sum = sum::whole(total, total.low, total.outside);
        spans.clear();
        self.spare = spans;
    }
}

/// Sums up cells whose sum could exceed 64 bits.
#[cold]
fn sum_up(sums: &mut [u64], spans: &[Span<'_>], first: u32) {
    sums.fill(0);
    for span in spans {
        let sums = sums.iter_mut().skip((span.first - first) as usize);
        sums.zip(&*span.cells).for_each(|(sum, cell)| *sum = plus(*sum, cell.load(Relaxed)));
    }
}

impl Span<'_> {
    /// One cell of each cache line.
    fn lines(&self) -> impl Iterator<Item = &AtomicU64> {
        self.cells.iter().step_by(LINE_WORDS)
    }
}
