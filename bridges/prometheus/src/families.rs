//! A family of a registry, added to a snapshot.

use crate::values::{of_counter, of_gauge};
use prometheus::proto::{Histogram, Metric, MetricFamily, MetricType, Summary};
use tickmetrics::{Added, ClassicHistogram, Description, Snapshot};

/// The help text of a family without one.
const NO_HELP: &str = "No help text.";

/// The units that names end in, by Prometheus' rule
/// (<https://prometheus.io/docs/practices/naming/#base-units>).
const UNITS: [&str; 2] = ["seconds", "bytes"];

/// Adds all series of a family, or answers why none is added.
pub(crate) fn add(snapshot: &mut Snapshot, family: &MetricFamily) -> Result<(), String> {
    let name = family.name();
    let value = match family.get_field_type() {
        MetricType::COUNTER => |metric: &Metric| Added::Counter(of_counter(metric.get_counter())),
        MetricType::GAUGE => |metric: &Metric| Added::Gauge(of_gauge(metric.get_gauge())),
        MetricType::HISTOGRAM => |metric: &Metric| histogram(metric.get_histogram()),
        MetricType::SUMMARY => |metric: &Metric| summary(metric.get_summary()),
        MetricType::UNTYPED => {
            return Err(format!("{name:?} has no type: make it a gauge or a counter"));
        }
    };
    let description = Description::new(name, help(family.help())).unit(unit(name));
    let series = family.get_metric().iter().map(|metric| (labels(metric), value(metric)));
    snapshot.add_family(&description, series).map_err(|error| error.to_string())
}

/// The text without what no help text here has.
fn help(help: &str) -> String {
    if help.trim().is_empty() {
        return NO_HELP.to_owned();
    }
    help.replace(|c: char| c.is_control() && c != '\n', " ")
}

fn unit(name: &str) -> &'static str {
    let stem = name.strip_suffix("_total").unwrap_or(name);
    let is_end = |unit: &&str| stem.strip_suffix(unit).is_some_and(|stem| stem.ends_with('_'));
    UNITS.into_iter().find(is_end).unwrap_or_default()
}

/// Sorted: a collector may give the same names in any order.
fn labels(metric: &Metric) -> Vec<(String, String)> {
    let labels = metric.get_label().iter();
    let mut labels: Vec<_> =
        labels.map(|label| (label.name().to_owned(), label.value().to_owned())).collect();
    labels.sort_unstable();
    labels
}

fn histogram(it: &Histogram) -> Added {
    let buckets = it.get_bucket().iter();
    let buckets = buckets.map(|bucket| (bucket.upper_bound(), bucket.cumulative_count()));
    Added::Histogram(ClassicHistogram::new(buckets, it.get_sample_count(), it.get_sample_sum()))
}

fn summary(it: &Summary) -> Added {
    let quantiles = it.get_quantile().iter();
    let quantiles = quantiles.map(|quantile| (quantile.quantile(), quantile.value()));
    Added::Summary(tickmetrics::Summary::new(quantiles, it.sample_count(), it.sample_sum()))
}
