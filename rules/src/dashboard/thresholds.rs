//! Limits of values, from alerts and objectives.

use super::model::{Rank, Step};
use crate::catalogue::{Alert, Condition, Family, Indicator, Priority};

/// The colour of values within all limits.
const GOOD: &str = "green";
/// The colour of an objective's bound.
const OBJECTIVE: &str = "blue";

/// A limit, and its colour.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    condition: Condition,
    rank: Rank,
    color: &'static str,
}

impl Limit {
    /// Of the alerts that compare what a panel shows.
    pub(super) fn of_alerts(family: &Family, shows: impl Fn(&Alert) -> bool) -> Vec<Self> {
        let compared = family.alerts.iter().filter(|alert| shows(alert));
        let limit = |alert: &Alert| Self {
            condition: alert.is,
            rank: rank(alert.priority),
            color: color(alert.priority),
        };
        compared.map(limit).collect()
    }

    /// Of the objectives that promise values under a bound.
    pub(super) fn of_objectives(family: &Family) -> Vec<Self> {
        let bounds = family.objectives.iter().filter_map(|objective| match objective.indicator {
            Indicator::Under(bound) => Some(bound),
            _ => None,
        });
        let limit = |bound| {
            let condition = Condition::Above(bound);
            Self { condition, rank: Rank::Plain, color: OBJECTIVE }
        };
        bounds.map(limit).collect()
    }

    /// The threshold. A value that is equal to something has none.
    fn threshold(&self) -> Option<f64> {
        match self.condition {
            Condition::Above(threshold) | Condition::Below(threshold) => Some(threshold),
            Condition::Equals(_) => None,
        }
    }
}

/// Lines at the thresholds, each in its limit's colour.
pub(super) fn lines(limits: &[Limit]) -> Vec<Step> {
    let lines = sorted(limits).into_iter().map(|(from, color)| Step { from: Some(from), color });
    let mut lines: Vec<_> = lines.collect();
    if !lines.is_empty() {
        lines.insert(0, Step { from: None, color: GOOD });
    }
    lines
}

/// The thresholds, rising. Of equal ones, that of the most urgent limit.
fn sorted(limits: &[Limit]) -> Vec<(f64, &'static str)> {
    let mut limits: Vec<_> = limits.iter().filter_map(|it| Some((it.threshold()?, it))).collect();
    limits.sort_by(|(a, one), (b, other)| a.total_cmp(b).then(one.rank.cmp(&other.rank)));
    limits.dedup_by(|later, kept| later.0 == kept.0);
    limits.into_iter().map(|(threshold, limit)| (threshold, limit.color)).collect()
}

/// The colour of an alert.
pub(super) fn color(priority: Priority) -> &'static str {
    match priority {
        Priority::P0 => "red",
        Priority::P1 => "orange",
        Priority::P2 => "yellow",
    }
}

/// How urgent a panel with an alert is.
pub(super) fn rank(priority: Priority) -> Rank {
    match priority {
        Priority::P0 => Rank::P0,
        Priority::P1 => Rank::P1,
        Priority::P2 => Rank::P2,
    }
}

#[cfg(test)]
mod tests {
    use super::{Limit, lines};
    use crate::catalogue::Condition::{Above, Below, Equals};
    use crate::dashboard::model::Rank;

    #[test]
    fn lines_rise_and_have_the_colour_of_the_most_urgent_limit() {
        let limits = [
            Limit { condition: Above(80.0), rank: Rank::P2, color: "yellow" },
            Limit { condition: Above(80.0), rank: Rank::P0, color: "red" },
            Limit { condition: Below(10.0), rank: Rank::P1, color: "orange" },
            Limit { condition: Equals(50.0), rank: Rank::P1, color: "orange" },
        ];
        let steps: Vec<_> =
            lines(&limits).into_iter().map(|step| (step.from, step.color)).collect();
        assert_eq!(steps, [(None, "green"), (Some(10.0), "orange"), (Some(80.0), "red")]);
        assert!(lines(&[]).is_empty());
    }
}
