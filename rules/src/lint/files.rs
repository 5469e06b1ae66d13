//! All expressions of rule files and dashboards.

use super::check::Check;
use super::facts::Facts;
use super::infer::{Problem, Purpose, infer};
use super::metrics::Recorded;
use super::rule::Duplicates;
use super::{Linter, panel, rule, waivers};
use crate::expression::{self, Expression, NotChecked, Variables};
use crate::file::dashboard::{Panel, Query, Variable};
use crate::file::rules::{Group, Rule, RuleKind};
use crate::file::{Dashboard, File, RuleFile};
use crate::place::{Source, Text};
use crate::report::{self, Finding};
use std::sync::Arc;

/// The most findings of a run, but for those of its last expression.
const MOST_FINDINGS: usize = 100_000;

impl Linter {
    /// What is wrong with rule files and dashboards, sorted by file and place. Rules of one file are
    /// known in all others.
    ///
    /// ```
    /// use tickmetrics_rules::file::File;
    /// use tickmetrics_rules::lint::Linter;
    /// use tickmetrics_rules::report::TextReport;
    /// use tickmetrics_rules::{Catalogue, Family, Kind};
    ///
    /// let linter = Linter::new(&[Catalogue::new([Family::new("orders_total", Kind::Counter)])]);
    /// let rules = "groups:\n- name: a\n  rules:\n  - alert: A\n    expr: rate(order_total[5m]) > 1\n";
    /// let findings = linter.files(&[File::read("a.yml", rules.as_bytes())]);
    /// assert!(TextReport::new().of(&findings).starts_with("error[unknown-metric]"));
    /// ```
    pub fn files(&self, files: &[File]) -> Vec<Finding> {
        let rules: Vec<Parsed<'_>> = files.iter().flat_map(parsed).collect();
        let recorded = self.recorded(&rules);
        let mut findings: Vec<_> =
            files.iter().flat_map(|file| file.findings().iter().cloned()).collect();
        let mut duplicates = Duplicates::new();
        for parsed in &rules {
            if findings.len() >= MOST_FINDINGS {
                break;
            }
            let facts = self.rule(parsed, &recorded, &mut findings);
            findings.extend(duplicates.find(parsed, &facts));
        }
        for file in files {
            if let File::Dashboard(dashboard) = file {
                self.dashboard(dashboard, &recorded, &mut findings);
            }
        }
        findings.extend(too_many(&findings));
        let mut left = waivers::apply(files, findings);
        report::sort(&mut left);
        left
    }

    fn rule<'m>(
        &'m self,
        parsed: &Parsed<'_>,
        recorded: &Recorded<'m>,
        findings: &mut Vec<Finding>,
    ) -> Facts<'m> {
        let Parsed { source, group, rule, expression } = parsed;
        let is_alert = rule.kind == RuleKind::Alert;
        let purpose = if is_alert { Purpose::Alert } else { Purpose::Record };
        let facts = match expression {
            Ok(expression) => {
                let (facts, problems) = infer(self.context(recorded, purpose), expression);
                findings
                    .extend(problems.iter().map(|problem| finding(source, &rule.expr, problem)));
                facts
            }
            Err(error) => {
                findings.push(not_checked(source, &rule.expr, error));
                Facts::unknown()
            }
        };
        if is_alert {
            let expression = expression.as_ref().ok();
            findings.extend(rule::alert(source, group, rule, expression, &facts));
        }
        facts
    }

    fn dashboard<'m>(
        &'m self,
        dashboard: &Dashboard,
        recorded: &Recorded<'m>,
        findings: &mut Vec<Finding>,
    ) {
        let source = &dashboard.source;
        let variables = variables(dashboard);
        let mut check = |query: &Query, panel: Option<&Panel>| {
            let is_other = query.is_prometheus == Some(false) || query.expr.trim().is_empty();
            if is_other || findings.len() >= MOST_FINDINGS {
                return;
            }
            match expression::parse_with(&query.expr, &variables) {
                Ok(expression) => {
                    let (facts, problems) =
                        infer(self.context(recorded, Purpose::Panel), &expression);
                    // A query of one moment has no resolution.
                    let counts = |it: &&Problem| !query.is_instant || it.check != Check::FixedRange;
                    let found = problems.iter().filter(counts);
                    findings.extend(found.map(|problem| finding(source, &query.expr, problem)));
                    findings.extend(panel.and_then(|it| panel::unit(source, it, query, &facts)));
                }
                // It may be of another language.
                Err(_) if query.is_prometheus.is_none() => {}
                Err(error) => findings.push(not_checked(source, &query.expr, &error)),
            }
        };
        for panel in &dashboard.panels {
            panel.queries.iter().for_each(|query| check(query, Some(panel)));
        }
        dashboard.annotations.iter().for_each(|query| check(query, None));
        for variable in &dashboard.variables {
            findings.extend(self.lookup(source, variable, &variables, recorded));
        }
    }
}

/// A rule, and its expression as it was read.
pub(super) struct Parsed<'a> {
    pub(super) source: &'a Arc<Source>,
    pub(super) group: &'a Group,
    pub(super) rule: &'a Rule,
    pub(super) expression: Result<Expression, NotChecked>,
}

pub(super) fn parsed(file: &File) -> Vec<Parsed<'_>> {
    let File::Rules(RuleFile { source, groups, .. }) = file else { return Vec::new() };
    let rules = groups.iter().flat_map(|group| group.rules.iter().map(move |rule| (group, rule)));
    rules
        .map(|(group, rule)| Parsed {
            source,
            group,
            rule,
            expression: expression::parse(&rule.expr),
        })
        .collect()
}

/// The variables whose values the dashboard lists.
pub(super) fn variables(dashboard: &Dashboard) -> Variables {
    let is_listed = |it: &&Variable| {
        // All of one value can be another text.
        it.kind == "constant" || it.kind == "custom" && (!it.is_multi || it.options.len() > 1)
    };
    let listed = dashboard.variables.iter().filter(is_listed);
    listed.fold(Variables::new(), |variables, variable| {
        variables.with(variable.name.as_str(), variable.options.iter().map(String::as_str))
    })
}

pub(super) fn finding(source: &Arc<Source>, expr: &Text, problem: &Problem) -> Finding {
    let place = expr.part(problem.place.clone());
    let mut finding = problem.check.finding(source, place, &problem.message);
    finding.instead = problem.instead.as_ref().map(|instead| format!("write {instead}"));
    finding
}

/// The finding that there are too many.
fn too_many(findings: &[Finding]) -> Option<Finding> {
    let last = findings.last().filter(|_| findings.len() >= MOST_FINDINGS)?;
    let message = format!("there are {MOST_FINDINGS} findings: what follows was not checked");
    Some(Check::NotChecked.finding(&last.source, last.place, message))
}

fn not_checked(source: &Arc<Source>, expr: &Text, error: &NotChecked) -> Finding {
    let place = error.place().map_or(expr.place(), |place| expr.part(place));
    Check::NotChecked.finding(source, place, error.to_string())
}
