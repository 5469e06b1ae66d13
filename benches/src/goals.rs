//! The goals, as ratios within the run. A missed goal is no failure: a figure depends on the
//! machine.

use crate::goal::Goal;
use crate::groups::GOALS;
use crate::stats::median;
use crate::table::{Report, shown};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// A goal and its value in a run: a line of the table that ends the report.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    goal: &'static Goal,
    measured: Option<f64>,
}

impl Outcome {
    pub(crate) fn to_json(self) -> Value {
        json!({
            "what": self.goal.what,
            "must_be": self.goal.must_be(),
            "measured": self.measured,
            "met": self.met(),
        })
    }

    pub(crate) fn met(self) -> Option<bool> {
        self.measured.map(|measured| self.goal.is_met(measured))
    }
}

fn all() -> impl Iterator<Item = &'static Goal> {
    GOALS.iter().copied().flatten()
}

/// The goals, with the median of the ratios within each process.
pub(crate) fn of(reports: &[Report]) -> Vec<Outcome> {
    let outcome = |goal: &'static Goal| {
        let mut each: Vec<f64> = reports.iter().filter_map(|report| goal.within(report)).collect();
        let measured = Some(median(&mut each)).filter(|measured| measured.is_finite());
        Outcome { goal, measured }
    };
    all().map(outcome).collect()
}

/// The goals, with an earlier run's results as [`Outcome::to_json`] wrote them.
pub(crate) fn from_json(json: &Value) -> Vec<Outcome> {
    let outcome = |goal: &'static Goal| {
        let is_it = |one: &&Value| one["what"] == goal.what && one["must_be"] == goal.must_be();
        let written = json.as_array().and_then(|all| all.iter().find(is_it));
        let measured = written.and_then(|one| one["measured"].as_f64());
        Outcome { goal, measured }
    };
    all().map(outcome).collect()
}

/// In Markdown.
pub(crate) fn render(goals: &[Outcome]) -> String {
    let mut text = "| operation | must be | measured | met? |\n|---|---|--:|---|\n".to_owned();
    for one in goals {
        let measured = one.measured.map_or("not measured".to_owned(), shown);
        let met = one.met().map_or("–", |met| if met { "yes" } else { "**no**" });
        let Goal { what, .. } = one.goal;
        let _ = writeln!(text, "| {what} | {} | {measured} | {met} |", one.goal.must_be());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::of;
    use crate::results::Run;
    use crate::table::{Report, Table};

    #[test]
    fn the_last_run_has_the_figures_of_every_goal() {
        let run = Run::last();
        for one in of(std::slice::from_ref(&run.report)).iter().chain(&run.goals) {
            assert!(one.measured.is_some(), "{one:?}");
        }
        // One process measures scrapes. The other goals are medians of ratios that the file lacks.
        let scrapes = run.report.tables.iter().filter(|table| table.id.starts_with("scrape"));
        let scrapes = Report { tables: scrapes.cloned().collect(), ..Report::default() };
        let both = of(&[scrapes]).into_iter().zip(&run.goals);
        let both: Vec<_> = both.filter(|(here, _)| here.measured.is_some()).collect();
        assert_eq!(both.len(), 14);
        for (here, written) in both {
            assert_eq!(here.measured, written.measured, "{here:?}");
        }
    }

    #[test]
    fn a_goal_has_the_median_of_the_ratios_within_each_process() {
        let report = |rows: &[(&str, [f64; 4])]| {
            let mut table = Table::new("counter", "T", "", &["a", "b", "c", "d"]);
            rows.iter().for_each(|(name, values)| table.row(name, *values));
            Report { tables: vec![table], ..Report::default() }
        };
        let process = |ours, raw| {
            report(&[("tickmetrics", [ours, 0.0, 1.0, 0.0]), ("raw design", [raw, 0.0, 4.0, 0.0])])
        };
        let goals = of(&[process(1.0, 2.0), process(3.0, 2.0), process(3.0, 4.0), report(&[])]);
        assert_eq!(goals[0].measured, Some(0.75));
        assert_eq!(goals[0].met(), Some(true));
        assert_eq!(goals[1].measured, Some(0.25));
        assert_eq!((goals[2].measured, goals[2].met()), (None, None), "there is no fetch_add");
    }

    #[test]
    fn a_tick_is_compared_with_the_best_of_the_peers() {
        let mut table = Table::new("tick", "T", "", &["median ns", "added", "minimum ns"]);
        for (name, added) in [
            ("no metrics", 0.0),
            ("tickmetrics", 3.0),
            ("a", 20.0),
            ("b", 10.0),
            ("a, our clock", 4.0),
        ] {
            table.row(name, [50.0 + added, added, 50.0]);
        }
        let goals = of(&[Report { tables: vec![table], ..Report::default() }]);
        let measured: Vec<f64> = goals.iter().filter_map(|goal| goal.measured).collect();
        assert_eq!(measured, [0.3, 0.75]);
    }
}
