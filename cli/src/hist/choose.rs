//! The series for a name and labels.

use super::{Chosen, labels};
use crate::Result;
use crate::failure::Failure;
use tickmetrics::{Kind, Series, Snapshot, Value};
use tickmetrics_exporter::encode::label_text;

/// The most series or names in a message.
const LISTED: usize = 10;

/// The similarity of two names, from 0 to 1, above which one may be a typing error of the other.
const ALIKE: f64 = 0.8;

/// The one histogram of a name that has these labels, and maybe others.
pub(super) fn choose<'a>(
    snapshot: &'a Snapshot,
    name: &str,
    labels: &[&(String, String)],
) -> Result<Chosen<'a>> {
    let Some(family) = snapshot.family(name) else {
        return Err(Failure::told(no_such_name(snapshot, name)));
    };
    if family.kind() != Kind::Histogram {
        let kind = family.kind();
        return Err(Failure::told(format!("{name} is a {kind}, not a histogram: see dump or top")));
    }
    let has = |series: &Series<'_>| {
        let has = |(name, value): &&(String, String)| {
            series.labels().any(|(its_name, its_value)| its_name == name && its_value == value)
        };
        labels.iter().all(has)
    };
    let found: Vec<_> = family.series().filter(has).collect();
    let one = match &found[..] {
        [one] => one,
        [] => {
            let all: Vec<_> = family.series().collect();
            return Err(Failure::told(match &all[..] {
                [] => format!("{name} has no series yet"),
                [one] if one.labels().next().is_none() => format!(
                    "{name} has no series with these labels; it has one series, without labels: \
                     leave out --labels"
                ),
                all => format!("{name} has no series with these labels; there are {}", list(all)),
            }));
        }
        several => {
            let (count, list) = (several.len(), list(several));
            return Err(Failure::told(format!(
                "{name} has {count} series: choose one with --labels, of {list}"
            )));
        }
    };
    let Value::Histogram(histogram) = one.value() else {
        return Err(Failure::told(format!("{name} is not a histogram")));
    };
    let text = label_text(*one);
    let title = if text.is_empty() { name.to_owned() } else { format!("{name}{{{text}}}") };
    let (help, unit, hdr) = (family.help(), family.unit(), histogram.to_hdr());
    Ok(Chosen { title, help, unit, histogram, hdr })
}

/// Lists possible names: similar ones, or else all histograms.
fn no_such_name(snapshot: &Snapshot, name: &str) -> String {
    let histograms = snapshot.families().filter(|family| family.kind() == Kind::Histogram);
    let names: Vec<&str> = histograms.map(|family| family.name()).collect();
    if names.is_empty() {
        return format!("there is no {name}, nor any other histogram");
    }
    let likeness = |other: &str| {
        // Many names have two given letters.
        if name.len() > 2 && (other.contains(name) || name.contains(other)) {
            return 1.0;
        }
        strsim::jaro_winkler(name, other)
    };
    let mut alike: Vec<_> =
        names.iter().map(|other| (likeness(other), *other)).filter(|it| it.0 >= ALIKE).collect();
    alike.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    let alike: Vec<&str> = alike.into_iter().map(|(_, name)| name).collect();
    if alike.is_empty() {
        return format!("there is no {name}; there are {}", some(&names, names.len()));
    }
    let alike = &alike[..alike.len().min(3)];
    format!("there is no {name}: do you mean {}?", some(alike, alike.len()))
}

fn list(series: &[Series<'_>]) -> String {
    let texts: Vec<String> =
        series.iter().take(LISTED).map(|series| labels::text(series.labels())).collect();
    some(&texts, series.len())
}

/// The first of `count`.
fn some<T: AsRef<str>>(all: &[T], count: usize) -> String {
    let shown: Vec<&str> = all.iter().take(LISTED).map(AsRef::as_ref).collect();
    let more = count - shown.len();
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{rest}", shown.join(" "))
}
