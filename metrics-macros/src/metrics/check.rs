//! Checks of attributes against each other.

use super::declared::Declared;
use super::read::{self, Attributes};
use super::{Content, Field, Metric, Metrics, declared, unit};
use crate::errors::Errors;
use crate::names;
use crate::quantity::{DEFAULT_MAX, Units};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{GenericArgument, Ident, Lit, LitStr, PathArguments, Type};

/// The kinds of metric, by the last segment of their path. For another type, such as an alias, the
/// compiler checks later whether it is a metric.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Counter,
    UpDownCounter,
    Gauge,
    Histogram,
}

impl Kind {
    pub(super) fn of(ty: &Type) -> Option<Self> {
        let Type::Path(path) = ty else { return None };
        match path.path.segments.last()?.ident.to_string().as_str() {
            "Counter" => Some(Self::Counter),
            "UpDownCounter" => Some(Self::UpDownCounter),
            "Gauge" => Some(Self::Gauge),
            "Histogram" => Some(Self::Histogram),
            _ => None,
        }
    }
}

/// A metric's name and the labels of its field.
type Series = (String, Vec<(String, String)>);

pub(super) fn check(raw: read::Struct, errors: &mut Errors) -> Metrics {
    let prefix = raw.prefix.as_ref().map(LitStr::value);
    if let Some(Err(reason)) = prefix.as_deref().map(names::metric) {
        let prefix = prefix.as_deref().unwrap_or_default();
        let prefix = prefix.escape_debug();
        errors.at(&raw.prefix, format!("`{prefix}` can't be a prefix: {reason}"));
    } else if let Some(Err(reason)) = prefix.as_deref().map(names::part) {
        let prefix = prefix.as_deref().unwrap_or_default();
        errors.at(&raw.prefix, format!("`{prefix}` can't be a prefix: {reason}"));
    }
    let mut fields: Vec<Field> = raw.fields.iter().map(|raw| field(raw, errors)).collect();
    declared::check::check(&mut fields, &raw.fields, errors);
    let mut taken: Vec<(Series, &Ident)> = Vec::new();
    for (field, raw_field) in fields.iter().zip(&raw.fields) {
        for (name, _) in &raw_field.attributes.constants {
            if raw.constants.iter().any(|(other, _)| other == name) {
                let text = name.unraw();
                errors.at(name, format!("the label `{text}` exists already, for all fields"));
            }
        }
        let Content::Metric(metric) = &field.content else { continue };
        let Some(name) = final_name(metric, raw_field) else { continue };
        // Several metrics of one name are one family, if their labels differ.
        let labels =
            field.constants.iter().map(|(name, value)| (name.to_string(), value.value())).collect();
        let name = (name, labels);
        if let Some((_, other)) = taken.iter().find(|(other, _)| *other == name) {
            let message = format!("`{}` has the same name as `{other}`", field.ident);
            match &raw_field.attributes.name {
                Some(given) => errors.at(given, message),
                None => errors.at(&field.ident, message),
            }
        }
        taken.push((name, raw_field.ident));
    }
    Metrics { prefix: prefix.unwrap_or_default(), constants: raw.constants, fields }
}

/// The part of the metric's name that distinguishes it from the other fields: an exact name, or the
/// part after the prefix. A `.`, which neither may have, separates the two kinds, since the prefix
/// of the surrounding structs is unknown here.
fn final_name(metric: &Metric, raw: &read::Field) -> Option<String> {
    if let Some(name) = &metric.name {
        return Some(name.clone());
    }
    let total = if Kind::of(raw.ty)? == Kind::Counter { "_total" } else { "" };
    let name = format!("._{}", raw.ident.unraw());
    let stem = name.strip_suffix(total).unwrap_or(&name);
    let unit = match metric.unit.as_str() {
        "" => String::new(),
        unit => format!("_{unit}"),
    };
    Some(format!("{}{unit}{total}", stem.strip_suffix(&unit).unwrap_or(stem)))
}

fn field(raw: &read::Field, errors: &mut Errors) -> Field {
    let content = if raw.attributes.key("flatten").is_some() {
        for other in raw.attributes.keys.iter().filter(|key| *key != "flatten" && *key != "labels")
        {
            errors.at(other, "a flattened struct has no name or settings of its own");
        }
        Content::Flattened
    } else {
        Content::Metric(Box::new(metric(raw, errors)))
    };
    let mut constants = raw.attributes.constants.clone();
    // In one order, so that two fields of one family agree.
    constants.sort_by_key(|(name, _)| name.to_string());
    Field { ident: raw.ident.clone(), ty: raw.ty.clone(), content, constants }
}

fn metric(raw: &read::Field, errors: &mut Errors) -> Metric {
    let read::Field { ident, attributes, help, .. } = raw;
    match help {
        Ok(help) if help.is_empty() => errors.at(
            ident,
            format!("metric `{ident}` has no help text: write a doc comment (`/// ...`) above it"),
        ),
        Ok(_) => {}
        Err(value) => errors.at(
            value,
            format!(
                "the help text of `{ident}` must be known to the macro, which can't evaluate \
                 this: write the text itself (`/// ...`)"
            ),
        ),
    }
    let name = attributes.name.as_ref().map(LitStr::value);
    let field = ident.unraw().to_string();
    if let Err(reason) = names::metric(name.as_ref().unwrap_or(&field)) {
        match &attributes.name {
            Some(name) => {
                let text = name.value();
                let text = text.escape_debug();
                errors.at(name, format!("`{text}` can't name a metric: {reason}"));
            }
            None => errors.at(
                ident,
                format!("`{field}` can't name a metric: {reason}; give it a `name = \"...\"`"),
            ),
        }
    }
    kind(Kind::of(raw.ty), attributes, errors);
    labels(raw.ty, errors);
    let unit = unit::unit(attributes, errors);
    let scale = unit::scale(Kind::of(raw.ty), attributes, &unit, errors);
    unit::in_name(raw, &unit, errors);
    let units = Units::new(&unit, scale);
    let max = attributes.max.as_ref().and_then(|max| maximum(max, units, errors));
    let sigfigs = attributes.sigfigs.as_ref().and_then(|digits| sigfigs(digits, errors));
    Metric {
        help: help.clone().unwrap_or_default(),
        name,
        native: attributes.native.as_ref().and_then(|schema| match schema {
            read::Native::Schema(schema) => native(schema, sigfigs, errors),
            read::Native::Usual => Some(finest_schema(sigfigs).min(DEFAULT_SCHEMA)),
        }),
        sigfigs,
        buckets: attributes.buckets.as_ref().map(|edges| buckets(edges, units, max, errors)),
        quantiles: attributes.quantiles.as_ref().map(|all| quantiles(all, errors)),
        extremes: attributes.key("extremes").is_some(),
        exemplars: attributes.key("exemplars").is_some(),
        exemplar_period: attributes.exemplar_period.as_ref().and_then(|it| period(it, errors)),
        max,
        unit,
        scale,
        declared: Declared::default(),
    }
}

/// Reports a tuple of too many labels, or of one type twice, which would have one name twice. For
/// aliases and other types with the same name, the compiler reports it when it makes the tuple's
/// series.
fn labels(ty: &Type, errors: &mut Errors) {
    let Type::Path(path) = ty else { return };
    let Some(PathArguments::AngleBracketed(of)) =
        path.path.segments.last().map(|last| &last.arguments)
    else {
        return;
    };
    let Some(GenericArgument::Type(Type::Tuple(tuple))) = of.args.first() else { return };
    if tuple.elems.len() > 4 {
        errors.at(
            tuple,
            "a tuple has four labels at most: make a struct with `#[derive(Labels)]`, whose fields \
             name them",
        );
        return;
    }
    let types: Vec<String> =
        tuple.elems.iter().map(|label| label.to_token_stream().to_string()).collect();
    for (at, label) in tuple.elems.iter().enumerate() {
        if types[..at].contains(&types[at]) {
            errors.at(
                label,
                "this label appears twice, under one name: make a struct with \
                 `#[derive(Labels)]`, whose fields name them",
            );
        }
    }
}

/// Reports settings that the metric's kind does not have.
fn kind(kind: Option<Kind>, attributes: &Attributes, errors: &mut Errors) {
    let Some(kind) = kind else { return };
    if kind != Kind::Histogram {
        let settings = [
            "sigfigs",
            "max",
            "buckets",
            "native",
            "quantiles",
            "extremes",
            "exemplars",
            "exemplar_period",
        ];
        for key in settings.iter().filter_map(|setting| attributes.key(setting)) {
            errors.at(key, format!("`{key}` is a setting of histograms"));
        }
    }
    let refused = match kind {
        Kind::Counter | Kind::Histogram => None,
        Kind::Gauge => Some("a gauge is set in exported units: it needs no `scale`"),
        Kind::UpDownCounter => Some("an up-down counter counts whole things: it has no `scale`"),
    };
    if let (Some(key), Some(reason)) = (attributes.key("scale"), refused) {
        errors.at(key, reason);
    }
}

fn sigfigs(literal: &Lit, errors: &mut Errors) -> Option<u8> {
    let digits = match literal {
        Lit::Int(number) => number.base10_parse().ok().filter(|digits| (1..=3).contains(digits)),
        _ => None,
    };
    if digits.is_none() {
        errors.at(literal, "`sigfigs` is 1, 2 or 3");
    }
    digits
}

/// The schema of `native` without a value, if there are enough digits for it.
const DEFAULT_SCHEMA: i8 = 3;

/// The finest schema whose buckets are eight cells wide: registration accepts the same
/// (`tickmetrics::Description::native`).
fn finest_schema(sigfigs: Option<u8>) -> i8 {
    match sigfigs.unwrap_or(2) {
        1 => 1,
        2 => 4,
        _ => 7,
    }
}

fn native(literal: &Lit, sigfigs: Option<u8>, errors: &mut Errors) -> Option<i8> {
    let finest = finest_schema(sigfigs);
    let schema = match literal {
        Lit::Int(number) => number.base10_parse().ok().filter(|it| (-4..=finest).contains(it)),
        _ => None,
    };
    if schema.is_none() {
        let digits = sigfigs.unwrap_or(2);
        let what = format!("`native` is -4 to {finest} where `sigfigs` is {digits}");
        errors.at(literal, what);
    }
    schema
}

fn quantiles(literals: &[Lit], errors: &mut Errors) -> Vec<f64> {
    let mut quantiles: Vec<f64> = Vec::new();
    for literal in literals {
        let quantile = number(literal).filter(|quantile| (0.0..=1.0).contains(quantile));
        match quantile {
            Some(quantile) if quantiles.last().is_none_or(|&last| last < quantile) => {
                quantiles.push(quantile);
            }
            Some(_) => errors.at(literal, "`quantiles` must rise"),
            None => errors.at(literal, "a quantile is a number from 0 to 1, such as 0.99"),
        }
    }
    quantiles
}

/// Milliseconds, from a time or a number of them. They must be a whole number.
fn period(literal: &Lit, errors: &mut Errors) -> Option<u32> {
    const MILLISECOND: u64 = 1_000_000;
    let nanoseconds = errors.keep(Units::Time(MILLISECOND).recorded(literal))?;
    let whole = nanoseconds.is_multiple_of(MILLISECOND).then_some(nanoseconds / MILLISECOND);
    let period = whole.and_then(|milliseconds| u32::try_from(milliseconds).ok());
    if period.is_none() {
        let message = "`exemplar_period` is a whole number of milliseconds, or a time as \"15s\", up \
                       to 49 days";
        errors.at(literal, message);
    }
    period
}

pub(super) fn number(literal: &Lit) -> Option<f64> {
    match literal {
        Lit::Float(number) => number.base10_parse().ok(),
        Lit::Int(number) => number.base10_parse().ok(),
        _ => None,
    }
}

fn maximum(literal: &Lit, units: Units, errors: &mut Errors) -> Option<u64> {
    let max = errors.keep(units.recorded(literal))?;
    if max < 2 {
        errors.at(literal, "`max` must be 2 or more recorded units");
    }
    Some(max)
}

fn buckets(edges: &[Lit], units: Units, max: Option<u64>, errors: &mut Errors) -> Vec<u64> {
    let (limit, what) = match max {
        Some(max) => (max, "`max`"),
        None => (DEFAULT_MAX, "the default `max` of an hour of nanoseconds"),
    };
    let mut rising: Vec<u64> = Vec::new();
    for literal in edges {
        let Some(edge) = errors.keep(units.recorded(literal)) else { continue };
        if rising.last().is_some_and(|last| edge <= *last) {
            errors.at(literal, "buckets must rise");
        } else if edge > limit {
            errors.at(literal, format!("this bucket is above {what}"));
        }
        rising.push(edge);
    }
    rising
}
