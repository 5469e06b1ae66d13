//! The commands for rules and dashboards.

use super::time::interval;
use crate::credentials::Access;
use clap::{Args as ClapArgs, ValueEnum, ValueHint};
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;
use tickmetrics_rules::generate;

/// Print the catalogue of a process's metrics, or what changed in it.
///
/// The catalogue is JSON: each family with its kind, unit, help text, labels and the values that
/// they can have, bucket edges and quantiles. The order is stable, so that the file can be
/// committed, and a change shows in review. A process's file has every metric that is registered,
/// and every value of labels whose type has a fixed list. An exporter's answer has the series that
/// are there now.
///
/// With --diff, the differences to an older catalogue are printed. The exit status is 0 if rules
/// and dashboards for the old one still work, 1 if a change, marked !, can break them, and 2 if a
/// catalogue can't be read.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  tickmetrics catalogue /dev/shm/feed.metrics --service feed > feed.json
  tickmetrics catalogue localhost:9464 > gateway.json
  tickmetrics catalogue /dev/shm/feed.metrics --diff feed.json")]
pub(crate) struct Catalogue {
    /// The file that the process writes, an exporter (HOST:PORT, http://, https:// or unix:PATH), or
    /// a catalogue, whose name ends in .json
    #[arg(value_name = "PATH|ADDR", value_hint = ValueHint::AnyPath)]
    pub(crate) target: OsString,
    /// The name of the service, for the catalogue
    #[arg(long, value_name = "NAME")]
    pub(crate) service: Option<String>,
    /// The older catalogue to compare with
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) diff: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) access: Access,
}

/// Check rule files and dashboards against catalogues of metrics.
///
/// Prometheus rule files and Grafana dashboards are read, and each expression is checked: whether its
/// metrics, labels and values exist, whether a threshold can be reached, whether rates and quantiles
/// are of the right series, and others. What is not known is not reported.
///
/// A finding is allowed by a comment before the rule, or in the description of a panel:
/// # tickmetrics: allow CHECK REASON
///
/// The exit status is 0 if nothing but notes was found, 1 if warnings or errors were, and 2 if a
/// file can't be read.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  tickmetrics lint rules/*.yml dashboards/*.json --catalogue feed.json
  tickmetrics lint rules.yml -c feed.json -c node.json --target-label cluster
  tickmetrics lint rules.yml -c feed.json --format sarif > findings.sarif")]
pub(crate) struct Lint {
    /// Rule files in YAML, and dashboards in JSON
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) files: Vec<PathBuf>,
    /// A catalogue of metrics (tickmetrics catalogue); may be repeated
    #[arg(short, long = "catalogue", required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) catalogues: Vec<PathBuf>,
    /// A label that Prometheus may add to the series of a target, besides instance and job; may be
    /// repeated
    #[arg(long = "target-label", value_name = "NAME")]
    pub(crate) target_labels: Vec<String>,
    /// The time between two scrapes, such as 1s or 15s
    #[arg(long, value_name = "TIME", value_parser = interval, default_value = "15s")]
    pub(crate) scrape_interval: Duration,
    /// Also find the metrics that none of the files has: in no rule and in no panel
    #[arg(long)]
    pub(crate) unused: bool,
    /// The format of the output
    #[arg(long, value_enum, default_value_t = LintFormat::Text)]
    pub(crate) format: LintFormat,
}

/// Make Prometheus rules, their tests and Alertmanager's configuration of catalogues.
///
/// Each objective that a service declares becomes recorded shares of bad events, alerts about the rate
/// at which they burn the error budget, and alerts about absent data and low traffic. Each declared
/// alert becomes one as well. Each alert has tests for promtool: it fires beyond its threshold, it is
/// silent below it and without data, and it ends.
///
/// DIR gets SERVICE.rules.yml, SERVICE.test.yml and alertmanager.yml. Alerts have the labels service,
/// priority (P0, P1 or P2) and slo. Alertmanager routes them by priority to the receivers p0, p1 and p2.
///
/// With --check, nothing is written. The exit status is 1 if a file is not current, and 2 if a
/// declaration makes no rule.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  tickmetrics catalogue /dev/shm/feed.metrics --service feed > feed.json
  tickmetrics rules feed.json --out rules --selector 'job=\"feed\"'
  tickmetrics rules feed.json gateway.json --out rules --check
Then:
  promtool test rules rules/*.test.yml")]
pub(crate) struct Rules {
    /// Catalogues of metrics (tickmetrics catalogue), each with the name of its service
    #[arg(required = true, value_name = "CATALOGUE", value_hint = ValueHint::FilePath)]
    pub(crate) catalogues: Vec<PathBuf>,
    /// The folder of the files
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) out: PathBuf,
    /// Labels and values that all series have, such as 'job="feed"'
    #[arg(long, value_name = "MATCHERS", value_parser = matchers)]
    pub(crate) selector: Option<Matchers>,
    /// A label by which objectives are looked at apart; may be repeated [default: job]
    #[arg(long, value_name = "LABEL")]
    pub(crate) by: Vec<String>,
    /// Read native buckets where a histogram has classic ones as well
    #[arg(long)]
    pub(crate) native: bool,
    /// The address to which Alertmanager sends all alerts. Without it, its receivers are empty
    #[arg(long, value_name = "URL")]
    pub(crate) webhook: Option<String>,
    /// Write nothing, and print the paths of files that are not current
    #[arg(long)]
    pub(crate) check: bool,
}

/// Labels and their values.
#[derive(Clone, Debug)]
pub(crate) struct Matchers(pub(crate) Vec<(String, String)>);

fn matchers(text: &str) -> Result<Matchers, String> {
    generate::matchers(text).map(Matchers)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LintFormat {
    /// For people, with the part of the file underlined
    Text,
    /// One JSON document
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations of GitHub's workflows
    Github,
}

/// Make Grafana dashboards of catalogues, and the files that provision them.
///
/// Each service has one dashboard. It is filtered by the label job (service), by instance and by
/// symbol. The first row has what the program declares: objectives with their error budgets, alerts
/// that fire, and states. The other rows have a panel for each metric: rates of counters, values of
/// gauges, quantiles and distributions of histograms. Units, thresholds and descriptions are those of
/// the catalogue. Equal catalogues give equal files, so that these can be committed.
///
/// DIR has SERVICE.json for each service, provisioning/dashboards/tickmetrics.yml and
/// provisioning/datasources/tickmetrics.yml.
///
/// With --check, no file is written, and those that are not current are printed. The exit status is
/// 0 if all files are current, 1 if some are not, and 2 if a catalogue can't be read or a file
/// can't be written.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  tickmetrics dashboard feed.json gateway.json --out grafana
  tickmetrics dashboard feed.json --out grafana --traces tempo --check
  tickmetrics dashboard feed.json --out grafana --v2")]
pub(crate) struct Dashboard {
    /// Catalogues of metrics (tickmetrics catalogue --service NAME)
    #[arg(required = true, value_name = "CATALOGUE", value_hint = ValueHint::FilePath)]
    pub(crate) catalogues: Vec<PathBuf>,
    /// The folder for the files. It is made if it is missing
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) out: PathBuf,
    /// Write dashboards of version 2 (dashboard.grafana.app/v2, Grafana 13). Classic ones are for
    /// Grafana 10 and later
    #[arg(long)]
    pub(crate) v2: bool,
    /// Query native buckets where a histogram has classic ones, too
    #[arg(long)]
    pub(crate) native: bool,
    /// The identifier of the Prometheus data source
    #[arg(long, value_name = "UID", default_value = "prometheus")]
    pub(crate) datasource: String,
    /// The address of Prometheus, as Grafana reaches it
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url, default_value = "http://localhost:9090")]
    pub(crate) prometheus: String,
    /// The identifier of a data source with traces (Tempo, Jaeger), to which exemplars link
    #[arg(long, value_name = "UID")]
    pub(crate) traces: Option<String>,
    /// The folder in which Grafana finds the dashboards
    #[arg(long, value_name = "DIR", default_value = "/var/lib/grafana/dashboards")]
    pub(crate) folder: String,
    /// The time between two scrapes, such as 1s or 15s
    #[arg(long, value_name = "TIME", value_parser = interval, default_value = "15s")]
    pub(crate) scrape_interval: Duration,
    /// Only report files that are not current
    #[arg(long)]
    pub(crate) check: bool,
}
