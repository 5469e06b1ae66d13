//! The tree of an expression.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

/// A part of an expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The kind of node, with its parts.
    pub kind: Kind,
    /// Where it is, in bytes of the expression's text.
    pub place: Range<usize>,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Kind {
    /// A number with its sign, such as `-1`, `0x1F`, `Inf` or `5m` (300). A variable that stands for
    /// an operand is one, too: its value can be an expression.
    Number(Value<f64>),
    /// A string, unquoted.
    Text(Value<String>),
    /// Series of a metric: an instant vector, or a range vector with a range.
    Selector(Selector),
    /// `expr[1h:1m]`.
    Subquery(Subquery),
    /// A function and its arguments.
    Call(Call),
    /// `sum by (label) (expr)` and the like.
    Aggregate(Aggregate),
    /// Two operands and an operator.
    Binary(Binary),
    /// A minus before anything but a number. A plus leaves no node.
    Unary(Box<Node>),
    /// An expression in parentheses.
    Paren(Box<Node>),
}

/// A value as it is written, or one that a variable sets.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<T> {
    /// Written in the expression, or in a variable that has one value.
    Known(T),
    /// A variable sets it, or a part of it: it can be anything.
    Variable,
}

/// A thing and where it is written, in bytes of the expression's text.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed<T> {
    /// The thing.
    pub value: T,
    /// Where it is.
    pub place: Range<usize>,
}

/// A name, such as that of a metric or a label. Quotes belong to its place, not to its value.
pub type Name = Placed<Value<String>>;

/// Series of a metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Selector {
    /// The metric: `m`, `{"m"}` or `{__name__="m"}`.
    pub name: Option<Name>,
    /// In the order of the text, without the one that is the name.
    pub matchers: Vec<Matcher>,
    /// The `5m` of `[5m]`.
    pub range: Option<Placed<Value<Duration>>>,
    /// Seconds into the past. It is negative for the future.
    pub offset: Option<Placed<Value<f64>>>,
    /// The time of `@`.
    pub at: Option<Placed<At>>,
}

/// A condition on a label.
#[derive(Clone, Debug, PartialEq)]
pub struct Matcher {
    /// The label. It is a variable, too, where a variable stands for whole matchers.
    pub name: Name,
    /// How the value is compared.
    pub op: MatchOp,
    /// The value or the regular expression, unquoted.
    pub value: Placed<Value<String>>,
    /// From the name to the value.
    pub place: Range<usize>,
}

/// How a matcher compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MatchOp {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`: the whole value matches.
    Matches,
    /// `!~`
    NotMatches,
}

/// The time of `@`.
#[derive(Clone, Debug, PartialEq)]
pub enum At {
    /// `start()`
    Start,
    /// `end()`
    End,
    /// Seconds since 1970.
    Time(Value<f64>),
}

/// `expr[range:step]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Subquery {
    /// What is evaluated at each step.
    pub expr: Box<Node>,
    /// The range.
    pub range: Placed<Value<Duration>>,
    /// The step. Without one it is the evaluation interval.
    pub step: Option<Placed<Value<Duration>>>,
    /// Seconds into the past. It is negative for the future.
    pub offset: Option<Placed<Value<f64>>>,
    /// The time of `@`.
    pub at: Option<Placed<At>>,
}

/// A function and its arguments.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The function.
    pub function: Name,
    /// In their order.
    pub args: Vec<Node>,
}

/// An aggregation.
#[derive(Clone, Debug, PartialEq)]
pub struct Aggregate {
    /// `sum`, `topk` and so on, in small letters.
    pub op: Name,
    /// The first argument of `topk`, `bottomk`, `quantile`, `count_values`, `limitk`, `limit_ratio`.
    pub param: Option<Box<Node>>,
    /// What is aggregated.
    pub expr: Box<Node>,
    /// `by` or `without`. Without either, no label is left.
    pub grouping: Option<Grouping>,
}

/// `by (labels)` or `without (labels)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Grouping {
    /// Whether it is `without`.
    pub without: bool,
    /// In the order of the text.
    pub labels: Vec<Name>,
    /// From the keyword to the closing parenthesis.
    pub place: Range<usize>,
}

/// Two operands and an operator.
#[derive(Clone, Debug, PartialEq)]
pub struct Binary {
    /// The operator.
    pub op: Placed<Value<Operator>>,
    /// The left operand.
    pub lhs: Box<Node>,
    /// The right operand.
    pub rhs: Box<Node>,
    /// Whether a comparison gives 0 or 1 rather than filter.
    pub bool: bool,
    /// `on` or `ignoring`.
    pub matching: Option<Matching>,
    /// `group_left` or `group_right`.
    pub group: Option<Group>,
}

/// `on (labels)` or `ignoring (labels)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Matching {
    /// Whether it is `on`.
    pub on: bool,
    /// In the order of the text.
    pub labels: Vec<Name>,
    /// From the keyword to the closing parenthesis.
    pub place: Range<usize>,
}

/// `group_left (labels)` or `group_right (labels)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Whether the left side is the one with many series: `group_left`.
    pub left: bool,
    /// Labels that are taken from the side with one series.
    pub labels: Vec<Name>,
    /// From the keyword to the closing parenthesis, if there is one.
    pub place: Range<usize>,
}

/// An operator between two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are what there is to say")]
pub enum Operator {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    Atan2,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    And,
    Or,
    Unless,
}

impl<T> Value<T> {
    /// The value, if it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Variable => None,
        }
    }

    /// Whether a variable sets it.
    pub fn is_variable(&self) -> bool {
        matches!(self, Self::Variable)
    }
}

impl Selector {
    /// The name of the metric, if it is known.
    pub fn metric(&self) -> Option<&str> {
        self.name.as_ref().and_then(|name| name.value.known()).map(String::as_str)
    }

    /// The matchers of a label.
    pub fn matchers_of<'a>(&'a self, label: &'a str) -> impl Iterator<Item = &'a Matcher> {
        self.matchers
            .iter()
            .filter(move |matcher| matcher.name.value.known().is_some_and(|name| name == label))
    }
}

impl Operator {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Add,
        Self::Sub,
        Self::Mul,
        Self::Div,
        Self::Mod,
        Self::Pow,
        Self::Atan2,
        Self::Equal,
        Self::NotEqual,
        Self::Less,
        Self::LessOrEqual,
        Self::Greater,
        Self::GreaterOrEqual,
        Self::And,
        Self::Or,
        Self::Unless,
    ];

    /// As in PromQL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Mod => "%",
            Self::Pow => "^",
            Self::Atan2 => "atan2",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::And => "and",
            Self::Or => "or",
            Self::Unless => "unless",
        }
    }

    /// Whether it compares.
    pub fn is_comparison(self) -> bool {
        matches!(
            self,
            Self::Equal
                | Self::NotEqual
                | Self::Less
                | Self::LessOrEqual
                | Self::Greater
                | Self::GreaterOrEqual
        )
    }

    /// Whether it is `and`, `or` or `unless`.
    pub fn is_set(self) -> bool {
        matches!(self, Self::And | Self::Or | Self::Unless)
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl MatchOp {
    /// As in PromQL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Matches => "=~",
            Self::NotMatches => "!~",
        }
    }

    /// Whether the value is a regular expression.
    pub fn is_regex(self) -> bool {
        matches!(self, Self::Matches | Self::NotMatches)
    }
}

impl fmt::Display for MatchOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
