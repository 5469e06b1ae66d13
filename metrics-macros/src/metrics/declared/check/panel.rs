use super::text::text;
use crate::errors::Errors;
use crate::metrics::declared::Panel;
use crate::metrics::declared::read::{self, key};
use syn::ext::IdentExt;

pub(super) fn panel(raw: &read::Panel, errors: &mut Errors) -> Panel {
    let is_hidden = key(&raw.keys, "hidden").is_some();
    if is_hidden {
        for key in raw.keys.iter().filter(|key| *key != "hidden") {
            errors.at(key, format!("a hidden panel has no `{key}`: leave one of them out"));
        }
    }
    Panel {
        title: text("title", raw.title.as_ref(), errors),
        row: text("row", raw.row.as_ref(), errors),
        by: raw.by.iter().map(|label| label.unraw().to_string()).collect(),
        is_hidden,
    }
}
