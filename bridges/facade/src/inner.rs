//! What a recorder and its handles share.

use crate::bounded::Found;
use crate::cache::{self, Cached};
use crate::families::{Families, Sort};
use crate::handles::{CountUp, Level, Values};
use crate::series::Series;
use crate::settings::Settings;
use crate::trouble::{Reason, Trouble};
use crate::{names, sight};
use metrics::Key;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use tickmetrics::{Counter, Gauge, Histogram, Registry};
use tickmetrics_exporter::Renderer;

pub(crate) struct Inner {
    /// No other recorder of the process ever has it.
    pub(crate) number: u64,
    pub(crate) registry: Registry,
    pub(crate) settings: Settings,
    pub(crate) families: Families,
    pub(crate) trouble: Trouble,
    pub(crate) renderer: Mutex<Renderer>,
    counters: Series<Counter>,
    gauges: Series<Gauge>,
    /// With recorded units in an exposed one.
    histograms: Series<(Histogram, f64)>,
    /// The number of keys in all.
    known: AtomicUsize,
}

/// A handle of `metrics`.
pub(crate) trait Handed: Cached {
    type Sort: Sort;
    /// What all threads share of a handle.
    type Shared: Copy;

    fn series(inner: &Inner) -> &Series<Self::Shared>;

    fn shared(handle: Self::Sort, per_unit: f64) -> Self::Shared;

    /// A handle of this thread's own.
    fn hand_out(shared: Self::Shared) -> Self;

    /// A handle that counts nowhere.
    fn nowhere() -> Self;
}

impl Handed for metrics::Counter {
    type Sort = Counter;
    type Shared = Counter;

    fn series(inner: &Inner) -> &Series<Counter> {
        &inner.counters
    }

    fn shared(handle: Counter, _: f64) -> Counter {
        handle
    }

    fn hand_out(counter: Counter) -> Self {
        Self::from_arc(Arc::new(CountUp(counter)))
    }

    fn nowhere() -> Self {
        Self::noop()
    }
}

impl Handed for metrics::Gauge {
    type Sort = Gauge;
    type Shared = Gauge;

    fn series(inner: &Inner) -> &Series<Gauge> {
        &inner.gauges
    }

    fn shared(handle: Gauge, _: f64) -> Gauge {
        handle
    }

    fn hand_out(gauge: Gauge) -> Self {
        Self::from_arc(Arc::new(Level(gauge)))
    }

    fn nowhere() -> Self {
        Self::noop()
    }
}

impl Handed for metrics::Histogram {
    type Sort = Histogram;
    type Shared = (Histogram, f64);

    fn series(inner: &Inner) -> &Series<(Histogram, f64)> {
        &inner.histograms
    }

    fn shared(handle: Histogram, per_unit: f64) -> (Histogram, f64) {
        (handle, per_unit)
    }

    fn hand_out((histogram, per_unit): (Histogram, f64)) -> Self {
        Self::from_arc(Arc::new(Values { histogram, per_unit }))
    }

    fn nowhere() -> Self {
        Self::noop()
    }
}

impl Inner {
    pub(crate) fn new(registry: Registry, settings: Settings) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self {
            // Relaxed: the numbers only have to differ.
            number: NEXT.fetch_add(1, Relaxed),
            families: Families::default(),
            trouble: Trouble::new(registry.clone()),
            renderer: Mutex::new(Renderer::new(settings.interval)),
            counters: Series::default(),
            gauges: Series::default(),
            histograms: Series::default(),
            known: AtomicUsize::new(0),
            registry,
            settings,
        }
    }

    /// The handle of a key, for this thread.
    #[inline]
    pub(crate) fn handle<H: Handed>(&self, key: &Key) -> H {
        cache::find(self.number, key).unwrap_or_else(|| self.new_in_thread(key))
    }

    #[cold]
    fn new_in_thread<H: Handed>(&self, key: &Key) -> H {
        if sight::is_probe(self.number, key) {
            return H::nowhere();
        }
        let shared = H::series(self).get(key).or_else(|| self.find::<H>(key));
        let handle = shared.map_or_else(H::nowhere, H::hand_out);
        cache::keep(self.number, key, &handle);
        handle
    }

    /// The series of a key that no thread has asked for; `None` if it is counted nowhere.
    fn find<H: Handed>(&self, key: &Key) -> Option<H::Shared> {
        let name = self.settings.known_as(key.name());
        let (family, per_unit) =
            self.families.get::<H::Sort>(&name, &self.settings, &self.registry, &self.trouble)?;
        let is_histogram = <H::Sort as tickmetrics::Metric>::KIND == tickmetrics::Kind::Histogram;
        let labels = names::labels(&self.settings.labels, key, is_histogram);
        let labels: Vec<(&str, &str)> =
            labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let most = self.settings.most;
        // Relaxed: a limit may be passed by as many as there are threads.
        if self.known.load(Relaxed) >= most {
            let what = format_args!("the recorder has {most} series: further ones are one");
            self.trouble.tell(&name, Reason::Limit, what);
            return Some(H::shared(family.overflow(), per_unit));
        }
        let handle = match family.find(&labels) {
            Found::Own(handle) => {
                if H::series(self).keep(key, H::shared(handle, per_unit)) {
                    self.known.fetch_add(1, Relaxed);
                }
                handle
            }
            Found::Overflow(handle) => {
                let most = self.settings.most_of_each;
                let what = format_args!("it has {most} series: further ones are one");
                self.trouble.tell(&name, Reason::Limit, what);
                handle
            }
            Found::Refused(handle, error) => {
                self.trouble.tell(&name, Reason::Invalid, format_args!("{error}"));
                handle
            }
        };
        Some(H::shared(handle, per_unit))
    }
}

#[cfg(test)]
mod tests {
    use super::Inner;
    use crate::settings::Settings;
    use metrics::{Counter, Gauge, Histogram, Key};
    use tickmetrics::Registry;

    /// A lock would wait for itself here, for ever.
    #[test]
    fn a_known_handle_takes_no_lock() {
        let registry = Registry::new();
        let inner = Inner::new(registry.clone(), Settings::default());
        let key = Key::from_name;
        let record = || {
            inner.handle::<Counter>(&key("a")).increment(1);
            inner.handle::<Gauge>(&key("b")).set(2.0);
            inner.handle::<Histogram>(&key("c")).record(3.0);
        };
        record();
        let series = (inner.counters.hold(), inner.gauges.hold(), inner.histograms.hold());
        let held = (series, inner.families.hold());
        record();
        drop(held);
        assert_eq!(registry.snapshot().counter("a", &[]), Some(2));
    }
}
