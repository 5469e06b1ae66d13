//! The panels of a metric.
//!
//! | module | what it is |
//! |---|---|
//! | `counter` | rates and shares |
//! | `gauge` | values |
//! | `state` | values that are 0 or 1 |
//! | `histogram` | quantiles and distributions |
//! | `about` | what is said about a metric |

mod about;
mod counter;
mod gauge;
mod histogram;
mod state;

pub(super) use about::{describe, link, percent};

use super::model::{Panel, Rank};
use super::units;
use super::words;
use crate::catalogue::{Catalogue, Family, Kind};

/// Names that say nothing without the service's.
const VAGUE: [&str; 7] = ["calls", "count", "duration", "errors", "latency", "size", "time"];

/// The panels of a metric, which stay together.
#[derive(Clone, Debug)]
pub(super) struct Block {
    /// The metric's name.
    pub(super) metric: String,
    /// The row that the program declares.
    pub(super) row: Option<String>,
    /// How urgent it is to see them.
    pub(super) rank: Rank,
    /// Whether it is a value that is 0 or 1.
    pub(super) is_state: bool,
    /// The name of a counter with one line, without its unit: it can share its panel.
    pub(super) one_line: Option<String>,
    pub(super) panels: Vec<Panel>,
}

/// The catalogue and the choices of which panels are made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Maker<'a> {
    pub(super) catalogue: &'a Catalogue,
    /// What the names of the service's own metrics begin with.
    pub(super) prefix: &'a str,
    /// Whether native buckets are used where a histogram has both.
    pub(super) prefers_native: bool,
}

impl Maker<'_> {
    /// The panels of a metric; `None` if it has none.
    pub(super) fn block(&self, family: &Family) -> Option<Block> {
        if family.panel.as_ref().is_some_and(|panel| panel.hidden) {
            return None;
        }
        let state = state::panel(self, family);
        let is_state = state.is_some();
        let mut one_line = None;
        let mut panels = match family.kind {
            _ if is_state => state.into_iter().collect(),
            Kind::Counter => {
                let made = counter::panels(self, family);
                one_line = made.one_line;
                made.panels
            }
            Kind::Gauge | Kind::Unknown => vec![gauge::panel(self, family)],
            Kind::Histogram | Kind::GaugeHistogram => histogram::panels(self, family),
            Kind::Summary => vec![histogram::summary(self, family, "")],
            Kind::Info | Kind::StateSet => return None,
        };
        let rank = about::rank(family);
        for panel in &mut panels {
            panel.rank = rank;
        }
        let row = family.panel.as_ref().map(|panel| panel.row.clone());
        Some(Block {
            metric: family.name.clone(),
            row: row.filter(|row| !row.is_empty()),
            rank,
            is_state,
            one_line,
            panels,
        })
    }

    /// The name of a metric without the service's prefix and its unit.
    fn stem<'f>(&self, family: &'f Family) -> &'f str {
        let name = units::without(family);
        own_part(name, self.prefix).unwrap_or(name)
    }

    /// The title of a metric's panels.
    fn title(&self, family: &Family) -> String {
        if let Some(panel) = &family.panel
            && !panel.title.is_empty()
        {
            return panel.title.clone();
        }
        let stem = self.stem(family);
        let is_vague = VAGUE.contains(&stem);
        words::title(if is_vague { units::without(family) } else { stem })
    }
}

/// A name without the prefix of a service; `None` if it does not begin with it.
pub(super) fn own_part<'a>(name: &'a str, prefix: &str) -> Option<&'a str> {
    let rest = name.strip_prefix(prefix)?;
    let rest = if prefix.is_empty() { Some(rest) } else { rest.strip_prefix(['_', ':', '.']) };
    rest.filter(|rest| !rest.is_empty())
}
