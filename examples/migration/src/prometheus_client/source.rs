//! A registry of `prometheus-client` as a source of the exporter.

use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use std::error::Error;
use std::sync::Arc;
use tickmetrics::{Added, ClassicHistogram, Description, Snapshot};
use tickmetrics_exporter::parse::{self, Family, FamilyType, Limits, Series, Value};
use tickmetrics_exporter::{LeftOut, Source};

/// The counters, gauges and histograms with buckets of a registry.
pub struct ClientRegistry {
    registry: Arc<Registry>,
    left_out: Vec<LeftOut>,
}

impl ClientRegistry {
    pub fn new(registry: Arc<Registry>) -> Self {
        Self { registry, left_out: Vec::new() }
    }
}

impl Source for ClientRegistry {
    fn snapshot(&mut self) -> Result<Snapshot, Box<dyn Error + Send + Sync>> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        let exposition = parse::openmetrics(text.as_bytes(), &Limits::default())?;
        let mut snapshot = Snapshot::default();
        self.left_out.clear();
        for family in &exposition.families {
            let description = Description::new(&*family.name, &*family.help).unit(&*family.unit);
            let series = family.series.iter();
            let series = series.filter_map(|series| Some((labels(series), value(family, series)?)));
            if let Err(error) = snapshot.add_family(&description, series) {
                let (name, reason) = (family.name.to_string(), error.to_string());
                self.left_out.push(LeftOut { name, reason });
            }
        }
        Ok(snapshot)
    }

    fn left_out(&self) -> Vec<LeftOut> {
        self.left_out.clone()
    }
}

fn labels(series: &Series<'_>) -> Vec<(String, String)> {
    let labels = series.labels.iter();
    labels.map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

fn value(family: &Family<'_>, series: &Series<'_>) -> Option<Added> {
    match (&series.value, family.family_type) {
        (Value::Number(number), FamilyType::Counter) => Some(Added::Counter(*number)),
        (Value::Number(number), _) => Some(Added::Gauge(*number)),
        (Value::Histogram(it), _) => {
            let buckets = it.buckets.iter().map(|&(edge, count)| (edge, count as u64));
            let sum = it.sum.unwrap_or(f64::NAN);
            Some(Added::Histogram(ClassicHistogram::new(buckets, it.count as u64, sum)))
        }
        _ => None,
    }
}
