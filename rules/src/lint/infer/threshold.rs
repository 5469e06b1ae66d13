//! Comparisons with a number.

use super::{Inference, Purpose};
use crate::catalogue::{Part, Sample, Values};
use crate::expression::{Binary, Kind, Node, Operator, Selector};
use crate::lint::check::Check;
use crate::lint::facts::{Bounds, Facts, Nature};

/// A threshold so many times above the top edge may be in another unit. A nearer one is a mistake
/// about the edges.
const FAR: f64 = 10.0;

impl<'m, 'e> Inference<'m, 'e> {
    pub(super) fn comparison(
        &mut self,
        node: &'e Node,
        binary: &'e Binary,
        op: Operator,
        (left, right): (&Facts<'m>, &Facts<'m>),
    ) {
        // The number is on the right from here on.
        let (value, threshold, of, at, op) = match (left.is_scalar, right.is_scalar) {
            (false, true) => (left, right, &binary.lhs, &binary.rhs, op),
            (true, false) => (right, left, &binary.rhs, &binary.lhs, mirrored(op)),
            _ => return,
        };
        let Some(number) = threshold.bounds.single() else { return };
        match decides(op, value.bounds, number) {
            Some(false) => self.never(node, value, number, at),
            // A count, such as that of absent targets, is compared with 0 by habit.
            Some(true)
                if !binary.bool && value.sample.is_some() && !is_filter(op, value, number) =>
            {
                let message = format!("{} is always {} {number}", self.text(of), op.as_str());
                self.report(Check::AlwaysTrue, &node.place, message, None);
            }
            _ => self.possible(op, value, number, (node, at, binary.bool)),
        }
    }

    /// A comparison that never holds.
    fn never(&mut self, node: &Node, value: &Facts<'m>, number: f64, at: &Node) {
        let Bounds { low, high } = value.bounds;
        let scaled = [1_000.0, 1_000_000.0, 1_000_000_000.0].map(|factor| number / factor);
        if value.is_quantile {
            let fitting =
                scaled.into_iter().find(|it| number >= FAR * high && (low..high).contains(it));
            let unit = value.unit.map(|unit| format!(" {unit}")).unwrap_or_default();
            let message =
                format!("the top edge of the buckets is {high}{unit}, so no quantile is above it");
            let (check, instead) = match (fitting, value.unit) {
                (Some(number), Some(unit)) => {
                    (Check::ThresholdUnit, Some(format!("{number}, which is in {unit}")))
                }
                _ => (Check::ThresholdAboveTopBucket, None),
            };
            self.report(check, &at.place, message, instead);
        } else if value.bounds == Bounds::FRACTION && number > 1.0 && value.sample.is_none() {
            if at.nodes().any(|part| matches!(part.kind, Kind::Binary(_))) {
                let message = format!("the threshold is {number}, and a ratio is at most 1");
                self.report(Check::BurnRateUnreachable, &at.place, message, None);
            } else {
                let message = format!("a ratio is at most 1, and the threshold is {number}");
                let instead = (number <= 100.0).then(|| format!("{}", number / 100.0));
                self.report(Check::ThresholdUnit, &at.place, message, instead);
            }
        } else {
            let range = match (low.is_finite(), high.is_finite()) {
                (true, true) => format!("from {low} to {high}"),
                (true, false) => format!("at least {low}"),
                _ => format!("at most {high}"),
            };
            let message = format!("the value is {range}, so this never holds");
            self.report(Check::ValueOutOfRange, &node.place, message, None);
        }
    }

    /// A comparison that may hold.
    fn possible(
        &mut self,
        op: Operator,
        value: &Facts<'m>,
        number: f64,
        (node, at, is_bool): (&'e Node, &Node, bool),
    ) {
        let rises = matches!(op, Operator::Greater | Operator::GreaterOrEqual);
        if let Some(max) = value.declared_max.filter(|max| rises && number > *max) {
            self.above_max(value, max, at);
        }
        let Some(sample) = value.sample else { return };
        if value.is_quantile && sample.family.buckets.iter().all(|edge| *edge != number) {
            let above = sample.family.buckets.iter().find(|edge| **edge > number);
            let below = sample.family.buckets.iter().rev().find(|edge| **edge < number);
            if let (Some(below), Some(above)) = (below, above) {
                let message = format!("the edges beside {number} are {below} and {above}");
                self.report(Check::ThresholdBetweenEdges, &at.place, message, None);
            }
        }
        if self.context.purpose != Purpose::Alert || !rises || is_bool {
            return;
        }
        if value.nature == Nature::Total
            && self.guards == 0
            && matches!(sample.part, Part::Value | Part::Count | Part::Outside)
        {
            let message = format!("{} only grows", sample.family.name);
            let instead = Some("increase(…[15m])".to_owned());
            self.report(Check::LatchedCounter, &node.place, message, instead);
        }
        let is_first = number == 0.0 || (number < 1.0 && op == Operator::GreaterOrEqual);
        // Of a scraped metric it is not known whether there are other series.
        let begins_late = sample.part == Part::Outside
            || sample.family.labels.iter().any(|it| matches!(it.values, Values::Interned(_)));
        if value.nature == Nature::Growth
            && is_first
            && begins_late
            && !sample.is_from_start()
            && !self.sees_first(sample)
        {
            let message = format!(
                "a series of {} begins with its first event, which this does not see",
                sample.family.name
            );
            let instead = Some(
                "declare the series at the start, or add: or (x unless x offset 5m)".to_owned(),
            );
            self.report(Check::FirstEventMissed, &node.place, message, instead);
        }
    }

    /// A threshold above the declared maximum of the values.
    fn above_max(&mut self, value: &Facts<'m>, max: f64, at: &Node) {
        let unit = value.unit.map(|unit| format!(" {unit}")).unwrap_or_default();
        let of = value.sample.map_or("these values", |sample| &sample.family.name);
        let message = format!("the declared maximum of {of} is {max}{unit}, and this is above it");
        self.report(Check::ThresholdAboveMax, &at.place, message, None);
    }

    /// Whether the expression has `x unless x offset 5m`, which is there from the first event on.
    fn sees_first(&self, sample: Sample<'_>) -> bool {
        let is_of = |selector: &Selector| {
            let of = selector.metric().and_then(|name| self.context.metrics.sample(name));
            of.is_some_and(|of| std::ptr::eq(of.family, sample.family))
        };
        self.expression.nodes().any(|node| match &node.kind {
            Kind::Binary(binary) if binary.op.value.known() == Some(&Operator::Unless) => {
                binary.lhs.selectors().any(|(_, it)| is_of(it))
                    && binary.rhs.selectors().any(|(_, it)| is_of(it) && it.offset.is_some())
            }
            _ => false,
        })
    }
}

/// Whether a comparison only drops what is not a number: a quantile of nothing.
fn is_filter(op: Operator, value: &Facts<'_>, number: f64) -> bool {
    let rises = matches!(op, Operator::Greater | Operator::GreaterOrEqual);
    value.is_quantile && rises && number <= 0.0
}

/// Whether a comparison holds for all values, or for none; `None` if that depends.
fn decides(op: Operator, Bounds { low, high }: Bounds, number: f64) -> Option<bool> {
    let (all, none) = match op {
        Operator::Greater => (low > number, high <= number),
        Operator::GreaterOrEqual => (low >= number, high < number),
        Operator::Less => (high < number, low >= number),
        Operator::LessOrEqual => (high <= number, low > number),
        Operator::Equal => (low == number && high == number, number < low || number > high),
        Operator::NotEqual => (number < low || number > high, low == number && high == number),
        _ => (false, false),
    };
    match (all, none) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    }
}

/// The operator with its operands exchanged.
fn mirrored(op: Operator) -> Operator {
    match op {
        Operator::Greater => Operator::Less,
        Operator::GreaterOrEqual => Operator::LessOrEqual,
        Operator::Less => Operator::Greater,
        Operator::LessOrEqual => Operator::GreaterOrEqual,
        other => other,
    }
}
