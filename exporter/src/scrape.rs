//! One answer to `/metrics`: every registry read and encoded, each name once.

use crate::about::About;
use crate::encode::Exposition;
use crate::names::Names;
use crate::negotiate::Format;
use hyper::body::Bytes;
use metrics_core::{RegisterError, Registry};
use std::sync::{Arc, Mutex, PoisonError};

/// Encodes what is scraped, and keeps the buffer.
pub(crate) struct Scraper {
    source: Source,
    spare: Arc<Mutex<Vec<u8>>>,
}

enum Source {
    Registries(Box<Registries>),
    /// Appends text format 0.0.4.
    #[cfg(feature = "cli")]
    Text(Box<dyn FnMut(&mut String) + Send>),
}

impl Scraper {
    /// Of registries, and of the exporter itself.
    pub(crate) fn new(registries: Vec<Registry>) -> Result<Self, RegisterError> {
        let source = Source::Registries(Box::new(Registries::new(registries)?));
        Ok(Self { source, spare: Arc::default() })
    }

    /// Of what `write` appends, in text format 0.0.4 whatever is asked for.
    #[cfg(feature = "cli")]
    pub(crate) fn of(write: impl FnMut(&mut String) + Send + 'static) -> Self {
        Self { source: Source::Text(Box::new(write)), spare: Arc::default() }
    }

    /// All there is now, and the format that it is in: the one asked for if there is a choice.
    pub(crate) fn scrape(&mut self, format: Format) -> (Format, Bytes) {
        let memory = std::mem::take(&mut *lock(&self.spare));
        let (format, bytes) = match &mut self.source {
            Source::Registries(registries) => (format, registries.encode(format, memory)),
            #[cfg(feature = "cli")]
            Source::Text(write) => {
                let mut text = String::from_utf8(memory).unwrap_or_default();
                text.clear();
                write(&mut text);
                (Format::Text, text.into_bytes())
            }
        };
        (format, Bytes::from_owner(Lent { bytes, spare: Arc::clone(&self.spare) }))
    }
}

struct Registries {
    all: Vec<Registry>,
    about: About,
    names: Names,
}

impl Registries {
    fn new(registries: Vec<Registry>) -> Result<Self, RegisterError> {
        let about = About::register()?;
        let mut names = Names::default();
        // First of all, so that the exporter's own names are its own.
        for family in about.registry.snapshot().families() {
            names.admit(registries.len(), family);
        }
        Ok(Self { all: registries, about, names })
    }

    /// All of them as one exposition.
    fn encode(&mut self, format: Format, memory: Vec<u8>) -> Vec<u8> {
        let timer = self.about.metrics.exporter_scrape_duration.start();
        self.about.metrics.exporter_scrapes.inc();
        let snapshots: Vec<_> = self.all.iter().map(Registry::snapshot).collect();
        let mut families = Vec::new();
        // All names before the first family is written, which may depend on them.
        for (at, snapshot) in snapshots.iter().enumerate() {
            families.extend(snapshot.families().filter(|&family| self.names.admit(at, family)));
        }
        let is_exposed = |name: &str| self.names.contains(name);
        let mut exposition = Exposition::new(format, memory, &is_exposed);
        let mut series: usize = families.into_iter().map(|family| exposition.push(family)).sum();
        self.about.observe_segment();
        self.about.metrics.exporter_left_out_families.set(self.names.left_out() as f64);
        let about = self.about.registry.snapshot();
        series += about.families().map(|family| exposition.push(family)).sum::<usize>();
        self.about.metrics.exporter_series.set(series as f64);
        let bytes = exposition.finish();
        drop(timer);
        bytes
    }
}

/// A buffer that is sent without being copied, and is there again for the next scrape once the
/// response is on its way. While it is not, the next scrape takes another one; the larger is kept.
struct Lent {
    bytes: Vec<u8>,
    spare: Arc<Mutex<Vec<u8>>>,
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let mut spare = lock(&self.spare);
        if spare.capacity() < self.bytes.capacity() {
            *spare = std::mem::take(&mut self.bytes);
        }
    }
}

/// A panic while the lock is held leaves a buffer, as good as any.
fn lock(spare: &Mutex<Vec<u8>>) -> std::sync::MutexGuard<'_, Vec<u8>> {
    spare.lock().unwrap_or_else(PoisonError::into_inner)
}
