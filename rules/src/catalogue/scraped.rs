//! The catalogue of any exporter's answer.

use super::family::{Family, Kind, Label, Values};
use super::{Catalogue, merged};
use std::collections::{HashMap, HashSet};
use tickmetrics_exporter::parse::{self, Exposition, FamilyType, Series, Value};

impl Catalogue {
    /// The metrics of an exposition. Labels can have other values than those that were seen.
    ///
    /// ```
    /// use tickmetrics_exporter::parse::{self, Limits};
    /// use tickmetrics_rules::{Catalogue, Kind, Values};
    ///
    /// let body = b"# TYPE node_cpu_seconds_total counter\n\
    ///     node_cpu_seconds_total{mode=\"idle\"} 3\n\
    ///     node_cpu_seconds_total{mode=\"user\"} 4\n";
    /// let exposition = parse::text(body, &Limits::default())?;
    /// let catalogue = Catalogue::of_exposition(&exposition);
    /// let cpu = catalogue.family("node_cpu_seconds_total").unwrap();
    /// assert_eq!(cpu.kind, Kind::Counter);
    /// let modes = Values::Seen(vec!["idle".into(), "user".into()]);
    /// assert_eq!(cpu.label("mode").unwrap().values, modes);
    /// # Ok::<(), parse::ParseError>(())
    /// ```
    pub fn of_exposition(exposition: &Exposition<'_>) -> Self {
        Self::new(exposition.families.iter().map(of))
    }
}

fn of(family: &parse::Family<'_>) -> Family {
    let mut made = Family::new(&*family.name, kind(family.family_type));
    made.unit = family.unit.to_string();
    made.help = family.help.to_string();
    made.labels = labels(&family.series);
    // Whether there are further series is not known. Of a family that has a type alone, nothing is.
    made.from_start = made.labels.is_empty() && !family.series.is_empty();
    for series in &family.series {
        match &series.value {
            Value::Histogram(histogram) => {
                let edges = histogram.buckets.iter().map(|(edge, _)| *edge);
                merged::add_numbers(&mut made.buckets, edges.filter(|edge| edge.is_finite()));
                let schema = histogram.native.as_ref().map(|native| native.schema);
                made.native = made.native.max(schema);
            }
            Value::Summary(summary) => {
                merged::add_numbers(
                    &mut made.quantiles,
                    summary.quantiles.iter().map(|(rank, _)| *rank),
                );
            }
            _ => {}
        }
    }
    made
}

/// The labels of all series, in the order in which they come. An empty value is that of a series
/// without the label.
fn labels(series: &[Series<'_>]) -> Vec<Label> {
    let mut names: Vec<&str> = Vec::new();
    let mut seen: HashMap<&str, (usize, Vec<String>, HashSet<&str>)> = HashMap::new();
    let pairs = series.iter().flat_map(|series| &series.labels);
    for (name, value) in pairs.filter(|(_, value)| !value.is_empty()) {
        let (count, values, known) = seen.entry(name).or_insert_with(|| {
            names.push(name);
            Default::default()
        });
        *count += 1;
        if known.insert(value) {
            values.push(value.to_string());
        }
    }
    let label = |name: &str| {
        let (count, values, _) = seen.remove(name)?;
        let optional = count < series.len();
        Some(Label { optional, ..Label::new(name, Values::Seen(values)) })
    };
    names.into_iter().filter_map(label).collect()
}

fn kind(family_type: FamilyType) -> Kind {
    match family_type {
        FamilyType::Counter => Kind::Counter,
        FamilyType::Gauge => Kind::Gauge,
        FamilyType::Histogram => Kind::Histogram,
        FamilyType::GaugeHistogram => Kind::GaugeHistogram,
        FamilyType::Summary => Kind::Summary,
        FamilyType::Info => Kind::Info,
        FamilyType::StateSet => Kind::StateSet,
        _ => Kind::Unknown,
    }
}
