//! Expositions read by parsers that know nothing of the encoders: they are written from the formats'
//! specifications, or are prost's.
//!
//! The result is the same for all formats: families, each with its samples. An exposition that a
//! specification forbids is an error, even where Prometheus accepts it.

pub mod protobuf;
pub mod text;

use std::collections::{BTreeMap, BTreeSet};

/// Label names and values, sorted by name.
pub type Labels = BTreeMap<String, String>;

/// All families of an exposition, by name.
pub type Families = BTreeMap<String, Family>;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Family {
    pub kind: String,
    pub help: String,
    /// Empty without one.
    pub unit: String,
    pub samples: BTreeMap<(String, Labels), Number>,
}

/// A number that equals itself, also where it is none.
#[derive(Clone, Copy, Debug)]
pub struct Number(pub f64);

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 || self.0.is_nan() && other.0.is_nan()
    }
}

/// The fault of an exposition.
pub type Error = String;

/// Whether the buckets of all histograms add up, as every format wants it.
///
/// # Errors
/// The first histogram that does not.
pub fn check_histograms(families: &Families) -> Result<(), Error> {
    for (name, family) in families.iter().filter(|(_, family)| family.kind == "histogram") {
        let mut series: BTreeMap<Labels, Histogram> = BTreeMap::new();
        for ((sample, labels), &Number(value)) in &family.samples {
            let mut labels = labels.clone();
            let edge = labels.remove("le");
            let one = series.entry(labels).or_default();
            match (sample.strip_prefix(name.as_str()), edge) {
                (Some("_bucket"), Some(edge)) => {
                    let edge = text::number(&edge).ok_or(format!("{name}: le=\"{edge}\""))?;
                    one.buckets.push((edge, value));
                }
                (Some("_sum"), None) => one.sum = Some(value),
                (Some("_count"), None) => one.count = Some(value),
                (Some("_created"), None) => {}
                _ => return Err(format!("{sample} is no part of the histogram {name}")),
            }
        }
        for (labels, histogram) in series {
            histogram.check().map_err(|error| format!("{name}{labels:?}: {error}"))?;
        }
    }
    Ok(())
}

#[derive(Default)]
struct Histogram {
    buckets: Vec<(f64, f64)>,
    sum: Option<f64>,
    count: Option<f64>,
}

impl Histogram {
    fn check(mut self) -> Result<(), &'static str> {
        self.buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        let edges: BTreeSet<u64> = self.buckets.iter().map(|(edge, _)| edge.to_bits()).collect();
        let last = self.buckets.last().ok_or("no buckets")?;
        let rises = self.buckets.is_sorted_by(|a, b| a.1 <= b.1);
        match () {
            () if edges.len() < self.buckets.len() => Err("a bucket is there twice"),
            () if !rises => Err("the buckets are not cumulative"),
            () if last.0 != f64::INFINITY => Err("no last bucket"),
            () if Some(last.1) != self.count => Err("the last bucket is not the count"),
            () if self.sum.is_none() => Err("no sum"),
            () => Ok(()),
        }
    }
}

/// A bucket's edge as OpenMetrics has it in its canonical form
/// (<https://prometheus.io/docs/specs/om/open_metrics_spec/#considerations-canonical-numbers>): as
/// Go's `%g` writes it, with `.0` where it would be read as an integer.
pub fn canonical(edge: f64) -> String {
    if edge == f64::INFINITY {
        return "+Inf".into();
    }
    // The shortest digits that read back the same, and the exponent of the first.
    let scientific = format!("{edge:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    match exponent.parse::<i32>().unwrap_or(0) {
        -4..=5 if edge.fract() == 0.0 => format!("{edge:.1}"),
        -4..=5 => format!("{edge}"),
        exponent if exponent < 0 => format!("{digits}e-{:02}", -exponent),
        exponent => format!("{digits}e+{exponent:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::canonical;

    /// The specification's own examples.
    #[test]
    fn canonical_numbers() {
        for text in ["0.0", "1.0", "0.001", "1e-05", "1e+06", "123456.0", "1.5e+20", "+Inf"] {
            assert_eq!(canonical(text.parse().unwrap()), text);
        }
    }
}
