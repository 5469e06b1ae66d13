//! What a reader knows of a registry's metrics: the directory, read once and kept.

use super::shape::Shape;
use super::{MetricSnapshot, Snapshot, merge};
use crate::directory::{self, Entry, Source};
use crate::scale::Scale;
use crate::segment::Segment;
use crate::sync::Arc;
use std::collections::HashMap;
use std::fmt::Write;

/// The metrics of one registry, as far as the directory was read.
pub(crate) struct Catalogue {
    /// `None` for all registries of the process.
    registry: Option<u64>,
    /// The word of the directory to go on from.
    position: usize,
    /// The values of interned labels, by the number of their set; the first is `other`.
    sets: HashMap<u64, Arc<Vec<Arc<str>>>>,
    /// Sorted by name, and metrics of one name in the order of their registration.
    metrics: Vec<Known>,
}

/// A metric, and which of its series are exposed.
pub(super) struct Known {
    pub(super) about: Arc<About>,
    pub(super) exposed: Arc<Exposed>,
}

/// What never changes of a metric.
#[derive(Debug)]
pub(super) struct About {
    pub(super) metric: directory::Metric,
    pub(super) scale: Scale,
    /// For histograms.
    pub(super) shape: Option<Arc<Shape>>,
    pub(super) dimensions: Vec<Dimension>,
}

#[derive(Debug)]
pub(super) struct Dimension {
    pub(super) name: String,
    /// How many values the series are laid out for.
    pub(super) count: usize,
    fixed: Option<Arc<Vec<Arc<str>>>>,
    set: u64,
}

/// The series of a metric that are exposed, in the order of their index.
#[derive(Debug, Default)]
pub(super) struct Exposed {
    pub(super) indices: Vec<u32>,
    /// The labels of all series as the text format writes them, one after the other.
    text: String,
    /// Where each series' labels end in `text`.
    ends: Vec<u32>,
    /// The values of each dimension, by number.
    pub(super) values: Vec<Arc<Vec<Arc<str>>>>,
}

impl Catalogue {
    pub(crate) fn new(registry: u64) -> Self {
        Self { registry: Some(registry), ..Self::of_all() }
    }

    pub(crate) fn of_all() -> Self {
        Self { registry: None, position: 0, sets: HashMap::new(), metrics: Vec::new() }
    }

    /// The values of all metrics now.
    pub(crate) fn snapshot(&mut self, segment: &Segment) -> Snapshot {
        self.read_on(segment);
        let metrics = self.metrics.iter_mut().map(|known| {
            let values: Vec<_> = known
                .about
                .dimensions
                .iter()
                .map(|dimension| dimension.values(&self.sets))
                .collect();
            let (indices, data) = merge::metric(segment, &known.about, &values);
            if known.exposed.indices != indices {
                known.exposed = Arc::new(Exposed::new(&known.about, indices, values));
            }
            let (about, exposed) = (Arc::clone(&known.about), Arc::clone(&known.exposed));
            MetricSnapshot { about, exposed, data }
        });
        Snapshot { metrics: metrics.collect() }
    }

    /// Calls `visit(metric, first, length)` for each run of series whose labels have values.
    pub(crate) fn for_each_run(
        &mut self,
        segment: &Segment,
        mut visit: impl FnMut(&directory::Metric, usize, usize),
    ) {
        self.read_on(segment);
        for Known { about, .. } in &self.metrics {
            let values = self.values(about);
            merge::runs(&about.dimensions, &values, &mut |first, length| {
                visit(&about.metric, first, length);
            });
        }
    }

    /// The values of a metric's labels by now.
    fn values(&self, about: &About) -> Vec<Arc<Vec<Arc<str>>>> {
        about.dimensions.iter().map(|dimension| dimension.values(&self.sets)).collect()
    }

    /// Reads the entries that came since the last time. What is damaged is not in this process's
    /// power to write, so reading stops there.
    fn read_on(&mut self, segment: &Segment) {
        let directory = segment.directory();
        while let Ok(Some((entry, next))) = directory::read(directory, self.position) {
            self.position = next;
            match entry {
                Entry::ValueSet { set, .. } => {
                    self.sets.insert(set, Arc::new(vec!["other".into()]));
                }
                Entry::Value { set, text, .. } => {
                    if let Some(values) = self.sets.get_mut(&set) {
                        Arc::make_mut(values).push(text.into());
                    }
                }
                Entry::Metric(metric) => {
                    if self.registry.is_none_or(|registry| registry == metric.registry) {
                        self.add(metric);
                    }
                }
            }
        }
    }

    fn add(&mut self, metric: directory::Metric) {
        let shape = Shape::new(&metric).map(Arc::new);
        let dimension = |(name, source): &(String, Source)| match source {
            Source::Fixed(values) => Dimension {
                name: name.clone(),
                count: values.len(),
                fixed: Some(Arc::new(values.iter().map(|value| value.as_str().into()).collect())),
                set: 0,
            },
            Source::Set { set, capacity } => Dimension {
                name: name.clone(),
                count: *capacity as usize + 1,
                fixed: None,
                set: *set,
            },
        };
        let dimensions = metric.dimensions.iter().map(dimension).collect();
        let at = self.metrics.partition_point(|known| known.about.metric.name <= metric.name);
        let scale = Scale::new(metric.scale);
        let about = Arc::new(About { metric, scale, shape, dimensions });
        self.metrics.insert(at, Known { about, exposed: Arc::default() });
    }
}

impl Dimension {
    fn values(&self, sets: &HashMap<u64, Arc<Vec<Arc<str>>>>) -> Arc<Vec<Arc<str>>> {
        self.fixed.as_ref().or_else(|| sets.get(&self.set)).cloned().unwrap_or_default()
    }

    pub(super) fn is_interned(&self) -> bool {
        self.fixed.is_none()
    }
}

impl About {
    /// The number of the value of each label in the series of this index.
    pub(super) fn digits(&self, index: u32) -> impl Iterator<Item = (&Dimension, usize)> {
        let mut below = self.metric.series as usize;
        let mut rest = index as usize;
        self.dimensions.iter().map(move |dimension| {
            below /= dimension.count.max(1);
            let digit = rest / below.max(1);
            rest %= below.max(1);
            (dimension, digit)
        })
    }
}

impl Exposed {
    fn new(about: &About, indices: Vec<u32>, values: Vec<Arc<Vec<Arc<str>>>>) -> Self {
        let mut exposed = Self { indices, text: String::new(), ends: Vec::new(), values };
        let mut text = String::new();
        for &index in &exposed.indices {
            for (at, (name, value)) in exposed.labels(about, index).enumerate() {
                if at > 0 {
                    text.push(',');
                }
                push_label(&mut text, name, value);
            }
            exposed.ends.push(u32::try_from(text.len()).unwrap_or(u32::MAX));
        }
        exposed.text = text;
        exposed
    }

    /// Names and values of all labels of a series.
    pub(super) fn labels<'a>(
        &'a self,
        about: &'a About,
        index: u32,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        let constants = about.metric.constants.iter().map(|(name, value)| (&**name, &**value));
        let digits = about.digits(index).zip(&self.values);
        constants.chain(digits.map(|((dimension, digit), values)| {
            (&*dimension.name, values.get(digit).map_or("", |value| value))
        }))
    }

    /// The labels of the series at a position, as the text format writes them between the braces.
    pub(super) fn text(&self, at: usize) -> &str {
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        self.text.get(start as usize..self.ends[at] as usize).unwrap_or_default()
    }
}

/// Writes `name="value"`, where backslash, double quote and line feed are escaped: the text
/// format's rule (<https://prometheus.io/docs/instrumenting/exposition_formats/>), and
/// `OpenMetrics`' too.
fn push_label(text: &mut String, name: &str, value: &str) {
    let _ = write!(text, "{name}=\"");
    for c in value.chars() {
        match c {
            '\\' => text.push_str("\\\\"),
            '"' => text.push_str("\\\""),
            '\n' => text.push_str("\\n"),
            c => text.push(c),
        }
    }
    text.push('"');
}
