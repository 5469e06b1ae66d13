//! The settings of a recorder.

use crate::error::BuildError;
use crate::inner::Inner;
use crate::matcher::Matcher;
use crate::names;
use crate::recorder::{FacadeHandle, FacadeRecorder};
use crate::settings::Settings;
use std::time::Duration;
use tickmetrics::Registry;

/// Builds a [`FacadeRecorder`].
///
/// ```
/// use std::time::Duration;
/// use tickmetrics_facade::{FacadeBuilder, Matcher};
///
/// let recorder = FacadeBuilder::new()
///     .prefix("gateway")
///     .label("host", "ny4-17")
///     .buckets_for(Matcher::Suffix("_seconds".into()), [0.001, 0.01, 0.1, 1.0])
///     .idle_gauges(Duration::from_secs(3600))
///     .build()?;
/// let handle = recorder.handle();
/// metrics::with_local_recorder(&recorder, || metrics::counter!("orders").increment(2));
/// assert!(handle.render().contains("\ngateway_orders{host=\"ny4-17\"} 2\n"));
/// # Ok::<(), tickmetrics_facade::BuildError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct FacadeBuilder {
    registry: Option<Registry>,
    settings: Settings,
}

impl Default for FacadeBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl FacadeBuilder {
    /// With the defaults of each setting.
    pub fn new() -> Self {
        Self { registry: None, settings: Settings::default() }
    }

    /// The registry that the metrics live in. By default it is [`Registry::global`], which an
    /// exporter serves by default.
    pub fn registry(mut self, registry: &Registry) -> Self {
        self.registry = Some(registry.clone());
        self
    }

    /// Puts this and an underscore in front of each name.
    pub fn prefix(mut self, prefix: &str) -> Self {
        self.settings.prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}_") };
        self
    }

    /// A label of all metrics. A label of the same name at a metric itself wins over it, and the last
    /// call with a name over those before.
    pub fn label(mut self, name: &str, value: &str) -> Self {
        let labels = &mut self.settings.labels;
        let name = names::label(name);
        labels.retain(|(known, _)| *known != name);
        labels.push((name, names::beginning(value).to_owned()));
        self
    }

    /// Whether names get their unit, and those of counters `_total`, unless they end in them: as
    /// `with_recommended_naming` of `metrics-exporter-prometheus` does. The default is no: names stay
    /// as they are.
    pub fn recommended_naming(mut self, on: bool) -> Self {
        self.settings.recommended_naming = on;
        self
    }

    /// The quantiles of histograms that are given no buckets, from 0 to 1. They are exposed as summaries
    /// under their own name. The default is 0, 0.5, 0.9, 0.95, 0.99, 0.999 and 1.
    pub fn quantiles(mut self, quantiles: impl IntoIterator<Item = f64>) -> Self {
        let mut quantiles: Vec<f64> = quantiles.into_iter().collect();
        quantiles.sort_by(f64::total_cmp);
        quantiles.dedup();
        self.settings.quantiles = quantiles;
        self
    }

    /// The upper edges of the buckets of all histograms, in the unit of their values, rising. Histograms
    /// with buckets are exposed as such, and not as summaries.
    pub fn buckets(mut self, edges: impl IntoIterator<Item = f64>) -> Self {
        self.settings.buckets = Some(edges.into_iter().collect());
        self
    }

    /// Buckets as [`buckets`](Self::buckets) for some histograms.
    pub fn buckets_for(mut self, matcher: Matcher, edges: impl IntoIterator<Item = f64>) -> Self {
        self.settings.buckets_for.set(matcher, edges.into_iter().collect());
        self
    }

    /// [Native](tickmetrics::Description::native) buckets for some histograms, from -4 to 7 with two
    /// significant digits: 3 is a good start. Protobuf has them in place of other buckets.
    pub fn native_for(mut self, matcher: Matcher, schema: i8) -> Self {
        self.settings.native_for.set(matcher, schema);
        self
    }

    /// The smallest difference of two values of some histograms, in the unit of their values. The
    /// largest value is 9.2 × 10^18 times of it; larger ones are counted as such. By default it follows
    /// from unit, name and buckets, as the crate's documentation says.
    pub fn scale_for(mut self, matcher: Matcher, scale: f64) -> Self {
        self.settings.scale_for.set(matcher, scale);
        self
    }

    /// The significant digits of values of some histograms, 1 to 3. The default is 2: quantiles are off
    /// by less than 1 %. Each digit takes eight times the memory.
    pub fn digits_for(mut self, matcher: Matcher, digits: u8) -> Self {
        self.settings.digits_for.set(matcher, digits);
        self
    }

    /// Asks the [hook](tickmetrics::exemplar) for the traces of values, and some become exemplars. For
    /// histograms with buckets or native buckets: a summary has none. `record_many` has none either.
    pub fn exemplars(mut self) -> Self {
        self.settings.exemplars = true;
        self
    }

    /// For how long a series of any kind is shown that does not change. Its next change shows it again,
    /// with its count. By default series are shown for ever.
    pub fn idle(self, timeout: Duration) -> Self {
        self.idle_counters(timeout).idle_gauges(timeout).idle_histograms(timeout)
    }

    /// As [`idle`](Self::idle), for counters.
    pub fn idle_counters(mut self, timeout: Duration) -> Self {
        self.settings.idle.counters = Some(timeout);
        self
    }

    /// As [`idle`](Self::idle), for gauges.
    pub fn idle_gauges(mut self, timeout: Duration) -> Self {
        self.settings.idle.gauges = Some(timeout);
        self
    }

    /// As [`idle`](Self::idle), for histograms.
    pub fn idle_histograms(mut self, timeout: Duration) -> Self {
        self.settings.idle.histograms = Some(timeout);
        self
    }

    /// The most series of one metric, 2,000 by default. Further ones are counted as one series with the
    /// label `otel_metric_overflow="true"`.
    pub fn most_series_of_each(mut self, most: usize) -> Self {
        self.settings.most_of_each = most;
        self
    }

    /// The most series of all metrics, 100,000 by default. Further ones are counted as one series of their
    /// metric, as [`most_series_of_each`](Self::most_series_of_each) describes.
    pub fn most_series(mut self, most: usize) -> Self {
        self.settings.most = most;
        self
    }

    /// The least length of the interval of quantiles in [`FacadeHandle::render`], 10 s by default. It
    /// begins with the latest render that is at least so long ago, or else with the program.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.settings.interval = interval;
        self
    }

    /// The recorder, for layers, for [`metrics::with_local_recorder`], or for
    /// [`metrics::set_global_recorder`].
    ///
    /// # Errors
    /// [`BuildError::Setting`].
    pub fn build(self) -> Result<FacadeRecorder, BuildError> {
        self.settings.check()?;
        let registry = self.registry.unwrap_or_else(|| Registry::global().clone());
        Ok(FacadeRecorder::new(Inner::new(registry, self.settings)))
    }

    /// Makes it the recorder of the process.
    ///
    /// # Errors
    /// Every variant of [`BuildError`].
    pub fn install(self) -> Result<FacadeHandle, BuildError> {
        let recorder = self.build()?;
        let handle = recorder.handle();
        metrics::set_global_recorder(recorder).map_err(|_| BuildError::Installed)?;
        Ok(handle)
    }
}
