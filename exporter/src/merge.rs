//! Snapshots of several processes as one response, with a label that tells them apart.

use crate::encode::{self, Part};
use crate::names::series_names;
use std::collections::{BTreeMap, HashMap};
use tickmetrics::{Escaping, Family, Kind, Snapshot, Value};

/// What text 0.0.4 has where nothing is negotiated.
const ESCAPING: Escaping = Escaping::Underscores;

/// Why a family of one process is not in the response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LeftOut {
    /// A process before it has the name with another type.
    OtherType,
    /// A family of another name is exposed under one of its names: a counter `wait_count` and a
    /// histogram `wait`.
    NameTaken,
    /// It has a label of its own that is named like the one that tells processes apart.
    LabelTaken,
    /// Its process may not have so much of the response.
    TooLong,
}

/// Appends snapshots in text format 0.0.4, each family once with the series of all processes below
/// it. `processes` has the value of the label `label`, and the snapshot, of each; where two say
/// different things about a family, the first one is believed.
///
/// Answers how many series there are. `left_out` is called with the number of a process and the
/// name of a family for each that could not be told without a lie.
pub fn merge(
    label: &str,
    processes: &[(&str, &Snapshot)],
    out: &mut String,
    mut fits: impl FnMut(usize, u64) -> bool,
    mut left_out: impl FnMut(usize, &str, LeftOut),
) -> usize {
    let labels: Vec<String> =
        processes.iter().map(|(value, _)| process_label(label, value)).collect();
    let mut families: BTreeMap<&str, Vec<Part<'_>>> = BTreeMap::new();
    // The family that each name belongs to.
    let mut names: HashMap<String, &str> = HashMap::new();
    for (at, (_, snapshot)) in processes.iter().enumerate() {
        for family in snapshot.families() {
            let reason = admit(family, label, &families, &names);
            let too_long = || {
                let fits = fits(at, most_bytes(family, labels[at].len()));
                (!fits).then_some(LeftOut::TooLong)
            };
            if let Some(reason) = reason.or_else(too_long) {
                left_out(at, family.name(), reason);
                continue;
            }
            let parts = families.entry(family.name()).or_insert_with(|| {
                let exposed = series_names(ESCAPING, family);
                names.extend(exposed.into_iter().map(|name| (name, family.name())));
                Vec::new()
            });
            parts.push(Part { labels: &labels[at], family, interval: None });
        }
    }
    families.values().map(|parts| encode::parts(parts, out)).sum()
}

/// Why a family can't be told, if it can't.
fn admit(
    family: Family<'_>,
    label: &str,
    families: &BTreeMap<&str, Vec<Part<'_>>>,
    names: &HashMap<String, &str>,
) -> Option<LeftOut> {
    let exposed = |kind: Kind| kind.exposed();
    if let Some(Part { family: first, .. }) = families.get(family.name()).and_then(|it| it.first())
        && exposed(first.kind()) != exposed(family.kind())
    {
        return Some(LeftOut::OtherType);
    }
    let taken = |name: &String| names.get(name).is_some_and(|owner| *owner != family.name());
    if series_names(ESCAPING, family).iter().any(taken) {
        return Some(LeftOut::NameTaken);
    }
    let is_taken = family.label_names().any(|name| ESCAPING.label(name) == label);
    is_taken.then_some(LeftOut::LabelTaken)
}

/// How long a family's text is at the most, with so many bytes of a label before each series' own.
fn most_bytes(family: Family<'_>, label: usize) -> u64 {
    /// A value, a timestamp, braces, commas, and what a histogram's names and its label `le` have more.
    const REST: usize = 96;
    let series = family.series_count() as u64;
    let lines = match family.series().next().map(|one| one.value()) {
        // Its sum and its count, what it did not measure, and the last bucket.
        Some(Value::Histogram(histogram)) => histogram.buckets().count() as u64 + 5,
        _ => 1,
    };
    // Names can become longer by being escaped.
    let name = ESCAPING.metric(family.name()).len() + label + REST;
    let line = family.label_bytes().saturating_add(series.saturating_mul(name as u64));
    lines.saturating_mul(line).saturating_add(2 * family.help().len() as u64 + 2 * name as u64)
}

/// A label as the text formats write it.
pub fn process_label(name: &str, value: &str) -> String {
    let value = value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n");
    format!("{name}=\"{value}\"")
}

#[cfg(test)]
mod tests {
    use super::{LeftOut, merge};
    use tickmetrics::{Counter, Description, Gauge, Histogram, Metric, Registry};

    fn register<M: Metric>(registry: &Registry, name: &str, help: &str) -> M {
        registry.register(&Description::new(name, help)).unwrap()
    }

    fn merged(registries: &[(&str, &Registry)]) -> (String, Vec<(usize, String, LeftOut)>) {
        let snapshots: Vec<_> = registries.iter().map(|(_, it)| it.snapshot()).collect();
        let processes: Vec<_> =
            registries.iter().zip(&snapshots).map(|((name, _), it)| (*name, it)).collect();
        let (mut text, mut left_out) = (String::new(), Vec::new());
        merge(
            "process",
            &processes,
            &mut text,
            |_, _| true,
            |at, name, reason| {
                left_out.push((at, name.to_owned(), reason));
            },
        );
        (text, left_out)
    }

    #[test]
    fn families_of_one_name_are_one() {
        let (feed, risk) = (Registry::new(), Registry::new());
        register::<Counter>(&feed, "ticks_total", "Ticks.").add(3);
        register::<Counter<bool>>(&risk, "ticks_total", "Said otherwise.").with(true).add(4);
        register::<Gauge>(&risk, "after", "After.").set(1.5);
        register::<Histogram>(&feed, "wait", "Waited.").record_signed(-1);
        register::<Histogram>(&risk, "wait", "Waited.").record_signed(-1);
        let (text, left_out) = merged(&[("a\"b", &feed), ("risk", &risk)]);
        assert_eq!(left_out, []);
        let (ticks, waits) = text.split_at(text.find("# HELP wait").unwrap());
        let expected = r#"# HELP after After.
# TYPE after gauge
after{process="risk"} 1.5
# HELP ticks_total Ticks.
# TYPE ticks_total counter
ticks_total{process="a\"b"} 3
ticks_total{process="risk",flag="false"} 0
ticks_total{process="risk",flag="true"} 4
"#;
        assert_eq!(ticks, expected);
        assert_eq!(waits.matches("# TYPE").count(), 2);
        let negative = "\nwait_negative_total{process=\"a\\\"b\"} 1\n\
                        wait_negative_total{process=\"risk\"} 1\n";
        assert!(waits.ends_with(negative), "{waits}");
        assert!(waits.contains("wait_bucket{process=\"risk\",le=\"+Inf\"} 0\n"));
        assert!(waits.contains("wait_count{process=\"risk\"} 0\n"));
    }

    #[test]
    fn what_can_not_be_told_is_left_out() {
        let (feed, risk) = (Registry::new(), Registry::new());
        register::<Counter>(&feed, "ticks", "Ticks.");
        register::<Gauge>(&risk, "ticks", "Ticks.");
        register::<Histogram>(&feed, "wait", "Waited.");
        register::<Counter>(&risk, "wait_count", "Waits.");
        let own = Description::new("own", "Has the label.").constant("process", "mine");
        risk.register::<Gauge>(&own).unwrap();
        let (text, left_out) = merged(&[("feed", &feed), ("risk", &risk)]);
        let expected = [
            (1, "own".into(), LeftOut::LabelTaken),
            (1, "ticks".into(), LeftOut::OtherType),
            (1, "wait_count".into(), LeftOut::NameTaken),
        ];
        assert_eq!(left_out, expected);
        assert!(!text.contains("risk"));
    }
}
