//! A family to write.

use tickmetrics::Family;

/// A family, and its values over an interval.
#[derive(Clone, Copy)]
pub(crate) struct Part<'a> {
    pub(crate) family: Family<'a>,
    /// The values of the last interval, if known, for the same series.
    pub(crate) interval: Option<Family<'a>>,
}

impl<'a> From<Family<'a>> for Part<'a> {
    fn from(family: Family<'a>) -> Self {
        Self { family, interval: None }
    }
}
