//! Divisions of a part by the whole.

use super::Inference;
use super::binary::names;
use crate::expression::{Binary, Kind, Matcher, Name, Node, Selector};
use crate::lint::check::Check;
use crate::lint::facts::{Facts, Has};

/// Functions of which a part has at most what the whole has.
const OF_PARTS: [&str; 8] = [
    "rate",
    "irate",
    "increase",
    "sum_over_time",
    "count_over_time",
    "present_over_time",
    "changes",
    "resets",
];

/// Groupings of which the same holds.
const GROUPINGS: [&str; 4] = ["sum", "count", "max", "group"];

impl<'m, 'e> Inference<'m, 'e> {
    /// Whether a division is one of a part by the whole. Reports one of a series by itself.
    pub(super) fn ratio(
        &mut self,
        node: &Node,
        binary: &'e Binary,
        left: &Facts<'m>,
        right: &Facts<'m>,
    ) -> bool {
        let (Some(part), Some(whole)) = (only_selector(&binary.lhs), only_selector(&binary.rhs))
        else {
            return false;
        };
        let same_metric = part.metric().is_some() && part.metric() == whole.metric();
        if !same_metric || shape(&binary.lhs) != shape(&binary.rhs) {
            return false;
        }
        let Some(narrower) = self.narrower(part, whole) else { return false };
        // If all labels by which the part is chosen are still there, each of its series finds itself.
        let matches = |name: &str| match &binary.matching {
            None => true,
            Some(matching) => matching.on == names(matching).any(|it| it == name),
        };
        let labels: Option<Vec<&str>> = narrower.into_iter().collect();
        let is_kept = |name: &&str| {
            matches(name) && left.labels.has(name) == Has::Yes && right.labels.has(name) == Has::Yes
        };
        if binary.group.is_none()
            && let Some(labels) = labels.filter(|labels| labels.iter().all(is_kept))
        {
            let names = labels.join(", ");
            let message =
                format!("{names} is a label of both sides, so each series is divided by itself");
            let instead = Some(format!("sum without ({names}) (…) on both sides"));
            self.report(Check::RatioOfItself, &node.place, message, instead);
        }
        left.bounds.is_positive()
            && right.bounds.is_positive()
            && binary.lhs.nodes().all(is_of_part)
    }

    /// The labels that one selector restricts more than the other: `None` if it is not narrower. One
    /// that a variable names is not known.
    fn narrower<'a>(
        &self,
        part: &'a Selector,
        whole: &'a Selector,
    ) -> Option<Vec<Option<&'a str>>> {
        let has = |selector: &Selector, matcher: &Matcher| {
            selector.matchers.iter().any(|it| {
                it.op == matcher.op
                    && self.is_same(&it.name, &matcher.name)
                    && self.is_same(&it.value, &matcher.value)
            })
        };
        if !whole.matchers.iter().all(|matcher| has(part, matcher)) {
            return None;
        }
        let more = part.matchers.iter().filter(|matcher| !has(whole, matcher));
        let names: Vec<_> = more.map(|it| it.name.value.known().map(String::as_str)).collect();
        (!names.is_empty()).then_some(names)
    }

    /// Whether two texts are the same, also where variables are in them.
    fn is_same(&self, one: &Name, other: &Name) -> bool {
        match (one.value.known(), other.value.known()) {
            (None, None) => {
                self.expression.text_of(&one.place) == self.expression.text_of(&other.place)
            }
            (one, other) => one == other,
        }
    }
}

/// Whether a part gives at most what the whole gives.
fn is_of_part(node: &Node) -> bool {
    match &node.kind {
        Kind::Selector(_) | Kind::Paren(_) => true,
        Kind::Call(call) => {
            call.function.value.known().is_some_and(|name| OF_PARTS.contains(&name.as_str()))
        }
        Kind::Aggregate(aggregate) => {
            aggregate.op.value.known().is_some_and(|name| GROUPINGS.contains(&name.as_str()))
        }
        _ => false,
    }
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
                let at = selector.at.as_ref().map(|at| &at.value);
                Some(format!("{range:?} {offset:?} {at:?}"))
            }
            Kind::Number(value) => Some(format!("{value:?}")),
            other => Some(format!("{:?}", std::mem::discriminant(other))),
        })
        .collect()
}
