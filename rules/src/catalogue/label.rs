//! A label as JSON: the key of its values names their kind.

use super::family::{Label, Values, is_false};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Text {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    constant: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    values: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    interned: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seen: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "is_false")]
    optional: bool,
}

impl From<Label> for Text {
    fn from(Label { name, values, optional }: Label) -> Self {
        let mut text =
            Self { name, constant: None, values: None, interned: None, seen: None, optional };
        match values {
            Values::Constant(value) => text.constant = Some(value),
            Values::Fixed(values) => text.values = Some(values),
            Values::Interned(most) => text.interned = Some(most),
            Values::Seen(values) => text.seen = Some(values),
        }
        text
    }
}

impl TryFrom<Text> for Label {
    type Error = String;

    fn try_from(text: Text) -> Result<Self, String> {
        let Text { name, constant, values, interned, seen, optional } = text;
        let values = match (constant, values, interned, seen) {
            (Some(value), None, None, None) => Values::Constant(value),
            (None, Some(values), None, None) => Values::Fixed(values),
            (None, None, Some(most), None) => Values::Interned(most),
            (None, None, None, Some(values)) => Values::Seen(values),
            _ => {
                return Err(format!(
                    "the label {name:?} must have exactly one of constant, values, interned and seen"
                ));
            }
        };
        Ok(Self { name, values, optional })
    }
}
