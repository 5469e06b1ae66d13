//! A client's selection.

use crate::coding::Coding;
use crate::encode::negotiate::Protocol;
use crate::names::series_names;
use tickmetrics::{Family, Kind};

/// A client's selection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Query {
    pub(crate) protocol: Protocol,
    pub(crate) coding: Coding,
    /// The selected names of families, or of their series, in order; all if there are none.
    pub(crate) names: Vec<String>,
}

impl Query {
    /// Whether a family is selected.
    pub(crate) fn wants(&self, family: Family<'_>) -> bool {
        let wanted =
            |name: &str| self.names.binary_search_by(|wanted| wanted.as_str().cmp(name)).is_ok();
        let is_counter = family.kind() == Kind::Counter;
        let escaping = self.protocol.escaping();
        self.names.is_empty()
            || wanted(family.name())
            || series_names(escaping, family).iter().any(|name| wanted(name))
            || is_counter
                && escaping.metric(family.name()).strip_suffix("_total").is_some_and(wanted)
    }
}

/// The options that clients can't ask for, see [`Protocol`].
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct More {
    pub(crate) created: bool,
    pub(crate) classic_beside_native: bool,
}
