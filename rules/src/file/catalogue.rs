//! Where the file of a catalogue names its families.

use super::json;
use crate::place::{Place, Source};
use std::collections::HashMap;

/// The places of the families' names, by name. None if the text is no catalogue.
pub(crate) fn places_of_families(source: &Source) -> HashMap<String, Place> {
    let Ok(root) = json::parse(source.text()) else { return HashMap::new() };
    let names = root.items_of("families").iter().filter_map(|family| family.text_of("name"));
    names.map(|name| (name.to_string(), name.place())).collect()
}
