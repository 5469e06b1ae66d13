//! Shared functions that set a peer up, and read its counts.

use super::inputs::edges;
use metrics::{Key, Level, Metadata, Recorder};
use metrics_exporter_prometheus::{
    Matcher, NativeHistogramConfig, PrometheusBuilder, PrometheusHandle, PrometheusRecorder,
};
use opentelemetry::metrics::{Meter, MeterProvider};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::data::{
    AggregatedMetrics, HistogramDataPoint, MetricData, ResourceMetrics, ScopeMetrics, SumDataPoint,
};
use opentelemetry_sdk::metrics::reader::MetricReader;
use opentelemetry_sdk::metrics::{
    InstrumentKind, ManualReader, Pipeline, SdkMeterProvider, Temporality,
};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Weak};
use std::time::Duration;

/// A recorder of `metrics` of its own, with our buckets.
pub(crate) struct Metrics {
    recorder: PrometheusRecorder,
    pub(crate) handle: PrometheusHandle,
}

const METADATA: Metadata<'_> = Metadata::new("benches", Level::INFO, None);

impl Metrics {
    pub(crate) fn new() -> Self {
        let recorder = PrometheusBuilder::new()
            .set_buckets(&edges())
            .expect("there are buckets")
            .build_recorder();
        Self { handle: recorder.handle(), recorder }
    }

    /// With any number of native buckets, each at most 9 % above the one before.
    pub(crate) fn native() -> Self {
        let config = NativeHistogramConfig::new(1.0906, u32::MAX, 1e-128);
        let config = config.expect("the factor is above 1");
        let recorder = PrometheusBuilder::new()
            .set_native_histogram_for_metric(Matcher::Full("a".into()), config)
            .build_recorder();
        Self { handle: recorder.handle(), recorder }
    }

    pub(crate) fn counter(&self, name: &'static str) -> metrics::Counter {
        self.recorder.register_counter(&Key::from_name(name), &METADATA)
    }

    pub(crate) fn histogram(&self, name: &'static str) -> metrics::Histogram {
        self.recorder.register_histogram(&Key::from_name(name), &METADATA)
    }

    /// Runs a function that records by name.
    pub(crate) fn as_recorder<R>(&self, run: impl FnOnce() -> R) -> R {
        metrics::with_local_recorder(&self.recorder, run)
    }

    /// The sum of all series of a name.
    pub(crate) fn total(&self, name: &str) -> u64 {
        total(&self.handle.render(), name)
    }
}

/// The sum of the series of a name in Prometheus' text format.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts are whole")]
pub(crate) fn total(text: &str, name: &str) -> u64 {
    let of_name =
        |line: &&str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']));
    let value = |line: &str| line.rsplit_once(' ')?.1.parse::<f64>().ok();
    text.lines().filter(of_name).filter_map(value).sum::<f64>() as u64
}

/// A meter of OpenTelemetry that is read when asked.
pub(crate) struct Otel {
    reader: Shared,
    _provider: SdkMeterProvider,
    pub(crate) meter: Meter,
}

/// A reader that the provider owns and we keep.
#[derive(Clone, Debug)]
struct Shared(Arc<ManualReader>);

impl MetricReader for Shared {
    fn register_pipeline(&self, pipeline: Weak<Pipeline>) {
        self.0.register_pipeline(pipeline);
    }

    fn collect(&self, metrics: &mut ResourceMetrics) -> OTelSdkResult {
        self.0.collect(metrics)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn temporality(&self, kind: InstrumentKind) -> Temporality {
        self.0.temporality(kind)
    }
}

impl Otel {
    pub(crate) fn new() -> Self {
        let reader = Shared(Arc::new(ManualReader::builder().build()));
        let provider = SdkMeterProvider::builder().with_reader(reader.clone()).build();
        Self { reader, meter: provider.meter("benches"), _provider: provider }
    }

    /// The count of the counters and histograms of a name.
    pub(crate) fn total(&self, name: &str) -> u64 {
        let mut metrics = ResourceMetrics::default();
        if self.reader.collect(&mut metrics).is_err() {
            return 0;
        }
        let metrics = metrics.scope_metrics().flat_map(ScopeMetrics::metrics);
        metrics
            .filter(|metric| metric.name() == name)
            .map(|metric| match metric.data() {
                AggregatedMetrics::U64(MetricData::Sum(sum)) => {
                    sum.data_points().map(SumDataPoint::value).sum()
                }
                AggregatedMetrics::F64(MetricData::Histogram(values)) => {
                    values.data_points().map(HistogramDataPoint::count).sum::<u64>()
                }
                _ => 0,
            })
            .sum()
    }
}

pub(crate) type ClientHistogram = prometheus_client::metrics::histogram::Histogram;

/// `prometheus-client` shows its count only in its text.
pub(crate) fn client_count(histogram: &ClientHistogram) -> u64 {
    let mut registry = prometheus_client::registry::Registry::default();
    registry.register("a", "Waited", histogram.clone());
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry)
        .map_or(0, |()| total(&text, "a_count"))
}

pub(crate) fn measured_count(histogram: &measured::Histogram<15>) -> u64 {
    let state = histogram.get_metric();
    let state = state.inner.read();
    state.buckets.iter().chain([&state.inf]).map(|cell| cell.load(Relaxed)).sum()
}

/// Shards for libraries that ask how many: a core each, as they recommend.
pub(crate) fn shards() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
