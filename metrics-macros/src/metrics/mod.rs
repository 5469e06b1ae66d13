//! `#[derive(Metrics)]`: attributes are read, checked against each other, and expanded.

mod check;
mod declared;
mod doc;
mod expand;
mod read;
mod unit;

use crate::arguments::Constant;
use crate::errors::Errors;
use crate::root::Root;
use declared::Declared;
use proc_macro2::TokenStream;
use syn::{DeriveInput, Ident, Type};

/// A struct of metrics whose attributes are valid.
struct Metrics {
    prefix: String,
    constants: Vec<Constant>,
    fields: Vec<Field>,
}

struct Field {
    ident: Ident,
    ty: Type,
    content: Content,
    /// Labels of this field alone, behind those of the struct.
    constants: Vec<Constant>,
}

enum Content {
    /// A struct of metrics.
    Flattened,
    Metric(Box<Metric>),
}

/// The parts of a metric's description.
struct Metric {
    help: String,
    /// The exact name, if one is given.
    name: Option<String>,
    unit: String,
    scale: Option<f64>,
    sigfigs: Option<u8>,
    /// In recorded units, as the buckets are.
    max: Option<u64>,
    buckets: Option<Vec<u64>>,
    /// The schema of native buckets.
    native: Option<i8>,
    /// Quantiles of the last interval.
    quantiles: Option<Vec<f64>>,
    /// Whether the extremes of the last interval are exposed.
    extremes: bool,
    /// Whether the hook is asked for the traces of recorded values.
    exemplars: bool,
    /// In milliseconds.
    exemplar_period: Option<u32>,
    declared: Declared,
}

pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let mut errors = Errors::default();
    let root = Root::of(&input.attrs, "metrics");
    let metrics = read::read(input, &mut errors).map(|raw| check::check(raw, &mut errors));
    match metrics {
        Some(metrics) if errors.is_empty() => expand::expand(&root, input, &metrics),
        _ => {
            let mut tokens = errors.into_tokens();
            tokens.extend(expand::fallback(&root, input));
            tokens
        }
    }
}
