//! Metrics and matchers.

use super::Inference;
use crate::catalogue::{Family, Kind as MetricKind, Label, Part, Sample};
use crate::expression::{MatchOp, Matcher, Node, Selector};
use crate::lint::check::Check;
use crate::lint::facts::{Bounds, Facts, Has, Labels, Nature};
use crate::lint::similar::nearest;
use regex::Regex;
use std::collections::HashMap;

/// The labels of a family that are looked at.
const MOST_LABELS: usize = 1000;

impl<'m, 'e> Inference<'m, 'e> {
    pub(super) fn selector(&mut self, node: &Node, selector: &'e Selector) -> Facts<'m> {
        self.contradictions(selector);
        let Some(name) = selector.metric() else { return Facts::unknown() };
        let context = self.context;
        if context.metrics.is_unknown(name) {
            return Facts::unknown();
        }
        if let Some(sample) = context.metrics.sample(name) {
            let labels = self.labels(sample);
            for matcher in &selector.matchers {
                self.matcher(sample, &labels, matcher);
            }
            return of(sample, labels);
        }
        if let Some(recorded) = context.recorded.get(name) {
            let facts = recorded.clone().unwrap_or_else(Facts::unknown);
            for matcher in &selector.matchers {
                self.has_label(name, &facts.labels, matcher);
            }
            return facts;
        }
        let place = selector.name.as_ref().map_or(&node.place, |name| &name.place);
        if let Some(family) = context.metrics.catalogue().family(name) {
            // A histogram without native buckets has no series of its own name.
            let parts: Vec<_> = family.samples().map(|(sample, _)| sample).take(3).collect();
            let message = format!(
                "{name} is a {} with classic buckets: its series are {}",
                family.kind.name(),
                parts.join(", ")
            );
            self.report(Check::UnknownMetric, place, message, None);
            return Facts {
                sample: Some(Sample { family, part: Part::Native }),
                ..Facts::unknown()
            };
        }
        let instead = context.metrics.nearest(name, context.recorded);
        let message = if name.contains(':') {
            format!("no rule records {name}, and no catalogue has it")
        } else {
            format!("no catalogue has the metric {name}")
        };
        self.report(Check::UnknownMetric, place, message, instead);
        Facts::unknown()
    }

    /// The labels of a metric's series in Prometheus.
    fn labels(&self, Sample { family, part }: Sample<'_>) -> Labels {
        let metrics = self.context.metrics;
        // A scrape that had no series of it, or more labels than any exporter has.
        let has_none = family.labels.is_empty() && !family.from_start && part != Part::Outside;
        if has_none || family.labels.len() > MOST_LABELS {
            return Labels::any();
        }
        let mut labels = Labels::of(metrics.target_labels.iter().cloned());
        metrics.possible_labels.iter().for_each(|name| labels.add_possible(name));
        for label in &family.labels {
            let name = metrics.stored(&label.name);
            // A scrape can be told to leave a label of the target's as it is.
            if label.optional || *name != label.name {
                labels.add_possible(&name);
            } else {
                labels.add(&name);
            }
        }
        if let Some(name) = part.label() {
            labels.add(name);
        }
        if family.dynamic.is_some() {
            labels.open();
        }
        labels
    }

    fn matcher(&mut self, sample: Sample<'m>, labels: &Labels, matcher: &Matcher) {
        let Some(name) = matcher.name.value.known() else { return };
        let Some(value) = matcher.value.value.known() else { return };
        if sample.part.label() == Some(name) {
            self.edge(sample, matcher, value);
        } else if self.has_label(&sample.family.name, labels, matcher)
            && let Some(label) = sample.family.label(name)
            && *self.context.metrics.stored(name) == *name
        {
            self.value(sample.family, label, matcher, value);
        }
    }

    /// Whether the label of a matcher may be there. Reports one that is not.
    fn has_label(&mut self, metric: &str, labels: &Labels, matcher: &Matcher) -> bool {
        let Some(name) = matcher.name.value.known() else { return true };
        if labels.has(name) != Has::No || name == "__name__" {
            return true;
        }
        // An absent label is the empty text.
        let value = matcher.value.value.known();
        let test = value.and_then(|value| Test::new(matcher.op, value));
        if !test.is_some_and(|test| test.accepts("")) {
            let instead = nearest(name, labels.names());
            let message = format!("{metric} has no label {name}");
            self.report(Check::UnknownLabel, &matcher.name.place, message, instead);
        }
        false
    }

    /// A matcher on a label whose values are known.
    fn value(&mut self, family: &Family, label: &Label, matcher: &Matcher, value: &str) {
        if !label.values.is_complete() {
            return;
        }
        let known = label.values.known();
        let Some(test) = Test::new(matcher.op, value) else { return };
        let may_be_absent = label.optional && test.accepts("");
        if may_be_absent || known.iter().any(|value| test.accepts(value)) {
            return;
        }
        let shown: Vec<_> = known.iter().map(String::as_str).take(12).collect();
        let more = if known.len() > shown.len() { ", …" } else { "" };
        let message = format!(
            "the label {} of {} is {}{more}, and never {}{value:?}",
            label.name,
            family.name,
            shown.join(", "),
            if matches!(matcher.op, MatchOp::Equal) { "" } else { "what this accepts: " },
        );
        let instead = suggestion(matcher.op, value, known);
        self.report(Check::ImpossibleValue, &matcher.value.place, message, instead);
    }

    /// Matchers on one label that exclude each other.
    fn contradictions(&mut self, selector: &Selector) {
        let mut equal: HashMap<&str, &str> = HashMap::new();
        for matcher in selector.matchers.iter().filter(|it| it.op == MatchOp::Equal) {
            let (Some(name), Some(value)) = known(matcher) else { continue };
            let first = *equal.entry(name).or_insert(value);
            if first != value {
                self.contradiction(name, first, matcher);
            }
        }
        for matcher in selector.matchers.iter().filter(|it| it.op != MatchOp::Equal) {
            let (Some(name), Some(value)) = known(matcher) else { continue };
            let Some(first) = equal.get(name) else { continue };
            if Test::new(matcher.op, value).is_some_and(|test| !test.accepts(first)) {
                self.contradiction(name, first, matcher);
            }
        }
    }

    fn contradiction(&mut self, name: &str, value: &str, other: &Matcher) {
        let message = format!("{name} can't be {value:?} and fulfil this, too");
        self.report(Check::Contradiction, &other.place, message, None);
    }
}

/// The name and the value of a matcher, where no variable sets them.
fn known(matcher: &Matcher) -> (Option<&str>, Option<&str>) {
    (
        matcher.name.value.known().map(String::as_str),
        matcher.value.value.known().map(String::as_str),
    )
}

/// The facts of a metric's series.
fn of(sample: Sample<'_>, labels: Labels) -> Facts<'_> {
    let Sample { family, part } = sample;
    let declared_max = family.max.filter(|_| matches!(part, Part::Extreme | Part::Quantile));
    let nature = match (part.is_counter(family.kind), family.kind) {
        (true, _) => Nature::Total,
        (false, MetricKind::Unknown) if part == Part::Value => Nature::Unknown,
        // Some exporters have counters as gauges. A time is a gauge that does not fall.
        (false, MetricKind::Gauge)
            if family.name.ends_with("_total")
                || family.name.ends_with("_bucket")
                || family.name.contains("timestamp") =>
        {
            Nature::Unknown
        }
        (false, _) => Nature::Level,
    };
    let bounds = match part {
        Part::Bucket | Part::Count | Part::Outside => Bounds::POSITIVE,
        Part::Value if family.kind == MetricKind::Counter => Bounds::POSITIVE,
        _ if family.name == "up" => Bounds::FRACTION,
        _ => Bounds::ANY,
    };
    let has_unit = !matches!(part, Part::Bucket | Part::Count | Part::Outside | Part::Created);
    let unit = unit(family).filter(|_| has_unit);
    Facts { nature, sample: Some(sample), unit, declared_max, ..Facts::vector(labels, bounds) }
}

/// The unit of a family. Where an exposition has none, the name ends with it.
pub(super) fn unit(family: &Family) -> Option<&str> {
    const OF_NAMES: [&str; 5] = ["seconds", "milliseconds", "microseconds", "nanoseconds", "bytes"];
    if !family.unit.is_empty() {
        return Some(&family.unit);
    }
    let name = family.name.strip_suffix("_total").unwrap_or(&family.name);
    let last = name.rsplit('_').next()?;
    OF_NAMES.contains(&last).then_some(last)
}

/// What a matcher accepts.
pub(in crate::lint) enum Test {
    Equal(String),
    NotEqual(String),
    Matches(Regex),
    NotMatches(Regex),
}

impl Test {
    /// `None` if the regular expression can't be read.
    pub(in crate::lint) fn new(op: MatchOp, value: &str) -> Option<Self> {
        let regex = || Regex::new(&format!("^(?s:{value})$")).ok();
        Some(match op {
            MatchOp::Equal => Self::Equal(value.to_owned()),
            MatchOp::NotEqual => Self::NotEqual(value.to_owned()),
            MatchOp::Matches => Self::Matches(regex()?),
            MatchOp::NotMatches => Self::NotMatches(regex()?),
        })
    }

    pub(in crate::lint) fn accepts(&self, text: &str) -> bool {
        match self {
            Self::Equal(value) => value == text,
            Self::NotEqual(value) => value != text,
            Self::Matches(regex) => regex.is_match(text),
            Self::NotMatches(regex) => !regex.is_match(text),
        }
    }
}

/// A value that may be meant.
fn suggestion(op: MatchOp, value: &str, known: &[String]) -> Option<String> {
    let digit = value.chars().next().filter(char::is_ascii_digit)?;
    let is_class = value.len() == 3 && value.ends_with("xx");
    if is_class && known.iter().any(|it| it.starts_with(digit)) {
        return Some(format!("=~\"{digit}..\""));
    }
    (op == MatchOp::Equal).then(|| nearest(value, known.iter().map(String::as_str))).flatten()
}
