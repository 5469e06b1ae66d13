//! The tokens of an expression, walked along with the parser's tree.
//!
//! The tree says what comes next, so that the walk decides nothing: it takes the token that must be
//! there. Where another one is, the walk is lost, and all places are the whole expression.

use super::NotChecked;
use super::node::{At, Kind, Name, Node, Placed, Value};
use super::token::{Sort, Token, number};
use promql_parser::label::Labels;
use promql_parser::parser::{AtModifier, Expr, Offset};
use std::ops::Range;
use std::time::{Duration, UNIX_EPOCH};

pub(super) struct Walk<'a> {
    tokens: &'a [Token<'a>],
    at: usize,
    /// The place of everything once the walk is lost.
    whole: Range<usize>,
    lost: bool,
    /// Why the tree is not the one of Prometheus.
    refused: Option<&'static str>,
}

/// A token that was taken.
pub(super) struct Mark {
    pub(super) place: Range<usize>,
    pub(super) variable: bool,
}

impl Mark {
    pub(super) fn value<T>(&self, value: T) -> Value<T> {
        if self.variable { Value::Variable } else { Value::Known(value) }
    }

    pub(super) fn placed<T>(self, value: T) -> Placed<Value<T>> {
        Placed { value: self.value(value), place: self.place }
    }
}

/// The tree with places, and whether the walk fitted.
pub(super) fn walked(
    expr: &Expr,
    tokens: &[Token<'_>],
    whole: Range<usize>,
) -> Result<(Node, bool), NotChecked> {
    let mut walk = Walk { tokens, at: 0, whole: whole.clone(), lost: false, refused: None };
    let node = walk.node(expr);
    if let Some(reason) = walk.refused {
        return Err(NotChecked::Unread { reason: reason.to_owned() });
    }
    if !walk.lost && walk.at == tokens.len() {
        return Ok((node, true));
    }
    if tokens.iter().any(|token| token.variable) {
        // What the variables set is not known either.
        return Err(NotChecked::Unread { reason: "its places are not known".to_owned() });
    }
    let mut walk = Walk { tokens: &[], at: 0, whole, lost: true, refused: None };
    Ok((walk.node(expr), false))
}

impl<'a> Walk<'a> {
    fn peek(&self) -> Option<&'a Token<'a>> {
        self.tokens.get(self.at).filter(|_| !self.lost)
    }

    pub(super) fn is(&self, text: &str) -> bool {
        self.peek().is_some_and(|token| token.is(text))
    }

    pub(super) fn is_sort(&self, sort: Sort) -> bool {
        self.peek().is_some_and(|token| token.sort == sort)
    }

    pub(super) fn is_next(&self, text: &str) -> bool {
        self.tokens.get(self.at + 1).is_some_and(|token| token.is(text))
    }

    pub(super) fn refuse(&mut self, reason: &'static str) {
        self.refused.get_or_insert(reason);
    }

    fn take_if(&mut self, wanted: impl Fn(&Token<'_>) -> bool) -> Mark {
        let token = self.peek().filter(|token| wanted(token));
        if token.is_none() {
            self.lost = true;
        }
        self.at += 1;
        match token {
            Some(token) => Mark { place: token.place.clone(), variable: token.variable },
            None => Mark { place: self.whole.clone(), variable: false },
        }
    }

    /// Takes a sign or a keyword.
    pub(super) fn take(&mut self, text: &str) -> Mark {
        self.take_if(|token| token.is(text))
    }

    /// Takes a sign or a keyword, if it is there.
    pub(super) fn take_optional(&mut self, text: &str) -> Option<Mark> {
        self.is(text).then(|| self.take(text))
    }

    /// Takes a word that is exactly this one.
    pub(super) fn take_word(&mut self, word: &str) -> Mark {
        self.take_if(|token| token.sort == Sort::Word && token.text == word)
    }

    pub(super) fn take_text(&mut self) -> Mark {
        self.take_if(|token| token.sort == Sort::Text)
    }

    pub(super) fn take_any_number(&mut self) -> Mark {
        self.take_if(|token| number(&token.text).is_some() && token.sort != Sort::Text)
    }

    /// Takes a number of this value.
    fn take_number(&mut self, value: f64) -> Mark {
        self.take_if(|token| {
            // The parser has durations in nanoseconds.
            let same = |read: f64| {
                read == value || read.is_nan() && value.is_nan() || (read - value).abs() < 1e-9
            };
            matches!(token.sort, Sort::Number | Sort::Word) && number(&token.text).is_some_and(same)
        })
    }

    /// From the start of the first place to the end of the second.
    pub(super) fn span(&self, first: &Range<usize>, last: &Range<usize>) -> Range<usize> {
        if self.lost { self.whole.clone() } else { first.start..last.end }
    }

    /// A node. A plus before it leaves no node, and belongs to no place.
    pub(super) fn node(&mut self, expr: &Expr) -> Node {
        if let Expr::Binary(_) = expr {
            return self.binary(expr);
        }
        let mut plus = false;
        while self.take_optional("+").is_some() {
            plus = true;
        }
        let is_range = matches!(expr, Expr::MatrixSelector(_) | Expr::Subquery(_));
        if plus && (is_range || matches!(expr, Expr::StringLiteral(_))) {
            self.refuse("a plus is before a range vector or a string");
        }
        match expr {
            Expr::NumberLiteral(number) => self.number(number.val),
            Expr::StringLiteral(text) => {
                let mark = self.take_text();
                Node { kind: Kind::Text(mark.value(text.val.clone())), place: mark.place }
            }
            Expr::VectorSelector(selector) => self.selector(selector, None),
            Expr::MatrixSelector(selector) => self.selector(&selector.vs, Some(selector.range)),
            Expr::Subquery(subquery) => self.subquery(subquery),
            Expr::Call(call) => self.call(call),
            Expr::Aggregate(aggregate) => self.aggregate(aggregate),
            Expr::Binary(_) => self.binary(expr),
            Expr::Unary(unary) => {
                let minus = self.take("-");
                let inner = self.node(&unary.expr);
                let place = self.span(&minus.place, &inner.place);
                Node { kind: Kind::Unary(Box::new(inner)), place }
            }
            Expr::Paren(paren) => {
                let open = self.take("(");
                let inner = self.node(&paren.expr);
                let close = self.take(")");
                let place = self.span(&open.place, &close.place);
                Node { kind: Kind::Paren(Box::new(inner)), place }
            }
            Expr::Extension(_) => {
                // The parser makes none.
                self.lost = true;
                Node { kind: Kind::Number(Value::Variable), place: self.whole.clone() }
            }
        }
    }

    /// A number and the signs before it, which the parser has folded into it.
    fn number(&mut self, value: f64) -> Node {
        let mut first = None;
        let mut negative = false;
        loop {
            if let Some(minus) = self.take_optional("-") {
                negative = !negative;
                first.get_or_insert(minus.place);
            } else if self.take_optional("+").is_none() {
                break;
            }
        }
        let mark = self.take_number(if negative { -value } else { value });
        let place = self.span(first.as_ref().unwrap_or(&mark.place), &mark.place);
        Node { kind: Kind::Number(mark.value(value)), place }
    }

    /// The `5m` of a range or of a step.
    pub(super) fn duration(&mut self, duration: Duration) -> Placed<Value<Duration>> {
        self.take_number(duration.as_secs_f64()).placed(duration)
    }

    /// `offset` and `@` in any order. The last place is where they end.
    pub(super) fn modifiers(
        &mut self,
        offset: Option<&Offset>,
        at: Option<&AtModifier>,
        end: &mut Range<usize>,
    ) -> (Option<Placed<Value<f64>>>, Option<Placed<At>>) {
        let (mut placed_offset, mut placed_at) = (None, None);
        loop {
            if let (Some(offset), None, true) =
                (offset, &placed_offset, self.lost || self.is("offset"))
            {
                let placed = self.offset(offset);
                *end = placed.place.clone();
                placed_offset = Some(placed);
            } else if let (Some(at), None) = (at, &placed_at) {
                let (placed, last) = self.time(at);
                *end = last;
                placed_at = Some(placed);
            } else if placed_offset.is_none() && offset.is_some() {
                // Neither is there: the next round takes what it can, and is lost.
                self.lost = true;
            } else {
                return (placed_offset, placed_at);
            }
        }
    }

    fn offset(&mut self, offset: &Offset) -> Placed<Value<f64>> {
        self.take("offset");
        let sign = self.take_optional("+").or_else(|| self.take_optional("-"));
        let (duration, seconds) = match offset {
            Offset::Pos(duration) => (duration, duration.as_secs_f64()),
            Offset::Neg(duration) => (duration, -duration.as_secs_f64()),
        };
        let mark = self.take_number(duration.as_secs_f64());
        let first = sign.map_or_else(|| mark.place.clone(), |sign| sign.place);
        let place = self.span(&first, &mark.place);
        Placed { value: mark.value(seconds), place }
    }

    /// `@ 10`, `@ start()` or `@ end()`.
    fn time(&mut self, at: &AtModifier) -> (Placed<At>, Range<usize>) {
        let sign = self.take("@");
        let (value, end) = match at {
            AtModifier::Start | AtModifier::End => {
                let start = *at == AtModifier::Start;
                self.take(if start { "start" } else { "end" });
                self.take("(");
                (if start { At::Start } else { At::End }, self.take(")"))
            }
            AtModifier::At(time) => {
                let seconds = match time.duration_since(UNIX_EPOCH) {
                    Ok(after) => after.as_secs_f64(),
                    Err(before) => -before.duration().as_secs_f64(),
                };
                if self.take_optional("-").is_none() {
                    self.take_optional("+");
                }
                let mark = self.take_any_number();
                (At::Time(mark.value(seconds)), mark)
            }
        };
        let place = self.span(&sign.place, &end.place);
        (Placed { value, place }, end.place)
    }

    /// The labels of a list in parentheses, and the place of the closing one.
    pub(super) fn labels(&mut self, labels: &Labels) -> (Vec<Name>, Range<usize>) {
        self.take("(");
        let mut placed = Vec::with_capacity(labels.labels.len());
        for (at, label) in labels.labels.iter().enumerate() {
            if at > 0 {
                self.take(",");
            }
            let mark =
                if self.is_sort(Sort::Text) { self.take_text() } else { self.take_word(label) };
            placed.push(mark.placed(label.clone()));
        }
        self.take_optional(",");
        (placed, self.take(")").place)
    }
}

#[cfg(test)]
mod tests {
    use super::super::variables::Substituted;
    use super::super::{NotChecked, token};
    use super::walked;
    use promql_parser::parser::parse;

    /// The parser's tree of one text, walked along with the tokens of another.
    fn crossed(tree: &str, source: &Substituted<'_>) -> Result<bool, NotChecked> {
        let tree = parse(tree).unwrap();
        let (node, placed) = walked(&tree, &token::tokens(source)?, 0..100)?;
        let whole = node.nodes().all(|node| node.place == (0..100));
        assert_ne!(placed, whole, "{node:?}");
        Ok(placed)
    }

    #[test]
    fn a_walk_that_is_lost_has_no_places() {
        let tree = "sum by (x) (rate(a{x=\"1\"}[5m] offset 1m)) > on (y) group_left (z) b @ 1 + 2";
        let walked = |tokens: &str| crossed(tree, &Substituted::plain(tokens));
        assert_eq!(walked(tree), Ok(true));
        let words: Vec<&str> = tree.split(' ').collect();
        for at in 0..words.len() {
            let mut fewer = words.clone();
            fewer.remove(at);
            assert_eq!(walked(&fewer.join(" ")), Ok(false), "{fewer:?}");
        }
        for (old, new) in [
            ("2", "3"),
            ("+", "-"),
            ("5m", "6m"),
            ("1m", "2m"),
            ("by", "without"),
            ("rate", "irate"),
        ] {
            assert_eq!(walked(&tree.replacen(old, new, 1)), Ok(false), "{new}");
        }
        assert_eq!(walked(&format!("{tree} c")), Ok(false));
    }

    /// What variables set is not known either.
    #[test]
    fn a_walk_that_is_lost_marks_no_variables() {
        let mut source = Substituted::empty();
        source.push("b + ");
        source.push_variable("a", 4..6, true);
        assert!(crossed("a + b", &source).is_err());
    }
}
