//! Findings that are allowed, and waivers that allow nothing.

use super::check::Check;
use super::metrics::nearest;
use crate::file::{self, File, Waiver};
use crate::report::Finding;
use std::sync::Arc;

/// The findings that no waiver covers, and those about waivers. What can't be read is not waived.
pub(super) fn apply(files: &[File], findings: Vec<Finding>) -> Vec<Finding> {
    let waivers: Vec<(&File, &Waiver)> =
        files.iter().flat_map(|file| file.waivers().iter().map(move |it| (file, it))).collect();
    let mut used = vec![false; waivers.len()];
    let mut left: Vec<Finding> = findings
        .into_iter()
        .filter(|finding| {
            let covers = |(file, waiver): &(&File, &Waiver)| {
                Arc::ptr_eq(file.source(), &finding.source)
                    && waiver.check == finding.check.id
                    && waiver.covers(finding.place)
            };
            let mut covered = false;
            if !file::is_unreadable(finding) {
                for (index, _) in waivers.iter().enumerate().filter(|(_, it)| covers(it)) {
                    (used[index], covered) = (true, true);
                }
            }
            !covered
        })
        .collect();
    for ((file, waiver), used) in waivers.into_iter().zip(used) {
        left.extend((!used).then(|| useless(file, waiver)));
    }
    left
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
        let near = nearest(name, ids().map(str::to_owned));
        finding.instead = near.map(|id| format!("write {id}"));
    }
    finding
}
