use super::process::Segment;
use super::resumed::Resumed;
use crate::bucket::Grid;
use crate::directory::{self, MetricEntry};
use crate::layout::{self, EXEMPLAR_CELLS, LINE_WORDS, header, table::STAND_IN};
use crate::sync::{MutexGuard, Relaxed, Release, fence, lock};
use std::io;

/// The registration lock, held.
pub(crate) struct Registration<'a> {
    segment: &'a Segment,
    resumed: MutexGuard<'a, Resumed>,
}

/// The request did not fit.
pub(crate) struct Exhausted {
    pub(crate) asked: usize,
    pub(crate) left: usize,
    /// The system's error, if it has no memory.
    pub(crate) refused: Option<io::Error>,
}

/// The amounts handed out at one moment.
pub(crate) struct Mark {
    cells: u64,
    shared: u64,
}

impl Segment {
    /// The registration lock. Only its holder changes the header's counts of used words, and
    /// appends to the directory.
    pub(crate) fn registration(&self) -> Registration<'_> {
        // A panic can't leave the counts half-changed: each is one store.
        Registration { segment: self, resumed: lock(&self.registration) }
    }
}

impl Registration<'_> {
    /// The remains of an earlier run of the program.
    pub(crate) fn resumed(&mut self) -> &mut Resumed {
        &mut self.resumed
    }

    /// Takes `count` cells that are the same in every shard, and returns the first.
    pub(crate) fn cells(&self, count: usize) -> Result<u32, Exhausted> {
        let Segment { allocated, view, .. } = self.segment;
        let (words, layout) = (view.words(), view.layout());
        let allocate = |end| allocated.cells(words, layout, end);
        self.take(header::CELLS_USED, count, layout.shard_words, allocate)
    }

    /// Takes cells for `count` distributions and their exemplars, and returns the first of the
    /// first distribution.
    pub(crate) fn distributions(&self, grid: Grid, count: usize) -> Result<u32, Exhausted> {
        let each = layout::distribution_cells(grid.cells()) as usize;
        Ok(self.cells(count.saturating_mul(each))? + EXEMPLAR_CELLS)
    }

    /// The first cell of the distribution of the series with this entry of the table, a shared cell. A
    /// series without cells gets some.
    pub(crate) fn find_distribution(&self, entry: usize, grid: Grid) -> Result<u32, Exhausted> {
        let entry = &self.segment.shared()[entry];
        // Relaxed, as for every entry: the number says nothing about other memory, since cells exist
        // from the start. Cells are stored under the lock, so no series gets them twice.
        if let known @ 1..STAND_IN = entry.load(Relaxed) {
            #[expect(clippy::cast_possible_truncation, reason = "less than STAND_IN")]
            return Ok(known as u32);
        }
        let first = self.distributions(grid, 1)?;
        entry.store(u64::from(first), Relaxed);
        Ok(first)
    }

    /// Takes `count` shared cells, and returns the first.
    pub(crate) fn shared(&self, count: usize) -> Result<u32, Exhausted> {
        let Segment { allocated, view, handed_out, .. } = self.segment;
        let (words, layout) = (view.words(), view.layout());
        let allocate = |end| allocated.shared(words, layout, end);
        let first = self.take(header::SHARED_USED, count, layout.shared_words, allocate)?;
        handed_out.shared.store(view.header(header::SHARED_USED), Relaxed);
        Ok(first)
    }

    fn take(
        &self,
        word: usize,
        count: usize,
        of: usize,
        allocate: impl FnOnce(usize) -> io::Result<()>,
    ) -> Result<u32, Exhausted> {
        // Relaxed, here and below: these words change under the registration lock only.
        let word = &self.segment.words()[word];
        let used = usize::try_from(word.load(Relaxed)).unwrap_or(of);
        // Blocks of a cache line and more start on one; smaller ones are consecutive.
        let first = if count < LINE_WORDS { used } else { used.next_multiple_of(LINE_WORDS) };
        let left = of.saturating_sub(first);
        match (u32::try_from(first), first.checked_add(count)) {
            (Ok(first), Some(end)) if end <= of => {
                allocate(end).map_err(|error| Exhausted {
                    asked: count,
                    left,
                    refused: Some(error),
                })?;
                word.store(end as u64, Relaxed);
                // Release pairs with the Acquire in `fork`: a child that finds one of these cells
                // in a histogram's table finds them handed out.
                fence(Release);
                Ok(first)
            }
            _ => Err(Exhausted { asked: count, left, refused: None }),
        }
    }

    /// The amounts handed out by now.
    pub(crate) fn mark(&self) -> Mark {
        let read = |word: usize| self.segment.words()[word].load(Relaxed);
        Mark { cells: read(header::CELLS_USED), shared: read(header::SHARED_USED) }
    }

    /// Takes back the cells that were handed out under this lock since `mark` and never written to.
    pub(crate) fn rewind(&self, mark: &Mark) {
        self.segment.words()[header::CELLS_USED].store(mark.cells, Relaxed);
        self.segment.words()[header::SHARED_USED].store(mark.shared, Relaxed);
        self.segment.handed_out.shared.store(mark.shared, Relaxed);
    }

    /// The words of the directory for the values of a label with this capacity: room for values of
    /// the greatest length, but at most half of the words that are left and not promised to others.
    /// So labels that peers fill never use up the room of other labels and further metrics.
    pub(crate) fn promise_values(&self, capacity: usize) -> usize {
        let Segment { view, handed_out, .. } = self.segment;
        let used = usize::try_from(view.header(header::DIRECTORY_USED)).unwrap_or(usize::MAX);
        let promised = handed_out.promised.load(Relaxed);
        let free = view.layout().directory_words.saturating_sub(used).saturating_sub(promised);
        let budget = capacity.saturating_mul(directory::MAX_VALUE_WORDS).min(free / 2);
        handed_out.promised.store(promised + budget, Relaxed);
        budget
    }

    /// The words of the directory for the label sets of all dynamic families: half of those that are
    /// left and not promised at the first call. So label sets that peers fill never use up the room of
    /// labels and further metrics, and many families with few series do not, either. The family's
    /// `earlier` sets, of an earlier run, count among the series of all.
    pub(crate) fn promise_label_sets(&self, earlier: usize) {
        let pool = &self.segment.handed_out.label_sets;
        if pool.words.load(Relaxed) == 0 {
            pool.words.store(self.promise_values(usize::MAX), Relaxed);
        }
        pool.series.store(pool.series.load(Relaxed).saturating_sub(earlier), Relaxed);
    }

    /// Adds a series to a dynamic family, from what all have together.
    pub(crate) fn append_label_set(&self, set: u64, text: &str) -> Result<(), Exhausted> {
        let pool = &self.segment.handed_out.label_sets;
        let series = pool.series.load(Relaxed);
        if series == 0 {
            return Err(Exhausted { asked: 1, left: 0, refused: None });
        }
        let mut budget = pool.words.load(Relaxed);
        self.append_value(set, text, &mut budget)?;
        pool.words.store(budget, Relaxed);
        pool.series.store(series - 1, Relaxed);
        Ok(())
    }

    /// Adds an empty set of values for an interned label, or of label sets for a dynamic family, and
    /// returns its number.
    pub(crate) fn append_value_set(
        &self,
        identity: &str,
        retired: u32,
        capacity: u32,
        has_sets: bool,
    ) -> Result<u64, Exhausted> {
        self.append(&directory::value_set(identity, retired, capacity, has_sets))
    }

    /// Adds a value of an earlier run to a set.
    pub(crate) fn append_earlier_value(&self, set: u64, text: &str) -> Result<u64, Exhausted> {
        self.append(&directory::value(set, text))
    }

    /// Adds a value to a set, from the budget of its label.
    pub(crate) fn append_value(
        &self,
        set: u64,
        text: &str,
        budget: &mut usize,
    ) -> Result<(), Exhausted> {
        let entry = directory::value(set, text);
        let Some(left) = budget.checked_sub(entry.len()) else {
            return Err(Exhausted { asked: entry.len(), left: *budget, refused: None });
        };
        self.append(&entry)?;
        *budget = left;
        let promised = &self.segment.handed_out.promised;
        promised.store(promised.load(Relaxed).saturating_sub(entry.len()), Relaxed);
        Ok(())
    }

    /// Adds a metric, and returns the position of its entry.
    pub(crate) fn append_metric(&self, metric: &MetricEntry) -> Result<u64, Exhausted> {
        self.append(&directory::metric(metric))
    }

    /// Adds a metric of an earlier run.
    pub(crate) fn append_resumed(&self, metric: &MetricEntry) -> Result<u64, Exhausted> {
        self.append(&directory::resumed(metric))
    }

    /// Records that the metric of an earlier run at `resumed` is registered in this one.
    pub(crate) fn append_claim(&self, resumed: u64, help: &str) -> Result<u64, Exhausted> {
        self.append(&directory::claim(resumed, help))
    }

    /// Appends an entry to the directory, publishes it, and returns its position.
    fn append(&self, entry: &[u64]) -> Result<u64, Exhausted> {
        let of = self.segment.layout().directory_words;
        let length = &self.segment.words()[header::DIRECTORY_USED];
        let used = usize::try_from(length.load(Relaxed)).unwrap_or(of);
        let left = of.saturating_sub(used);
        if entry.len() > left {
            return Err(Exhausted { asked: entry.len(), left, refused: None });
        }
        let end = used + entry.len();
        let Segment { allocated, view, handed_out, .. } = self.segment;
        allocated.directory(view.words(), view.layout(), end).map_err(|error| Exhausted {
            asked: entry.len(),
            left,
            refused: Some(error),
        })?;
        let start = self.segment.layout().directory() + used;
        for (word, value) in self.segment.words()[start..].iter().zip(entry) {
            word.store(*value, Relaxed);
        }
        // Release pairs with the Acquire in `View::directory`: a reader that sees the new
        // length sees the words of the entry.
        length.store(end as u64, Release);
        handed_out.directory.store(end as u64, Relaxed);
        Ok(used as u64)
    }
}
