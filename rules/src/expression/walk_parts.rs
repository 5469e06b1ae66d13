//! The walk over selectors, calls, aggregations and operators.

use super::node::{
    Aggregate, Binary, Call, Group, Grouping, Kind, MatchOp, Matcher, Matching, Name, Node,
    Operator, Placed, Selector, Subquery, Value,
};
use super::token::Sort;
use super::walk::Walk;
use promql_parser::label::{self, METRIC_NAME};
use promql_parser::parser::{
    self, AggregateExpr, BinaryExpr, Expr, LabelModifier, SubqueryExpr, VectorMatchCardinality,
    VectorMatchFillValues, VectorSelector,
};
use std::time::Duration;

impl Walk<'_> {
    pub(super) fn selector(&mut self, selector: &VectorSelector, range: Option<Duration>) -> Node {
        if !selector.matchers.or_matchers.is_empty() {
            self.refuse("Prometheus knows no `or` between matchers");
        }
        let mut name = selector.name.as_ref().map(|name| self.take_word(name).placed(name.clone()));
        let mut end = name.as_ref().map(|name| name.place.clone());
        let start = end.clone();
        let mut matchers = Vec::new();
        let mut open = None;
        if name.is_none() || self.is("{") || !selector.matchers.matchers.is_empty() {
            open = Some(self.take("{").place);
            for (at, matcher) in selector.matchers.matchers.iter().enumerate() {
                if at > 0 {
                    self.take(",");
                }
                self.matcher(matcher, &mut name, &mut matchers);
            }
            self.take_optional(",");
            end = Some(self.take("}").place);
        }
        let start = start.or(open).unwrap_or_default();
        let mut end = end.unwrap_or_default();
        let range = range.map(|range| {
            self.take("[");
            let range = self.duration(range);
            end = self.take("]").place;
            range
        });
        let (offset, at) = self.modifiers(selector.offset.as_ref(), selector.at.as_ref(), &mut end);
        let place = self.span(&start, &end);
        Node { kind: Kind::Selector(Selector { name, matchers, range, offset, at }), place }
    }

    /// A matcher: one that is the name, or one that follows.
    fn matcher(
        &mut self,
        matcher: &label::Matcher,
        name: &mut Option<Name>,
        matchers: &mut Vec<Matcher>,
    ) {
        let is_name = matcher.name == METRIC_NAME;
        let quoted = self.is_sort(Sort::Text);
        let label = if quoted { self.take_text() } else { self.take_word(&matcher.name) };
        let op = match matcher.op {
            label::MatchOp::Equal => MatchOp::Equal,
            label::MatchOp::NotEqual => MatchOp::NotEqual,
            label::MatchOp::Re(_) => MatchOp::Matches,
            label::MatchOp::NotRe(_) => MatchOp::NotMatches,
        };
        if quoted && is_name && op == MatchOp::Equal && !self.is("=") {
            // `{"name"}`
            *name = Some(label.placed(matcher.value.clone()));
            return;
        }
        self.take(op.as_str());
        let mark = self.take_text();
        let place = self.span(&label.place, &mark.place);
        if is_name && op == MatchOp::Equal && name.is_none() && !label.variable {
            *name = Some(mark.placed(matcher.value.clone()));
            return;
        }
        let name = label.placed(matcher.name.clone());
        matchers.push(Matcher { name, op, value: mark.placed(matcher.value.clone()), place });
    }

    pub(super) fn subquery(&mut self, subquery: &SubqueryExpr) -> Node {
        let expr = self.node(&subquery.expr);
        self.take("[");
        let range = self.duration(subquery.range);
        self.take(":");
        let step = subquery.step.map(|step| self.duration(step));
        let mut end = self.take("]").place;
        let (offset, at) = self.modifiers(subquery.offset.as_ref(), subquery.at.as_ref(), &mut end);
        let place = self.span(&expr.place, &end);
        Node {
            kind: Kind::Subquery(Subquery { expr: Box::new(expr), range, step, offset, at }),
            place,
        }
    }

    pub(super) fn call(&mut self, call: &parser::Call) -> Node {
        // The parser lets a few numbers through.
        let logarithm = matches!(call.func.name, "exp" | "ln" | "log2" | "log10");
        if logarithm && matches!(call.args.args.as_slice(), [arg] if is_number(arg)) {
            self.refuse("an instant vector is expected, and there is a number");
        }
        let function = self.take_word(call.func.name);
        self.take("(");
        let mut args = Vec::with_capacity(call.args.len());
        for (at, arg) in call.args.args.iter().enumerate() {
            if at > 0 {
                self.take(",");
            }
            args.push(self.node(arg));
        }
        let close = self.take(")");
        let place = self.span(&function.place, &close.place);
        let function = function.placed(call.func.name.to_owned());
        Node { kind: Kind::Call(Call { function, args }), place }
    }

    pub(super) fn aggregate(&mut self, aggregate: &AggregateExpr) -> Node {
        let name = aggregate.op.to_string();
        let op = self.take(&name);
        let before = aggregate.modifier.as_ref().filter(|_| !self.is("("));
        let mut grouping = before.map(|modifier| self.grouping(modifier));
        self.take("(");
        let param = aggregate.param.as_ref().map(|param| {
            let param = self.node(param);
            self.take(",");
            Box::new(param)
        });
        let expr = Box::new(self.node(&aggregate.expr));
        let mut end = self.take(")").place;
        if let (None, Some(modifier)) = (&grouping, &aggregate.modifier) {
            let after = self.grouping(modifier);
            end = after.place.clone();
            grouping = Some(after);
        }
        let place = self.span(&op.place, &end);
        let op = op.placed(name);
        Node { kind: Kind::Aggregate(Aggregate { op, param, expr, grouping }), place }
    }

    fn grouping(&mut self, modifier: &LabelModifier) -> Grouping {
        let without = matches!(modifier, LabelModifier::Exclude(_));
        let keyword = self.take(if without { "without" } else { "by" });
        let (labels, end) = self.labels(modifier.labels());
        Grouping { without, labels, place: self.span(&keyword.place, &end) }
    }

    /// A chain of operators. It leans to the left, so that it is walked in a loop: the recursion is
    /// as deep as the parentheses, not as long as the chain.
    pub(super) fn binary(&mut self, expr: &Expr) -> Node {
        let mut chain = Vec::new();
        let mut first = expr;
        while let Expr::Binary(binary) = first {
            chain.push(binary);
            first = &binary.lhs;
        }
        let mut node = self.node(first);
        for binary in chain.into_iter().rev() {
            node = self.operated(node, binary);
        }
        node
    }

    fn operated(&mut self, lhs: Node, binary: &BinaryExpr) -> Node {
        let name = binary.op.to_string();
        let mark = self.take(&name);
        let op = Operator::ALL.into_iter().find(|op| op.as_str() == name);
        let op =
            Placed { value: op.map_or(Value::Variable, |op| mark.value(op)), place: mark.place };
        let modifier = binary.modifier.as_ref();
        let bool = modifier.is_some_and(|modifier| modifier.return_bool);
        if bool {
            self.take("bool");
        }
        let matching = modifier.and_then(|modifier| modifier.matching.as_ref()).map(|matching| {
            let on = matches!(matching, LabelModifier::Include(_));
            let keyword = self.take(if on { "on" } else { "ignoring" });
            let (labels, end) = self.labels(matching.labels());
            Matching { on, labels, place: self.span(&keyword.place, &end) }
        });
        let group = modifier.and_then(|modifier| match &modifier.card {
            VectorMatchCardinality::ManyToOne(labels) => Some((true, labels)),
            VectorMatchCardinality::OneToMany(labels) => Some((false, labels)),
            VectorMatchCardinality::OneToOne | VectorMatchCardinality::ManyToMany => None,
        });
        let group = group.map(|(left, labels)| {
            let keyword = self.take(if left { "group_left" } else { "group_right" }).place;
            // Parentheses that follow are always those of its labels.
            let none = labels.is_empty() && !self.is("(");
            let (labels, end) =
                if none { (Vec::new(), keyword.clone()) } else { self.labels(labels) };
            Group { left, labels, place: self.span(&keyword, &end) }
        });
        if modifier.is_some_and(|modifier| modifier.fill_values != VectorMatchFillValues::default())
        {
            while self.fill() {}
        }
        let rhs = self.node(&binary.rhs);
        let place = self.span(&lhs.place, &rhs.place);
        let (lhs, rhs) = (Box::new(lhs), Box::new(rhs));
        Node { kind: Kind::Binary(Binary { op, lhs, rhs, bool, matching, group }), place }
    }

    /// `fill (0)` and the like, whose value matters to nobody here. Without a parenthesis it is a
    /// name.
    fn fill(&mut self) -> bool {
        let words = ["fill", "fill_left", "fill_right"];
        let Some(word) = words.into_iter().find(|word| self.is(word) && self.is_next("(")) else {
            return false;
        };
        self.take(word);
        self.take("(");
        if self.take_optional("-").is_none() {
            self.take_optional("+");
        }
        self.take_any_number();
        self.take(")");
        true
    }
}

fn is_number(expr: &Expr) -> bool {
    matches!(expr, Expr::NumberLiteral(_))
}
