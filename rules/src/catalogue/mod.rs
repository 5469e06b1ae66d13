//! The metrics of a service.
//!
//! A catalogue of a [snapshot](Catalogue::of_snapshot) is complete: the program declares its
//! metrics. One of an [exposition](Catalogue::of_exposition) has the series that were there at that
//! moment, so that labels can have further values.

mod declared;
mod diff;
mod family;
mod json;
mod label;
mod merged;
mod registry;
mod sample;
mod scraped;
mod snapshot;

pub use declared::{Alert, Condition, Indicator, Objective, Panel, Priority, Subject};
pub use diff::{Change, Difference};
pub use family::{Family, Kind, Label, Values};
pub use json::CatalogueError;
pub use sample::{Part, Sample};

/// The metrics of a service.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Catalogue {
    /// The service, if the catalogue names it.
    pub service: Option<String>,
    /// Sorted by name. Each name is there once.
    families: Vec<Family>,
}

impl Catalogue {
    /// A catalogue of these families. Those of one name become one.
    pub fn new(families: impl IntoIterator<Item = Family>) -> Self {
        Self { service: None, families: merged::merged(families) }
    }

    /// The families, sorted by name.
    pub fn families(&self) -> &[Family] {
        &self.families
    }

    /// The family of a name.
    pub fn family(&self, name: &str) -> Option<&Family> {
        let found = self.families.binary_search_by(|family| (*family.name).cmp(name));
        found.ok().and_then(|at| self.families.get(at))
    }

    /// With the name of the service.
    #[must_use]
    pub fn service(mut self, name: impl Into<String>) -> Self {
        self.service = Some(name.into());
        self
    }
}
