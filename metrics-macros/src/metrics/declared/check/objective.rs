use super::edges::Edges;
use super::text::{priority, text};
use super::{Of, number};
use crate::errors::Errors;
use crate::metrics::check::Kind;
use crate::metrics::declared::read::{self, key};
use crate::metrics::declared::{Indicator, Objective, ObjectiveName};
use crate::names;
use crate::quantity::Units;
use syn::ext::IdentExt;
use syn::{Ident, Lit, LitStr, PathArguments, Type};

/// The alert of the shortest window fires once bad events are so many times their allowed share
/// (Google's SRE workbook, "Alerting on SLOs").
const FASTEST_BURN: f64 = 14.4;

pub(super) fn objective(raw: &read::Objective, of: &Of, errors: &mut Errors) -> Option<Objective> {
    if !matches!(of.kind, Kind::Counter | Kind::Histogram) {
        let message = "an objective is about events, which counters and histograms count: declare \
                       an `alert(...)` on the value of this metric";
        errors.at(&raw.key, message);
        return None;
    }
    if key(&raw.keys, "objective").is_none() {
        let message = "`slo` needs the promised share of good events: `objective = 0.999`";
        errors.at(&raw.key, message);
    }
    let share = raw.share.as_ref().and_then(|literal| share(literal, errors));
    let indicator = indicator(raw, of, errors);
    let name = name(raw, of, errors);
    let about = &raw.about;
    let priority = priority(about.priority.as_ref(), errors);
    let summary = text("summary", about.summary.as_ref(), errors);
    let runbook = text("runbook", about.runbook.as_ref(), errors);
    Some(Objective { name, share: share?, indicator: indicator?, priority, summary, runbook })
}

/// The promised share.
fn share(literal: &Lit, errors: &mut Errors) -> Option<f64> {
    let objective = number(literal);
    let Some(objective) = objective.filter(|it| (0.0..1.0).contains(it) && *it > 0.0) else {
        let percent = objective.filter(|it| (1.0..100.0).contains(it) && *it > 1.0);
        let right = percent.map_or_else(|| "0.999".to_owned(), |it| short(it / 100.0));
        errors.at(
            literal,
            format!("`objective` is the share of good events between 0 and 1, such as {right}"),
        );
        return None;
    };
    let allowed = 1.0 - objective;
    if FASTEST_BURN * allowed >= 1.0 {
        let smallest = (1.0 - 1.0 / FASTEST_BURN) * 1e4;
        let smallest = short(smallest.ceil() / 1e4);
        errors.at(
            literal,
            format!(
                "no alert can watch this objective: it allows a share of {} bad events, and the \
                 fastest alert fires above {FASTEST_BURN} times that, {}, where all events together \
                 are 1. Promise {smallest} or more",
                short(allowed),
                short(FASTEST_BURN * allowed),
            ),
        );
        return None;
    }
    Some(objective)
}

/// A number without the noise of its last digits.
fn short(number: f64) -> String {
    ((number * 1e9).round() / 1e9).to_string()
}

fn indicator(raw: &read::Objective, of: &Of, errors: &mut Errors) -> Option<Indicator> {
    let given = |name| key(&raw.keys, name);
    if of.kind == Kind::Histogram {
        for key in [given("errors_of"), given("bad")].into_iter().flatten() {
            let message = format!("`{key}` is for counters: a histogram has `under`, a bound");
            errors.at(key, message);
        }
        if let (None, None, None) = (given("under"), given("errors_of"), given("bad")) {
            let like = if let Units::Time(_) = of.units() { "\"1ms\"" } else { "100" };
            errors.at(
                &raw.key,
                format!("`slo` of a histogram needs the bound of good values: `under = {like}`"),
            );
        }
        let bound = Edges::of(of).bound(raw.under.as_ref()?, errors)?;
        return Some(Indicator::Under(of.units().exported(bound)));
    }
    if let Some(key) = given("under") {
        errors.at(key, "`under` is for histograms: a counter has `errors_of` or `bad`");
    }
    match (given("errors_of"), given("bad")) {
        (Some(_), Some(second)) => {
            errors
                .at(second, "bad events are those of one counter: leave out `errors_of` or `bad`");
            None
        }
        (Some(_), None) => of.sibling(raw.errors_of.as_ref()?, errors).map(Indicator::ErrorsOf),
        (None, Some(key)) => bad(raw, of, key, errors),
        (None, None) => {
            if given("under").is_none() {
                errors.at(
                    &raw.key,
                    "`slo` of a counter needs `errors_of = field`, the counter of all events, or \
                     `bad(label = \"value\")`, which are the bad ones of this counter",
                );
            }
            None
        }
    }
}

fn bad(raw: &read::Objective, of: &Of, key: &Ident, errors: &mut Errors) -> Option<Indicator> {
    if !has_labels(of.raw.ty) {
        errors.at(
            key,
            "this counter has no labels: give it one, as in `Counter<Outcome>`, or count bad events \
             in a counter of their own with `errors_of`",
        );
        return None;
    }
    let (label, values) = raw.bad.as_ref()?;
    let values = values.iter().map(LitStr::value).collect();
    Some(Indicator::Bad { label: label.unraw().to_string(), values })
}

fn has_labels(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return true };
    path.path.segments.last().is_none_or(|last| !matches!(last.arguments, PathArguments::None))
}

fn name(raw: &read::Objective, of: &Of, errors: &mut Errors) -> ObjectiveName {
    if let Some(literal) = &raw.name {
        let name = literal.value();
        let words: Vec<&str> = name.split('-').collect();
        let is_word = |word: &&str| {
            !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        };
        if !words.iter().all(is_word) || name.starts_with(|c: char| c.is_ascii_digit()) {
            let snake = names::snake_case(&name);
            let words =
                snake.split(|c: char| !c.is_ascii_alphanumeric()).filter(|it| !it.is_empty());
            let right = words.collect::<Vec<_>>().join("-");
            let right = if right.is_empty() { "fast-replies".to_owned() } else { right };
            errors.at(
                literal,
                format!(
                    "the name of an objective is lowercase words with `-` between them, such as \
                     `{right}`"
                ),
            );
        }
        return ObjectiveName::Given(name);
    }
    match &of.metric.name {
        Some(name) => ObjectiveName::Exact(stem(name, of)),
        None => ObjectiveName::Field(stem(&of.raw.ident.unraw().to_string(), of)),
    }
}

/// A name without its unit and `total`.
fn stem(name: &str, of: &Of) -> String {
    let whole =
        if of.kind == Kind::Counter { name.strip_suffix("_total").unwrap_or(name) } else { name };
    let unit = format!("_{}", of.metric.unit);
    let (rest, word) = whole.rsplit_once('_').unwrap_or((whole, ""));
    let stem = if Units::in_name(word, of.kind == Kind::Histogram).is_some() {
        rest
    } else {
        whole.strip_suffix(&unit).unwrap_or(whole)
    };
    let stem = if stem.is_empty() { name } else { stem };
    stem.to_owned()
}
