use super::error::ResumeError;
use crate::bucket::Grid;
use crate::directory::{self, Check, Damaged, Entry, Kind, MetricEntry, SetPlace, retired_cells};
use crate::layout::{HEAD_CELLS, Layout, WORD_BYTES, header};
use crate::reader::{self, ReadErrorKind};
use crate::segment::CALL;
use crate::snapshot::Budget;
use crate::sync::AtomicU64;
use std::cell::Cell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::io::ErrorKind;
use std::mem;
use std::os::unix::fs::FileExt;

/// The words of one read.
const CHUNK: usize = 8192;

/// A segment without a writer, read from its file.
pub(super) struct Old<'a> {
    file: &'a File,
    layout: Layout,
    /// The number of shards that were ever used.
    pub(super) shards: usize,
    /// The metrics of the last run, and those that it kept without registering them.
    pub(super) metrics: Vec<MetricEntry>,
    pub(super) sets: HashMap<u64, Set>,
    /// The bytes that may still be read.
    left: Cell<u64>,
}

/// The values of an interned label. All differ, none is too long, and none is `other`.
pub(super) struct Set {
    pub(super) identity: String,
    pub(super) has_sets: bool,
    pub(super) values: Vec<String>,
    /// The numbers of the retired ones, from 1.
    pub(super) retired: Vec<u32>,
    /// The first of the shared cells with their bits.
    bits: u32,
}

impl<'a> Old<'a> {
    pub(super) fn read(file: &'a File) -> Result<Self, ResumeError> {
        let layout = reader::read_layout(file, file.metadata()?.len())?;
        let allocated = reader::check_length(file, layout)?;
        let left = Cell::new(Budget::most_read(allocated, None));
        let (metrics, sets) = (Vec::new(), HashMap::new());
        let mut old = Self { file, layout, shards: 0, metrics, sets, left };
        let mut used = 0;
        old.words(header::DIRECTORY_USED, 1, |_, word| used = word)?;
        let mut seen = 0;
        old.words(header::SHARDS_SEEN, 1, |_, word| seen = word)?;
        old.shards = usize::try_from(seen).unwrap_or(usize::MAX).min(layout.shards);
        let used = usize::try_from(used).unwrap_or(usize::MAX);
        if used > layout.directory_words {
            return Err(ReadErrorKind::Header.into());
        }
        // A hole in the used part is damage.
        if used as u64 > allocated / WORD_BYTES as u64 {
            return Err(sparse());
        }
        let mut directory = Vec::new();
        directory.try_reserve_exact(used).map_err(|_| ReadErrorKind::Header)?;
        directory.resize_with(used, || AtomicU64::new(0));
        old.words(layout.directory(), used, |at, word| *directory[at].get_mut() = word)?;
        old.read_directory(&directory)?;
        old.read_retired()?;
        let cells = old.metrics.iter().map(|metric| old.cells(metric));
        let bytes = cells.fold(0, u64::saturating_add).saturating_mul(WORD_BYTES as u64);
        if bytes > old.left.get() { Err(sparse()) } else { Ok(old) }
    }

    /// Reads which values are retired.
    fn read_retired(&mut self) -> Result<(), ResumeError> {
        let mut sets = mem::take(&mut self.sets);
        for set in sets.values_mut().filter(|set| !set.values.is_empty()) {
            let last = u32::try_from(set.values.len()).unwrap_or(u32::MAX);
            let mut words = vec![0; retired_cells(last)];
            self.shared(set.bits as usize, words.len(), |at, word| words[at] = word)?;
            let is_retired = |number: &u32| words[*number as usize / 64] >> (number % 64) & 1 == 1;
            set.retired = (1..=last).filter(is_retired).collect();
        }
        self.sets = sets;
        Ok(())
    }

    /// The words of a metric to read, in all shards, apart from distributions.
    fn cells(&self, metric: &MetricEntry) -> u64 {
        let (each, shared) = match metric.kind {
            Kind::Counter => (1, 0),
            Kind::Histogram => (HEAD_CELLS.into(), 1),
            // These are not carried over, and a segment has no summary.
            Kind::UpDownCounter | Kind::Gauge | Kind::Summary => (0, 0),
        };
        let each = (self.shards as u64).saturating_mul(each).saturating_add(shared);
        each.saturating_mul(metric.series.into())
    }

    fn read_directory(&mut self, directory: &[AtomicU64]) -> Result<(), ReadErrorKind> {
        let mut check = Check::default();
        // The unclaimed metrics, by position, and the shown ones.
        let (mut resumed, mut live) = (BTreeMap::new(), Vec::new());
        let mut at = 0;
        while let Some((entry, next)) = directory::read(directory, at)? {
            let damaged = Damaged { at };
            check.entry(&entry, self.layout).ok_or(damaged)?;
            match entry {
                Entry::ValueSet {
                    set: SetPlace { number, retired: bits, has_sets },
                    identity,
                    ..
                } => {
                    let (values, retired) = (Vec::new(), Vec::new());
                    self.sets.insert(number, Set { identity, has_sets, values, retired, bits });
                }
                Entry::Value { set, text } => {
                    self.sets.get_mut(&set).ok_or(damaged)?.values.push(text);
                }
                Entry::Metric(metric) => live.push(metric),
                Entry::Resumed { at, metric } => {
                    resumed.insert(at, metric);
                }
                Entry::Claim { resumed: claimed, .. } => {
                    live.push(resumed.remove(&claimed).ok_or(damaged)?);
                }
            }
            at = next;
        }
        // A metric that was not claimed because it changed is dropped: another replaced it. One
        // with other labels may coexist with it, as functions of one name under `#[timed]` do.
        let identity = |metric: &MetricEntry| {
            let labels = metric.dimensions.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
            (metric.registry, metric.name.clone(), metric.constants.clone(), labels)
        };
        let replaced: HashSet<_> = live.iter().map(identity).collect();
        live.extend(resumed.into_values().filter(|metric| !replaced.contains(&identity(metric))));
        self.metrics = live;
        Ok(())
    }

    /// Whether a shard has the cells of a distribution that begins there.
    pub(super) fn has_cells(&self, first: u64, grid: Grid) -> bool {
        first.saturating_add(grid.cells().into()) <= self.layout.shard_words as u64
    }

    /// Calls `each(number, word)` for the words of a shard that are not 0.
    pub(super) fn shard(
        &self,
        shard: usize,
        first: usize,
        count: usize,
        each: impl FnMut(usize, u64),
    ) -> Result<(), ResumeError> {
        self.part(self.layout.shard(shard), self.layout.shard_words, first, count, each)
    }

    /// As `shard`, for the shared cells.
    pub(super) fn shared(
        &self,
        first: usize,
        count: usize,
        each: impl FnMut(usize, u64),
    ) -> Result<(), ResumeError> {
        self.part(self.layout.shared(), self.layout.shared_words, first, count, each)
    }

    fn part(
        &self,
        start: usize,
        words: usize,
        first: usize,
        count: usize,
        each: impl FnMut(usize, u64),
    ) -> Result<(), ResumeError> {
        match first.checked_add(count) {
            Some(end) if end <= words => self.words(start + first, count, each),
            _ => Err(ResumeError::File("it is damaged: a metric's cells lie outside".into())),
        }
    }

    fn words(
        &self,
        from: usize,
        count: usize,
        mut each: impl FnMut(usize, u64),
    ) -> Result<(), ResumeError> {
        let bytes = (count as u64).saturating_mul(WORD_BYTES as u64);
        let left = self.left.get().checked_sub(bytes.max(CALL)).ok_or_else(sparse)?;
        self.left.set(left);
        let mut buffer = vec![0; count.min(CHUNK) * WORD_BYTES];
        for at in (0..count).step_by(CHUNK) {
            let bytes = &mut buffer[..(count - at).min(CHUNK) * WORD_BYTES];
            match self.file.read_exact_at(bytes, ((from + at) * WORD_BYTES) as u64) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                    return Err(ResumeError::File("it was cut short meanwhile".into()));
                }
                Err(error) => return Err(error.into()),
            }
            for (number, word) in bytes.as_chunks().0.iter().enumerate() {
                let word = u64::from_ne_bytes(*word);
                if word != 0 {
                    each(at + number, word);
                }
            }
        }
        Ok(())
    }
}

/// Reading and laying out would take long, for nothing but zeros.
fn sparse() -> ResumeError {
    ResumeError::File("it has many cells, and few of them are on the disk".into())
}
