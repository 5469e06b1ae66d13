//! Checks of units and scales, and of names that end in a unit.

use super::check::{Kind, number};
use super::read::{self, Attributes};
use crate::errors::Errors;
use crate::quantity::Units;
use syn::LitStr;
use syn::ext::IdentExt;

/// The way to count in an exported unit of time.
const WHOLE: &str = "and `scale = 1.0` too if the program adds whole ones";

pub(super) fn unit(attributes: &Attributes, errors: &mut Errors) -> String {
    let Some(unit) = &attributes.unit else { return String::new() };
    let text = unit.value();
    if let Some(right) = Units::right_name(&text) {
        errors.at(unit, format!("`{text}` is not a unit here: write `unit = \"{right}\"`"));
    } else if text.is_empty() || !text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        let reason = "it ends the metric's name, so it is made of ASCII letters, digits and `_`";
        errors.at(unit, format!("`{text}` can't be a unit: {reason}"));
    } else if text == "total" || text.ends_with("_total") {
        let reason = "the name of a counter ends in `total` by itself, and no other name does";
        errors.at(unit, format!("`{text}` can't be a unit: {reason}"));
    }
    text
}

/// Reports a unit at the end of a name if the metric has another unit, since the recorded values
/// would be in another unit than readers expect.
pub(super) fn in_name(raw: &read::Field, unit: &str, errors: &mut Errors) {
    let kind = Kind::of(raw.ty);
    let is_histogram = kind == Some(Kind::Histogram);
    if let Some(name) = &raw.attributes.name {
        return in_exact_name(name, kind, raw, unit, errors);
    }
    let field = raw.ident.unraw().to_string();
    let stem = match kind {
        Some(Kind::Counter) => field.strip_suffix("_total").unwrap_or(&field),
        _ => &field,
    };
    let (quantity, word) = stem.rsplit_once('_').unwrap_or(("", stem));
    let Some(right) = Units::in_name(word, is_histogram) else { return };
    let is_time = Units::of_time(right).is_some();
    if quantity.is_empty() {
        // The prefix, which may be another struct's, and this word are the name.
        let is_checked = is_time && matches!(kind, Some(Kind::Counter | Kind::Histogram));
        if !is_checked || !unit.is_empty() || raw.attributes.key("scale").is_some() {
            return;
        }
    } else if !unit.is_empty() && (unit == word || is_time != Units::of_time(unit).is_some()) {
        return;
    }
    let total = if stem == field { "" } else { "_total" };
    let message = if unit == right || !unit.is_empty() {
        format!(
            "`{field}` ends in `{word}`, but its unit, `{unit}`, is added to the name: name \
             it `{quantity}{total}`"
        )
    } else if word == right {
        let is_counted_time = kind == Some(Kind::Counter) && is_time;
        let or = if is_counted_time { format!(", {WHOLE}") } else { String::new() };
        format!(
            "`{field}` ends in a unit that the metric does not have: add `unit = \"{right}\"`{or}"
        )
    } else {
        let base = if right == "bytes" { right } else { "seconds" };
        let names = if quantity.is_empty() {
            format!("`{base}{total}`")
        } else {
            format!("`{quantity}_{base}{total}` or just `{quantity}{total}`")
        };
        format!(
            "`{field}` ends in `{word}`, which is not a unit here: write `unit = \"{base}\"`, and name \
             it {names}"
        )
    };
    errors.at(raw.ident, message);
}

/// The same of an exact name: it may end in any unit but one of time, whose values would be
/// nanoseconds. A scale shows that the name is intended. Registration has the same rule.
fn in_exact_name(
    name: &LitStr,
    kind: Option<Kind>,
    raw: &read::Field,
    unit: &str,
    errors: &mut Errors,
) {
    let text = name.value();
    let (stem, or) = match kind {
        Some(Kind::Histogram) => (&*text, "or a `scale` for values in another unit"),
        Some(Kind::Counter) => (text.strip_suffix("_total").unwrap_or(&text), WHOLE),
        _ => return,
    };
    let word = stem.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    let right = Units::in_name(word, kind == Some(Kind::Histogram));
    let Some(right) = right.filter(|right| Units::of_time(right).is_some()) else { return };
    if raw.attributes.key("scale").is_some() || unit == right {
        return;
    }
    let text = text.escape_debug();
    if raw.attributes.key("unit").is_none() {
        let add = format!("add `unit = \"{right}\"` for recorded nanoseconds, {or}");
        errors.at(name, format!("`{text}` ends in a unit: {add}"));
    } else if Units::of_time(unit).is_some() {
        errors.at(
            name,
            format!(
                "`{text}` ends in `{word}`, and its unit is `{unit}`: end the name in `{unit}`, or \
                 write `unit = \"{right}\"`"
            ),
        );
    }
}

pub(super) fn scale(
    kind: Option<Kind>,
    attributes: &Attributes,
    unit: &str,
    errors: &mut Errors,
) -> Option<f64> {
    let literal = attributes.scale.as_ref()?;
    let scale = number(literal).filter(|scale| scale.is_finite() && *scale > 0.0);
    if scale.is_none() {
        errors.at(literal, "`scale` is a finite number above 0: exported units to a recorded one");
    } else if let (Some(_), Some(key)) = (Units::of_time(unit), attributes.key("scale"))
        && kind != Some(Kind::Counter)
    {
        errors.at(
            key,
            format!("`unit = \"{unit}\"` implies the scale: times are recorded in nanoseconds"),
        );
    }
    scale
}
