//! What the parser is not given: it recurses over the tree, compiles each regular expression, and
//! panics at a duration that is out of range.

use super::NotChecked;
use super::token::{Sort, Token, number};

/// Bytes of a text.
pub(super) const MAX_LENGTH: usize = 64 << 10;
/// Parentheses, brackets and braces inside each other.
pub(super) const MAX_NESTING: usize = 64;
/// Operators: a chain of them is a tree as deep as it is long.
pub(super) const MAX_OPERATORS: usize = 512;
/// Powers and signs before an operand. Chains of them lean to the right, where the walk recurses.
const MAX_POWERS: usize = 128;
/// Regular expressions, weighed: bytes times repetitions.
const MAX_WEIGHT: usize = 16 << 10;
/// Seconds of a duration: 292 years, as in Go.
const MAX_SECONDS: f64 = i64::MAX as f64 / 1e9;

/// Whether the parser may be given these tokens.
pub(super) fn check(tokens: &[Token<'_>]) -> Result<(), NotChecked> {
    let mut nesting = 0_usize;
    let mut operators = 0_usize;
    let mut powers = 0_usize;
    let mut in_braces = false;
    let mut weight = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        let before = |by: usize| at.checked_sub(by).and_then(|at| tokens.get(at));
        let follows = |text: &str| before(1).is_some_and(|token| token.is(text));
        match token.sort {
            Sort::Sign => match &*token.text {
                "(" | "[" | "{" => {
                    nesting += 1;
                    in_braces = token.is("{");
                }
                ")" | "]" | "}" => {
                    nesting = nesting.saturating_sub(1);
                    in_braces = false;
                }
                "^" => powers += 1,
                "+" | "-" if before(1).is_none_or(precedes_operand) => powers += 1,
                "," | ":" | "@" => {}
                _ => operators += usize::from(!in_braces),
            },
            Sort::Word => {
                let set = ["and", "or", "unless", "atan2"];
                operators += usize::from(set.iter().any(|word| token.is(word)));
            }
            Sort::Number => {
                if number(&token.text).is_none() {
                    return Err(NotChecked::Number { place: token.place.clone() });
                }
            }
            Sort::Text if follows("=~") || follows("!~") => {
                weight = weight.saturating_add(weigh(&token.text));
                if weight > MAX_WEIGHT {
                    return Err(NotChecked::TooCostly { place: token.place.clone() });
                }
            }
            Sort::Text => {}
        }
        if nesting > MAX_NESTING || operators > MAX_OPERATORS || powers > MAX_POWERS {
            return Err(NotChecked::TooDeep);
        }
        let signed = follows("-") || follows("+");
        let offset =
            follows("offset") || signed && before(2).is_some_and(|token| token.is("offset"));
        let range = follows("[") || follows(":");
        if offset || range {
            let seconds = match token.sort {
                Sort::Number | Sort::Word => number(&token.text),
                Sort::Text | Sort::Sign => None,
            };
            let fits =
                |seconds: f64| (0.0..=MAX_SECONDS).contains(&seconds) && (offset || seconds > 0.0);
            if seconds.is_some_and(|seconds| !fits(seconds)) {
                return Err(NotChecked::Number { place: token.place.clone() });
            }
        }
    }
    Ok(())
}

/// Whether an operand follows this sign, so that a plus or a minus after it is one of the operand.
fn precedes_operand(token: &Token<'_>) -> bool {
    token.sort == Sort::Sign && !matches!(&*token.text, ")" | "]" | "}")
}

/// How much work it is to compile a regular expression: its bytes times all its repetitions.
fn weigh(regex: &str) -> usize {
    let repeated = regex.split('{').skip(1).filter_map(|after| after.split_once('}'));
    let counts = repeated.filter_map(|(counts, _)| {
        counts.split(',').filter_map(|count| count.trim().parse::<usize>().ok()).max()
    });
    counts.fold(regex.len(), |weight, count| weight.saturating_mul(count.max(1)))
}
