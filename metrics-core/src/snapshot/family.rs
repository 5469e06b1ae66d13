use super::metric::MetricSnapshot;
use super::series::{AllSeries, Series};
use crate::directory::{Exposure, Kind};

/// All series of one name.
#[derive(Clone, Copy)]
pub struct Family<'a> {
    /// At least one.
    pub(super) metrics: &'a [MetricSnapshot],
}

impl<'a> Family<'a> {
    /// The name.
    pub fn name(&self) -> &'a str {
        &self.metrics[0].info.metric.name
    }

    /// The help text.
    pub fn help(&self) -> &'a str {
        &self.metrics[0].info.metric.help
    }

    /// The exported unit; empty without one.
    pub fn unit(&self) -> &'a str {
        &self.metrics[0].info.metric.unit
    }

    /// The kind of its metrics.
    pub fn kind(&self) -> Kind {
        self.metrics[0].info.metric.kind
    }

    /// The quantiles of an interval to [expose](crate::Description::quantiles), rising.
    pub fn quantiles(&self) -> impl Iterator<Item = f64> + use<'a> {
        let shape = self.metrics[0].info.shape.as_ref();
        shape.map_or(&[][..], |shape| &shape.quantiles).iter().copied()
    }

    /// Whether to expose the smallest and largest value of an interval (see
    /// [`Description::extremes`](crate::Description::extremes)).
    pub fn has_extremes(&self) -> bool {
        self.metrics[0].info.shape.as_ref().is_some_and(|shape| shape.extremes)
    }

    /// The forms in which it is exposed.
    pub fn exposures(&self) -> impl Iterator<Item = Exposure> + use<> {
        let has_quantiles = self.quantiles().next().is_some();
        Exposure::of(self.kind(), self.has_extremes(), has_quantiles)
    }

    /// The exposed series.
    pub fn series(&self) -> impl Iterator<Item = Series<'a>> + use<'a> {
        self.series_from(0)
    }

    /// The exposed series without the first `skipped`, for encoders that write a family in pieces.
    /// The cost does not depend on `skipped`.
    #[inline]
    pub fn series_from(&self, skipped: usize) -> impl Iterator<Item = Series<'a>> + use<'a> {
        AllSeries::new(self.metrics, skipped)
    }

    /// The names of its series' labels, constant ones first; for several metrics, one after the
    /// other.
    pub fn label_names(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.metrics.iter().flat_map(|MetricSnapshot { info, .. }| {
            let constants = info.metric.constants.iter().map(|(name, _)| name.as_str());
            constants.chain(info.dimensions.iter().map(|dimension| dimension.name.as_str()))
        })
    }

    /// The most bytes that the labels of all its series take in any of the formats, known before
    /// they are written.
    pub fn label_bytes(&self) -> u64 {
        let all = self.metrics.iter().map(|MetricSnapshot { info, exposed, .. }| {
            let one = exposed.most_label_bytes(info) as u64;
            one.saturating_mul(exposed.indices.len() as u64)
        });
        all.fold(0, u64::saturating_add)
    }

    /// The number of exposed series.
    pub fn series_count(&self) -> usize {
        self.metrics.iter().map(|metric| metric.exposed.indices.len()).sum()
    }
}
