//! The struct as written, each part with its span.

use super::declared::read::Declarations;
use super::doc;
use crate::arguments::{
    Constant, Keys, bare_literal, constants, each, literal, no_value, text, value,
};
use crate::errors::Errors;
use crate::root::Root;
use syn::parse::ParseStream;
use syn::{Attribute, Data, DeriveInput, Expr, Fields, Ident, Lit, LitStr, Type, bracketed};

pub(super) struct Struct<'a> {
    pub(super) prefix: Option<LitStr>,
    pub(super) constants: Vec<Constant>,
    pub(super) fields: Vec<Field<'a>>,
}

pub(super) struct Field<'a> {
    pub(super) ident: &'a Ident,
    pub(super) ty: &'a Type,
    /// The help text from the doc comment; empty without one. The error is the part that is no
    /// text.
    pub(super) help: Result<String, &'a Expr>,
    pub(super) attributes: Attributes,
}

/// The argument of `native`.
pub(super) enum Native {
    /// Without a schema.
    Usual,
    Schema(Lit),
}

/// The keys of `#[metric(...)]`, and their values. A value that can't be read is missing, and an
/// error.
#[derive(Default)]
pub(super) struct Attributes {
    pub(super) keys: Vec<Ident>,
    pub(super) name: Option<LitStr>,
    pub(super) unit: Option<LitStr>,
    pub(super) scale: Option<Lit>,
    pub(super) sigfigs: Option<Lit>,
    pub(super) max: Option<Lit>,
    pub(super) buckets: Option<Vec<Lit>>,
    pub(super) native: Option<Native>,
    pub(super) quantiles: Option<Vec<Lit>>,
    pub(super) exemplar_period: Option<Lit>,
    pub(super) constants: Vec<Constant>,
    pub(super) declarations: Declarations,
}

impl Attributes {
    pub(super) fn key(&self, name: &str) -> Option<&Ident> {
        self.keys.iter().find(|key| *key == name)
    }
}

/// The keys of `#[metric(...)]`.
const OF_METRICS: &[&str] = &[
    "name",
    "unit",
    "scale",
    "sigfigs",
    "max",
    "buckets",
    "native",
    "quantiles",
    "extremes",
    "exemplars",
    "exemplar_period",
    "labels",
    "slo",
    "alert",
    "panel",
    "flatten",
];

/// `None` for anything but a struct with named fields.
pub(super) fn read<'a>(input: &'a DeriveInput, errors: &mut Errors) -> Option<Struct<'a>> {
    let fields = match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => fields,
            _ => return refuse(input, errors),
        },
        _ => return refuse(input, errors),
    };
    if !input.generics.params.is_empty() {
        errors.at(
            &input.generics.params,
            "a struct of metrics can't be generic: its names would be the same for each type",
        );
    }
    let mut read = Struct { prefix: None, constants: Vec::new(), fields: Vec::new() };
    let mut keys = Keys::new(&["prefix", "labels", "crate"]).beside(
        OF_METRICS,
        "on a metric's field",
        "metric",
    );
    for attribute in &input.attrs {
        if attribute.path().is_ident("metric") {
            errors.at(
                attribute,
                "`#[metric(...)]` belongs to a field; a struct has `#[metrics(...)]`",
            );
        } else if attribute.path().is_ident("metrics") {
            keys.read(attribute, errors, |key, input, errors| {
                if key == "prefix" {
                    read.prefix = Some(text(key, input)?);
                } else if key == "crate" {
                    // `Root::of` has read it.
                    value::<Root>(input)?;
                } else {
                    read.constants = constants(key, input, errors, &[])?;
                }
                Ok(())
            });
        }
    }
    for field in &fields.named {
        if let Some(ident) = &field.ident {
            let attributes = read_attributes(&field.attrs, errors);
            let help = doc::help(&field.attrs);
            read.fields.push(Field { ident, ty: &field.ty, help, attributes });
        }
    }
    Some(read)
}

fn refuse<T>(input: &DeriveInput, errors: &mut Errors) -> Option<T> {
    errors.at(&input.ident, "`derive(Metrics)` needs a struct with named fields");
    None
}

fn read_attributes(attributes: &[Attribute], errors: &mut Errors) -> Attributes {
    let mut read = Attributes::default();
    let mut metric = Keys::new(OF_METRICS).repeated(&["slo", "alert"]).beside(
        &["prefix"],
        "on the struct",
        "metrics",
    );
    let mut metrics =
        Keys::new(&["flatten", "labels"]).beside(OF_METRICS, "on a metric's field", "metric");
    for attribute in attributes {
        let keys = if attribute.path().is_ident("metric") {
            &mut metric
        } else if attribute.path().is_ident("metrics") {
            &mut metrics
        } else {
            continue;
        };
        keys.read(attribute, errors, |key, input, errors| {
            read.keys.push(key.clone());
            match key.to_string().as_str() {
                "name" => read.name = Some(text(key, input)?),
                "unit" => read.unit = Some(text(key, input)?),
                "scale" => read.scale = Some(literal(input)?),
                "sigfigs" => read.sigfigs = Some(literal(input)?),
                "max" => read.max = Some(literal(input)?),
                "native" if input.peek(syn::Token![=]) => {
                    read.native = Some(Native::Schema(literal(input)?));
                }
                "native" => {
                    no_value(key, input)?;
                    read.native = Some(Native::Usual);
                }
                "buckets" => read.buckets = Some(list(key, input, errors)?),
                "exemplar_period" => read.exemplar_period = Some(literal(input)?),
                "labels" => read.constants = constants(key, input, errors, &[])?,
                "slo" | "alert" | "panel" => read.declarations.read(key, input, errors)?,
                "quantiles" => read.quantiles = Some(list(key, input, errors)?),
                _flag => no_value(key, input)?,
            }
            Ok(())
        });
    }
    read
}

/// `= [literal, ...]`
fn list(key: &Ident, input: ParseStream, errors: &mut Errors) -> syn::Result<Vec<Lit>> {
    input.parse::<syn::Token![=]>()?;
    if !input.peek(syn::token::Bracket) {
        let like = if key == "buckets" { "\"1us\", \"10us\"" } else { "0.5, 0.99" };
        return Err(input.error(format!("write a list: `[{like}]`")));
    }
    let content;
    bracketed!(content in input);
    if content.is_empty() {
        let message = format!("`{key}` is empty: leave it out for the default, or list some");
        errors.at(key, message);
    }
    let mut literals = Vec::new();
    each(&content, errors, |input, _| {
        literals.push(bare_literal(input)?);
        Ok(())
    });
    Ok(literals)
}
