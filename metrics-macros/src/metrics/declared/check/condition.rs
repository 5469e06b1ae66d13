//! Conditions of alerts: some can never hold, or always do.

use super::edges::Edges;
use super::{Of, number};
use crate::errors::Errors;
use crate::metrics::declared::Condition;
use crate::metrics::declared::read::{self, key};
use crate::quantity::Units;
use syn::{Ident, Lit};

/// What is compared.
#[derive(Clone, Copy)]
pub(super) enum Form {
    /// A value, which may be a whole number always.
    Value {
        is_whole: bool,
    },
    Rate,
    Quantile,
    Share,
}

pub(super) fn condition(
    raw: &read::Alert,
    of: &Of,
    form: Form,
    errors: &mut Errors,
) -> Option<Condition> {
    let keys = ["above", "below", "equals"];
    let (key, literal) = match raw.thresholds.as_slice() {
        [(key, literal)] => (key, literal),
        [_, (second, _), ..] => {
            errors.at(second, "an alert has one condition: declare another alert for this one");
            return None;
        }
        [] => {
            if keys.iter().all(|name| key(&raw.keys, name).is_none()) {
                let message = "an alert needs a condition: `above = ...`, `below = ...` or \
                               `equals = ...`";
                errors.at(&raw.key, message);
            }
            return None;
        }
    };
    let variant = match key.to_string().as_str() {
        "above" => "Above",
        "below" => "Below",
        _ => "Equals",
    };
    let threshold = match form {
        Form::Value { is_whole } => value(literal, of.units(), errors)
            .filter(|value| check_value(*value, is_whole, variant, literal, errors)),
        Form::Rate => rate(literal, variant, errors),
        Form::Quantile => quantile(key, literal, variant, of, errors),
        Form::Share => share(literal, variant, errors),
    }?;
    Some(Condition { variant, threshold })
}

fn value(literal: &Lit, units: Units, errors: &mut Errors) -> Option<f64> {
    if let Lit::Str(_) = literal {
        return errors.keep(units.recorded(literal)).map(|recorded| units.exported(recorded));
    }
    let value = number(literal);
    if value.is_none() {
        errors.at(literal, "the threshold is a number in the metric's unit");
    }
    value
}

fn check_value(
    value: f64,
    is_whole: bool,
    variant: &str,
    literal: &Lit,
    errors: &mut Errors,
) -> bool {
    let can_hold = !is_whole || variant != "Equals" || value.fract() == 0.0;
    if !can_hold {
        errors.at(literal, "this can never hold: an up-down counter counts whole things");
    }
    can_hold
}

fn rate(literal: &Lit, variant: &str, errors: &mut Errors) -> Option<f64> {
    let Some(rate) = number(literal) else {
        errors.at(literal, "the threshold is a number of events a second");
        return None;
    };
    let fault = match variant {
        "Above" if rate < 0.0 => "this always holds: there are no fewer than 0 events a second",
        "Below" if rate <= 0.0 => "this can never hold: there are no fewer than 0 events a second",
        "Equals" if rate < 0.0 => "this can never hold: there are no fewer than 0 events a second",
        "Equals" if rate > 0.0 => {
            "events a second are hardly ever exactly this number: write `above` or `below`"
        }
        _ => return Some(rate),
    };
    errors.at(literal, fault);
    None
}

fn share(literal: &Lit, variant: &str, errors: &mut Errors) -> Option<f64> {
    let Some(share) = number(literal).filter(|share| (0.0..=1.0).contains(share)) else {
        errors.at(literal, "a share is a number from 0 to 1: 0.05 for 5 %");
        return None;
    };
    let fault = match variant {
        "Above" if share == 1.0 => "this can never hold: no share is more than 1",
        "Below" if share == 0.0 => "this can never hold: no share is less than 0",
        "Equals" if share > 0.0 && share < 1.0 => {
            "a share is hardly ever exactly this number: write `above` or `below`"
        }
        _ => return Some(share),
    };
    errors.at(literal, fault);
    None
}

fn quantile(
    key: &Ident,
    literal: &Lit,
    variant: &str,
    of: &Of,
    errors: &mut Errors,
) -> Option<f64> {
    if variant == "Equals" {
        errors.at(
            key,
            "a quantile is estimated, so it hardly ever equals a number: write `above` or `below`",
        );
        return None;
    }
    let (edges, units) = (Edges::of(of), of.units());
    let bound = edges.bound(literal, errors)?;
    if variant == "Above" && edges.top() == Some(bound) {
        errors.at(
            literal,
            format!(
                "this can never hold: {} is the last bucket edge, and Prometheus takes it for all \
                 larger values. Choose a smaller one, or add a larger edge to `buckets`",
                units.text(bound)
            ),
        );
        return None;
    }
    Some(units.exported(bound))
}
