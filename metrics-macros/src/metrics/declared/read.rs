//! Declarations as written, each part with its span.

use crate::arguments::{Keys, each, literal, no_value, text, value};
use crate::errors::Errors;
use proc_macro2::TokenStream;
use syn::ext::IdentExt;
use syn::parse::{ParseBuffer, ParseStream};
use syn::{Error, Ident, Lit, LitStr, Token, bracketed, parenthesized, token};

/// The keys of `#[metric(...)]` that are declarations.
#[derive(Default)]
pub(in crate::metrics) struct Declarations {
    pub(super) objectives: Vec<Objective>,
    pub(super) alerts: Vec<Alert>,
    pub(super) panel: Option<Panel>,
}

/// `slo(...)`. A value that can't be read is missing, and an error.
pub(super) struct Objective {
    /// `slo`, `alert` or `panel`.
    pub(super) key: Ident,
    /// Those inside.
    pub(super) keys: Vec<Ident>,
    /// The promised share of good events.
    pub(super) share: Option<Lit>,
    pub(super) under: Option<Lit>,
    pub(super) errors_of: Option<Ident>,
    pub(super) bad: Option<(Ident, Vec<LitStr>)>,
    pub(super) name: Option<LitStr>,
    pub(super) about: About,
}

/// `alert(...)`.
pub(super) struct Alert {
    /// `slo`, `alert` or `panel`.
    pub(super) key: Ident,
    /// Those inside.
    pub(super) keys: Vec<Ident>,
    pub(super) name: Option<LitStr>,
    pub(super) thresholds: Vec<(Ident, Lit)>,
    pub(super) lasts: Option<Lit>,
    pub(super) over: Option<Lit>,
    pub(super) share_of: Option<Ident>,
    pub(super) quantile: Option<Lit>,
    pub(super) by: Vec<Ident>,
    pub(super) about: About,
}

/// `panel(...)`.
pub(super) struct Panel {
    /// `slo`, `alert` or `panel`.
    pub(super) key: Ident,
    /// Those inside.
    pub(super) keys: Vec<Ident>,
    pub(super) title: Option<LitStr>,
    pub(super) row: Option<LitStr>,
    pub(super) by: Vec<Ident>,
}

/// What people read.
#[derive(Default)]
pub(super) struct About {
    pub(super) priority: Option<LitStr>,
    pub(super) summary: Option<LitStr>,
    pub(super) runbook: Option<LitStr>,
}

/// The key of a declaration that has these keys.
pub(super) fn key<'a>(keys: &'a [Ident], name: &str) -> Option<&'a Ident> {
    keys.iter().find(|key| *key == name)
}

impl Declarations {
    /// Reads what is behind the key of a declaration.
    pub(in crate::metrics) fn read(
        &mut self,
        key: &Ident,
        input: ParseStream,
        errors: &mut Errors,
    ) -> syn::Result<()> {
        match key.to_string().as_str() {
            "slo" => self.objectives.push(objective(key, input, errors)?),
            "alert" => self.alerts.push(alert(key, input, errors)?),
            _panel => self.panel = Some(panel(key, input, errors)?),
        }
        Ok(())
    }
}

fn objective(key: &Ident, input: ParseStream, errors: &mut Errors) -> syn::Result<Objective> {
    let content = list(key, input, "objective = 0.999, ...")?;
    let mut read = Objective {
        key: key.clone(),
        keys: Vec::new(),
        share: None,
        under: None,
        errors_of: None,
        bad: None,
        name: None,
        about: About::default(),
    };
    let known =
        &["objective", "under", "errors_of", "bad", "name", "priority", "summary", "runbook"];
    Keys::new(known).items(&content, errors, |key, input, errors| {
        read.keys.push(key.clone());
        match key.to_string().as_str() {
            "objective" => read.share = Some(literal(input)?),
            "under" => read.under = Some(literal(input)?),
            "errors_of" => read.errors_of = Some(field(key, input)?),
            "bad" => read.bad = Some(bad(key, input, errors)?),
            "name" => read.name = Some(text(key, input)?),
            _ => read.about.read(key, input)?,
        }
        Ok(())
    });
    Ok(read)
}

fn alert(key: &Ident, input: ParseStream, errors: &mut Errors) -> syn::Result<Alert> {
    let content = list(key, input, "name = \"...\", above = 0, ...")?;
    let mut read = Alert {
        key: key.clone(),
        keys: Vec::new(),
        name: None,
        thresholds: Vec::new(),
        lasts: None,
        over: None,
        share_of: None,
        quantile: None,
        by: Vec::new(),
        about: About::default(),
    };
    let known = &[
        "name", "above", "below", "equals", "for", "over", "share_of", "quantile", "by",
        "priority", "summary", "runbook",
    ];
    Keys::new(known).items(&content, errors, |key, input, errors| {
        read.keys.push(key.clone());
        match key.to_string().as_str() {
            "name" => read.name = Some(text(key, input)?),
            "above" | "below" | "equals" => read.thresholds.push((key.clone(), literal(input)?)),
            "for" => read.lasts = Some(literal(input)?),
            "over" => read.over = Some(literal(input)?),
            "share_of" => read.share_of = Some(field(key, input)?),
            "quantile" => read.quantile = Some(literal(input)?),
            "by" => read.by = labels(key, input, errors)?,
            _ => read.about.read(key, input)?,
        }
        Ok(())
    });
    Ok(read)
}

fn panel(key: &Ident, input: ParseStream, errors: &mut Errors) -> syn::Result<Panel> {
    let content = list(key, input, "title = \"...\", ...")?;
    let (key, keys) = (key.clone(), Vec::new());
    let mut read = Panel { key, keys, title: None, row: None, by: Vec::new() };
    if content.is_empty() {
        errors.at(&read.key, "this says nothing: add `title`, `row`, `by` or `hidden`");
    }
    let known = &["title", "row", "by", "hidden"];
    Keys::new(known).items(&content, errors, |key, input, errors| {
        read.keys.push(key.clone());
        match key.to_string().as_str() {
            "title" => read.title = Some(text(key, input)?),
            "row" => read.row = Some(text(key, input)?),
            "by" => read.by = labels(key, input, errors)?,
            _hidden => no_value(key, input)?,
        }
        Ok(())
    });
    Ok(read)
}

impl About {
    fn read(&mut self, key: &Ident, input: ParseStream) -> syn::Result<()> {
        let text = Some(text(key, input)?);
        match key.to_string().as_str() {
            "priority" => self.priority = text,
            "summary" => self.summary = text,
            _runbook => self.runbook = text,
        }
        Ok(())
    }
}

/// `(...)`
fn list<'a>(key: &Ident, input: ParseStream<'a>, like: &str) -> syn::Result<ParseBuffer<'a>> {
    if !input.peek(token::Paren) {
        return Err(Error::new_spanned(key, format!("write `{key}({like})`")));
    }
    let content;
    parenthesized!(content in input);
    Ok(content)
}

/// `= field`
fn field(key: &Ident, input: ParseStream) -> syn::Result<Ident> {
    if input.peek2(Ident) {
        return value(input);
    }
    Err(Error::new_spanned(key, format!("write `{key} = field`, where `field` is another counter")))
}

/// `(label, ...)`
fn labels(key: &Ident, input: ParseStream, errors: &mut Errors) -> syn::Result<Vec<Ident>> {
    let content = list(key, input, "label")?;
    let mut labels: Vec<Ident> = Vec::new();
    each(&content, errors, |input, errors| {
        let label = input.call(Ident::parse_any)?;
        if labels.contains(&label) {
            errors.at(&label, format!("the label `{}` appears twice", label.unraw()));
        }
        labels.push(label);
        Ok(())
    });
    if labels.is_empty() {
        errors.at(key, "`by` is empty: leave it out, or list labels of the metric");
    }
    Ok(labels)
}

/// `(label = "value")` or `(label = ["value", ...])`
fn bad(key: &Ident, input: ParseStream, errors: &mut Errors) -> syn::Result<(Ident, Vec<LitStr>)> {
    let content = list(key, input, "label = \"value\"")?;
    let label = content.call(Ident::parse_any)?;
    let values = if content.peek2(token::Bracket) {
        values(&label, &content, errors)?
    } else {
        vec![text(&label, &content)?]
    };
    content.parse::<Option<Token![,]>>()?;
    if !content.is_empty() {
        let rest: TokenStream = content.parse()?;
        let message =
            "`bad` has one label, with a list of its values: `bad(label = [\"a\", \"b\"])`";
        return Err(Error::new_spanned(rest, message));
    }
    Ok((label, values))
}

/// `= ["value", ...]`
fn values(label: &Ident, input: ParseStream, errors: &mut Errors) -> syn::Result<Vec<LitStr>> {
    input.parse::<Token![=]>()?;
    let content;
    bracketed!(content in input);
    let mut values: Vec<LitStr> = Vec::new();
    each(&content, errors, |input, errors| {
        let value: LitStr = input.parse()?;
        if values.iter().any(|other| other.value() == value.value()) {
            errors.at(&value, "this value appears twice");
        }
        values.push(value);
        Ok(())
    });
    if values.is_empty() {
        errors.at(label, "the list is empty: list the label's values for bad events");
    }
    Ok(values)
}
