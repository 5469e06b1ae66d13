//! Functions.

use super::Inference;
use super::selector::unit;
use crate::catalogue::{Kind as MetricKind, Part};
use crate::expression::{Call, Kind, MatchOp, Node};
use crate::lint::check::Check;
use crate::lint::facts::{Bounds, Facts, Has, Labels, Nature};

impl<'m, 'e> Inference<'m, 'e> {
    pub(super) fn call(&mut self, node: &'e Node, call: &'e Call) -> Facts<'m> {
        let Some(function) = call.function.value.known() else {
            call.args.iter().for_each(|arg| {
                self.node(arg);
            });
            return Facts::unknown();
        };
        let mut args: Vec<_> = call.args.iter().map(|arg| self.node(arg)).collect();
        let name = function.as_str();
        call.args.iter().for_each(|arg| self.range(name, arg));
        match name {
            "rate" | "irate" | "increase" => self.rate(node, call, args.pop()),
            "delta" | "idelta" | "deriv" | "predict_linear" => {
                args.truncate(1);
                self.difference(call, args.pop())
            }
            "histogram_quantile" => self.quantile(call, args),
            "histogram_fraction" => Facts::vector(without(args.pop(), "le"), Bounds::FRACTION),
            "histogram_count" | "histogram_sum" | "histogram_avg" => {
                let Some(facts) = args.pop() else { return Facts::unknown() };
                let is_count = name == "histogram_count";
                let (unit, bounds) = match facts.sample.filter(|_| name == "histogram_avg") {
                    Some(sample) => (unit(sample.family), Bounds::ANY),
                    None if is_count => (None, Bounds::POSITIVE),
                    None => (facts.unit, Bounds::ANY),
                };
                let nature = if is_count { facts.nature } else { Nature::Level };
                let max = facts.sample.and_then(|sample| sample.family.max);
                let declared_max = max.filter(|_| name == "histogram_avg");
                Facts { nature, bounds, unit, declared_max, ..facts }
            }
            "absent" | "absent_over_time" => absent(call.args.first()),
            "scalar" => Facts::scalar(args.pop().map_or(Bounds::ANY, |facts| facts.bounds)),
            "vector" => {
                let bounds = args.pop().map_or(Bounds::ANY, |facts| facts.bounds);
                Facts::vector(Labels::default(), bounds)
            }
            "time" | "pi" => Facts::scalar(Bounds::POSITIVE),
            "abs" => keep(args.pop(), |Bounds { low, high }| {
                if low >= 0.0 {
                    Bounds { low, high }
                } else {
                    Bounds { low: 0.0, high: high.abs().max(low.abs()) }
                }
            }),
            // To the nearest multiple of something.
            "round" if args.len() > 1 => keep(args.drain(..).next(), |_| Bounds::ANY),
            "ceil" | "floor" | "round" => {
                args.truncate(1);
                keep(args.pop(), |Bounds { low, high }| Bounds {
                    low: low.floor(),
                    high: high.ceil(),
                })
            }
            "clamp_min" | "clamp_max" | "clamp" => clamped(name, args),
            "sort" | "sort_desc" | "sort_by_label" | "sort_by_label_desc" | "last_over_time"
            | "first_over_time" | "min_over_time" | "max_over_time" | "avg_over_time" => {
                args.truncate(1);
                keep(args.pop(), |bounds| bounds)
            }
            "quantile_over_time" => keep(args.pop(), |bounds| bounds),
            "count_over_time" | "present_over_time" | "changes" | "resets" => {
                let facts = args.pop().unwrap_or_else(Facts::unknown);
                Facts::vector(facts.labels, Bounds::POSITIVE)
            }
            "sum_over_time" => {
                let facts = args.pop().unwrap_or_else(Facts::unknown);
                let bounds =
                    if facts.bounds.is_positive() { Bounds::POSITIVE } else { Bounds::ANY };
                let nature = Nature::Level;
                Facts {
                    bounds,
                    nature,
                    is_sum: false,
                    is_quantile: false,
                    declared_max: None,
                    ..facts
                }
            }
            "sgn" => {
                let labels = args.pop().unwrap_or_else(Facts::unknown).labels;
                Facts::vector(labels, Bounds { low: -1.0, high: 1.0 })
            }
            "label_replace" | "label_join" => relabelled(call, args),
            _ => {
                args.drain(..).find(|facts| !facts.is_scalar).map_or_else(Facts::unknown, |facts| {
                    let labels = if name == "info" { Labels::any() } else { facts.labels };
                    Facts::vector(labels, Bounds::ANY)
                })
            }
        }
    }

    /// `rate`, `irate` and `increase`.
    fn rate(&mut self, node: &Node, call: &'e Call, facts: Option<Facts<'m>>) -> Facts<'m> {
        let (Some(facts), Some(arg)) = (facts, call.args.first()) else { return Facts::unknown() };
        let function = call.function.value.known().map_or("rate", String::as_str);
        if facts.is_sum {
            let message = format!("{function} of several counters together");
            let instead = "the rate of each counter first, and then their sum".to_owned();
            self.report(Check::RateAfterSum, &node.place, message, Some(instead));
        } else if facts.nature == Nature::Level
            && let Some(sample) = facts.sample
            && sample.part == Part::Value
        {
            let message = format!("{} is a {}", sample.family.name, sample.family.kind.name());
            let instead = format!("delta({})", self.text(arg));
            self.report(Check::RateOfGauge, &node.place, message, Some(instead));
        } else if facts.nature == Nature::Growth {
            let message = format!("{function} of what is a rate already");
            self.report(Check::RateOfGauge, &node.place, message, None);
        }
        self.fixed_range(arg);
        let nature = if facts.nature == Nature::Total { Nature::Growth } else { facts.nature };
        // A sum of negative values falls.
        let bounds = if facts.sample.is_some_and(|it| it.part == Part::Sum) {
            Bounds::ANY
        } else {
            Bounds::POSITIVE
        };
        let unit = facts.unit.filter(|_| function == "increase");
        Facts { nature, bounds, unit, is_sum: false, declared_max: None, ..facts }
    }

    /// `delta`, `idelta`, `deriv` and `predict_linear`.
    fn difference(&mut self, call: &'e Call, facts: Option<Facts<'m>>) -> Facts<'m> {
        let Some(facts) = facts else { return Facts::unknown() };
        let function = call.function.value.known().map_or("delta", String::as_str);
        if facts.nature == Nature::Total
            && let Some(sample) = facts.sample
        {
            let message = format!("{} is a counter", sample.family.name);
            let better = if function == "deriv" || function == "predict_linear" {
                "rate"
            } else {
                "increase"
            };
            let arg = call.args.first().map_or("", |arg| self.text(arg));
            let instead = Some(format!("{better}({arg})"));
            self.report(Check::DeltaOfCounter, &call.function.place, message, instead);
        }
        Facts {
            nature: Nature::Level,
            bounds: Bounds::ANY,
            is_quantile: false,
            declared_max: None,
            ..facts
        }
    }

    fn quantile(&mut self, call: &'e Call, mut args: Vec<Facts<'m>>) -> Facts<'m> {
        let (Some(of), Some(rank)) = (args.pop(), args.pop()) else { return Facts::unknown() };
        let [rank_node, arg] = &call.args[..] else { return Facts::unknown() };
        if let Some(rank) = rank.bounds.single()
            && !(0.0..=1.0).contains(&rank)
        {
            let instead = (rank > 1.0 && rank <= 100.0).then(|| format!("{}", rank / 100.0));
            let message = format!("the quantile {rank} is not within 0 and 1");
            self.report(Check::ValueOutOfRange, &rank_node.place, message, instead);
        }
        let labels = without(Some(of.clone()), "le");
        let Some(sample) = of.sample else {
            return Facts::vector(labels, Bounds::ANY);
        };
        let family = sample.family;
        let is_histogram =
            matches!(family.kind, MetricKind::Histogram | MetricKind::GaugeHistogram);
        match sample.part {
            Part::Bucket if of.labels.has("le") == Has::No => {
                let instead = Some("by (le, …)".to_owned());
                let message = "the label le was aggregated away";
                self.report(Check::QuantileLosesLe, &arg.place, message, instead);
            }
            Part::Bucket => {}
            // Of an exposition without types, or one that came through another program.
            Part::Value if family.kind == MetricKind::Unknown || family.label("le").is_some() => {}
            Part::Native if family.native.is_some() => {}
            _ if is_histogram => {
                // Its name is there, so this is the one finding about it.
                self.problems.retain(|problem| {
                    let is_within = arg.place.start <= problem.place.start
                        && problem.place.end <= arg.place.end;
                    problem.check != Check::UnknownMetric || !is_within
                });
                let message = format!("{} has its buckets in {0}_bucket", family.name);
                let instead = Some(format!("sum by (le) (rate({}_bucket[…]))", family.name));
                self.report(Check::QuantileOfNoBuckets, &arg.place, message, instead);
            }
            _ => {
                let message =
                    format!("{} is a {} and has no buckets", family.name, family.kind.name());
                self.report(Check::QuantileOfNoBuckets, &arg.place, message, None);
            }
        }
        if of.nature == Nature::Total {
            let message = format!("the buckets of {} count since its process began", family.name);
            let instead = Some("rate(…) of the buckets first".to_owned());
            self.report(Check::QuantileWithoutRate, &arg.place, message, instead);
        }
        let is_quantile = sample.part == Part::Bucket;
        // Native buckets have larger values as if they were just above it.
        let declared_max = family.max.filter(|_| sample.part == Part::Native);
        let bounds = match (family.buckets.first(), family.buckets.last()) {
            (Some(&low), Some(&high)) if is_quantile => Bounds { low: low.min(0.0), high },
            _ => Bounds::ANY,
        };
        let unit = unit(family);
        Facts {
            is_quantile,
            unit,
            sample: Some(sample),
            nature: Nature::Level,
            declared_max,
            ..Facts::vector(labels, bounds)
        }
    }
}

fn clamped<'a>(function: &str, args: Vec<Facts<'a>>) -> Facts<'a> {
    let mut args = args.into_iter();
    let Some(mut facts) = args.next() else { return Facts::unknown() };
    let mut limit = || args.next().and_then(|facts| facts.bounds.single());
    let Bounds { low, high } = &mut facts.bounds;
    let (least, most) = match function {
        "clamp_min" => (limit(), None),
        "clamp_max" => (None, limit()),
        _ => (limit(), limit()),
    };
    *low = least.map_or(*low, |least| low.max(least));
    *high = most.map_or(*high, |most| high.min(most));
    facts
}

fn keep(facts: Option<Facts<'_>>, of: impl Fn(Bounds) -> Bounds) -> Facts<'_> {
    let Some(facts) = facts else { return Facts::unknown() };
    let nature = if facts.nature == Nature::Total { Nature::Unknown } else { facts.nature };
    Facts { bounds: of(facts.bounds), nature, ..facts }
}

fn without(facts: Option<Facts<'_>>, label: &str) -> Labels {
    let mut labels = facts.map_or_else(Labels::any, |facts| facts.labels);
    labels.remove(label);
    labels
}

/// The labels of matchers that are equalities, and the value 1.
fn absent<'a>(arg: Option<&Node>) -> Facts<'a> {
    let mut labels = Labels::default();
    if let Some(Kind::Selector(selector)) = arg.map(|arg| &arg.unwrapped().kind) {
        let equal = selector.matchers.iter().filter(|it| it.op == MatchOp::Equal);
        let names = equal.filter_map(|it| it.name.value.known());
        names.for_each(|name| labels.add(name));
    }
    Facts::vector(labels, Bounds::exactly(1.0))
}

/// `label_replace` and `label_join` add a label.
fn relabelled<'a>(call: &Call, args: Vec<Facts<'a>>) -> Facts<'a> {
    let mut facts = args.into_iter().next().unwrap_or_else(Facts::unknown);
    match call.args.get(1).map(|arg| &arg.kind) {
        Some(Kind::Text(value)) if value.known().is_some() => {
            if let Some(name) = value.known() {
                // An empty replacement removes it.
                facts.labels.remove(name);
                facts.labels.add_possible(name);
            }
        }
        _ => facts.labels = Labels::any(),
    }
    facts
}
