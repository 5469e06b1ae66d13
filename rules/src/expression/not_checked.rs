//! Why an expression is not checked.

use super::bounds::{MAX_LENGTH, MAX_NESTING, MAX_OPERATORS};
use std::fmt;
use std::ops::Range;

/// Why an expression is not checked. That does not make it wrong: Prometheus can accept it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum NotChecked {
    /// The text is longer than 64 KiB, with the values of its variables, or has more than 1,024
    /// variables.
    TooLong,
    /// Too many parentheses, brackets and braces lie inside each other, or there are too many
    /// operators, powers or signs.
    TooDeep,
    /// The regular expressions of the matchers would take too long to read.
    TooCostly {
        /// The one that is too much.
        place: Range<usize>,
    },
    /// A character that is no part of PromQL.
    Character {
        /// The character.
        character: char,
        /// Where it is.
        place: Range<usize>,
    },
    /// A string without an end.
    Unterminated {
        /// From its quote.
        place: Range<usize>,
    },
    /// A number or a duration that cannot be read, or that is too large.
    Number {
        /// Where it is.
        place: Range<usize>,
    },
    /// A macro that belongs to another language, such as `$__timeFilter`.
    Macro {
        /// Its name.
        name: String,
        /// Where it is.
        place: Range<usize>,
    },
    /// The parser cannot read it.
    Unread {
        /// What the parser reports.
        reason: String,
    },
}

impl NotChecked {
    /// Where the reason is, if it has a place.
    pub fn place(&self) -> Option<Range<usize>> {
        match self {
            Self::TooLong | Self::TooDeep | Self::Unread { .. } => None,
            Self::TooCostly { place }
            | Self::Character { place, .. }
            | Self::Unterminated { place }
            | Self::Number { place }
            | Self::Macro { place, .. } => Some(place.clone()),
        }
    }
}

impl fmt::Display for NotChecked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(
                f,
                "the expression is longer than {MAX_LENGTH} bytes, or has too many variables"
            ),
            Self::TooDeep => write!(
                f,
                "the expression is nested more than {MAX_NESTING} deep, or has more than \
                 {MAX_OPERATORS} operators"
            ),
            Self::TooCostly { .. } => {
                f.write_str("the regular expressions of the matchers repeat too much")
            }
            Self::Character { character, .. } => {
                write!(f, "the character {character:?} is no part of PromQL")
            }
            Self::Unterminated { .. } => f.write_str("a string has no end"),
            Self::Number { .. } => f.write_str("a number or a duration cannot be read"),
            Self::Macro { name, .. } => write!(f, "the macro ${name} is no part of PromQL"),
            Self::Unread { reason } => write!(f, "the parser cannot read it: {reason}"),
        }
    }
}

impl std::error::Error for NotChecked {}
