//! Answers queries: simultaneous equal queries share an exposition, and excess ones make room.

use crate::about::{AboutMetrics, Limit};
use crate::query::{More, Query};
use crate::render::{Reader, Render};
use crate::server::{Client, Most};
use crate::source::Shared;
use crate::sources::Sources;
use crate::sync::lock;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;
use tickmetrics::{ExternalLabels, Metrics, RegisterError};

/// A client that reads nothing for this long may have to make room.
pub(crate) const STALLED: Duration = Duration::from_secs(1);

/// Answers queries.
pub(crate) struct Scraper {
    sources: Arc<Mutex<Sources>>,
    /// The renders without a snapshot, and maybe others.
    renders: Vec<Weak<Render>>,
    about: AboutMetrics,
    more: More,
}

impl Scraper {
    /// For these sources, and the exporter itself. Intervals are at least this long.
    pub(crate) fn new(sources: Vec<Shared>, interval: Duration) -> Result<Self, RegisterError> {
        let sources = Sources::new(sources, interval)?;
        let about = sources.about();
        let sources = Arc::new(Mutex::new(sources));
        Ok(Self { sources, renders: Vec::new(), about, more: More::default() })
    }

    /// Adds labels to all metrics.
    pub(crate) fn with_labels(self, labels: &ExternalLabels) -> Self {
        lock(&self.sources).label(labels);
        self
    }

    /// Adds the options that clients can't ask for.
    pub(crate) fn with_more(self, more: More) -> Self {
        Self { more, ..self }
    }

    /// Registers further metrics of the exporter about itself.
    pub(crate) fn register<M: Metrics>(&self) -> Result<M, RegisterError> {
        lock(&self.sources).register()
    }

    /// The exporter's metrics about itself.
    pub(crate) fn about(&self) -> AboutMetrics {
        self.about
    }

    /// Calibrates the clock, and reads once everything that can be read without a request.
    pub(crate) fn warm_up(&self) {
        self.about.exporter_scrape_duration.start().discard();
        lock(&self.sources).warm_up();
    }

    /// The response to a query. Equal queries before the first one's snapshot share all of it.
    pub(crate) fn open(&mut self, mut query: Query, client: Client) -> Reader {
        query.protocol.created = self.more.created;
        query.protocol.classic_beside_native = self.more.classic_beside_native;
        self.about.exporter_scrapes.inc();
        self.open_uncounted(query, client)
    }

    /// As [`open`](Self::open) does, with at most this many expositions in progress, or `None`.
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
            // A render without an owner ends before the next one is requested.
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

    /// A response like a scrape's, which does not count as a scrape.
    pub(crate) fn open_uncounted(&mut self, mut query: Query, client: Client) -> Reader {
        query.names.sort_unstable();
        query.names.dedup();
        self.renders.retain(|render| render.strong_count() > 0);
        let mut shared = self.renders.iter().filter_map(Weak::upgrade);
        if let Some(reader) = shared.find_map(|render| render.join(&query, client)) {
            return reader;
        }
        let (render, first) = Render::new(query, Arc::clone(&self.sources), client);
        self.renders.push(Arc::downgrade(&render));
        first
    }
}
