//! Declarations against the labels of their metric, which the macros can't see.

use super::Indicator;
use crate::labels::{Dimension, Values};
use crate::registry::Description;

/// Fails if a declaration names a label that the metric does not have, or a value of it.
pub(in crate::registry) fn check(
    description: &Description,
    dimensions: &[Dimension],
) -> Result<(), String> {
    let known = |label: &str| description.label_names().any(|it| it == label);
    let unknown = |what: &str, label: &str| {
        let labels: Vec<&str> = description.label_names().collect();
        Err(format!("{what} names the label {label:?}, and its labels are {labels:?}"))
    };
    for alert in description.alerts() {
        if let Some(label) = alert.by.iter().find(|label| !known(label)) {
            return unknown(&format!("its alert {:?}", alert.name), label);
        }
    }
    if let Some(panel) = description.declared_panel()
        && let Some(label) = panel.by.iter().find(|label| !known(label))
    {
        return unknown("its panel", label);
    }
    for objective in description.objectives() {
        let Indicator::Bad { label, values } = &objective.indicator else { continue };
        let what = format!("its objective {:?}", objective.name);
        if !known(label) {
            return unknown(&what, label);
        }
        let of = dimensions.iter().find(|dimension| dimension.name == label);
        let Some(Values::Fixed(all)) = of.map(|dimension| dimension.values) else { continue };
        if let Some(value) = values.iter().find(|value| !all.contains(&value.as_str())) {
            return Err(format!(
                "{what} names the value {value:?} of the label {label:?}, which has {all:?}"
            ));
        }
    }
    Ok(())
}
