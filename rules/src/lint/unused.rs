//! Metrics that are in no rule and no dashboard.

use super::Linter;
use super::check::Check;
use super::files::{parsed, variables};
use super::infer::Test;
use super::lookup;
use crate::catalogue::{Catalogue, Family};
use crate::expression::{self, Expression};
use crate::file::{self, Dashboard, File};
use crate::place::Source;
use crate::report::{self, Finding};
use std::collections::HashSet;
use std::sync::Arc;

/// What expressions select.
#[derive(Default)]
struct Used {
    names: HashSet<String>,
    /// Matchers of `__name__`.
    tests: Vec<Test>,
}

impl Linter {
    /// The metrics of catalogues that are in none of the files. Each catalogue comes with its file,
    /// since a finding is at the metric's name there. A metric whose panel is declared as hidden is
    /// left out.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use tickmetrics_rules::file::File;
    /// use tickmetrics_rules::lint::Linter;
    /// use tickmetrics_rules::{Catalogue, Family, Kind, Source};
    ///
    /// let names = ["orders_total", "ticks_total"];
    /// let catalogue = Catalogue::new(names.map(|name| Family::new(name, Kind::Counter)));
    /// let source = Arc::new(Source::new("feed.json", catalogue.to_json()));
    /// let rules = "groups:\n- name: a\n  rules:\n  - alert: A\n    expr: rate(ticks_total[5m]) < 1\n";
    /// let files = [File::read("a.yml", rules.as_bytes())];
    /// let linter = Linter::new(&[catalogue.clone()]);
    /// let [finding] = &linter.unused(&files, &[(catalogue, source)])[..] else { panic!() };
    /// assert_eq!(finding.source.part(finding.place), "\"orders_total\"");
    /// ```
    pub fn unused(&self, files: &[File], catalogues: &[(Catalogue, Arc<Source>)]) -> Vec<Finding> {
        let used = Used::of(files);
        let mut findings = Vec::new();
        for (catalogue, source) in catalogues {
            let places = file::places_of_families(source);
            let shown = |family: &&Family| !family.panel.as_ref().is_some_and(|panel| panel.hidden);
            let families = catalogue.families().iter().filter(shown);
            for family in families.filter(|family| !used.has(family)) {
                let place = places.get(&family.name).copied().unwrap_or_default();
                let message = format!("{} is in no rule and in no panel", family.name);
                findings.push(Check::UnusedMetric.finding(source, place, message));
            }
        }
        report::sort(&mut findings);
        findings
    }
}

impl Used {
    fn of(files: &[File]) -> Self {
        let mut used = Self::default();
        for file in files {
            let rules = parsed(file);
            rules
                .iter()
                .filter_map(|rule| rule.expression.as_ref().ok())
                .for_each(|it| used.add(it));
            if let File::Dashboard(dashboard) = file {
                used.add_dashboard(dashboard);
            }
        }
        used
    }

    fn add_dashboard(&mut self, dashboard: &Dashboard) {
        let variables = variables(dashboard);
        let queries = dashboard.queries().filter(|query| query.is_prometheus != Some(false));
        queries
            .filter_map(|query| expression::parse_with(&query.expr, &variables).ok())
            .for_each(|expression| self.add(&expression));
        let lookups = dashboard.variables.iter();
        lookups
            .filter_map(|variable| lookup::expression(variable, &variables))
            .for_each(|(_, expression)| self.add(&expression));
    }

    fn add(&mut self, expression: &Expression) {
        for (_, selector) in expression.selectors() {
            self.names.extend(selector.metric().map(str::to_owned));
            let tests = selector
                .matchers_of("__name__")
                .filter_map(|matcher| Test::new(matcher.op, matcher.value.value.known()?));
            self.tests.extend(tests);
        }
    }

    fn has(&self, family: &Family) -> bool {
        let is_used = |name: &str| {
            self.names.contains(name) || self.tests.iter().any(|test| test.accepts(name))
        };
        is_used(&family.name) || family.samples().any(|(name, _)| is_used(&name))
    }
}
