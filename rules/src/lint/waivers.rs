//! Findings that are allowed, and waivers that allow nothing.

use super::check::Check;
use super::similar::nearest;
use crate::file::{self, File, Waiver};
use crate::place::{Place, Source};
use crate::report::Finding;
use std::collections::HashMap;
use std::sync::Arc;

/// The findings that no waiver covers, and those about waivers. What can't be read is not waived.
pub(super) fn apply(files: &[File], mut findings: Vec<Finding>) -> Vec<Finding> {
    let mut groups: HashMap<(*const Source, &str), Group<'_>> = HashMap::new();
    for file in files {
        for waiver in file.waivers() {
            let key = (Arc::as_ptr(file.source()), waiver.check.as_str());
            groups.entry(key).or_insert_with(|| Group::of(file)).add(waiver);
        }
    }
    groups.values_mut().for_each(Group::sort);
    findings.sort_by_key(|finding| finding.place);
    let mut left = Vec::with_capacity(findings.len());
    for finding in findings {
        let group = groups.get_mut(&(Arc::as_ptr(&finding.source), finding.check.id));
        let is_covered =
            !file::is_unreadable(&finding) && group.is_some_and(|group| group.cover(finding.place));
        if !is_covered {
            left.push(finding);
        }
    }
    left.extend(groups.values().flat_map(Group::useless));
    left
}

/// The waivers of one check in one file. Findings come to it by their place.
struct Group<'a> {
    file: &'a File,
    /// By where they begin.
    scopes: Vec<Scope<'a>>,
    /// The first scope that has not begun.
    next: usize,
    /// Those that have begun and not ended. Scopes lie within each other, so they are few.
    open: Vec<usize>,
}

/// What waivers cover.
struct Scope<'a> {
    place: Place,
    waivers: Vec<&'a Waiver>,
    is_used: bool,
}

impl<'a> Group<'a> {
    fn of(file: &'a File) -> Self {
        Self { file, scopes: Vec::new(), next: 0, open: Vec::new() }
    }

    fn add(&mut self, waiver: &'a Waiver) {
        self.scopes.push(Scope { place: waiver.scope, waivers: vec![waiver], is_used: false });
    }

    fn sort(&mut self) {
        self.scopes.sort_by_key(|scope| scope.place);
        self.scopes.dedup_by(|later, kept| {
            let same = later.place == kept.place;
            if same {
                kept.waivers.append(&mut later.waivers);
            }
            same
        });
    }

    /// Whether a waiver covers a place. All that do are used.
    fn cover(&mut self, place: Place) -> bool {
        while self.scopes.get(self.next).is_some_and(|scope| scope.place.start <= place.start) {
            self.open.push(self.next);
            self.next += 1;
        }
        let Self { scopes, open, .. } = self;
        let mut is_covered = false;
        open.retain(|at| {
            let Some(scope) = scopes.get_mut(*at) else { return false };
            if scope.place.contains(place) {
                (scope.is_used, is_covered) = (true, true);
            }
            scope.place.end >= place.start
        });
        is_covered
    }

    /// The findings about waivers that cover nothing.
    fn useless(&self) -> impl Iterator<Item = Finding> {
        let unused = self.scopes.iter().filter(|scope| !scope.is_used);
        unused.flat_map(|scope| &scope.waivers).map(|waiver| useless(self.file, waiver))
    }
}

fn useless(file: &File, waiver: &Waiver) -> Finding {
    let ids = || {
        let checks = Check::ALL.iter().map(|check| check.id());
        checks.chain(file::CHECKS.iter().map(|check| check.id))
    };
    let name = &waiver.check;
    let (place, message) = if ids().any(|id| id == name) {
        (waiver.place, format!("the check {name} finds nothing here"))
    } else {
        (waiver.check_place, format!("there is no check {name}"))
    };
    let mut finding = Check::UselessWaiver.finding(file.source(), place, message);
    if !ids().any(|id| id == name) {
        let near = nearest(name, ids());
        finding.instead = near.map(|id| format!("write {id}"));
    }
    finding
}
