//! The symbols that are a label of each series.

use std::sync::OnceLock;
use tickmetrics::prelude::*;

/// The names of half as many symbols as series: each has two sides.
pub(crate) fn symbols(series: usize) -> impl Iterator<Item = &'static str> {
    static NAMES: OnceLock<Vec<String>> = OnceLock::new();
    let names = NAMES.get_or_init(|| (0..50_000).map(|at| format!("COIN{at:05}USDT")).collect());
    names[..series / 2].iter().map(String::as_str)
}

/// Symbols that are interned, in a table for as many as there are series.
#[derive(Clone, Copy, Label)]
#[label(rename = "symbol", capacity = 500)]
pub(super) struct Symbol500(LabelId);

/// The same for more of them.
#[derive(Clone, Copy, Label)]
#[label(rename = "symbol", capacity = 5_000)]
pub(super) struct Symbol5000(LabelId);

/// The same for the most.
#[derive(Clone, Copy, Label)]
#[label(rename = "symbol", capacity = 50_000)]
pub(super) struct Symbol50000(LabelId);
