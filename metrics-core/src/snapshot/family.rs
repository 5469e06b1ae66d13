use super::added::ClassicHistogram;
use super::labels::MetricLabels;
use super::metric::MetricSnapshot;
use super::read::Data;
use super::series::{AllSeries, Series};
use crate::directory::{self, Exposure, Kind};

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

    /// Whether it is exposed as a summary under its own name: one that was
    /// [added](crate::Snapshot::add_summary), or a histogram with
    /// [quantiles](crate::Description::quantiles) and without buckets.
    ///
    /// ```
    /// use tickmetrics::prelude::*;
    ///
    /// let registry = Registry::new();
    /// let wait = Description::new("wait", "Waited.").buckets([]).quantiles([0.5, 0.99]);
    /// registry.register::<Histogram>(&wait)?;
    /// assert!(registry.snapshot().family("wait").unwrap().is_summary());
    /// # Ok::<(), tickmetrics::RegisterError>(())
    /// ```
    pub fn is_summary(&self) -> bool {
        let shape = self.metrics[0].info.shape.as_ref();
        let is_added = self.kind() == Kind::Summary;
        is_added
            || shape.is_some_and(|shape| {
                shape.edges.is_empty()
                    && shape.native_schema().is_none()
                    && !shape.quantiles.is_empty()
            })
    }

    /// Whether to expose the smallest and largest value of an interval (see
    /// [`Description::extremes`](crate::Description::extremes)).
    pub fn has_extremes(&self) -> bool {
        self.metrics[0].info.shape.as_ref().is_some_and(|shape| shape.extremes)
    }

    /// The upper edges of the exposed buckets without `+Inf`, in the exported unit, rising. None
    /// but for histograms; of [added](crate::Snapshot::add_histogram) ones, those of the first
    /// series.
    ///
    /// ```
    /// use tickmetrics::prelude::*;
    ///
    /// let registry = Registry::new();
    /// let wait = Description::new("wait_seconds", "Time waited.")
    ///     .unit("seconds").max(1_000_000_000).buckets([1_000, 1_000_000]).native(3);
    /// registry.register::<Histogram>(&wait)?;
    /// let snapshot = registry.snapshot();
    /// let family = snapshot.family("wait_seconds").unwrap();
    /// assert!(family.bucket_edges().eq([1e-6, 1e-3]));
    /// assert_eq!((family.native_schema(), family.declared_max()), (Some(3), Some(1.0)));
    /// # Ok::<(), tickmetrics::RegisterError>(())
    /// ```
    pub fn bucket_edges(&self) -> impl Iterator<Item = f64> + use<'a> {
        let shape = self.metrics[0].info.shape.as_ref();
        let edges = shape.map_or(&[][..], |shape| &shape.edges).iter().map(|edge| edge.upper);
        let added = match &*self.metrics[0].data {
            Data::Classic(values) => values.first(),
            _ => None,
        };
        edges
            .chain(added.into_iter().flat_map(ClassicHistogram::buckets).map(|bucket| bucket.upper))
    }

    /// The schema of its [native](crate::Description::native) buckets; `None` without any.
    pub fn native_schema(&self) -> Option<i8> {
        self.metrics[0].info.shape.as_ref()?.native_schema()
    }

    /// The declared [maximum](crate::Description::max) of a histogram, in the exported unit; `None`
    /// for others.
    pub fn declared_max(&self) -> Option<f64> {
        let info = &self.metrics[0].info;
        info.metric.distribution.as_ref().map(|distribution| info.scale.export(distribution.max))
    }

    /// The labels of each of its metrics, also of those without series. Metrics of one name differ
    /// in their labels.
    pub fn metric_labels(&self) -> impl Iterator<Item = MetricLabels<'a>> + use<'a> {
        self.metrics
            .iter()
            .map(|metric| MetricLabels { info: &metric.info, exposed: &metric.exposed })
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

    /// The names of its series' labels, constant ones first; for several metrics, and for the series
    /// of a dynamic family, one after the other.
    pub fn label_names(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.metrics.iter().flat_map(|MetricSnapshot { info, exposed, .. }| {
            let constants = info.metric.constants.iter().map(|(name, _)| name.as_str());
            let (names, sets) = if info.has_sets() {
                (&[][..], exposed.values.first())
            } else {
                (&info.dimensions[..], None)
            };
            let names = names.iter().map(|dimension| dimension.name.as_str());
            let sets = sets.into_iter().flat_map(|sets| sets.iter().flat_map(directory::pairs));
            constants.chain(names).chain(sets.map(|(name, _)| name))
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
