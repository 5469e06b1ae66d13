//! Tests of the alerts about an objective.

use super::super::number::rounded;
use super::super::objective::{BURNS, Burn, HOUR, Slo, recorded};
use super::series::{self, Input, Phase};
use super::{AlertTest, EVALUATION, ExpectedSample, QueryTest, Test, fires, silent};
use crate::catalogue::Indicator;
use crate::query::{Selector, duration};
use std::collections::BTreeMap;

/// Between two samples, in seconds.
const STEP: u64 = 60;
/// The same where a test lasts days.
const LONG_STEP: u64 = 1_800;

/// Good and bad events of a step.
#[derive(Clone, Copy)]
struct Events {
    good: f64,
    bad: f64,
}

/// All tests of an objective.
pub(super) fn tests(slo: &Slo<'_>, tests: &mut Vec<Test>) {
    for burn in &BURNS {
        tests.push(thresholds(slo, burn));
        tests.push(ends(slo, burn));
    }
    let (pages, tickets): (Vec<_>, Vec<_>) = BURNS.iter().partition(|burn| burn.pages);
    tests.push(begins(slo, "long windows of pages", STEP, &pages));
    tests.push(begins(slo, "long windows of tickets", LONG_STEP, &tickets));
    tests.push(normal(slo));
    tests.push(low_traffic(slo));
    tests.push(absent(slo));
}

/// A test whose phases have this step between two samples.
fn test(
    slo: &Slo<'_>,
    what: &str,
    step: u64,
    phases: &[(u64, Events)],
    checks: Vec<AlertTest>,
) -> Test {
    let steps = |seconds: u64| u32::try_from(seconds / step).unwrap_or(u32::MAX);
    let phases: Vec<_> =
        phases.iter().map(|(seconds, events)| (steps(*seconds), *events)).collect();
    let name = format!("{}: {what}", slo.objective.name);
    Test::new(name, step * 1_000, inputs(slo, &phases), checks)
}

/// Steady shares on both sides of a threshold.
fn thresholds(slo: &Slo<'_>, burn: &Burn) -> Test {
    let (rule, rate) = (slo.burn(burn), burn.rate);
    let limit = rate * slo.objective.budget();
    let (above, below) = (rounded((2.0 * limit).min(1.0), 3), rounded(0.9 * limit, 3));
    // So many that the first ones don't count in a window of both.
    let phases = [(EVALUATION, of(below, 1e3)), (EVALUATION, of(above, 1e9))];
    let checks = vec![silent(&rule, EVALUATION), fires(&rule, 2 * EVALUATION, kept(slo), above)];
    test(slo, &format!("burns at nine tenths of {rate}, and at twice"), STEP, &phases, checks)
}

/// Events of which this share is bad.
fn of(share: f64, events: f64) -> Events {
    let bad = events * share;
    Events { good: events - bad, bad }
}

/// Enough events, and none of them bad: all alerts are silent, and the recorded share is 0.
fn normal(slo: &Slo<'_>) -> Test {
    let plenty = Events { good: 1_000.0 + slo.fewest_events().ceil(), bad: 0.0 };
    let at = 3 * EVALUATION;
    let checks = slo.alerts().iter().map(|rule| silent(rule, at)).collect();
    let mut test = test(slo, "no event is bad", STEP, &[(at, plenty)], checks);
    let mut labels = kept(slo);
    labels.extend(slo.labels().into_iter().map(|(name, value)| (name.to_owned(), value)));
    let name = recorded(HOUR);
    let expected = ExpectedSample { labels: series::series(&name, &labels), value: 0.0 };
    // Another objective can have some of the events.
    let expr = Selector::new(name).equal("slo", &slo.objective.name).to_string();
    let query = QueryTest { expr, eval_time: duration(at), exp_samples: vec![expected] };
    test.queries.push(query);
    test
}

/// Many good events, and then few events, all of them bad. An alert fires as soon as the good ones are
/// out of its long window.
fn begins(slo: &Slo<'_>, what: &str, step: u64, burns: &[&Burn]) -> Test {
    let last = burns.iter().map(|burn| burn.long).max().unwrap_or(0) + EVALUATION;
    // So many that all bad ones are few of them.
    let many = (last / step) as f64 / slo.objective.budget();
    let (good, bad) =
        (Events { good: 2.0 * many.ceil(), bad: 0.0 }, Events { good: 0.0, bad: 1.0 });
    // The good ones are between the first samples.
    let first = (20 * STEP).max(2 * step);
    let checks = burns.iter().flat_map(|burn| {
        let rule = slo.burn(burn);
        let within = silent(&rule, burn.long);
        [within, fires(&rule, burn.long + EVALUATION, kept(slo), 1.0)]
    });
    test(slo, what, step, &[(first, good), (last - first, bad)], checks.collect())
}

/// Many bad events, and then few events, all of them good. An alert ends as soon as the bad ones are out
/// of its short window.
fn ends(slo: &Slo<'_>, burn: &Burn) -> Test {
    let rule = slo.burn(burn);
    let (bad, good) = (Events { good: 0.0, bad: 1e6 }, Events { good: 1.0, bad: 0.0 });
    let length = burn.short.next_multiple_of(EVALUATION) + EVALUATION;
    // The last bad events are within the window at one time, and before it at another.
    let step = STEP.max(burn.short / 60);
    let (within, before) = (burn.short - 2 * step, burn.short + step);
    let phases = [(length - within, bad), (within, good), (length - before, bad), (before, good)];
    let checks = vec![fires(&rule, length, kept(slo), 1.0), silent(&rule, 2 * length)];
    let what = format!("bad events in the last {}, and before", duration(burn.short));
    test(slo, &what, step, &phases, checks)
}

/// Half of the events that are needed, and then more than these.
fn low_traffic(slo: &Slo<'_>) -> Test {
    let rule = slo.low_traffic();
    let [few, enough] = [0.5, 1.1].map(|share| rounded(share * slo.fewest_events(), 3));
    let at = 3 * EVALUATION;
    let phase = |events: f64| {
        let step = events * STEP as f64 / HOUR as f64;
        (at, Events { good: step, bad: 0.0 })
    };
    let checks = vec![fires(&rule, at, kept(slo), few), silent(&rule, 2 * at)];
    test(slo, "few events, and enough", STEP, &[phase(few), phase(enough)], checks)
}

/// No data, and then some.
fn absent(slo: &Slo<'_>) -> Test {
    let rule = slo.absent();
    let fixed = slo.scope.fixed(slo.total, &slo.objective.matchers);
    let checks = vec![fires(&rule, EVALUATION, fixed, 1.0), silent(&rule, 2 * EVALUATION)];
    let mut test = test(slo, "data comes back", STEP, &[(EVALUATION, of(0.0, 1e3))], checks);
    for input in &mut test.input_series {
        input.values = format!("_x{} {}", (EVALUATION + EVALUATION / 2) / STEP, input.values);
    }
    test
}

/// The labels that an objective's shares keep.
fn kept(slo: &Slo<'_>) -> BTreeMap<String, String> {
    let labels = series::labels(slo.scope, slo.total, &slo.objective.matchers);
    labels.into_iter().filter(|(name, _)| slo.scope.generator.by.contains(name)).collect()
}

/// The series of good and bad events.
fn inputs(slo: &Slo<'_>, phases: &[Phase<Events>]) -> Vec<Input> {
    let matchers = &slo.objective.matchers;
    let labels = series::labels(slo.scope, slo.family, matchers);
    let name = &slo.family.name;
    let counts = |of: fn(&Events) -> f64| -> Vec<Phase<f64>> {
        phases.iter().map(|(steps, events)| (*steps, of(events))).collect()
    };
    let bad = counts(|events| events.bad);
    // Of a series that begins with its first event.
    let is_missing = !slo.family.from_start && phases.iter().all(|(_, events)| events.bad == 0.0);
    match &slo.objective.indicator {
        Indicator::Under(bound) => {
            let (below, above) = if slo.scope.generator.is_native(slo.family) {
                let index = series::index(*bound);
                (series::upper(index - 1), series::upper(index + 1))
            } else {
                (*bound, bound * 2.0)
            };
            let values = |events: &Events| vec![(below, events.good), (above, events.bad)];
            let phases: Vec<_> =
                phases.iter().map(|(steps, events)| (*steps, values(events))).collect();
            series::histogram(slo.scope, slo.family, &labels, &phases)
        }
        Indicator::ErrorsOf(_) => {
            let total = counts(|events| events.good + events.bad);
            let all = series::labels(slo.scope, slo.total, matchers);
            let mut inputs = vec![series::counter(&slo.total.name, &all, &total)];
            if !is_missing {
                inputs.push(series::counter(name, &labels, &bad));
            }
            inputs
        }
        Indicator::Bad { label, values } => {
            let known = slo.family.label(label).map_or(&[][..], |label| label.values.known());
            let is_good = |value: &&String| !values.contains(value);
            let good = known.iter().find(is_good).cloned();
            // Of a label that can have any value.
            let good = good.unwrap_or_else(|| format!("not {}", values.join(" or ")));
            let with = |value: String| {
                let mut labels = labels.clone();
                labels.insert(label.clone(), value);
                labels
            };
            let mut inputs =
                vec![series::counter(name, &with(good), &counts(|events| events.good))];
            if let Some(value) = values.first().filter(|_| !is_missing) {
                inputs.push(series::counter(name, &with(value.clone()), &bad));
            }
            inputs
        }
    }
}
