//! Grafana dashboards that are made of catalogues.
//!
//! | module | what it is |
//! |---|---|
//! | `model` | a dashboard, whatever its form |
//! | `queries` | what panels ask |
//! | `panels` | the panels of a metric |
//! | `overview` | the first row |
//! | `rows` | which panels are in which row |
//! | `layout` | where panels are |
//! | `units`, `words`, `thresholds` | what a catalogue says, as Grafana shows it |
//! | `visual`, `classic`, `v2` | dashboards as JSON |
//! | `provisioning` | files that tell Grafana about them |

mod classic;
mod layout;
mod model;
mod overview;
mod panels;
mod provisioning;
mod queries;
mod rows;
mod thresholds;
mod units;
mod v2;
mod visual;
mod words;

use crate::catalogue::{Catalogue, Family, Kind};
use crate::file::dashboard::Form;
use crate::output::Output;
use crate::query::Selector;
use model::{Dashboard, Variable, Visual};
use panels::Maker;
use queries::{Distribution, SYMBOL, of_service, target};
use serde::Serialize;
use std::fmt;
use std::time::Duration;

/// What the panels' data source is: the choice of the user.
const DATASOURCE: &str = "${datasource}";
/// The tag of all dashboards.
const TAG: &str = "tickmetrics";
/// The name of the marks of alerts.
const ALERTS: &str = "Alerts";
/// How often a dashboard is drawn again, and what it shows at first.
const REFRESH: &str = "10s";
const FROM: &str = "now-30m";

/// Grafana refuses a longer identifier.
const MOST_UID: usize = 40;

/// The longest name of a file without its end. Many systems refuse one of more than 255 bytes.
const MOST_FILE: usize = 200;

/// Metrics that have no panel: limits that do not move, and what another panel shows better.
const LEFT_OUT: [&str; 10] = [
    "process_max_fds",
    "process_start_time_seconds",
    "process_virtual_memory_bytes",
    "process_virtual_memory_max_bytes",
    "tickmetrics_exporter_left_out_families",
    "tickmetrics_exporter_limited_total",
    "tickmetrics_exporter_scrapes_total",
    "tickmetrics_exporter_unprotected_listeners",
    "tickmetrics_shards_free",
    "tickmetrics_threads_attached",
];
/// The ends of the names of a histogram's counters of values outside of its range.
const OUTSIDE: [&str; 2] = ["_negative_total", "_saturated_total"];

/// How dashboards are made.
///
/// ```
/// use tickmetrics_rules::dashboard::Settings;
/// use tickmetrics_rules::{Catalogue, Family, Kind};
///
/// let orders = Family::new("gateway_orders_total", Kind::Counter);
/// let catalogue = Catalogue::new([orders]).service("gateway");
/// let mut settings = Settings::default();
/// settings.traces = Some("tempo".into());
/// let [dashboard, provider, datasource] = &settings.files(&[catalogue])?[..] else { panic!() };
/// assert_eq!(dashboard.path, "gateway.json");
/// assert!(dashboard.text.contains(r#""uid": "tickmetrics-gateway""#));
/// assert_eq!(provider.path, "provisioning/dashboards/tickmetrics.yml");
/// assert!(datasource.text.contains("exemplarTraceIdDestinations"));
/// # Ok::<(), tickmetrics_rules::dashboard::NoService>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// Classic, or version 2.
    pub form: Form,
    /// Whether native buckets are used where a histogram has both kinds.
    pub native: bool,
    /// The identifier of the data source that is chosen at first, and provisioned. Default:
    /// `prometheus`.
    pub datasource: String,
    /// The address of Prometheus, as Grafana reaches it. Default: `http://localhost:9090`.
    pub prometheus: String,
    /// The identifier of the data source with traces, such as one of Tempo or Jaeger, to which
    /// exemplars link.
    pub traces: Option<String>,
    /// The folder in which Grafana finds the dashboards. Default: `/var/lib/grafana/dashboards`.
    pub folder: String,
    /// The time between two scrapes. Default: 15 s.
    pub scrape_interval: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            form: Form::Classic,
            native: false,
            datasource: "prometheus".into(),
            prometheus: "http://localhost:9090".into(),
            traces: None,
            folder: "/var/lib/grafana/dashboards".into(),
            scrape_interval: Duration::from_secs(15),
        }
    }
}

/// A catalogue names no service, so that its dashboard has no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoService;

impl fmt::Display for NoService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the catalogue names no service, and its dashboard needs a name: make it with --service",
        )
    }
}

impl std::error::Error for NoService {}

impl Settings {
    /// A dashboard for each service, and the files that provision them. Equal catalogues give equal
    /// files. Catalogues of one service have one dashboard.
    ///
    /// # Errors
    /// If a catalogue names no service.
    pub fn files(&self, catalogues: &[Catalogue]) -> Result<Vec<Output>, NoService> {
        let mut services: Vec<Catalogue> = Vec::new();
        for catalogue in catalogues {
            let Some(name) = &catalogue.service else { return Err(NoService) };
            match services.iter_mut().find(|it| it.service.as_ref() == Some(name)) {
                Some(same) => {
                    let both = same.families().iter().chain(catalogue.families()).cloned();
                    *same = Catalogue::new(both).service(name);
                }
                None => services.push(catalogue.clone()),
            }
        }
        let mut files: Vec<_> =
            services.iter().map(|catalogue| self.dashboard(catalogue)).collect();
        files.extend(provisioning::files(self));
        Ok(files)
    }

    fn dashboard(&self, catalogue: &Catalogue) -> Output {
        let service = catalogue.service.as_deref().unwrap_or_default();
        let dashboard = self.made(catalogue, service);
        let text = match self.form {
            Form::Classic => classic::to_json(&dashboard, &self.datasource),
            Form::V2 => v2::to_json(&dashboard, &self.datasource),
        };
        Output::new(format!("{}.json", short(service, MOST_FILE)), text)
    }

    fn made(&self, catalogue: &Catalogue, service: &str) -> Dashboard {
        let prefix = slug(service).replace('-', "_");
        let maker = Maker { catalogue, prefix: &prefix, prefers_native: self.native };
        let families = catalogue.families().iter();
        let shown = families.filter(|family| !is_left_out(catalogue, &family.name));
        let mut blocks: Vec<_> = shown.filter_map(|family| maker.block(family)).collect();
        let firing = overview::firing(catalogue, service);
        let overview = overview::row(&maker, &mut blocks, firing.as_deref());
        let rows = rows::rows(blocks, &prefix);
        Dashboard {
            uid: format!("tickmetrics-{}", short(service, MOST_UID - "tickmetrics-".len())),
            title: words::title(service),
            description: format!("Made of the catalogue of {service}. Changes here are lost."),
            variables: variables(&maker),
            firing,
            rows: std::iter::once(overview).chain(rows).collect(),
        }
    }
}

/// Whether a metric has no panel of its own.
fn is_left_out(catalogue: &Catalogue, name: &str) -> bool {
    let of_histogram = |end: &&str| {
        let family = name.strip_suffix(*end).and_then(|name| catalogue.family(name));
        family.is_some_and(|family| family.kind == Kind::Histogram)
    };
    LEFT_OUT.contains(&name) || name.ends_with("_info") || OUTSIDE.iter().any(of_histogram)
}

/// A name with the characters that files and identifiers can have. Another name has another one.
fn slug(name: &str) -> String {
    let plain = |it: char| if it.is_ascii_alphanumeric() || it == '_' { it } else { '-' };
    let slug: String = name.chars().map(plain).collect();
    if slug == name && !slug.is_empty() { slug } else { format!("{slug}-{:08x}", hash(name)) }
}

/// A slug with at most so many characters.
fn short(name: &str, most: usize) -> String {
    let slug = slug(name);
    match slug.get(..most.saturating_sub(9)) {
        Some(start) if slug.len() > most => format!("{start}-{:08x}", hash(name)),
        _ => slug,
    }
}

/// FNV-1a (<https://datatracker.ietf.org/doc/html/draft-eastlake-fnv>): equal on all machines.
fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// The variables by which panels are filtered.
fn variables(maker: &Maker<'_>) -> Vec<Variable> {
    let Some(any) = marker(maker, |_| true) else { return Vec::new() };
    let mut variables = vec![
        Variable {
            name: "service",
            title: "Service",
            query: format!("label_values({}, job)", Selector::new(&any)),
            // Other services have some of the metrics, too.
            all: None,
        },
        Variable {
            name: "instance",
            title: "Instance",
            query: format!("label_values({}, instance)", of_service(&any)),
            all: Some(".*"),
        },
    ];
    if let Some(name) = marker(maker, |family| family.label(SYMBOL).is_some()) {
        let query = format!("label_values({}, {SYMBOL})", target(&name));
        variables.push(Variable { name: SYMBOL, title: "Symbol", query, all: Some(".*") });
    }
    variables
}

/// A series that each process of the service has, and other services do not have.
fn marker(maker: &Maker<'_>, is: impl Fn(&Family) -> bool) -> Option<String> {
    let families = maker.catalogue.families().iter().filter(|family| is(family));
    // The first one by name, of equal ones.
    let best = families.min_by_key(|family| {
        let is_own = panels::own_part(&family.name, maker.prefix).is_some();
        let is_simple = matches!(family.kind, Kind::Counter | Kind::Gauge | Kind::Unknown);
        let is_common = rows::is_runtime(&family.name);
        (is_common, !is_own, !is_simple, !family.from_start, family.labels.len())
    })?;
    let is_histogram = matches!(best.kind, Kind::Histogram | Kind::GaugeHistogram);
    let has_native_only =
        Distribution::of(best, maker.prefers_native).is_some_and(|it| it.is_native);
    let suffix = if is_histogram && !has_native_only { "_count" } else { "" };
    Some(format!("{}{suffix}", best.name))
}

/// The letter of a query: `A`, `B` and so on.
fn ref_id(at: usize) -> String {
    let letter = u8::try_from(at).ok().filter(|at| *at < 26).map(|at| char::from(b'A' + at));
    letter.map_or_else(|| format!("Q{at}"), String::from)
}

/// The format of a query's answer. Native buckets are whole distributions already.
fn format(visual: Visual) -> &'static str {
    match visual {
        Visual::Heatmap { is_native: false } => "heatmap",
        _ => "time_series",
    }
}

/// JSON for people, with a line feed at its end.
fn text(value: &impl Serialize) -> String {
    // All keys are texts, so nothing can fail.
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::{short, slug};

    #[test]
    fn identifiers_are_short_and_unique() {
        assert_eq!(slug("market-data"), "market-data");
        assert_ne!(slug("market/data"), slug("market.data"));
        assert!(slug("../x").starts_with("---x-") && !slug("").is_empty());
        let long = "a".repeat(60);
        assert_eq!(short(&long, 28).len(), 28);
        assert_ne!(short(&long, 28), short(&"a".repeat(61), 28));
    }
}
