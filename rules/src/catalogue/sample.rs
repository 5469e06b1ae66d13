//! The names that the series of a family have in Prometheus.

use super::Catalogue;
use super::family::{Family, Kind};
use tickmetrics::Exposure;

/// What a series of Prometheus is: a family, and its part with the series' name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample<'a> {
    /// The family.
    pub family: &'a Family,
    /// Its part.
    pub part: Part,
}

/// A part of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Part {
    /// The value of a counter, a gauge or another kind that has one.
    Value,
    /// A histogram as one value: with native buckets.
    Native,
    /// Classic buckets, with the label `le`.
    Bucket,
    /// The sum of the values of a histogram or a summary.
    Sum,
    /// The number of the values of a histogram or a summary.
    Count,
    /// The quantiles of a summary, with the label `quantile`.
    Quantile,
    /// The smallest or largest value of an interval.
    Extreme,
    /// The values outside of a histogram's range.
    Outside,
    /// The start of the count, in seconds since 1970.
    Created,
}

impl Part {
    /// The label that the part has besides those of its family.
    pub fn label(self) -> Option<&'static str> {
        match self {
            Self::Bucket => Some("le"),
            Self::Quantile => Some("quantile"),
            _ => None,
        }
    }

    /// Whether its values only grow.
    pub fn is_counter(self, kind: Kind) -> bool {
        match self {
            Self::Value => kind == Kind::Counter,
            Self::Native | Self::Bucket => kind == Kind::Histogram,
            Self::Sum | Self::Count => matches!(kind, Kind::Histogram | Kind::Summary),
            Self::Outside => true,
            Self::Quantile | Self::Extreme | Self::Created => false,
        }
    }
}

impl Sample<'_> {
    /// Whether all series of the name exist as soon as the process has registered the metric. If
    /// not, a series begins with its first event, which no rate of it shows.
    pub fn is_from_start(&self) -> bool {
        self.family.from_start && self.part != Part::Outside
    }
}

impl Catalogue {
    /// What the series of a name are; `None` if the service has none of that name.
    ///
    /// ```
    /// use tickmetrics_rules::catalogue::{Catalogue, Family, Kind, Part};
    ///
    /// let mut wait = Family::new("wait_seconds", Kind::Histogram);
    /// wait.buckets = vec![0.1, 1.0];
    /// let catalogue = Catalogue::new([wait]);
    /// assert_eq!(catalogue.sample("wait_seconds_bucket").unwrap().part, Part::Bucket);
    /// assert_eq!(catalogue.sample("wait_seconds"), None); // It has no native buckets.
    /// ```
    pub fn sample(&self, name: &str) -> Option<Sample<'_>> {
        let part = |suffix: &str| {
            let family = self.family(name.strip_suffix(suffix)?)?;
            family.part(suffix).map(|part| Sample { family, part })
        };
        Exposure::ALL.iter().find_map(|exposure| part(exposure.suffix))
    }
}

impl Family {
    /// The names of its series in Prometheus, with their parts.
    pub fn samples(&self) -> impl Iterator<Item = (String, Part)> {
        Exposure::ALL.iter().filter_map(|exposure| {
            Some(([&self.name, exposure.suffix].concat(), self.part(exposure.suffix)?))
        })
    }

    fn part(&self, suffix: &str) -> Option<Part> {
        let is_histogram = matches!(self.kind, Kind::Histogram | Kind::GaugeHistogram);
        // Without any, it has a count alone: that is one classic bucket.
        let has_classic = is_histogram && (self.native.is_none() || !self.buckets.is_empty());
        let is_summary = self.kind == Kind::Summary;
        let has_quantiles = self.kind == Kind::Histogram && !self.quantiles.is_empty();
        let part = match suffix {
            "" if is_histogram => (Part::Native, self.native.is_some()),
            "" if is_summary => (Part::Quantile, true),
            "" => (Part::Value, true),
            "_bucket" => (Part::Bucket, has_classic),
            "_sum" => (Part::Sum, has_classic || is_summary),
            "_count" => (Part::Count, has_classic || is_summary),
            "_created" => (Part::Created, is_histogram || is_summary),
            "_saturated_total" | "_negative_total" => (Part::Outside, self.outside),
            "_max" | "_min" => (Part::Extreme, self.extremes),
            "_quantiles" => (Part::Quantile, has_quantiles),
            "_quantiles_sum" => (Part::Sum, has_quantiles),
            "_quantiles_count" => (Part::Count, has_quantiles),
            _ => return None,
        };
        part.1.then_some(part.0)
    }
}
