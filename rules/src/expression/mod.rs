//! Expressions of PromQL, with the place of each part.
//!
//! [`parse`] reads an expression of a rule, and [`parse_with`] one of a dashboard, with Grafana's
//! variables. What cannot be read is [`NotChecked`], which does not make it wrong.
//!
//! ```
//! use tickmetrics_rules::expression;
//!
//! let text = r#"sum by (job) (rate(orders_total{side="buy"}[5m])) > 10"#;
//! let expression = expression::parse(text)?;
//! let (node, selector) = expression.selectors().next().unwrap();
//! assert_eq!(expression.text_of(&node.place), r#"orders_total{side="buy"}[5m]"#);
//! assert_eq!(selector.metric(), Some("orders_total"));
//! assert_eq!(expression.text_of(&selector.matchers[0].value.place), r#""buy""#);
//! # Ok::<(), expression::NotChecked>(())
//! ```
//!
//! | module | what it is |
//! |---|---|
//! | `node`, `nodes` | the tree, and the walk through it |
//! | `token` | the tokens and their places |
//! | `bounds` | what the parser is not given |
//! | `walk`, `walk_parts` | the parser's tree, walked along with the tokens |
//! | `variables` | the variables of Grafana, and the text that stands in their place |
//! | `context`, `template` | what is around a variable, and what may stand there |

mod bounds;
mod context;
mod node;
mod nodes;
mod not_checked;
mod template;
mod token;
mod variables;
mod walk;
mod walk_parts;

pub use node::{
    Aggregate, At, Binary, Call, Group, Grouping, Kind, MatchOp, Matcher, Matching, Name, Node,
    Operator, Placed, Selector, Subquery, Value,
};
pub use not_checked::NotChecked;
pub use variables::{Usage, Variables};

use std::ops::Range;
use template::Template;
use variables::Substituted;

/// An expression that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    text: String,
    root: Node,
    usages: Vec<Usage>,
    placed: bool,
}

/// Reads an expression without variables, such as that of a rule.
///
/// # Errors
/// Why it is not checked: the parser cannot read it, or it is too long or too deep.
pub fn parse(text: &str) -> Result<Expression, NotChecked> {
    if text.len() > bounds::MAX_LENGTH {
        return Err(NotChecked::TooLong);
    }
    read(text, &Substituted::plain(text), Vec::new())
}

/// Reads an expression of a dashboard. Places are those in the text with its variables, and what a
/// variable sets is [`Value::Variable`].
///
/// ```
/// use tickmetrics_rules::expression::{self, Value, Variables};
///
/// let text = r#"rate(orders_total{side="$side", venue="$venue"}[$__rate_interval])"#;
/// let variables = Variables::new().with("venue", ["nasdaq"]);
/// let expression = expression::parse_with(text, &variables)?;
/// let (_, selector) = expression.selectors().next().unwrap();
/// assert_eq!(selector.matchers[0].value.value, Value::Variable);
/// assert_eq!(selector.matchers[1].value.value, Value::Known("nasdaq".into()));
/// let range = selector.range.as_ref().unwrap();
/// assert_eq!(range.value, Value::Variable);
/// assert_eq!(expression.text_of(&range.place), "$__rate_interval");
/// # Ok::<(), expression::NotChecked>(())
/// ```
///
/// # Errors
/// Why it is not checked: the parser cannot read it, it is too long or too deep, or it has a macro of
/// another language.
pub fn parse_with(text: &str, variables: &Variables) -> Result<Expression, NotChecked> {
    if text.len() > bounds::MAX_LENGTH {
        return Err(NotChecked::TooLong);
    }
    let template = Template::new(text, variables)?;
    let mut first_error = None;
    for substituted in template.substitutions() {
        match read(text, &substituted?, template.usages()) {
            Ok(expression) => return Ok(expression),
            Err(error) => _ = first_error.get_or_insert(error),
        }
    }
    Err(first_error.unwrap_or(NotChecked::TooLong))
}

fn read(text: &str, source: &Substituted, usages: Vec<Usage>) -> Result<Expression, NotChecked> {
    let tokens = token::tokens(source)?;
    bounds::check(&tokens)?;
    let parsed = promql_parser::parser::parse(&token::joined(&tokens));
    let tree = parsed.map_err(|reason| NotChecked::Unread { reason })?;
    let whole = match (tokens.first(), tokens.last()) {
        (Some(first), Some(last)) => first.place.start..last.place.end,
        _ => 0..text.len(),
    };
    let (root, placed) = walk::walked(&tree, &tokens, whole)?;
    Ok(Expression { text: text.to_owned(), root, usages, placed })
}

impl Expression {
    /// The text that was read.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text of a place; empty if the place is of another expression.
    pub fn text_of(&self, place: &Range<usize>) -> &str {
        self.text.get(place.clone()).unwrap_or_default()
    }

    /// The whole expression.
    pub fn root(&self) -> &Node {
        &self.root
    }

    /// All nodes in source order: a node is before its children.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.root.nodes()
    }

    /// All selectors in source order, each with its node.
    pub fn selectors(&self) -> impl Iterator<Item = (&Node, &Selector)> {
        self.root.selectors()
    }

    /// The variables in the text, in its order.
    pub fn variables(&self) -> &[Usage] {
        &self.usages
    }

    /// Whether each part has a place of its own. If not, all places are the whole expression.
    pub fn is_placed(&self) -> bool {
        self.placed
    }
}
