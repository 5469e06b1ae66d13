//! Operators, and the labels on which their operands match.

use super::selector::unit;
use super::{Inference, Problem};
use crate::catalogue::Part;
use crate::expression::{Binary, Group, Kind, Matching, Node, Operator};
use crate::lint::check::Check;
use crate::lint::facts::{Bounds, Facts, Has, Labels, Nature};

impl<'m, 'e> Inference<'m, 'e> {
    pub(super) fn binary(
        &mut self,
        node: &'e Node,
        binary: &'e Binary,
        left: Facts<'m>,
        right: Facts<'m>,
    ) -> Facts<'m> {
        let Some(&op) = binary.op.value.known() else { return Facts::unknown() };
        let both_vectors = !left.is_scalar && !right.is_scalar;
        if both_vectors && op != Operator::Or {
            self.join(binary, op, &left.labels, &right.labels);
        }
        let labels = match (left.is_scalar, right.is_scalar) {
            (true, true) => Labels::default(),
            (true, false) => right.labels.clone(),
            (false, true) => left.labels.clone(),
            (false, false) => result_labels(binary, op, &left.labels, &right.labels),
        };
        let is_scalar = left.is_scalar && right.is_scalar;
        if op.is_comparison() {
            self.comparison(node, binary, op, (&left, &right));
            let vector = if left.is_scalar { right } else { left };
            if binary.bool || is_scalar {
                return Facts { is_scalar, ..Facts::vector(labels, Bounds::FRACTION) };
            }
            return Facts { labels, ..vector };
        }
        match op {
            Operator::And | Operator::Unless => {
                if op == Operator::And {
                    self.excluding(binary);
                }
                // A total that is there only under a condition does not latch.
                let is_total = left.nature == Nature::Total;
                let nature = if is_total { Nature::Unknown } else { left.nature };
                Facts { nature, labels, ..left }
            }
            Operator::Or => {
                self.alternatives(binary);
                either(&left, &right, labels)
            }
            _ => self.arithmetic(node, binary, op, (left, right), labels),
        }
    }

    fn arithmetic(
        &mut self,
        node: &Node,
        binary: &'e Binary,
        op: Operator,
        (left, right): (Facts<'m>, Facts<'m>),
        labels: Labels,
    ) -> Facts<'m> {
        let is_scalar = left.is_scalar && right.is_scalar;
        let (one, other) = (left.bounds, right.bounds);
        let mut bounds = match op {
            Operator::Add => one.of_corners(other, |a, b| a + b),
            Operator::Sub => one.of_corners(other, |a, b| a - b),
            Operator::Mul => one.of_corners(other, product),
            Operator::Div if other.low > 0.0 => one.of_corners(other, |a, b| a / b),
            Operator::Div if one.is_positive() && other.is_positive() => Bounds::POSITIVE,
            Operator::Pow if one.single().is_some() && other.single().is_some() => {
                one.of_corners(other, f64::powf)
            }
            _ => Bounds::ANY,
        };
        if op == Operator::Div && !is_scalar {
            if let Some(mean) = mean(&left, &right) {
                return Facts { labels, ..mean };
            }
            if self.ratio(node, binary, &left, &right) {
                bounds = Bounds::FRACTION;
            }
        }
        let scaled = left.is_scalar || right.is_scalar;
        let vector = if left.is_scalar { &right } else { &left };
        let keeps =
            matches!(op, Operator::Add | Operator::Sub) && (scaled || left.unit == right.unit);
        let is_factor = op == Operator::Mul || op == Operator::Div && right.is_scalar;
        let is_difference = op == Operator::Sub && left.is_of_same(&right);
        let nature = match (op, left.nature, right.nature) {
            // How much it grew. The difference of two counters is a level.
            (Operator::Sub, Nature::Total, Nature::Total) => {
                if is_difference {
                    Nature::Growth
                } else {
                    Nature::Level
                }
            }
            (Operator::Div, Nature::Total, Nature::Total) => Nature::Level,
            _ if scaled && is_factor => vector.nature,
            _ if left.nature == right.nature => left.nature,
            _ => Nature::Unknown,
        };
        let sample = vector.sample.filter(|_| scaled || is_difference);
        let unit = vector.unit.filter(|_| keeps);
        let is_sum = nature == Nature::Total && (!scaled || vector.is_sum);
        let is_scaled = true;
        Facts {
            nature,
            sample,
            unit,
            is_sum,
            is_scaled,
            is_scalar,
            ..Facts::vector(labels, bounds)
        }
    }

    /// Operands that never match.
    fn join(&mut self, binary: &Binary, op: Operator, left: &Labels, right: &Labels) {
        let instead = |name: &str| Some(format!("ignoring ({name}), or an aggregation of it"));
        let Some(matching) = &binary.matching else {
            let (of_left, of_right) = (left.difference(right), right.difference(left));
            let (side, names) = match (&of_left[..], &of_right[..]) {
                ([], []) => return,
                ([], names) => ("right", names),
                (names, _) => ("left", names),
            };
            let label = names.join(", ");
            let message = format!("only the {side} side of {} has the label {label}", op.as_str());
            self.report(Check::JoinLabelsDiffer, &binary.op.place, message, instead(&label));
            return;
        };
        for label in &matching.labels {
            let Some(name) = label.value.known().filter(|_| matching.on) else { continue };
            let side = match (left.has(name), right.has(name)) {
                (Has::Yes, Has::No) => "left",
                (Has::No, Has::Yes) => "right",
                (Has::No, Has::No) => {
                    let message = format!("no side has the label {name}");
                    self.report(Check::UnknownLabel, &label.place, message, None);
                    continue;
                }
                _ => continue,
            };
            let message = format!("only the {side} side has the label {name}");
            self.report(Check::JoinLabelsDiffer, &label.place, message, None);
        }
        if !matching.on {
            let ignored: Vec<String> = names(matching).map(str::to_owned).collect();
            let (left, right) = (left.without(&ignored), right.without(&ignored));
            let (of_left, of_right) = (left.difference(&right), right.difference(&left));
            if let Some(name) = of_left.first().or(of_right.first()) {
                let message = format!("only one side has the label {name}, which is not ignored");
                self.report(Check::JoinLabelsDiffer, &matching.place, message, None);
            }
        }
    }

    /// `rate(x[5m]) or rate(x_of_old[5m])`: if a side has metrics that exist, the other side may be
    /// for another version of a service. Conditions are no alternatives, since each must be right.
    fn alternatives(&mut self, binary: &Binary) {
        let compares = |node: &Node| match &node.kind {
            Kind::Binary(binary) => binary.op.value.known().is_none_or(|op| op.is_comparison()),
            _ => false,
        };
        let sides = [&binary.lhs, &binary.rhs];
        if sides.iter().any(|side| side.nodes().any(compares)) {
            return;
        }
        let exists = |side: &Node| {
            let mut names = side.selectors().filter_map(|(_, selector)| selector.metric());
            names.any(|name| self.context.exists(name))
        };
        let [left, right] = sides.map(|side| exists(side));
        let doubtful = match (left, right) {
            (true, false) => &binary.rhs.place,
            (false, true) => &binary.lhs.place,
            _ => return,
        };
        let is_within =
            |it: &&mut Problem| doubtful.start <= it.place.start && it.place.end <= doubtful.end;
        let unknown = self.problems.iter_mut().filter(|it| it.check == Check::UnknownMetric);
        unknown.filter(is_within).for_each(|it| it.check = Check::UnknownAlternative);
    }

    /// `x > 5 and x < 3`.
    fn excluding(&mut self, binary: &'e Binary) {
        let (Some((one, at)), Some((other, beyond))) =
            (condition(&binary.lhs), condition(&binary.rhs))
        else {
            return;
        };
        if self.text(one) == self.text(other) && at.and(beyond).is_empty() {
            let message = format!("{} can't fulfil both", self.text(one));
            self.report(Check::Contradiction, &binary.rhs.place, message, None);
        }
    }
}

/// The labels of the result of two vectors.
fn result_labels(binary: &Binary, op: Operator, left: &Labels, right: &Labels) -> Labels {
    match op {
        Operator::And | Operator::Unless => return left.clone(),
        Operator::Or => return left.of_either(right),
        _ => {}
    }
    if let Some(Group { left: is_left, labels: taken, .. }) = &binary.group {
        let mut labels = if *is_left { left.clone() } else { right.clone() };
        for label in taken {
            match label.value.known() {
                Some(name) => labels.add_possible(name),
                None => return Labels::any(),
            }
        }
        return labels;
    }
    let Some(matching) = &binary.matching else { return left.clone() };
    if matching.labels.iter().any(|label| label.value.is_variable()) {
        return Labels::any();
    }
    let listed: Vec<String> = names(matching).map(str::to_owned).collect();
    if matching.on { left.only(&listed) } else { left.without(&listed) }
}

pub(super) fn names(matching: &Matching) -> impl Iterator<Item = &str> {
    matching.labels.iter().filter_map(|label| label.value.known()).map(String::as_str)
}

/// 0 times infinity is 0: a bound is not reached.
fn product(a: f64, b: f64) -> f64 {
    if a == 0.0 || b == 0.0 { 0.0 } else { a * b }
}

/// One or the other.
fn either<'m>(left: &Facts<'m>, right: &Facts<'m>, labels: Labels) -> Facts<'m> {
    let nature = if left.nature == right.nature { left.nature } else { Nature::Unknown };
    let bounds = left.bounds.or(right.bounds);
    let is_sum = left.is_sum || right.is_sum;
    let same = left.sample.filter(|_| left.is_of_same(right));
    let unit = left.unit.filter(|_| left.unit == right.unit);
    let is_scaled = left.is_scaled || right.is_scaled;
    Facts { nature, sample: same, unit, is_sum, is_scaled, ..Facts::vector(labels, bounds) }
}

/// The mean of a histogram's or a summary's values: their sum divided by their number.
fn mean<'m>(left: &Facts<'m>, right: &Facts<'m>) -> Option<Facts<'m>> {
    let (sum, count) = (left.sample?, right.sample?);
    let is_mean = sum.part == Part::Sum
        && count.part == Part::Count
        && std::ptr::eq(sum.family, count.family)
        && left.nature == right.nature
        && !left.is_scaled
        && !right.is_scaled;
    is_mean.then(|| Facts {
        nature: Nature::Level,
        unit: unit(sum.family),
        declared_max: sum.family.max,
        ..Facts::vector(Labels::any(), Bounds::ANY)
    })
}

/// What is compared with a number, and the bounds that the comparison lets through.
fn condition(node: &Node) -> Option<(&Node, Bounds)> {
    let Kind::Binary(binary) = &node.unwrapped().kind else { return None };
    let Kind::Number(value) = &binary.rhs.unwrapped().kind else { return None };
    let number = *value.known()?;
    let bounds = match binary.op.value.known()? {
        Operator::Greater | Operator::GreaterOrEqual => Bounds { low: number, ..Bounds::ANY },
        Operator::Less | Operator::LessOrEqual => Bounds { high: number, ..Bounds::ANY },
        Operator::Equal => Bounds::exactly(number),
        _ => return None,
    };
    (!binary.bool).then_some((binary.lhs.unwrapped(), bounds))
}
