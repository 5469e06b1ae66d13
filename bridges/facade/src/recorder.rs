//! The recorder, and the handle to it.

use crate::inner::Inner;
use crate::settings::Said;
use crate::sight::{self, PROBE};
use metrics::{Key, KeyName, Level, Metadata, Recorder, SharedString, Unit};
use std::fmt;
use std::sync::{Arc, PoisonError};
use tickmetrics::Registry;
use tickmetrics_exporter::encode::{Format, Protocol};

/// A recorder for the macros of `metrics` whose metrics live in a [`Registry`]: made by
/// [`FacadeBuilder`](crate::FacadeBuilder).
///
/// A handle that a program keeps is as fast as one of tickmetrics, with one call through a pointer.
/// The macros look their handle up at each call: in the thread's own cache of 256 handles of each kind,
/// without a lock, and then in a map that all threads share.
pub struct FacadeRecorder {
    inner: Arc<Inner>,
}

/// Renders the metrics of a [`FacadeRecorder`], and tells whether it is in use.
#[derive(Clone)]
pub struct FacadeHandle {
    inner: Arc<Inner>,
}

impl FacadeRecorder {
    pub(crate) fn new(inner: Inner) -> Self {
        Self { inner: Arc::new(inner) }
    }

    /// A handle to it, for the time when it is installed or within layers.
    pub fn handle(&self) -> FacadeHandle {
        FacadeHandle { inner: Arc::clone(&self.inner) }
    }

    fn describe(&self, name: &KeyName, unit: Option<Unit>, help: &SharedString) {
        let Inner { settings, families, trouble, .. } = &*self.inner;
        let said = Said { unit, help: help.to_string() };
        families.describe(settings.known_as(name.as_str()), said, settings.most, trouble);
    }
}

impl Recorder for FacadeRecorder {
    fn describe_counter(&self, name: KeyName, unit: Option<Unit>, help: SharedString) {
        self.describe(&name, unit, &help);
    }

    fn describe_gauge(&self, name: KeyName, unit: Option<Unit>, help: SharedString) {
        self.describe(&name, unit, &help);
    }

    fn describe_histogram(&self, name: KeyName, unit: Option<Unit>, help: SharedString) {
        self.describe(&name, unit, &help);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> metrics::Counter {
        self.inner.handle(key)
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> metrics::Gauge {
        self.inner.handle(key)
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> metrics::Histogram {
        self.inner.handle(key)
    }
}

impl FacadeHandle {
    /// All metrics of the registry in Prometheus' text format 0.0.4, those of other origin included.
    ///
    /// Quantiles are of the last [interval](crate::FacadeBuilder::interval) between two renders.
    /// [`Exporter`](tickmetrics_exporter::Exporter) serves the same, in every format.
    pub fn render(&self) -> String {
        // All that is written is UTF-8.
        String::from_utf8(self.render_as(Format::Text.into())).unwrap_or_default()
    }

    /// All metrics of the registry in the form of a protocol, such as the one that
    /// [`negotiate`](tickmetrics_exporter::encode::negotiate()) chooses.
    pub fn render_as(&self, protocol: Protocol) -> Vec<u8> {
        let snapshot = self.inner.registry.snapshot();
        let mut renderer = self.inner.renderer.lock().unwrap_or_else(PoisonError::into_inner);
        renderer.render(&snapshot, protocol)
    }

    /// The registry with the recorder's metrics.
    pub fn registry(&self) -> &Registry {
        &self.inner.registry
    }

    /// Does nothing. `metrics-exporter-prometheus` needs a call now and then, or its memory grows with
    /// each recorded value; values are counted at once here.
    pub fn run_upkeep(&self) {}

    /// Whether the recorder gets what is recorded with the version of `metrics` that this crate was
    /// built with: because it is installed, or is this thread's local recorder, possibly within layers.
    ///
    /// A program can contain several versions of `metrics`, and each has a recorder of its own.
    /// [`sees`](Self::sees) tells about the version of any piece of code.
    pub fn is_installed(&self) -> bool {
        const ASKED: Metadata<'_> = Metadata::new(module_path!(), Level::INFO, None);
        let probe = Key::from_static_name(PROBE);
        self.sees(|| {
            metrics::with_recorder(|recorder| _ = recorder.register_counter(&probe, &ASKED));
        })
    }

    /// Whether the recorder gets what a piece of code records: whether it asked this recorder for a
    /// handle during the call, on this thread. Handles that were kept from before do not count.
    ///
    /// Versions of `metrics` don't meet: what a dependency records through another version than this
    /// crate's goes nowhere, and nothing tells. A test of a program tells:
    ///
    /// ```standalone_crate
    /// use tickmetrics_facade::FacadeBuilder;
    ///
    /// let handle = FacadeBuilder::new().install()?;
    /// // The program's own version:
    /// assert!(handle.sees(|| metrics::counter!("starts_total").increment(1)));
    /// // That of a dependency, by a call that records something:
    /// # mod client { pub fn connect() { metrics::counter!("connects_total").increment(1) } }
    /// assert!(handle.sees(|| client::connect()));
    /// assert!(!handle.sees(|| {}));
    /// # Ok::<(), tickmetrics_facade::BuildError>(())
    /// ```
    pub fn sees(&self, call: impl FnOnce()) -> bool {
        sight::sees(self.inner.number, call)
    }
}

impl fmt::Debug for FacadeRecorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FacadeRecorder").finish_non_exhaustive()
    }
}

impl fmt::Debug for FacadeHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FacadeHandle").finish_non_exhaustive()
    }
}
