//! What is known of the series that rules record.

use super::Linter;
use super::files::Parsed;
use super::infer::{Purpose, infer};
use super::metrics::Recorded;
use crate::expression::Expression;
use crate::file::rules::RuleKind;
use std::collections::{HashMap, VecDeque};

/// A rule that records a series which no other rule records.
struct Recording<'r> {
    parsed: &'r Parsed<'r>,
    expression: &'r Expression,
    /// How many of the series that it is of are not known yet.
    waits_for: usize,
    /// The rules that are of its series.
    used_by: Vec<usize>,
    is_done: bool,
}

impl Linter {
    /// What is known of the series that rules record. Of a name that several rules record, nothing
    /// is: it has the series of all.
    ///
    /// Each rule comes behind those that it is of. Of rules that are of each other, the first one in
    /// the files comes first, as if it were of anything.
    pub(super) fn recorded<'m>(&'m self, rules: &[Parsed<'_>]) -> Recorded<'m> {
        let all = || rules.iter().filter(|parsed| parsed.rule.kind == RuleKind::Record);
        let mut rules_of: HashMap<&str, u32> = HashMap::new();
        all().for_each(|parsed| *rules_of.entry(&parsed.rule.name).or_default() += 1);
        let mut recordings: Vec<Recording<'_>> = all()
            .filter(|parsed| rules_of.get(parsed.rule.name.as_str()) == Some(&1))
            .filter_map(Recording::of)
            .collect();
        connect(&mut recordings);
        let mut known: Recorded<'m> =
            rules_of.keys().map(|name| ((*name).to_owned(), None)).collect();
        let free = recordings.iter().enumerate().filter(|(_, recording)| recording.waits_for == 0);
        let mut next: VecDeque<usize> = free.map(|(at, _)| at).collect();
        for first in 0..recordings.len() {
            // The first one that is left is of a series that waits for its own.
            while let Some(at) = next.pop_front() {
                self.infer_recorded(&mut recordings, at, &mut known, &mut next);
            }
            self.infer_recorded(&mut recordings, first, &mut known, &mut next);
        }
        while let Some(at) = next.pop_front() {
            self.infer_recorded(&mut recordings, at, &mut known, &mut next);
        }
        known
    }

    fn infer_recorded<'m>(
        &'m self,
        recordings: &mut [Recording<'_>],
        at: usize,
        known: &mut Recorded<'m>,
        next: &mut VecDeque<usize>,
    ) {
        let Some(recording) = recordings.get_mut(at).filter(|recording| !recording.is_done) else {
            return;
        };
        recording.is_done = true;
        let Parsed { group, rule, .. } = recording.parsed;
        let (mut facts, _) = infer(self.context(known, Purpose::Record), recording.expression);
        for label in group.labels.iter().chain(&rule.labels) {
            // An empty value removes the label.
            match label.value.as_str() {
                "" => facts.labels.remove(&label.name),
                _ => facts.labels.add(&label.name),
            }
        }
        known.insert(rule.name.to_string(), Some(facts));
        for user in std::mem::take(&mut recording.used_by) {
            if let Some(user_of) = recordings.get_mut(user) {
                user_of.waits_for = user_of.waits_for.saturating_sub(1);
                if user_of.waits_for == 0 {
                    next.push_back(user);
                }
            }
        }
    }
}

impl<'r> Recording<'r> {
    fn of(parsed: &'r Parsed<'r>) -> Option<Self> {
        let expression = parsed.expression.as_ref().ok()?;
        Some(Self { parsed, expression, waits_for: 0, used_by: Vec::new(), is_done: false })
    }
}

/// Finds the rules that each is of.
fn connect(recordings: &mut [Recording<'_>]) {
    let at: HashMap<&str, usize> = recordings
        .iter()
        .enumerate()
        .map(|(at, recording)| (recording.parsed.rule.name.as_str(), at))
        .collect();
    for user in 0..recordings.len() {
        let Some(recording) = recordings.get(user) else { continue };
        let metrics =
            recording.expression.selectors().filter_map(|(_, selector)| selector.metric());
        let mut of: Vec<usize> = metrics.filter_map(|name| at.get(name).copied()).collect();
        of.sort_unstable();
        of.dedup();
        if let Some(recording) = recordings.get_mut(user) {
            recording.waits_for = of.len();
        }
        for used in of {
            if let Some(used) = recordings.get_mut(used) {
                used.used_by.push(user);
            }
        }
    }
}
