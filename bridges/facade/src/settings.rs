//! The settings of a recorder, and the description of each metric that follows from them.

use crate::error::BuildError;
use crate::matcher::Matched;
use crate::{names, units};
use metrics::Unit;
use std::time::Duration;
use tickmetrics::{Description, Kind};

/// The help of a metric that nobody described.
const UNDESCRIBED: &str = "No description.";
/// The most bytes of a help text.
const MAX_HELP_BYTES: usize = 8192;

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// With the underscore behind it, if it is not empty.
    pub(crate) prefix: String,
    /// Their names are as Prometheus allows them.
    pub(crate) labels: Vec<(String, String)>,
    pub(crate) recommended_naming: bool,
    pub(crate) quantiles: Vec<f64>,
    pub(crate) buckets: Option<Vec<f64>>,
    pub(crate) buckets_for: Matched<Vec<f64>>,
    pub(crate) native_for: Matched<i8>,
    pub(crate) scale_for: Matched<f64>,
    pub(crate) digits_for: Matched<u8>,
    /// Whether histograms that are no summaries ask for exemplars.
    pub(crate) exemplars: bool,
    pub(crate) idle: Idle,
    /// The most series of a metric, and of all.
    pub(crate) most_of_each: usize,
    pub(crate) most: usize,
    /// The least length of the interval of quantiles.
    pub(crate) interval: Duration,
}

/// For how long a series without a change is shown; `None` for ever.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Idle {
    pub(crate) counters: Option<Duration>,
    pub(crate) gauges: Option<Duration>,
    pub(crate) histograms: Option<Duration>,
}

/// What a program said about a metric.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Said {
    pub(crate) unit: Option<Unit>,
    pub(crate) help: String,
}

/// A metric as it will be registered.
pub(crate) struct Planned {
    pub(crate) description: Description,
    /// Recorded units in one exposed unit.
    pub(crate) per_unit: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            prefix: String::new(),
            labels: Vec::new(),
            recommended_naming: false,
            quantiles: vec![0.0, 0.5, 0.9, 0.95, 0.99, 0.999, 1.0],
            buckets: None,
            buckets_for: Matched::default(),
            native_for: Matched::default(),
            scale_for: Matched::default(),
            digits_for: Matched::default(),
            exemplars: false,
            idle: Idle::default(),
            most_of_each: 2_000,
            most: 100_000,
            interval: Duration::from_secs(10),
        }
    }
}

impl Settings {
    /// Fails for what no metric can be given.
    pub(crate) fn check(&self) -> Result<(), BuildError> {
        let error = |reason: String| Err(BuildError::Setting(reason));
        let between = |value: &f64| (0.0..=1.0).contains(value);
        if self.quantiles.is_empty() || !self.quantiles.iter().all(between) {
            return error(format!(
                "quantiles lie from 0 to 1, and there is at least one: {:?}",
                self.quantiles
            ));
        }
        for edges in self.buckets.iter().chain(self.buckets_for.all()) {
            let valid = |edge: &f64| *edge >= 0.0 && edge.is_finite();
            if edges.is_empty() || !edges.iter().all(valid) || !edges.is_sorted_by(|a, b| a < b) {
                return error(format!(
                    "buckets must rise, from 0 or more, and there is at least one: {edges:?}"
                ));
            }
        }
        if let Some(scale) = self.scale_for.all().find(|it| !(it.is_normal() && **it > 0.0)) {
            return error(format!("a scale is finite and more than 0: {scale}"));
        }
        if let Some(digits) = self.digits_for.all().find(|it| !(1..=3).contains(*it)) {
            return error(format!("a histogram has 1 to 3 significant digits: {digits}"));
        }
        // With two digits, which is the default.
        if let Some(schema) = self.native_for.all().find(|it| !(-4..=7).contains(*it)) {
            return error(format!("a native schema is from -4 to 7: {schema}"));
        }
        Ok(())
    }

    /// The name of a metric before its unit is added, and by which it is known here.
    pub(crate) fn known_as(&self, name: &str) -> String {
        let name = if self.prefix.is_empty() { name } else { &[&self.prefix, name].concat() };
        names::metric(name)
    }

    /// The description of a metric.
    pub(crate) fn plan(&self, known_as: &str, kind: Kind, said: Option<&Said>) -> Planned {
        let unit = said.and_then(|said| said.unit);
        let name = if self.recommended_naming {
            names::recommended(known_as, unit, kind == Kind::Counter)
        } else {
            known_as.to_owned()
        };
        let help = said.map_or(UNDESCRIBED.to_owned(), |said| help(&said.help));
        let description = Description::new(name, help).unit(units::exposed(unit));
        let (description, per_unit, idle) = match kind {
            Kind::Histogram => {
                let (description, per_unit) = self.histogram(description, known_as, unit);
                (description, per_unit, self.idle.histograms)
            }
            // What is counted is in the exposed unit.
            Kind::Counter => (description.scale(1.0), 1.0, self.idle.counters),
            _ => (description, 1.0, self.idle.gauges),
        };
        let description = match idle {
            Some(idle) => description.idle(idle),
            None => description,
        };
        Planned { description, per_unit }
    }

    fn histogram(
        &self,
        description: Description,
        name: &str,
        unit: Option<Unit>,
    ) -> (Description, f64) {
        let native = self.native_for.get(name).copied();
        let edges = self.buckets_for.get(name).or(self.buckets.as_ref());
        let decimals = units::decimals(unit, name);
        let last = edges.and_then(|edges| edges.last());
        let decimals = last.map_or(decimals, |&edge| units::decimals_below(edge, decimals));
        let per_unit =
            self.scale_for.get(name).map_or_else(|| 10_f64.powi(decimals), |scale| 1.0 / scale);
        let mut description = description.scale(1.0 / per_unit).max(units::MAX);
        if let Some(&digits) = self.digits_for.get(name) {
            description = description.sigfigs(digits);
        }
        if let Some(schema) = native {
            description = description.native(schema);
        }
        // A summary has none in any exposition.
        if self.exemplars && (edges.is_some() || native.is_some()) {
            description = description.exemplars();
        }
        let description = match edges {
            Some(edges) => description.buckets(recorded(edges, per_unit)),
            None if native.is_some() => description.buckets([]),
            None => description.buckets([]).quantiles(self.quantiles.iter().copied()),
        };
        (description, per_unit)
    }
}

/// Edges in recorded units. Those that are the same there, or too large, are left out.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
fn recorded(edges: &[f64], per_unit: f64) -> Vec<u64> {
    let mut recorded: Vec<u64> =
        edges.iter().map(|edge| ((edge * per_unit).round() as u64).min(units::MAX)).collect();
    recorded.dedup();
    recorded
}

/// A help text that can be exposed.
fn help(said: &str) -> String {
    let text = said.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c });
    let mut bytes = 0;
    let text: String = text
        .take_while(|c| {
            bytes += c.len_utf8();
            bytes <= MAX_HELP_BYTES
        })
        .collect();
    if text.trim().is_empty() { UNDESCRIBED.to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::{Said, Settings, help};
    use crate::Matcher;
    use metrics::Unit;
    use tickmetrics::Kind;

    #[test]
    fn wrong_settings_are_refused() {
        let refused = |set: &dyn Fn(&mut Settings)| {
            let mut settings = Settings::default();
            set(&mut settings);
            settings.check().unwrap_err().to_string()
        };
        let all = || Matcher::Prefix(String::new());
        assert!(refused(&|it| it.quantiles.clear()).contains("quantiles lie from 0 to 1"));
        assert!(refused(&|it| it.quantiles = vec![50.0]).contains("quantiles"));
        assert!(refused(&|it| it.buckets = Some(vec![])).contains("buckets must rise"));
        assert!(refused(&|it| it.buckets_for.set(all(), vec![2.0, 1.0])).contains("[2.0, 1.0]"));
        assert!(refused(&|it| it.buckets_for.set(all(), vec![-1.0])).contains("buckets"));
        assert!(refused(&|it| it.scale_for.set(all(), 0.0)).contains("scale"));
        assert!(refused(&|it| it.digits_for.set(all(), 4)).contains("digits"));
        assert!(refused(&|it| it.native_for.set(all(), 8)).contains("schema"));
        Settings::default().check().unwrap();
    }

    #[test]
    fn what_was_said_decides_unit_and_scale() {
        let settings = Settings { recommended_naming: true, ..Settings::default() };
        let said = |unit| Said { unit: Some(unit), help: "Help.".into() };
        for (unit, name, per_unit) in
            [(Unit::Milliseconds, "wait_milliseconds", 1e6), (Unit::Bytes, "wait_bytes", 1e3)]
        {
            let planned = settings.plan("wait", Kind::Histogram, Some(&said(unit)));
            assert_eq!((planned.description.name(), planned.per_unit), (name, per_unit));
            assert_eq!(planned.description.exported_unit(), unit.as_str());
        }
        let planned = settings.plan("wait", Kind::Counter, None);
        assert_eq!(planned.description.name(), "wait_total");
        assert_eq!(planned.description.help(), "No description.");
    }

    #[test]
    fn any_text_becomes_a_help_text() {
        assert_eq!(help(""), "No description.");
        assert_eq!(help("a\tb\nc"), "a b\nc");
        assert_eq!(help(&"é".repeat(5000)).len(), 8192);
    }
}
