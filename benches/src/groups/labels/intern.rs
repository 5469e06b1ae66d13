//! Finding the number of a known string.

use super::orders::{Symbol, orders};
use crate::candidate::{Candidate, batch, kept};
use crate::groups::inputs::INPUTS;
use crate::groups::names::OURS;
use std::collections::HashMap;
use std::sync::RwLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use tickmetrics::LabelId;

/// Counts the look-ups that find their name, so that each result is used. All names are known, so
/// this is the count of turns.
fn lookup(name: &str, find: impl Fn(&str) -> bool + Send + Sync + 'static) -> Candidate {
    let (known, orders) = (kept(AtomicU64::new(0)), orders());
    Candidate::batched(
        name,
        move |n| {
            let mut found = 0;
            batch(n, |turn| {
                found += u64::from(find(orders[turn % INPUTS].name));
            });
            known.fetch_add(found, Relaxed);
        },
        || known.load(Relaxed),
    )
}

pub(super) fn all() -> Vec<Candidate> {
    let names = || orders().iter().enumerate().map(|(at, order)| (order.name, at));
    let std: HashMap<&'static str, usize> = names().collect();
    let locked: RwLock<HashMap<&'static str, usize>> = RwLock::new(names().collect());
    vec![
        lookup(OURS, |name| Symbol::intern(name).0 != LabelId::OTHER),
        lookup("std HashMap, owned", move |name| std.contains_key(name)),
        lookup("std HashMap in an RwLock", move |name| {
            locked.read().is_ok_and(|map| map.contains_key(name))
        }),
    ]
}
