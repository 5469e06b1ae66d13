//! Operators, and the labels on which their operands match.

use super::Inference;
use crate::expression::{
    Binary, Group, Kind, MatchOp, Matcher, Matching, Node, Operator, Selector,
};
use crate::lint::check::Check;
use crate::lint::facts::{Bounds, Facts, Has, Labels, Nature};

impl<'m, 'e> Inference<'m, 'e> {
    pub(super) fn binary(&mut self, node: &'e Node, binary: &'e Binary) -> Facts<'m> {
        let (left, right) = (self.node(&binary.lhs), self.node(&binary.rhs));
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
            let vector = if left.is_scalar { right } else { left.clone() };
            if binary.bool || is_scalar {
                return Facts { is_scalar, ..Facts::vector(labels, Bounds::FRACTION) };
            }
            return Facts { labels, ..vector };
        }
        match op {
            Operator::And => {
                self.excluding(binary);
                Facts { labels, ..left }
            }
            Operator::Unless => Facts { labels, ..left },
            Operator::Or => {
                let same = left.nature == right.nature;
                let nature = if same { left.nature } else { Nature::Unknown };
                let bounds = left.bounds.or(right.bounds);
                Facts { labels, bounds, nature, is_quantile: false, ..left }
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
        if op == Operator::Div && !is_scalar && self.ratio(node, binary, &left, &right) {
            bounds = Bounds::FRACTION;
        }
        let scaled = left.is_scalar || right.is_scalar;
        let vector = if left.is_scalar { &right } else { &left };
        let keeps =
            matches!(op, Operator::Add | Operator::Sub) && (scaled || left.unit == right.unit);
        let nature = match (op, left.nature, right.nature) {
            // How much it grew.
            (Operator::Sub, Nature::Total, Nature::Total) => Nature::Growth,
            (Operator::Div, Nature::Total, Nature::Total) => Nature::Level,
            _ if scaled && matches!(op, Operator::Mul | Operator::Div) => vector.nature,
            _ if left.nature == right.nature => left.nature,
            _ => Nature::Unknown,
        };
        let is_quantile = vector.is_quantile && keeps && scaled;
        let sample = vector.sample.filter(|_| scaled);
        let unit = vector.unit.filter(|_| keeps);
        let is_sum = nature == Nature::Total;
        Facts { nature, sample, labels, bounds, unit, is_quantile, is_sum, is_scalar }
    }

    /// Whether a division is one of a part by the whole. Reports one of a series by itself.
    fn ratio(&mut self, node: &Node, binary: &Binary, left: &Facts<'m>, right: &Facts<'m>) -> bool {
        let (Some(part), Some(whole)) = (only_selector(&binary.lhs), only_selector(&binary.rhs))
        else {
            return false;
        };
        let same_metric = part.metric().is_some() && part.metric() == whole.metric();
        if !same_metric || shape(&binary.lhs) != shape(&binary.rhs) {
            return false;
        }
        let Some(narrower) = narrower(part, whole) else { return false };
        // Labels by which the part is chosen, and which are still there: each series of the part
        // finds itself.
        let matches = |name: &str| match &binary.matching {
            None => true,
            Some(matching) => matching.on == names(matching).any(|it| it == name),
        };
        let kept = narrower.iter().find(|name| {
            matches(name) && left.labels.has(name) == Has::Yes && right.labels.has(name) == Has::Yes
        });
        if binary.group.is_none()
            && let Some(name) = kept
        {
            let message =
                format!("{name} is a label of both sides, so each series is divided by itself");
            let instead = Some(format!("sum without ({name}) (…) on both sides"));
            self.report(Check::RatioOfItself, &node.place, message, instead);
        }
        left.bounds.is_positive() && right.bounds.is_positive()
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

fn names(matching: &Matching) -> impl Iterator<Item = &str> {
    matching.labels.iter().filter_map(|label| label.value.known()).map(String::as_str)
}

/// 0 times infinity is 0: a bound is not reached.
fn product(a: f64, b: f64) -> f64 {
    if a == 0.0 || b == 0.0 { 0.0 } else { a * b }
}

/// The selector of an expression that has one.
fn only_selector(node: &Node) -> Option<&Selector> {
    let mut selectors = node.selectors();
    let (_, selector) = selectors.next()?;
    selectors.next().is_none().then_some(selector)
}

/// The functions and groupings of an expression, without its matchers.
fn shape(node: &Node) -> Vec<String> {
    node.nodes()
        .filter_map(|node| match &node.kind {
            Kind::Paren(_) => None,
            Kind::Call(call) => Some(format!("{:?}", call.function.value)),
            Kind::Aggregate(aggregate) => {
                let labels = aggregate.grouping.as_ref().map(|grouping| {
                    let labels = grouping.labels.iter().map(|label| &label.value);
                    (grouping.without, labels.collect::<Vec<_>>())
                });
                Some(format!("{:?} {labels:?}", aggregate.op.value))
            }
            Kind::Selector(selector) => {
                let range = selector.range.as_ref().map(|range| &range.value);
                let offset = selector.offset.as_ref().map(|offset| &offset.value);
                Some(format!("{range:?} {offset:?}"))
            }
            Kind::Number(value) => Some(format!("{value:?}")),
            other => Some(format!("{:?}", std::mem::discriminant(other))),
        })
        .collect()
}

/// The labels that one selector restricts more than the other: `None` if it is not narrower.
fn narrower<'a>(part: &'a Selector, whole: &'a Selector) -> Option<Vec<&'a str>> {
    let has = |selector: &Selector, matcher: &Matcher| {
        selector.matchers.iter().any(|it| {
            (&it.name.value, it.op, &it.value.value)
                == (&matcher.name.value, matcher.op, &matcher.value.value)
        })
    };
    if !whole.matchers.iter().all(|matcher| has(part, matcher)) {
        return None;
    }
    let more = part.matchers.iter().filter(|matcher| !has(whole, matcher));
    // A variable can stand for several values.
    let names: Vec<_> = more
        .filter(|matcher| matcher.op != MatchOp::NotEqual || matcher.value.value.known().is_some())
        .filter_map(|matcher| matcher.name.value.known())
        .map(String::as_str)
        .collect();
    (!names.is_empty()).then_some(names)
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
