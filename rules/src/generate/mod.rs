//! Prometheus rules, their tests and Alertmanager's configuration, from what catalogues declare.
//!
//! | module | what it is |
//! |---|---|
//! | `check` | declarations that make no rule, found before anything is made |
//! | `scope` | the series that rules select |
//! | `objective` | recorded shares of bad events, and alerts about the error budget |
//! | `alert` | declared alerts |
//! | `partner` | alerts about absence and low traffic beside these |
//! | `rule` | rule files |
//! | `test` | unit tests of all alerts, for promtool |
//! | `routing` | Alertmanager's configuration |
//! | `number` | numbers in texts and in tests |

mod alert;
mod check;
mod number;
mod objective;
mod partner;
mod routing;
mod rule;
mod scope;
mod test;

pub use check::{Invalid, Problem};

use crate::catalogue::{Catalogue, Family};
use crate::expression::{self, Kind, MatchOp};
use crate::output::Output;
use alert::Declared;
use objective::Slo;
use rule::RuleFile;
use scope::Scope;
use serde::Serialize;
use std::collections::BTreeMap;

/// Makes rules from what catalogues declare.
///
/// ```
/// use tickmetrics_rules::Catalogue;
/// use tickmetrics_rules::generate::Generator;
///
/// let catalogue = Catalogue::from_json(r#"{"tickmetrics_catalogue": 1, "service": "feed", "families": [
///     {"name": "gaps_total", "kind": "counter", "from_start": true, "alerts": [
///         {"name": "FeedGaps", "of": "rate", "is": {"above": 0.0}, "window_seconds": 300,
///          "priority": "P1", "summary": "The feed has gaps."}
///     ]}
/// ]}"#)?;
/// let outputs = Generator::new().outputs(&[catalogue])?;
/// let paths: Vec<_> = outputs.iter().map(|output| output.path.as_str()).collect();
/// assert_eq!(paths, ["feed.rules.yml", "feed.test.yml", "alertmanager.yml"]);
/// assert!(outputs[0].text.contains("expr: rate(gaps_total[5m]) > 0\n"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Generator {
    selector: BTreeMap<String, String>,
    by: Vec<String>,
    native: bool,
    webhook: Option<String>,
}

impl Default for Generator {
    fn default() -> Self {
        Self::new()
    }
}

impl Generator {
    /// For all series of the declared names, whose label `job` is kept.
    pub fn new() -> Self {
        Self { selector: BTreeMap::new(), by: vec!["job".into()], native: false, webhook: None }
    }

    /// Only series whose label has this value.
    #[must_use]
    pub fn select(mut self, label: impl Into<String>, value: impl Into<String>) -> Self {
        self.selector.insert(label.into(), value.into());
        self
    }

    /// The labels by which objectives are looked at apart. Default: `job`.
    #[must_use]
    pub fn by<T: Into<String>>(mut self, labels: impl IntoIterator<Item = T>) -> Self {
        self.by = labels.into_iter().map(Into::into).collect();
        self
    }

    /// Whether native buckets are read where a histogram has classic ones as well.
    #[must_use]
    pub fn native(mut self, native: bool) -> Self {
        self.native = native;
        self
    }

    /// The address to which Alertmanager sends all alerts. Without it, receivers are empty.
    #[must_use]
    pub fn webhook(mut self, url: impl Into<String>) -> Self {
        self.webhook = Some(url.into());
        self
    }

    /// The files: for each service its rules, `SERVICE.rules.yml`, with their tests,
    /// `SERVICE.test.yml`, and `alertmanager.yml`.
    ///
    /// # Errors
    /// [`Invalid`] with all declarations that make no rule.
    pub fn outputs(&self, catalogues: &[Catalogue]) -> Result<Vec<Output>, Invalid> {
        check::check(self, catalogues)?;
        let mut outputs = Vec::new();
        for catalogue in catalogues {
            outputs.extend(self.of_service(catalogue));
        }
        outputs.push(Output::new("alertmanager.yml", routing::text(self.webhook.as_deref())));
        Ok(outputs)
    }

    /// Whether rules read the native buckets of a histogram.
    fn is_native(&self, family: &Family) -> bool {
        family.reads_native(self.native)
    }

    fn of_service(&self, catalogue: &Catalogue) -> [Output; 2] {
        let service = catalogue.service.as_deref().unwrap_or_default();
        let scope = Scope { service, catalogue, generator: self };
        let families = catalogue.families();
        let slos: Vec<_> = families
            .iter()
            .flat_map(|family| {
                family.objectives.iter().filter_map(|it| Slo::new(scope, family, it))
            })
            .collect();
        let alerts: Vec<_> = families
            .iter()
            .flat_map(|family| {
                family.alerts.iter().filter_map(|it| Declared::new(scope, family, it))
            })
            .collect();
        let groups = slos.iter().map(Slo::group).chain(alert::group(service, &alerts));
        let rules = RuleFile { groups: groups.collect() };
        let path = format!("{service}.rules.yml");
        let test = test::file(&path, &slos, &alerts);
        let head = format!(
            "# Made by `tickmetrics rules` of what the service {service} declares: change it there.\n"
        );
        [
            Output::new(path, head.clone() + &yaml(&rules)),
            Output::new(format!("{service}.test.yml"), head + &yaml(&test)),
        ]
    }
}

/// The labels and values of a text such as `job="feed", env="prod"`, also within braces.
///
/// # Errors
/// The reason why it is none.
pub fn matchers(text: &str) -> Result<Vec<(String, String)>, String> {
    let inner = text.trim();
    let inner = inner.strip_prefix('{').and_then(|it| it.strip_suffix('}')).unwrap_or(inner);
    let instead = "write label=\"value\", and a comma between several";
    let wrong =
        |error: &dyn std::fmt::Display| format!("{text} is no selector: {error}: {instead}");
    let parsed = expression::parse(&format!("{{{inner}}}")).map_err(|error| wrong(&error))?;
    let Kind::Selector(selector) = &parsed.root().kind else {
        return Err(wrong(&"it is an expression"));
    };
    let mut matchers = Vec::new();
    for matcher in &selector.matchers {
        match (matcher.name.value.known(), matcher.op, matcher.value.value.known()) {
            (Some(name), MatchOp::Equal, Some(value)) => {
                matchers.push((name.clone(), value.clone()));
            }
            _ => return Err(wrong(&"tests of the rules need one value of each label")),
        }
    }
    Ok(matchers)
}

/// A document in YAML.
fn yaml(document: &impl Serialize) -> String {
    // An expression is one text, of one line or of the lines that it has.
    let options = serde_saphyr::ser_options! { folded_wrap_chars: usize::MAX };
    // All keys are texts, so nothing can fail.
    serde_saphyr::to_string_with_options(document, options).unwrap_or_default()
}
