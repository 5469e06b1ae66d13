//! Checks of declarations against the metric, and against the other fields.

mod alert;
mod condition;
mod edges;
mod objective;
mod panel;
mod text;

use super::{Declared, ObjectiveName, Sibling};
use crate::errors::Errors;
use crate::metrics::check::Kind;
use crate::metrics::read::Field as Raw;
use crate::metrics::{Content, Field, Metric};
use crate::names;
use crate::quantity::Units;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{Ident, Lit, LitStr};

/// A field that is a metric, among the others.
struct Of<'a> {
    raw: &'a Raw<'a>,
    fields: &'a [Raw<'a>],
    metric: &'a Metric,
    kind: Kind,
}

/// The names of a struct's declarations.
#[derive(Default)]
struct Names {
    objectives: Vec<ObjectiveName>,
    alerts: Vec<String>,
}

/// Checks the declarations of all fields, and adds them to the metrics.
pub(in crate::metrics) fn check(fields: &mut [Field], raw: &[Raw], errors: &mut Errors) {
    let mut names = Names::default();
    for (field, raw_field) in fields.iter_mut().zip(raw) {
        if let Content::Metric(metric) = &mut field.content {
            metric.declared = declared(raw_field, metric, raw, &mut names, errors);
        }
    }
}

fn declared(
    raw: &Raw,
    metric: &Metric,
    fields: &[Raw],
    names: &mut Names,
    errors: &mut Errors,
) -> Declared {
    let mut declared = Declared::default();
    let declarations = &raw.attributes.declarations;
    declared.panel = declarations.panel.as_ref().map(|it| panel::panel(it, errors));
    let Some(kind) = Kind::of(raw.ty) else {
        let keys = declarations.objectives.iter().map(|it| &it.key);
        for key in keys.chain(declarations.alerts.iter().map(|it| &it.key)) {
            errors.at(
                key,
                format!(
                    "`{key}` is checked against the kind of metric, which the macro can't see \
                     behind another name: write the type as `Counter`, `UpDownCounter`, `Gauge` or \
                     `Histogram`"
                ),
            );
        }
        return declared;
    };
    let of = Of { raw, fields, metric, kind };
    for raw in &declarations.objectives {
        let Some(objective) = objective::objective(raw, &of, errors) else { continue };
        if names.objectives.contains(&objective.name) {
            let message = "another objective has the same name: give one of them its own \
                           `name = \"...\"`";
            at_name(raw.name.as_ref(), &raw.key, message, errors);
        }
        names.objectives.push(objective.name.clone());
        declared.objectives.push(objective);
    }
    for raw in &declarations.alerts {
        let Some(alert) = alert::alert(raw, &of, errors) else { continue };
        if names.alerts.contains(&alert.name) {
            let message = format!("another alert is called `{}` already", alert.name);
            at_name(raw.name.as_ref(), &raw.key, &message, errors);
        }
        names.alerts.push(alert.name.clone());
        declared.alerts.push(alert);
    }
    declared
}

fn at_name(name: Option<&LitStr>, key: &Ident, message: &str, errors: &mut Errors) {
    let tokens = name.map_or_else(|| key.to_token_stream(), ToTokens::to_token_stream);
    errors.at(tokens, message);
}

impl Of<'_> {
    fn units(&self) -> Units {
        Units::new(&self.metric.unit, self.metric.scale)
    }

    /// The counter of a sibling field that counts all events.
    fn sibling(&self, name: &Ident, errors: &mut Errors) -> Option<Sibling> {
        let own = self.raw.ident;
        let Some(other) = self.fields.iter().find(|field| field.ident == name) else {
            errors
                .at(name, format!("there is no field `{name}` in this struct{}", self.near(name)));
            return None;
        };
        if name == own {
            errors.at(name, format!("`{name}` is this counter itself: name that of all events"));
            return None;
        }
        if Kind::of(other.ty) != Some(Kind::Counter) {
            errors.at(name, format!("`{name}` is no `Counter`: name the counter of all events"));
            return None;
        }
        if labels(self.raw) != labels(other) {
            errors.at(
                name,
                format!(
                    "`{name}` has other `labels(...)` than `{own}`, so it does not count the same \
                     events: give both the same ones"
                ),
            );
            return None;
        }
        let attributes = &other.attributes;
        Some(match &attributes.name {
            Some(name) => Sibling::Exact(name.value()),
            None => Sibling::Field {
                field: other.ident.unraw().to_string(),
                unit: attributes.unit.as_ref().map(LitStr::value).unwrap_or_default(),
            },
        })
    }

    /// A counter that is nearly called so.
    fn near(&self, name: &Ident) -> String {
        let text = name.to_string();
        let counters = self.fields.iter().filter(|it| Kind::of(it.ty) == Some(Kind::Counter));
        let mut others = counters.map(|it| it.ident.to_string()).filter(|it| self.raw.ident != it);
        let near = others.find(|it| names::distance(&text, it) <= it.len() / 3);
        near.map(|near| format!(": do you mean `{near}`?")).unwrap_or_default()
    }
}

/// The labels of a field alone, sorted.
fn labels(field: &Raw) -> Vec<(String, String)> {
    let constants = field.attributes.constants.iter();
    let mut labels: Vec<_> =
        constants.map(|(name, value)| (name.unraw().to_string(), value.value())).collect();
    labels.sort();
    labels
}

/// A number without a suffix.
fn number(literal: &Lit) -> Option<f64> {
    let (digits, suffix) = match literal {
        Lit::Float(number) => (number.base10_digits(), number.suffix()),
        Lit::Int(number) => (number.base10_digits(), number.suffix()),
        _ => return None,
    };
    digits.parse().ok().filter(|number: &f64| suffix.is_empty() && number.is_finite())
}
