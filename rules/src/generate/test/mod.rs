//! Unit tests of all alerts, for promtool: each fires, and is silent, where it must.
//!
//! | module | what it is |
//! |---|---|
//! | `series` | series of tests, in promtool's notation |
//! | `objective` | tests of the alerts about an objective |
//! | `alert` | tests of declared alerts |

mod alert;
mod objective;
mod series;

use super::alert::Declared;
use super::objective::Slo;
use super::rule::AlertRule;
use crate::query::duration;
use serde::Serialize;
use series::Input;
use std::collections::BTreeMap;

/// The time between two evaluations, in seconds. Windows are up to 3 days, and with a shorter one
/// promtool takes too long: it evaluates all rules each time. Tests place events within it.
const EVALUATION: u64 = 3_600;

#[derive(Serialize)]
pub(super) struct TestFile {
    rule_files: Vec<String>,
    evaluation_interval: String,
    tests: Vec<Test>,
}

/// What happens to some series, and which alerts fire.
#[derive(Serialize)]
struct Test {
    name: String,
    /// Between two samples.
    interval: String,
    input_series: Vec<Input>,
    #[serde(rename = "alert_rule_test")]
    alerts: Vec<AlertTest>,
    #[serde(rename = "promql_expr_test", skip_serializing_if = "Vec::is_empty")]
    queries: Vec<QueryTest>,
}

/// All alerts of a name that fire at a time.
#[derive(Serialize)]
struct AlertTest {
    eval_time: String,
    alertname: String,
    exp_alerts: Vec<Expected>,
}

#[derive(Serialize)]
struct Expected {
    exp_labels: BTreeMap<String, String>,
    exp_annotations: BTreeMap<&'static str, String>,
}

/// The result of an expression at a time.
#[derive(Serialize)]
struct QueryTest {
    expr: String,
    eval_time: String,
    exp_samples: Vec<ExpectedSample>,
}

#[derive(Serialize)]
struct ExpectedSample {
    labels: String,
    value: f64,
}

/// The tests of a rule file.
pub(super) fn file(rules: &str, slos: &[Slo<'_>], alerts: &[Declared<'_>]) -> TestFile {
    let mut tests = Vec::new();
    if !slos.is_empty() || !alerts.is_empty() {
        tests.push(no_data(slos, alerts));
    }
    slos.iter().for_each(|slo| objective::tests(slo, &mut tests));
    alerts.iter().for_each(|declared| alert::tests(declared, &mut tests));
    TestFile {
        rule_files: vec![rules.to_owned()],
        evaluation_interval: duration(EVALUATION),
        tests,
    }
}

/// Without data, only alerts about absence fire.
fn no_data(slos: &[Slo<'_>], alerts: &[Declared<'_>]) -> Test {
    const AT: u64 = 2 * EVALUATION;
    let mut checks = Vec::new();
    for slo in slos {
        let absent = slo.absent();
        let fixed = slo.scope.fixed(slo.total, &slo.objective.matchers);
        for rule in slo.alerts() {
            let is_absent = rule.name == absent.name;
            checks.push(if is_absent {
                fires(&rule, AT, fixed.clone(), 1.0)
            } else {
                silent(&rule, AT)
            });
        }
    }
    for declared in alerts {
        checks.push(silent(&declared.rule(), AT));
        let fixed = declared.scope.fixed(declared.family, &declared.alert.matchers);
        checks.extend(declared.absent().map(|rule| fires(&rule, AT, fixed, 1.0)));
    }
    Test::new("no data".into(), 60_000, Vec::new(), checks)
}

impl Test {
    fn new(
        name: String,
        interval_ms: u64,
        input_series: Vec<Input>,
        alerts: Vec<AlertTest>,
    ) -> Self {
        let interval = if interval_ms.is_multiple_of(1_000) {
            duration(interval_ms / 1_000)
        } else {
            format!("{interval_ms}ms")
        };
        Self { name, interval, input_series, alerts, queries: Vec::new() }
    }
}

/// The alert fires, with the labels of the series and its own, and no other of its name does.
fn fires(rule: &AlertRule, at: u64, series: BTreeMap<String, String>, value: f64) -> AlertTest {
    let mut exp_labels = series;
    exp_labels.extend(rule.labels.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    // A label without a value is none.
    exp_labels.retain(|_, value| !value.is_empty());
    let exp_annotations = rule.annotations(value);
    let exp_alerts = vec![Expected { exp_labels, exp_annotations }];
    AlertTest { exp_alerts, ..silent(rule, at) }
}

/// No alert of the name fires.
fn silent(rule: &AlertRule, at: u64) -> AlertTest {
    AlertTest { eval_time: duration(at), alertname: rule.name.clone(), exp_alerts: Vec::new() }
}
