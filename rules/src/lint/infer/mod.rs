//! What is known of each part of an expression, from its metrics upwards; and what is wrong with it.
//!
//! | module | what it is about |
//! |---|---|
//! | `selector` | metrics and matchers |
//! | `call` | functions |
//! | `aggregate` | groupings |
//! | `range` | ranges |
//! | `edge` | matchers on bucket edges and quantiles |
//! | `binary` | operators and the labels that their operands match on |
//! | `ratio` | divisions of a part by the whole |
//! | `threshold` | comparisons with a number |

mod aggregate;
mod binary;
mod call;
mod edge;
mod range;
mod ratio;
mod selector;
mod threshold;

pub(super) use selector::Test;

use super::check::Check;
use super::facts::{Bounds, Facts, Nature};
use super::metrics::{Metrics, Recorded};
use crate::expression::{Binary, Expression, Kind, Node, Operator};
use std::ops::Range;
use std::time::Duration;

/// The most findings within one expression.
const MOST_PROBLEMS: usize = 100;

/// A finding within an expression.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Problem {
    /// The check that found it.
    pub check: Check,
    /// Where it is, in bytes of the expression's text.
    pub place: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub instead: Option<String>,
}

/// What an expression is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Purpose {
    /// The condition of an alert.
    Alert,
    /// A series that a rule records.
    Record,
    /// A query of a panel.
    Panel,
}

/// The metrics and settings that an expression is checked with.
#[derive(Clone, Copy)]
pub(super) struct Context<'m, 'e> {
    pub(super) metrics: &'m Metrics,
    pub(super) recorded: &'e Recorded<'m>,
    pub(super) purpose: Purpose,
    pub(super) scrape_interval: Duration,
}

impl Context<'_, '_> {
    /// Whether there are series of a name.
    fn exists(&self, name: &str) -> bool {
        self.metrics.is_unknown(name)
            || self.metrics.sample(name).is_some()
            || self.recorded.contains_key(name)
    }
}

/// The check of one expression.
pub(super) struct Inference<'m, 'e> {
    context: Context<'m, 'e>,
    expression: &'e Expression,
    problems: Vec<Problem>,
    /// How many `and` and `unless` the present part is an operand of.
    guards: usize,
}

/// What is known of an expression's result, and what is wrong with it.
pub(super) fn infer<'m>(
    context: Context<'m, '_>,
    expression: &Expression,
) -> (Facts<'m>, Vec<Problem>) {
    let mut inference = Inference { context, expression, problems: Vec::new(), guards: 0 };
    let facts = inference.node(expression.root());
    (facts, inference.problems)
}

impl<'m, 'e> Inference<'m, 'e> {
    fn report(
        &mut self,
        check: Check,
        place: &Range<usize>,
        message: impl Into<String>,
        instead: Option<String>,
    ) {
        let problem = Problem { check, place: place.clone(), message: message.into(), instead };
        if self.problems.len() < MOST_PROBLEMS && !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    fn text(&self, node: &Node) -> &'e str {
        self.expression.text_of(&node.place)
    }

    fn node(&mut self, node: &'e Node) -> Facts<'m> {
        match &node.kind {
            Kind::Number(value) => {
                Facts::scalar(value.known().map_or(Bounds::ANY, |value| Bounds::exactly(*value)))
            }
            Kind::Text(_) => Facts::scalar(Bounds::ANY),
            Kind::Selector(selector) => self.selector(node, selector),
            Kind::Subquery(subquery) => self.node(&subquery.expr),
            Kind::Call(call) => self.call(node, call),
            Kind::Aggregate(aggregate) => self.aggregate(aggregate),
            Kind::Binary(_) => self.chain(node),
            Kind::Unary(inner) => {
                let facts = self.node(inner);
                let Bounds { low, high } = facts.bounds;
                let nature = match facts.nature {
                    Nature::Unknown => Nature::Unknown,
                    _ => Nature::Level,
                };
                let bounds = Bounds { low: -high, high: -low };
                Facts { bounds, nature, is_quantile: false, declared_max: None, ..facts }
            }
            Kind::Paren(inner) => self.node(inner),
        }
    }

    /// A chain of operators. It leans to the left, so that it is walked in a loop: the recursion is
    /// as deep as the parentheses, not as long as the chain.
    fn chain(&mut self, node: &'e Node) -> Facts<'m> {
        let guards = |op: &Binary| {
            let op = op.op.value.known();
            usize::from(matches!(op, Some(Operator::And | Operator::Unless)))
        };
        let mut chain = Vec::new();
        let mut first = node;
        while let Kind::Binary(binary) = &first.kind {
            chain.push((first, binary));
            self.guards += guards(binary);
            first = &binary.lhs;
        }
        let mut facts = self.node(first);
        for (node, binary) in chain.into_iter().rev() {
            let right = self.node(&binary.rhs);
            self.guards -= guards(binary);
            facts = self.binary(node, binary, facts, right);
        }
        facts
    }
}
