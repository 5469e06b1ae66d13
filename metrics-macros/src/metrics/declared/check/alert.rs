use super::condition::{Form, condition};
use super::text::{priority, seconds, text};
use super::{Of, number};
use crate::errors::Errors;
use crate::metrics::check::Kind;
use crate::metrics::declared::read::{self, key};
use crate::metrics::declared::{Alert, Subject};
use syn::LitStr;
use syn::ext::IdentExt;

pub(super) fn alert(raw: &read::Alert, of: &Of, errors: &mut Errors) -> Option<Alert> {
    let about = &raw.about;
    for (needed, like) in [
        ("name", "`name = \"FeedDown\"`"),
        ("priority", "`priority = \"P1\"`"),
        ("summary", "`summary = \"...\"`, one sentence that says what happened"),
    ] {
        if key(&raw.keys, needed).is_none() {
            errors.at(&raw.key, format!("an alert needs a {needed}: {like}"));
        }
    }
    let name = raw.name.as_ref().map(|literal| name(literal, errors));
    let form = form(raw, of.kind);
    misplaced(raw, of.kind, errors);
    let subject = subject(raw, of, form, errors);
    let is = condition(raw, of, form, errors);
    let window = seconds("over", raw.over.as_ref(), errors);
    let lasts = seconds("for", raw.lasts.as_ref(), errors);
    let priority = priority(about.priority.as_ref(), errors);
    let summary = text("summary", about.summary.as_ref(), errors);
    let runbook = text("runbook", about.runbook.as_ref(), errors);
    let by = raw.by.iter().map(|label| label.unraw().to_string()).collect();
    Some(Alert {
        name: name?,
        of: subject?,
        is: is?,
        window,
        lasts,
        priority: priority?,
        summary: summary?,
        runbook,
        by,
    })
}

fn name(literal: &LitStr, errors: &mut Errors) -> String {
    let name = literal.value();
    let is_pascal = name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.chars().all(|c| c.is_ascii_alphanumeric());
    if !is_pascal {
        let right = pascal_case(&name);
        errors.at(literal, format!("an alert's name is in `PascalCase`, such as `{right}`"));
    }
    name
}

fn pascal_case(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric());
    let capitalized = words.map(|word| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_ascii_uppercase() + rest
    });
    let pascal = capitalized.collect::<String>();
    if pascal.starts_with(|c: char| c.is_ascii_uppercase()) { pascal } else { "FeedDown".into() }
}

fn form(raw: &read::Alert, kind: Kind) -> Form {
    let is_given = |name| key(&raw.keys, name).is_some();
    match kind {
        Kind::Gauge => Form::Value { is_whole: false },
        Kind::UpDownCounter => Form::Value { is_whole: true },
        Kind::Counter if is_given("share_of") => Form::Share,
        Kind::Histogram if is_given("quantile") => Form::Quantile,
        Kind::Counter | Kind::Histogram => Form::Rate,
    }
}

/// Reports keys that are for another kind of metric.
fn misplaced(raw: &read::Alert, kind: Kind, errors: &mut Errors) {
    let mut refuse = |name: &str, why: &str| {
        if let Some(key) = key(&raw.keys, name) {
            errors.at(key, why);
        }
    };
    if kind != Kind::Histogram {
        refuse("quantile", "`quantile` is for histograms");
    }
    if kind != Kind::Counter {
        refuse("share_of", "`share_of` is for counters: it compares them with another counter");
    }
    if matches!(kind, Kind::Gauge | Kind::UpDownCounter) {
        refuse(
            "over",
            "the present value is compared, so no events are counted over a time: leave `over` out, \
             or write `for`",
        );
        refuse(
            "by",
            "the values of this kind of metric are looked at apart already: leave `by` out",
        );
    }
}

fn subject(raw: &read::Alert, of: &Of, form: Form, errors: &mut Errors) -> Option<Subject> {
    match form {
        Form::Value { .. } => Some(Subject::Value),
        Form::Rate => Some(Subject::Rate),
        Form::Quantile => {
            let literal = raw.quantile.as_ref()?;
            let quantile = number(literal).filter(|quantile| (0.0..=1.0).contains(quantile));
            if quantile.is_none() {
                errors.at(literal, "a quantile is a number from 0 to 1, such as 0.99");
            }
            quantile.map(Subject::Quantile)
        }
        Form::Share => of.sibling(raw.share_of.as_ref()?, errors).map(Subject::ShareOf),
    }
}
