//! The content of a scrape: every source, each name once, and the exporter's metrics about itself.

use crate::about::{About, AboutMetrics};
use crate::encode::Part;
use crate::interval::Intervals;
use crate::names::{self, Answer, Names};
use crate::query::Query;
use crate::source::Shared;
use self_cell::self_cell;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tickmetrics::__text::report;
use tickmetrics::{ExternalLabels, Metrics, RegisterError, Snapshot};

/// All sources of an exporter, itself included.
pub(crate) struct Sources {
    all: Vec<Shared>,
    /// Labels for all metrics, if there are any: for each source, and for the exporter itself,
    /// since each remembers its last snapshot.
    labels: Vec<ExternalLabels>,
    about: About,
    names: Names,
    intervals: Intervals,
}

/// Snapshots, and the values of the last interval, of each source.
struct Snapshots {
    now: Vec<Snapshot>,
    interval: Vec<Snapshot>,
}

type Parts<'a> = Vec<Part<'a>>;

self_cell! {
    /// Snapshots, and their exposed families.
    pub(crate) struct Exposed {
        owner: Snapshots,
        #[covariant]
        dependent: Parts,
    }
}

/// The values of all sources at one moment.
pub(crate) struct Scrape {
    pub(crate) exposed: Exposed,
    pub(crate) names: Arc<names::Exposed>,
    pub(crate) about: AboutMetrics,
}

impl Sources {
    /// Intervals are at least this long.
    pub(crate) fn new(all: Vec<Shared>, interval: Duration) -> Result<Self, RegisterError> {
        let (about, names) = (About::register()?, Names::default());
        let intervals = Intervals::new(interval);
        let mut sources = Self { all, labels: Vec::new(), about, names, intervals };
        sources.keep_own_names();
        Ok(sources)
    }

    /// Adds these labels to all metrics.
    pub(crate) fn label(&mut self, labels: &ExternalLabels) {
        self.labels = vec![labels.clone(); self.all.len() + 1];
    }

    /// Registers further metrics of the exporter about itself.
    pub(crate) fn register<M: Metrics>(&mut self) -> Result<M, RegisterError> {
        let metrics = M::register(&self.about.registry);
        self.keep_own_names();
        metrics
    }

    /// Must be called before the first scrape, so that the exporter's own names stay its own.
    fn keep_own_names(&mut self) {
        self.names.keep_own(self.all.len(), &self.about.registry.snapshot());
    }

    /// The exporter's metrics about itself.
    pub(crate) fn about(&self) -> AboutMetrics {
        self.about.metrics
    }

    /// Reads all sources once. This is no scrape: nobody sees it, so no interval begins with it.
    pub(crate) fn warm_up(&self) {
        self.all.iter().for_each(|source| drop(source.snapshot()));
    }

    /// The present snapshots of all sources, for the families in the query.
    pub(crate) fn scrape(&mut self, query: &Query) -> Scrape {
        let Self { all, labels, about, names, intervals } = self;
        about.observe_segment();
        let escaping = query.protocol.escaping();
        let own = all.len();
        let mut answered = vec![true; own];
        let mut left_out = 0;
        let snapshot = |(at, source): (usize, &Shared)| {
            let (mut snapshot, lacks) = source.snapshot().unwrap_or_else(|| {
                about.metrics.exporter_source_errors.inc();
                answered[at] = false;
                Default::default()
            });
            left_out += lacks.len();
            lacks.iter().for_each(|family| names.report_left_out(at, family));
            label(labels, at, &mut snapshot);
            snapshot
        };
        let mut now: Vec<_> = all.iter().enumerate().map(snapshot).collect();
        let interval = intervals.end(Instant::now(), &now);
        let answers = now.iter().enumerate().filter(|&(source, _)| answered[source]);
        let answers: Vec<_> = answers
            .map(|(source, snapshot)| Answer {
                source,
                snapshot,
                gives_way: all[source].gives_way(),
            })
            .collect();
        let mut own_snapshot = || {
            let mut snapshot = about.registry.snapshot();
            label(labels, own, &mut snapshot);
            snapshot
        };
        let exposed = names.settle(escaping, &answers, &mut own_snapshot);
        about.metrics.exporter_left_out_families.set((left_out + exposed.left_out()) as f64);
        let mut of_exporter = own_snapshot();
        let joined = now.iter().enumerate();
        let joined: Vec<_> =
            joined.filter_map(|(source, snapshot)| exposed.joined(source, snapshot)).collect();
        if !joined.is_empty() {
            of_exporter.merge(joined).iter().for_each(|conflict| names.report(conflict));
        }
        now.push(of_exporter);
        names.news().iter().for_each(|news| report(format_args!("{news}")));
        let snapshots = Snapshots { now, interval };
        let families = Exposed::new(snapshots, |Snapshots { now, interval }| {
            let families = now
                .iter()
                .enumerate()
                .flat_map(|(at, snapshot)| snapshot.families().map(move |family| (at, family)));
            let families = families
                .filter(|&(at, family)| exposed.has(at, family) && query.wants(family))
                .map(|(at, family)| Part {
                    interval: interval.get(at).and_then(|interval| interval.family(family.name())),
                    ..Part::from(family)
                });
            families.collect()
        });
        Scrape { exposed: families, names: exposed, about: about.metrics }
    }
}

/// Adds the labels for all metrics to a source's snapshot.
fn label(labels: &mut [ExternalLabels], source: usize, snapshot: &mut Snapshot) {
    if let Some(labels) = labels.get_mut(source) {
        labels.add_to(snapshot);
    }
}
