//! The names that a registry's metrics are exposed under, so that none belongs to two of them.

use super::description::Description;
use crate::names::Escaping;
use std::collections::HashMap;

/// For each exposed name its metrics, and the escapings for each.
///
/// There is one metric for each escaping: a name that needs none is the same under all of them.
#[derive(Default)]
pub(super) struct Exposed(HashMap<String, Vec<(Escapings, String)>>);

/// A bit for each escaping.
type Escapings = u8;

impl Exposed {
    pub(super) fn add(&mut self, metric: &Description) {
        for (name, escapings) in names(metric) {
            let owners = self.0.entry(name).or_default();
            if !owners.iter().any(|(known, _)| known & escapings != 0) {
                owners.push((escapings, metric.name.clone()));
            }
        }
    }

    /// Forgets the last metric of a name.
    pub(super) fn remove(&mut self, metric: &Description) {
        for (name, _) in names(metric) {
            if let Some(owners) = self.0.get_mut(&name) {
                owners.retain(|(_, owner)| *owner != metric.name);
                if owners.is_empty() {
                    self.0.remove(&name);
                }
            }
        }
    }

    /// Another metric that would be exposed under a name of this one, and the reason.
    pub(super) fn find(&self, metric: &Description) -> Option<(&str, String)> {
        names(metric).find_map(|(name, escapings)| {
            let owners = self.0.get(&name)?.iter();
            let mut others = owners.filter(|(_, owner)| *owner != metric.name);
            let (known, owner) = others.find(|(known, _)| known & escapings != 0)?;
            let both = known & escapings;
            let mut reason = format!("both would be exposed as {name:?}");
            if let Some(escaping) = escapings_of(both).next()
                && both & of(Escaping::AllowUtf8) == 0
            {
                reason = format!(
                    "{reason} to scrapers that do not take all names (escaping {:?})",
                    escaping.name()
                );
            }
            reason.push_str(": give one of them another name");
            Some((&**owner, reason))
        })
    }
}

fn of(escaping: Escaping) -> Escapings {
    1 << escaping as u8
}

fn escapings_of(bits: Escapings) -> impl Iterator<Item = Escaping> {
    Escaping::ALL.into_iter().filter(move |&escaping| bits & of(escaping) != 0)
}

/// The names of a metric's series under each escaping.
fn names(metric: &Description) -> impl Iterator<Item = (String, Escapings)> {
    let all = Escaping::ALL.map(of).into_iter().sum();
    let stems: Vec<_> = if Escaping::is_legacy_metric(&metric.name) {
        vec![(metric.name.clone(), all)]
    } else {
        let escaped = |escaping: Escaping| escaping.metric(&metric.name).into_owned();
        Escaping::ALL.into_iter().map(|escaping| (escaped(escaping), of(escaping))).collect()
    };
    let exposures = metric.exposures();
    exposures.flat_map(move |series| {
        let name =
            |(stem, escapings): &(String, _)| (format!("{stem}{}", series.suffix), *escapings);
        stems.iter().map(name).collect::<Vec<_>>()
    })
}
