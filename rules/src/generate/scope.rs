//! The series that rules select, and the labels that they keep.

use super::Generator;
use crate::catalogue::{Catalogue, Family, Kind};
use crate::query::{Selector, duration, label_names, sum};
use std::collections::BTreeMap;

/// A service, and how its rules select series.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) service: &'a str,
    pub(super) catalogue: &'a Catalogue,
    pub(super) generator: &'a Generator,
}

/// The events of a counter, or the values of a histogram.
pub(super) struct Events {
    selector: Selector,
    is_native: bool,
}

impl Scope<'_> {
    /// The labels that all selected series of a family have with these values.
    pub(super) fn fixed(
        self,
        family: &Family,
        matchers: &BTreeMap<String, String>,
    ) -> BTreeMap<String, String> {
        let mut fixed = self.generator.selector.clone();
        let own = matchers.iter().filter(|(label, _)| family.label(label).is_some());
        fixed.extend(own.map(|(label, value)| (label.clone(), value.clone())));
        fixed
    }

    /// The series of a family with this suffix.
    pub(super) fn select(
        self,
        family: &Family,
        suffix: &str,
        matchers: &BTreeMap<String, String>,
    ) -> Selector {
        let selector = Selector::new(format!("{}{suffix}", family.name));
        let fixed = self.fixed(family, matchers);
        fixed.into_iter().fold(selector, |selector, (label, value)| selector.equal(&label, value))
    }

    /// The series whose presence shows that a family is there.
    pub(super) fn present(self, family: &Family, matchers: &BTreeMap<String, String>) -> Selector {
        let suffix = if family.kind == Kind::Histogram && !self.generator.is_native(family) {
            "_count"
        } else {
            ""
        };
        self.select(family, suffix, matchers)
    }

    pub(super) fn events(self, family: &Family, matchers: &BTreeMap<String, String>) -> Events {
        let is_native = family.kind == Kind::Histogram && self.generator.is_native(family);
        Events { selector: self.present(family, matchers), is_native }
    }

    /// The sum for each combination of the labels that are kept.
    pub(super) fn sum(self, what: &str) -> String {
        sum(&self.generator.by, what)
    }
}

impl Events {
    /// Of the series that also fulfil this.
    pub(super) fn among(self, narrow: impl FnOnce(Selector) -> Selector) -> Self {
        Self { selector: narrow(self.selector), ..self }
    }

    /// The events a second.
    pub(super) fn rate(&self, seconds: u64) -> String {
        self.counted(&self.selector.rate(&duration(seconds)))
    }

    /// The events in this time.
    pub(super) fn increase(&self, seconds: u64) -> String {
        self.counted(&format!("increase({}[{}])", self.selector, duration(seconds)))
    }

    /// The events of series that did not exist this long ago: all of them have happened since.
    pub(super) fn first(&self, seconds: u64) -> String {
        let Self { selector, .. } = self;
        let born = format!("{selector} unless {selector} offset {}", duration(seconds));
        if self.is_native { self.counted(&born) } else { format!("({born})") }
    }

    fn counted(&self, what: &str) -> String {
        if self.is_native { format!("histogram_count({what})") } else { what.to_owned() }
    }
}

/// A sum over a family's own labels, except for those that are looked at apart.
pub(super) fn sum_without(families: &[&Family], by: &[String], what: &str) -> String {
    let mut dropped: Vec<&str> = Vec::new();
    for label in families.iter().flat_map(|family| &family.labels) {
        if !by.contains(&label.name) && !dropped.contains(&label.name.as_str()) {
            dropped.push(&label.name);
        }
    }
    if dropped.is_empty() {
        what.to_owned()
    } else {
        format!("sum without ({}) ({what})", label_names(dropped))
    }
}

/// A part by the whole. If the part may have no series yet, it is 0 then.
pub(super) fn share(part: &str, whole: &str, may_lack: bool) -> String {
    if may_lack {
        format!("(\n  {part}\n  or\n  0 * {whole}\n)\n/\n{whole}")
    } else {
        format!("{part}\n/\n{whole}")
    }
}
