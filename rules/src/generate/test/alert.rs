//! Tests of declared alerts.

use super::super::alert::Declared;
use super::super::number::rounded;
use super::series::{self, Input, Phase, Values};
use super::{EVALUATION, Test, fires, silent};
use crate::catalogue::{Condition, Kind, Subject};
use std::collections::BTreeMap;

/// The time between two samples, in milliseconds, unless a window is short or long.
const STEP: u64 = 60_000;

/// How far a value is from the threshold.
#[derive(Clone, Copy, PartialEq)]
enum State {
    /// At twice of it, or half of it.
    Fires,
    /// At nine tenths, or eleven tenths.
    Near,
    /// At half of it, or twice of it.
    Normal,
}

/// All tests of an alert.
pub(super) fn tests(declared: &Declared<'_>, tests: &mut Vec<Test>) {
    let rule = declared.rule();
    let interval = interval(declared);
    let evaluations = |seconds: u64| seconds.next_multiple_of(EVALUATION);
    let window = evaluations(declared.alert.window_seconds.max(1));
    let change = window + evaluations(declared.alert.for_seconds);
    let end = 2 * change + window;
    let steps = |seconds: u64| u32::try_from(seconds * 1_000 / interval).unwrap_or(u32::MAX);
    let test = |what: &str, phases: &[Phase<State>], checks| {
        let name = format!("{}: {what}", rule.name);
        Test::new(name, interval, inputs(declared, phases, interval), checks)
    };

    let mut checks = vec![
        silent(&rule, change),
        fires(&rule, 2 * change, kept(declared), value(declared)),
        silent(&rule, end),
    ];
    checks.extend(declared.absent().map(|absent| silent(&absent, end)));
    let phases = [(change, State::Near), (change, State::Fires), (window, State::Normal)];
    let phases = phases.map(|(seconds, state)| (steps(seconds), state));
    tests.push(test("near the threshold, beyond it, and back", &phases, checks));
    if declared.is_low_share() {
        let mut none = test("no event yet", &[(steps(change), State::Fires)], Vec::new());
        none.alerts.push(fires(&rule, change, kept(declared), 0.0));
        none.input_series.truncate(1);
        tests.push(none);
    }
    // A single event does not last.
    if declared.begins_with_first_event() && declared.alert.for_seconds == 0 {
        let value = 1.0 / declared.seconds();
        let checks = vec![
            fires(&rule, EVALUATION, kept(declared), value),
            silent(&rule, EVALUATION + window),
        ];
        let mut first = test("the first event", &[(0, State::Normal)], checks);
        for input in &mut first.input_series {
            input.values = first_event(declared, steps(EVALUATION), steps(window));
        }
        tests.push(first);
        // A handle that is made early has a series without an event.
        let check = vec![silent(&rule, EVALUATION), silent(&rule, EVALUATION + window)];
        let mut without = test("a series without an event", &[(0, State::Normal)], check);
        for input in &mut without.input_series {
            input.values = format!("_x{} 0x{}", steps(EVALUATION), steps(window));
        }
        if !declared.is_native() {
            tests.push(without);
        }
    }
}

/// The time between two samples, in milliseconds: a window has 4 to 400 of them, since promtool reads
/// no more than 10,000 samples for an expression.
fn interval(declared: &Declared<'_>) -> u64 {
    match declared.alert.window_seconds {
        0 => STEP,
        seconds => (seconds * 1_000 / 4).min(STEP.max(seconds * 1_000 / 400)),
    }
}

/// A series that begins with its first event.
fn first_event(declared: &Declared<'_>, before: u32, after: u32) -> String {
    let value = if declared.is_native() { "{{schema:3 count:1 sum:1 buckets:[1]}}" } else { "1" };
    format!("_x{before} {value}x{after}")
}

/// What the compared value is in a state.
fn number(declared: &Declared<'_>, state: State) -> f64 {
    // The smallest number of events: one in a window, or one in a thousand.
    let one = match declared.alert.of {
        Subject::Rate => 1.0 / declared.seconds(),
        Subject::ShareOf(_) => 0.001,
        Subject::Value | Subject::Quantile(_) => 1.0,
    };
    // How many times the threshold it is away from it.
    let (threshold, [fires, near, normal]) = match declared.alert.is {
        // What is equal to a value is not rounded.
        Condition::Equals(value) if state == State::Fires => return value,
        Condition::Equals(value) => (value, [0.0, 0.1, 1.0]),
        Condition::Above(threshold) => (threshold, [1.0, -0.1, -0.5]),
        Condition::Below(threshold) => (threshold, [-0.5, 0.1, 1.0]),
    };
    let factor = match state {
        State::Fires => fires,
        State::Near => near,
        State::Normal => normal,
    };
    let size = if threshold == 0.0 { one } else { threshold.abs() };
    let mut number = threshold + factor * size;
    if declared.alert.of != Subject::Value {
        // Events don't become fewer.
        number = number.max(0.0);
    }
    let most = if matches!(declared.alert.of, Subject::ShareOf(_)) { 1.0 } else { f64::INFINITY };
    rounded(number.min(most), 3)
}

/// What is compared when it fires.
fn value(declared: &Declared<'_>) -> f64 {
    match declared.alert.of {
        Subject::Quantile(quantile) => firing_quantile(declared, quantile).1,
        _ => number(declared, State::Fires),
    }
}

/// Values of a histogram in each step.
fn values(declared: &Declared<'_>, quantile: f64, state: State) -> Values {
    match state {
        State::Fires => firing_quantile(declared, quantile).0,
        State::Near | State::Normal => vec![(number(declared, state), 100.0)],
    }
}

/// Values whose quantile fires, and the quantile. It is an edge, since between edges it depends on
/// the version of Prometheus and on rounding.
fn firing_quantile(declared: &Declared<'_>, quantile: f64) -> (Values, f64) {
    let number = number(declared, State::Fires);
    let counts = (rounded(100.0 * quantile, 12), rounded(100.0 * (1.0 - quantile), 12));
    if declared.is_native() {
        let index = series::index(number);
        // Powers of two have digits that may be rounded up or down.
        let index = if index.rem_euclid(8) == 0 { index + 1 } else { index };
        let (edge, above) = (series::upper(index), series::upper(index + 1));
        return (vec![(edge, counts.0), (above, counts.1)], edge);
    }
    let edges = &declared.family.buckets;
    let edge = match declared.alert.is {
        Condition::Above(_) => edges.iter().find(|edge| **edge >= number).or(edges.last()),
        Condition::Below(threshold) | Condition::Equals(threshold) => {
            let below = edges.iter().rev().find(|edge| **edge <= number);
            below.or(edges.first().filter(|edge| **edge < threshold))
        }
    };
    let Some(edge) = edge else {
        // Below the lowest edge it is interpolated from 0 on.
        let lowest = edges.first().copied().unwrap_or(number);
        return (vec![(number, 100.0)], lowest * quantile);
    };
    (vec![(*edge, counts.0), (edge * 2.0, counts.1)], *edge)
}

/// The labels of the alert's series.
fn kept(declared: &Declared<'_>) -> BTreeMap<String, String> {
    let Declared { scope, family, total, alert } = declared;
    let labels = series::labels(*scope, family, &alert.matchers);
    let is_summed = |name: &String| {
        let mut families = [Some(*family), *total].into_iter().flatten();
        alert.of != Subject::Value
            && !alert.by.contains(name)
            && families.any(|family| family.label(name).is_some())
    };
    labels.into_iter().filter(|(name, _)| !is_summed(name)).collect()
}

/// The series in each state.
fn inputs(declared: &Declared<'_>, phases: &[Phase<State>], interval: u64) -> Vec<Input> {
    let Declared { scope, family, total, alert } = declared;
    let labels = series::labels(*scope, family, &alert.matchers);
    let step = interval as f64 / 1_000.0;
    let each = |of: &dyn Fn(State) -> f64| -> Vec<Phase<f64>> {
        phases.iter().map(|(steps, state)| (*steps, of(*state))).collect()
    };
    let values_of = |of: &dyn Fn(State) -> Values| {
        let phases: Vec<_> = phases.iter().map(|(steps, state)| (*steps, of(*state))).collect();
        series::histogram(*scope, family, &labels, &phases)
    };
    match &alert.of {
        Subject::Value => {
            let values = each(&|state| number(declared, state));
            vec![series::gauge(&family.name, &labels, &values)]
        }
        Subject::Quantile(quantile) => values_of(&|state| values(declared, *quantile, state)),
        Subject::Rate if family.kind == Kind::Histogram => {
            values_of(&|state| vec![(1.0, number(declared, state) * step)])
        }
        Subject::Rate => {
            let growth = each(&|state| number(declared, state) * step);
            vec![series::counter(&family.name, &labels, &growth)]
        }
        Subject::ShareOf(_) => {
            let part = each(&|state| number(declared, state) * 1_000.0);
            let total = total.unwrap_or(family);
            let all = series::labels(*scope, total, &alert.matchers);
            // The total is the first one.
            let mut inputs = vec![series::counter(&total.name, &all, &each(&|_| 1_000.0))];
            // A series that begins with its first event is not there without one.
            if family.from_start || part.iter().any(|(_, growth)| *growth > 0.0) {
                inputs.push(series::counter(&family.name, &labels, &part));
            }
            inputs
        }
    }
}
