//! Walking through a tree.

use super::node::{Kind, Node, Selector};

impl Node {
    /// The nodes directly below, in source order.
    pub fn children(&self) -> impl DoubleEndedIterator<Item = &Self> {
        let (first, second, rest): (Option<&Self>, Option<&Self>, &[Self]) = match &self.kind {
            Kind::Number(_) | Kind::Text(_) | Kind::Selector(_) => (None, None, &[]),
            Kind::Subquery(subquery) => (Some(&subquery.expr), None, &[]),
            Kind::Call(call) => (None, None, &call.args),
            Kind::Aggregate(aggregate) => (aggregate.param.as_deref(), Some(&aggregate.expr), &[]),
            Kind::Binary(binary) => (Some(&binary.lhs), Some(&binary.rhs), &[]),
            Kind::Unary(expr) | Kind::Paren(expr) => (Some(expr), None, &[]),
        };
        first.into_iter().chain(second).chain(rest)
    }

    /// This node and all below, in source order: a node is before its children.
    pub fn nodes(&self) -> impl Iterator<Item = &Self> {
        let mut open = vec![self];
        std::iter::from_fn(move || {
            let node = open.pop()?;
            open.extend(node.children().rev());
            Some(node)
        })
    }

    /// The selectors of this node and of all below, in source order.
    pub fn selectors(&self) -> impl Iterator<Item = (&Self, &Selector)> {
        self.nodes().filter_map(|node| match &node.kind {
            Kind::Selector(selector) => Some((node, selector)),
            _ => None,
        })
    }

    /// Without its parentheses.
    #[must_use]
    pub fn unwrapped(&self) -> &Self {
        let mut node = self;
        while let Kind::Paren(inner) = &node.kind {
            node = inner;
        }
        node
    }
}
