//! Checks of expressions, rule files and dashboards against catalogues.
//!
//! What is known of a metric (its kind, labels, values, edges) is carried upwards through an
//! expression: a rate grows, a sum has fewer labels, a quantile is at most the top edge. Each check
//! looks at one such fact. What is not known is never reported.
//!
//! | module | what it is |
//! |---|---|
//! | `check` | the checks |
//! | `facts` | what is known of a result |
//! | `metrics` | the metrics of all services |
//! | `recorded` | what is known of the series that rules record |
//! | `similar` | names that may be meant |
//! | `infer` | from the metrics upwards |
//! | `files` | all expressions of rule files and dashboards |
//! | `rule` | what else is wrong with a rule |
//! | `panel` | what else is wrong with a panel |
//! | `lookup` | the queries of variables |
//! | `unused` | metrics in no rule and no panel |
//! | `waivers` | findings that are allowed |

mod check;
mod facts;
mod files;
mod infer;
mod lookup;
mod metrics;
mod panel;
mod recorded;
mod rule;
mod similar;
mod unused;
mod waivers;

pub use check::Check;
pub use infer::{Problem, Purpose};

use crate::catalogue::Catalogue;
use crate::expression;
use infer::Context;
use metrics::{Metrics, Recorded};
use std::time::Duration;

/// Checks expressions against catalogues.
///
/// ```
/// use tickmetrics_rules::lint::{Check, Linter, Purpose};
/// use tickmetrics_rules::{Catalogue, Family, Kind};
///
/// let mut wait = Family::new("wait_seconds", Kind::Histogram);
/// (wait.unit, wait.buckets) = ("seconds".into(), vec![0.001, 0.01, 0.1]);
/// let linter = Linter::new(&[Catalogue::new([wait])]);
/// let text = "histogram_quantile(0.99, sum by (le) (rate(wait_seconds_bucket[5m]))) > 0.5";
/// let [problem] = &linter.expression(text, Purpose::Alert)[..] else { panic!() };
/// assert_eq!(problem.check, Check::ThresholdAboveTopBucket);
/// assert_eq!(&text[problem.place.clone()], "0.5");
/// ```
#[derive(Debug)]
pub struct Linter {
    metrics: Metrics,
    scrape_interval: Duration,
}

impl Linter {
    /// For the metrics of these services.
    pub fn new(catalogues: &[Catalogue]) -> Self {
        Self { metrics: Metrics::new(catalogues), scrape_interval: Duration::from_secs(15) }
    }

    /// With labels that Prometheus may add to the series of a target, besides `instance` and `job`:
    /// those of service discovery, and external ones.
    #[must_use]
    pub fn target_labels<T: Into<String>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.metrics.possible_labels.extend(names.into_iter().map(Into::into));
        self
    }

    /// With the time between two scrapes. Default: 15 s.
    #[must_use]
    pub fn scrape_interval(mut self, interval: Duration) -> Self {
        self.scrape_interval = interval;
        self
    }

    /// What is wrong with one expression. Only metrics are known to it, and no recorded series.
    pub fn expression(&self, text: &str, purpose: Purpose) -> Vec<Problem> {
        let recorded = Recorded::new();
        match expression::parse(text) {
            Ok(expression) => infer::infer(self.context(&recorded, purpose), &expression).1,
            Err(error) => vec![Problem {
                check: Check::NotChecked,
                place: error.place().unwrap_or(0..text.len()),
                message: error.to_string(),
                instead: None,
            }],
        }
    }

    fn context<'m, 'e>(&'m self, recorded: &'e Recorded<'m>, purpose: Purpose) -> Context<'m, 'e> {
        let Self { metrics, scrape_interval } = self;
        Context { metrics, recorded, purpose, scrape_interval: *scrape_interval }
    }
}
