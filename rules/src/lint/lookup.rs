//! The queries of a dashboard's variables.

use super::Linter;
use super::check::Check;
use super::facts::Has;
use super::files::finding;
use super::infer::{Purpose, infer};
use super::metrics::Recorded;
use super::similar::nearest;
use crate::expression::{self, Expression, Variables};
use crate::file::Lookup;
use crate::file::dashboard::Variable;
use crate::place::{Source, Text};
use crate::report::Finding;
use std::ops::Range;
use std::sync::Arc;

/// The part of a variable's query that is an expression, read.
pub(super) fn expression(
    variable: &Variable,
    variables: &Variables,
) -> Option<(usize, Expression)> {
    let (query, range) = part(variable)?;
    let expression = expression::parse_with(query.get(range.clone())?, variables).ok()?;
    Some((range.start, expression))
}

fn part(variable: &Variable) -> Option<(&Text, Range<usize>)> {
    let range = match variable.lookup()? {
        Lookup::LabelNames(selector) | Lookup::LabelValues { selector, .. } => selector?,
        Lookup::Result(range) => range,
        // Without a data source, it can be of anything.
        Lookup::Series(range) if variable.is_prometheus == Some(true) => range,
        Lookup::Series(_) | Lookup::Metrics(_) => return None,
    };
    Some((variable.query.as_ref()?, range))
}

impl Linter {
    /// What is wrong with the query of a variable. One that can't be read is of another language, or
    /// has parts that this program does not know.
    pub(super) fn lookup<'m>(
        &'m self,
        source: &Arc<Source>,
        variable: &Variable,
        variables: &Variables,
        recorded: &Recorded<'m>,
    ) -> Vec<Finding> {
        let (Some((start, expression)), Some(query)) =
            (expression(variable, variables), &variable.query)
        else {
            return Vec::new();
        };
        let (facts, problems) = infer(self.context(recorded, Purpose::Panel), &expression);
        let mut findings: Vec<_> = problems
            .into_iter()
            .filter(|problem| problem.check != Check::FixedRange)
            .map(|mut problem| {
                problem.place = problem.place.start + start..problem.place.end + start;
                finding(source, query, &problem)
            })
            .collect();
        if let Some(Lookup::LabelValues { label, .. }) = variable.lookup()
            && let Some(name) = query.get(label.clone()).filter(|name| !name.contains(['$', '[']))
            && facts.labels.has(name) == Has::No
            && name != "__name__"
        {
            let message = format!("{} has no label {name}", expression.text());
            let near = nearest(name, facts.labels.names());
            let mut found = Check::UnknownLabel.finding(source, query.part(label), message);
            found.instead = near.map(|name| format!("write {name}"));
            findings.push(found);
        }
        findings
    }
}
