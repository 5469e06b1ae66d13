//! A goal: a limit for a figure, or for the ratio of two. Each group states the goals for its
//! measurements.

use crate::layout::{Column, Figure};
use crate::table::Report;

/// A limit for what a run measures.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Goal {
    pub(crate) what: &'static str,
    limit: f64,
    /// The base of the limit's multiple, or its unit.
    of: &'static str,
    measured: Measured,
}

/// The limited quantity.
#[derive(Clone, Copy, Debug)]
enum Measured {
    Value(Figure),
    /// The first figure as a multiple of the second.
    Ratio(Figure, Figure),
    /// A figure as a multiple of the least in its column, among the rows that compete.
    ToBest(Figure, fn(&str) -> bool),
}

impl Goal {
    /// A figure that must be at most `limit`, whose unit is `of`.
    pub(crate) const fn value(
        what: &'static str,
        limit: f64,
        of: &'static str,
        figure: Figure,
    ) -> Self {
        Self { what, limit, of, measured: Measured::Value(figure) }
    }

    /// A figure that must be at most `limit` times `base`, which `of` names.
    pub(crate) const fn ratio(
        what: &'static str,
        limit: f64,
        of: &'static str,
        (figure, base): (Figure, Figure),
    ) -> Self {
        Self { what, limit, of, measured: Measured::Ratio(figure, base) }
    }

    /// A figure that must be at most `limit` times the least in the column, among the rows that
    /// `competes` accepts.
    pub(crate) const fn to_best(
        what: &'static str,
        limit: f64,
        of: &'static str,
        (figure, competes): (Figure, fn(&str) -> bool),
    ) -> Self {
        Self { what, limit, of, measured: Measured::ToBest(figure, competes) }
    }

    pub(crate) fn must_be(&self) -> String {
        format!("≤ {} {}", self.limit, self.of)
    }

    pub(crate) fn is_met(&self, measured: f64) -> bool {
        measured <= self.limit
    }

    /// Its value in the report of one process.
    pub(crate) fn within(&self, report: &Report) -> Option<f64> {
        let base = match self.measured {
            Measured::Value(figure) => return figure.value(report),
            Measured::Ratio(_, base) => base.value(report)?,
            Measured::ToBest(figure, competes) => best(figure.column, competes, report)?,
        };
        Some(self.figure().value(report)? / base)
    }

    /// Whether the report has all rows of the goal, even without values.
    #[cfg(test)]
    pub(crate) fn is_in(&self, report: &Report) -> bool {
        let has = |column: Column, is_it: &dyn Fn(&str) -> bool| {
            column.rows(report).any(|(name, _)| is_it(name))
        };
        let has_base = match self.measured {
            Measured::Value(_) => true,
            Measured::Ratio(_, base) => has(base.column, &|name| name == base.row),
            Measured::ToBest(figure, competes) => has(figure.column, &competes),
        };
        let figure = self.figure();
        has_base && has(figure.column, &|name| name == figure.row)
    }

    fn figure(&self) -> Figure {
        match self.measured {
            Measured::Value(figure) | Measured::Ratio(figure, _) | Measured::ToBest(figure, _) => {
                figure
            }
        }
    }
}

fn best(column: Column, competes: fn(&str) -> bool, report: &Report) -> Option<f64> {
    let rows = column.rows(report).filter(|(name, _)| competes(name));
    rows.map(|(_, value)| value).reduce(f64::min)
}
