//! What is scraped: every source, each name once, and the exporter's metrics about itself.

use crate::about::{About, AboutMetrics, Limit};
use crate::coding::Coding;
use crate::encode::Part;
use crate::interval::Intervals;
use crate::names::{Names, series_names};
#[cfg(feature = "__cli")]
use crate::negotiate::Format;
use crate::negotiate::Protocol;
use crate::process::ProcessMetrics;
use crate::render::{Reader, Render};
use crate::server::{Client, Most};
use crate::source::Shared;
use crate::sync::lock;
use self_cell::self_cell;
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};
use tickmetrics::__text::report;
#[cfg(feature = "__cli")]
use tickmetrics::Registry;
use tickmetrics::{ExternalLabels, Family, Kind, Metrics, RegisterError, Snapshot};

/// A client that reads nothing for so long may have to make room.
pub(crate) const STALLED: Duration = Duration::from_secs(1);

/// What a client asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Query {
    pub(crate) protocol: Protocol,
    pub(crate) coding: Coding,
    /// The names of families, or of their series, that it wants, in order; all if there are none.
    pub(crate) names: Vec<String>,
}

impl Query {
    fn wants(&self, family: Family<'_>) -> bool {
        let wanted =
            |name: &str| self.names.binary_search_by(|wanted| wanted.as_str().cmp(name)).is_ok();
        let is_counter = family.kind() == Kind::Counter;
        let escaping = self.protocol.escaping();
        self.names.is_empty()
            || wanted(family.name())
            || series_names(escaping, family).iter().any(|name| wanted(name))
            || is_counter
                && escaping.metric(family.name()).strip_suffix("_total").is_some_and(wanted)
    }
}

/// Answers queries.
pub(crate) struct Scraper {
    origin: Arc<Mutex<Origin>>,
    /// The renders that no snapshot was taken for yet, and maybe others.
    renders: Vec<Weak<Render>>,
    about: AboutMetrics,
    more: More,
}

/// What no client asks for, see [`Protocol`].
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct More {
    pub(crate) created: bool,
    pub(crate) classic_beside_native: bool,
}

/// What an exposition is made from.
pub(crate) enum Origin {
    Sources(Box<Sources>),
    /// Appends text format 0.0.4.
    #[cfg(feature = "__cli")]
    Text(Box<dyn FnMut(&mut String) + Send>),
}

impl Scraper {
    /// Of sources, and of the exporter itself. Intervals are at least that long.
    pub(crate) fn new(sources: Vec<Shared>, interval: Duration) -> Result<Self, RegisterError> {
        let sources = Sources::new(sources, interval)?;
        let about = sources.about.metrics;
        Ok(Self::from(Origin::Sources(Box::new(sources)), &about))
    }

    fn from(origin: Origin, about: &AboutMetrics) -> Self {
        let origin = Arc::new(Mutex::new(origin));
        Self { origin, renders: Vec::new(), about: *about, more: More::default() }
    }

    /// With labels for all metrics.
    pub(crate) fn with_labels(self, labels: &ExternalLabels) -> Self {
        match &mut *lock(&self.origin) {
            Origin::Sources(sources) => {
                sources.labels = vec![labels.clone(); sources.all.len() + 2];
            }
            #[cfg(feature = "__cli")]
            Origin::Text(_) => {}
        }
        self
    }

    /// And what no client asks for.
    pub(crate) fn with_more(self, more: More) -> Self {
        Self { more, ..self }
    }

    /// And of the process.
    pub(crate) fn with_process(self, metrics: ProcessMetrics) -> Self {
        match &mut *lock(&self.origin) {
            Origin::Sources(sources) => sources.process = Some(metrics),
            #[cfg(feature = "__cli")]
            Origin::Text(_) => {}
        }
        self
    }

    /// Of what `write` appends, in text format 0.0.4 whatever is asked for.
    #[cfg(feature = "__cli")]
    pub(crate) fn of(
        write: impl FnMut(&mut String) + Send + 'static,
    ) -> Result<Self, RegisterError> {
        Ok(Self::from(Origin::Text(Box::new(write)), &About::register()?.metrics))
    }

    /// Registers further metrics of the exporter about itself.
    pub(crate) fn register<M: Metrics>(&self) -> Result<M, RegisterError> {
        match &mut *lock(&self.origin) {
            Origin::Sources(sources) => sources.register(),
            #[cfg(feature = "__cli")]
            Origin::Text(_) => M::register(&Registry::new()),
        }
    }

    /// The exporter's metrics about itself.
    pub(crate) fn about(&self) -> AboutMetrics {
        self.about
    }

    /// Calibrates the clock, and reads once all that can be read without being asked.
    pub(crate) fn warm_up(&self) {
        self.about.exporter_scrape_duration.start().discard();
        match &mut *lock(&self.origin) {
            // No scrape: nobody sees it, so that no interval begins with it.
            Origin::Sources(sources) => {
                sources.all.iter().for_each(|source| drop(source.snapshot()));
                if let Some(process) = &mut sources.process {
                    process.add_to(&mut Snapshot::default());
                }
            }
            #[cfg(feature = "__cli")]
            Origin::Text(_) => {}
        }
    }

    /// What a query is answered with. Those that ask the same before a snapshot is taken for the
    /// first of them share all of it.
    pub(crate) fn open(&mut self, mut query: Query, client: Client) -> Reader {
        query.protocol.created = self.more.created;
        query.protocol.classic_beside_native = self.more.classic_beside_native;
        self.about.exporter_scrapes.inc();
        self.open_uncounted(query, client)
    }

    /// As [`open`](Self::open) does, with at most so many expositions on their way, or `None`.
    pub(crate) fn open_within(
        &mut self,
        most: usize,
        query: Query,
        client: Client,
    ) -> Option<Reader> {
        let all = self.renders.iter().filter_map(Weak::upgrade);
        let at_work: Vec<_> = all.filter(|render| render.last_read().is_some()).collect();
        if at_work.len() >= most && !at_work.iter().any(|render| render.is_open_to(&query)) {
            self.about.exporter_limited.with(Limit::Renders).inc();
            // Whose nobody is any more, it is over before the next one is asked for.
            let owners = || at_work.iter().filter_map(|render| Some((render, render.owner()?)));
            let most = Most::of(owners().map(|(_, owner)| owner), client);
            let candidates = owners().filter(|&(_, owner)| most.includes(owner));
            let (slowest, _) = candidates.min_by_key(|(render, _)| render.last_read())?;
            if !most.is_anothers() && slowest.last_read()?.elapsed() < STALLED {
                return None;
            }
            slowest.cut_off();
        }
        Some(self.open(query, client))
    }

    /// What is no scrape, but is answered as one.
    pub(crate) fn open_uncounted(&mut self, mut query: Query, client: Client) -> Reader {
        match &*lock(&self.origin) {
            Origin::Sources(_) => {}
            #[cfg(feature = "__cli")]
            Origin::Text(_) => query.protocol = Format::Text.into(),
        }
        query.names.sort_unstable();
        query.names.dedup();
        self.renders.retain(|render| render.strong_count() > 0);
        let mut shared = self.renders.iter().filter_map(Weak::upgrade);
        if let Some(reader) = shared.find_map(|render| render.join(&query, client)) {
            return reader;
        }
        let (render, first) = Render::new(query, Arc::clone(&self.origin), client);
        self.renders.push(Arc::downgrade(&render));
        first
    }
}

pub(crate) struct Sources {
    all: Vec<Shared>,
    /// Labels for all metrics, if there are any: for each source, for the process, and for the exporter
    /// itself, since each remembers what it labelled last.
    labels: Vec<ExternalLabels>,
    process: Option<ProcessMetrics>,
    about: About,
    names: Arc<Mutex<Names>>,
    intervals: Intervals,
}

/// Snapshots, and what happened in the last interval, of each source.
struct Snapshots {
    now: Vec<Snapshot>,
    interval: Vec<Snapshot>,
}

type Parts<'a> = Vec<Part<'a>>;

self_cell! {
    /// Snapshots, and which families of theirs are exposed.
    pub(crate) struct Exposed {
        owner: Snapshots,
        #[covariant]
        dependent: Parts,
    }
}

/// The values of all sources at one moment.
pub(crate) struct Scrape {
    pub(crate) exposed: Exposed,
    pub(crate) names: Arc<Mutex<Names>>,
    pub(crate) about: AboutMetrics,
}

impl Sources {
    fn new(all: Vec<Shared>, interval: Duration) -> Result<Self, RegisterError> {
        let (about, names) = (About::register()?, Arc::default());
        let intervals = Intervals::new(interval);
        let sources = Self { all, labels: Vec::new(), process: None, about, names, intervals };
        sources.keep_own_names();
        Ok(sources)
    }

    fn register<M: Metrics>(&self) -> Result<M, RegisterError> {
        let metrics = M::register(&self.about.registry);
        self.keep_own_names();
        metrics
    }

    /// To be called before the first scrape, so that the exporter's own names are its own.
    fn keep_own_names(&self) {
        let own = self.about.registry.snapshot();
        lock(&self.names).keep_own(self.all.len() + 1, &own);
    }

    /// All of them as they are now, as far as the query wants them.
    pub(crate) fn scrape(&mut self, query: &Query) -> Scrape {
        self.about.observe_segment();
        let escaping = query.protocol.escaping();
        let about = self.about.metrics;
        let mut label = |at: usize, mut snapshot: Snapshot| {
            if let Some(labels) = self.labels.get_mut(at) {
                labels.add_to(&mut snapshot);
            }
            snapshot
        };
        let snapshot = |(at, source): (usize, &Shared)| {
            let snapshot = source.snapshot().unwrap_or_else(|| {
                about.exporter_source_errors.inc();
                Snapshot::default()
            });
            label(at, snapshot)
        };
        let mut now: Vec<_> = self.all.iter().enumerate().map(snapshot).collect();
        let interval = self.intervals.end(Instant::now(), &now);
        // The last ones, so that a program's own metrics of these names go before.
        let mut of_process = Snapshot::default();
        if let Some(process) = &mut self.process {
            process.add_to(&mut of_process);
        }
        now.push(label(now.len(), of_process));
        let mut names = lock(&self.names);
        for (at, snapshot) in now.iter().enumerate() {
            // That the process's give way to the program's is no news.
            names.news().iter().for_each(|news| report(format_args!("{news}")));
            names.admit_all(escaping, at, snapshot);
        }
        names.news();
        about.exporter_left_out_families.set(names.left_out(escaping) as f64);
        now.push(label(now.len(), self.about.registry.snapshot()));
        let exposed = Exposed::new(Snapshots { now, interval }, |Snapshots { now, interval }| {
            let families = now
                .iter()
                .enumerate()
                .flat_map(|(at, snapshot)| snapshot.families().map(move |family| (at, family)));
            let exposed = families
                .filter(|&(at, family)| names.admit(escaping, at, family) && query.wants(family))
                .map(|(at, family)| Part {
                    interval: interval.get(at).and_then(|interval| interval.family(family.name())),
                    ..Part::from(family)
                });
            exposed.collect()
        });
        drop(names);
        Scrape { exposed, names: Arc::clone(&self.names), about }
    }
}
