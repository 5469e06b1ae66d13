//! One answer to `/metrics`: every registry read and encoded, each name once.

use crate::about::About;
use crate::encode;
use crate::names::Names;
use hyper::body::Bytes;
use metrics_core::{RegisterError, Registry};
use std::sync::{Arc, Mutex, PoisonError};

/// Encodes what is scraped, and keeps the buffer.
pub(crate) struct Scraper {
    write: Box<dyn FnMut(&mut String) + Send>,
    spare: Arc<Mutex<String>>,
}

impl Scraper {
    /// Of registries, and of the exporter itself.
    pub(crate) fn new(registries: Vec<Registry>) -> Result<Self, RegisterError> {
        let mut registries = Registries::new(registries)?;
        Ok(Self::of(move |text| registries.write(text)))
    }

    /// Of what `write` appends, in text format 0.0.4.
    pub(crate) fn of(write: impl FnMut(&mut String) + Send + 'static) -> Self {
        Self { write: Box::new(write), spare: Arc::default() }
    }

    /// All there is now, in text format 0.0.4.
    pub(crate) fn scrape(&mut self) -> Bytes {
        let mut text = std::mem::take(&mut *lock(&self.spare));
        text.clear();
        (self.write)(&mut text);
        Bytes::from_owner(Lent { text, spare: Arc::clone(&self.spare) })
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

    fn write(&mut self, text: &mut String) {
        let timer = self.about.metrics.exporter_scrape_duration.start();
        self.about.metrics.exporter_scrapes.inc();
        let mut series = 0;
        for (at, registry) in self.all.iter().enumerate() {
            for family in registry.snapshot().families() {
                if self.names.admit(at, family) {
                    series += encode::family(family, text);
                }
            }
        }
        self.about.observe_segment();
        self.about.metrics.exporter_left_out_families.set(self.names.left_out() as f64);
        for family in self.about.registry.snapshot().families() {
            series += encode::family(family, text);
        }
        self.about.metrics.exporter_series.set(series as f64);
        drop(timer);
    }
}

/// A buffer that is sent without being copied, and is there again for the next scrape once the
/// response is on its way. While it is not, the next scrape takes another one; the larger is kept.
struct Lent {
    text: String,
    spare: Arc<Mutex<String>>,
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        self.text.as_bytes()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let mut spare = lock(&self.spare);
        if spare.capacity() < self.text.capacity() {
            *spare = std::mem::take(&mut self.text);
        }
    }
}

/// A panic while the lock is held leaves a buffer, as good as any.
fn lock(spare: &Mutex<String>) -> std::sync::MutexGuard<'_, String> {
    spare.lock().unwrap_or_else(PoisonError::into_inner)
}
