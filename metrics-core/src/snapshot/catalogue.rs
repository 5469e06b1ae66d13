//! A reader's knowledge of metrics: the directory, read once and kept. A registry of this process
//! need not read the entries of all others: it gets its own metrics at registration, and gets
//! values from the interners.

use super::budget::Budget;
use super::exposed::{Exposed, Present};
use super::families::Snapshot;
use super::idle::Idle;
use super::info::{Dimension, MetricInfo};
use super::interned::Interned;
use super::metric::MetricSnapshot;
use super::read::{self, Data};
use crate::directory::{self, Check, Damaged, Entry};
use crate::labels::Interner;
use crate::layout::header;
use crate::segment::View;
use crate::sync::Arc;
use std::collections::{HashMap, HashSet};
use std::mem;
use std::time::Duration;

/// The metrics of one registry, or all in the read part of the directory.
pub(crate) struct Catalogue {
    /// The word of the directory at which reading continues.
    position: usize,
    check: Check,
    /// The values of interned labels.
    interned: Interned,
    /// Metrics of an earlier run that this one has not registered yet, by their position.
    resumed: HashMap<u64, directory::MetricEntry>,
    /// Sorted by name, and metrics of one name in the order of their registration.
    metrics: Vec<Known>,
}

/// A metric of this process, as it is registered.
pub(crate) struct New {
    /// The word of the directory where its entry begins.
    pub(crate) entry: usize,
    pub(crate) metric: directory::MetricEntry,
    /// Whether it continues an earlier process's counts.
    pub(crate) is_resumed: bool,
    /// See [`Description::idle`](crate::Description::idle).
    pub(crate) idle: Option<Duration>,
    /// The sets of its labels, and the interners that number their values.
    pub(crate) interners: Vec<(u64, &'static Interner)>,
}

/// A metric, and its last snapshot.
struct Known {
    info: Arc<MetricInfo>,
    /// Whether it goes on with what an earlier process counted.
    is_resumed: bool,
    exposed: Arc<Exposed>,
    /// The memory for the next snapshot too, if nobody has this one any more: fresh memory at each
    /// scrape would cost more than the writing itself.
    data: Arc<Data>,
    /// Filled anew at each snapshot.
    present: Present,
    idle: Option<Idle>,
}

impl Catalogue {
    pub(crate) fn new() -> Self {
        Self {
            position: 0,
            check: Check::default(),
            interned: Interned::default(),
            resumed: HashMap::new(),
            metrics: Vec::new(),
        }
    }

    /// The present values of the added metrics, and of new ones.
    pub(crate) fn snapshot(&mut self, view: View<'_>, new: Vec<New>) -> Snapshot {
        let added = !new.is_empty();
        for New { entry, metric, is_resumed, idle, interners } in new {
            for (set, interner) in interners {
                self.interned.add_interner(set, interner);
            }
            self.add(entry, metric, is_resumed, idle);
        }
        if added {
            self.put_in_order();
        }
        self.snapshot_within(view, &mut Budget::unlimited())
    }

    /// The present values of all metrics in the read part of the directory. Metrics beyond the
    /// budget are left out.
    pub(crate) fn snapshot_within(&mut self, view: View<'_>, budget: &mut Budget) -> Snapshot {
        self.interned.refresh(view.shared_part());
        let interned = &self.interned;
        let metrics = self.metrics.iter_mut().map(|known| known.snapshot(view, interned, budget));
        Snapshot { metrics: metrics.collect() }
    }

    /// Calls `visit(metric, first, length)` for each run of series whose labels have values.
    pub(crate) fn for_each_run(
        &mut self,
        view: View<'_>,
        mut visit: impl FnMut(&directory::MetricEntry, usize, usize),
    ) {
        let _ = self.read_on(view);
        for Known { info, .. } in &self.metrics {
            let values = info.values(&self.interned);
            read::runs(&info.dimensions, &values, &mut |first, length| {
                visit(&info.metric, first, length);
            });
        }
    }

    /// Reads new entries, and stops at a damaged one. This process writes no such entries;
    /// another's file may have them.
    pub(crate) fn read_on(&mut self, view: View<'_>) -> Result<(), Damaged> {
        let known = self.metrics.len();
        let read = self.read_entries(view);
        if self.metrics.len() > known {
            self.put_in_order();
        }
        read
    }

    /// See [`Check::label_bytes`].
    pub(crate) fn label_bytes(&self) -> u64 {
        self.check.label_bytes()
    }

    fn read_entries(&mut self, view: View<'_>) -> Result<(), Damaged> {
        let directory = view.directory();
        if directory.len() <= self.position {
            return Ok(());
        }
        let Some(directory) = directory.get(0..directory.len()) else { return Ok(()) };
        while let Some((entry, next)) = directory::read(&directory, self.position)? {
            let at = self.position;
            self.check.entry(&entry, view.layout()).ok_or(Damaged { at })?;
            self.position = next;
            match entry {
                Entry::ValueSet { set, .. } => self.interned.add_set(set),
                Entry::Value { set, text } => self.interned.push(set, &text),
                Entry::Metric(metric) => self.add(at, metric, false, None),
                Entry::Resumed { at, metric } => {
                    self.resumed.insert(at, metric);
                }
                Entry::Claim { resumed, help } => {
                    if let Some(metric) = self.resumed.remove(&resumed) {
                        self.add(at, directory::MetricEntry { help, ..metric }, true, None);
                    }
                }
            }
        }
        Ok(())
    }

    /// Sorts, and drops each metric that a later one with the same series replaces.
    fn put_in_order(&mut self) {
        let metric = |known: &Known| Arc::clone(&known.info);
        let mut same: Vec<_> = self.metrics.iter().map(metric).collect();
        // Stable: of equal ones, the last is the latest.
        same.sort_by(|a, b| a.metric.cmp_identity(&b.metric));
        let replaced =
            same.windows(2).filter(|two| two[0].metric.cmp_identity(&two[1].metric).is_eq());
        let replaced: HashSet<_> = replaced.map(|two| Arc::as_ptr(&two[0])).collect();
        self.metrics.retain(|known| !replaced.contains(&Arc::as_ptr(&known.info)));
        self.metrics.sort_by(|a, b| a.info.metric.name.cmp(&b.info.metric.name));
    }

    fn add(
        &mut self,
        entry: usize,
        metric: directory::MetricEntry,
        is_resumed: bool,
        idle: Option<Duration>,
    ) {
        let info = Arc::new(MetricInfo::of(entry, metric));
        let data = Arc::new(Data::none(info.metric.kind));
        let (exposed, present) = (Arc::default(), Present::default());
        let idle = idle.filter(|_| info.dimensions.iter().any(Dimension::is_interned));
        let idle = idle.map(Idle::new);
        self.metrics.push(Known { info, is_resumed, exposed, data, present, idle });
    }
}

impl Known {
    fn snapshot(
        &mut self,
        view: View<'_>,
        interned: &Interned,
        budget: &mut Budget,
    ) -> MetricSnapshot {
        let Self { info, is_resumed, exposed, data, present, idle } = self;
        if Arc::get_mut(data).is_none() {
            *data = Arc::new(Data::none(info.metric.kind));
        }
        let values = info.values(interned);
        present.clear();
        if let Some(data) = Arc::get_mut(data) {
            read::metric(view, info, &values, data, &mut present.shown, budget);
            let idle = idle.as_mut().map(|idle| idle.look(&present.shown, data));
            present.hide(info, interned, &idle.unwrap_or_default(), data);
        }
        if !exposed.has(present) {
            *exposed = Arc::new(Exposed::after(exposed, mem::take(present), values));
        }
        MetricSnapshot {
            info: Arc::clone(info),
            exposed: Arc::clone(exposed),
            data: Arc::clone(data),
            created: if *is_resumed { 0 } else { view.header(header::STARTED) },
        }
    }
}
