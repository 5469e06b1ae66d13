//! Collectors with any families, and parsed families that compare.

#![allow(dead_code, reason = "each test file uses a part of it")]

use prometheus::core::{Collector, Desc};
use prometheus::proto::{LabelPair, Metric, MetricFamily, MetricType, Quantile, Summary};
use tickmetrics_exporter::parse::{self, Exposition, Label, Value};

/// A collector that has these families.
#[derive(Clone)]
pub(crate) struct Given(pub(crate) Vec<MetricFamily>);

impl Collector for Given {
    fn desc(&self) -> Vec<&Desc> {
        Vec::new()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        self.0.clone()
    }
}

pub(crate) fn family(name: &str, kind: MetricType, metrics: Vec<Metric>) -> MetricFamily {
    let mut family = MetricFamily::default();
    family.set_name(name.to_owned());
    family.set_help("Help.".to_owned());
    family.set_field_type(kind);
    family.set_metric(metrics);
    family
}

pub(crate) fn gauge(labels: &[(&str, &str)], value: f64) -> Metric {
    let pair = |(name, value): &(&str, &str)| {
        let mut pair = LabelPair::default();
        pair.set_name((*name).to_owned());
        pair.set_value((*value).to_owned());
        pair
    };
    let mut gauge = prometheus::proto::Gauge::default();
    gauge.set_value(value);
    let mut metric = Metric::from_gauge(gauge);
    metric.set_label(labels.iter().map(pair).collect());
    metric
}

pub(crate) fn summary(name: &str, quantiles: &[(f64, f64)], count: u64, sum: f64) -> MetricFamily {
    let quantile = |&(rank, value): &(f64, f64)| {
        let mut quantile = Quantile::default();
        quantile.set_quantile(rank);
        quantile.set_value(value);
        quantile
    };
    let mut summary = Summary::default();
    summary.set_sample_count(count);
    summary.set_sample_sum(sum);
    summary.set_quantile(quantiles.iter().map(quantile).collect());
    let mut metric = Metric::default();
    metric.set_summary(summary);
    family(name, MetricType::SUMMARY, vec![metric])
}

pub(crate) fn quantiles(summary: &tickmetrics::Summary) -> Vec<(f64, f64)> {
    summary.quantiles().collect()
}

/// A parsed family, without the order of its series and labels. Its unit is not in all formats.
#[derive(Debug, PartialEq)]
pub(crate) struct Family {
    pub(crate) name: String,
    pub(crate) kind: String,
    help: String,
    /// As text, since NaN equals NaN.
    series: Vec<String>,
}

pub(crate) fn flat(exposition: &Exposition<'_>) -> Vec<Family> {
    let family = |family: &parse::Family<'_>| {
        let series = family.series.iter().map(|one| series(&one.labels, &one.value));
        let mut series: Vec<_> = series.collect();
        series.sort();
        Family {
            name: family.name.to_string(),
            kind: format!("{:?}", family.family_type).to_lowercase(),
            help: family.help.to_string(),
            series,
        }
    };
    let mut families: Vec<_> = exposition.families.iter().map(family).collect();
    families.sort_by(|a, b| a.name.cmp(&b.name));
    families
}

fn series(labels: &[Label<'_>], value: &Value) -> String {
    let mut labels: Vec<_> = labels.to_vec();
    labels.sort();
    match value {
        // In text, the zeros are one.
        Value::Number(number) => format!("{labels:?} {}", number + 0.0),
        other => format!("{labels:?} {other:?}"),
    }
}
