//! Catalogues as JSON, in a stable order, so that they can be committed and compared.

use super::{Catalogue, Family};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The version of the format. A reader refuses a later one.
const VERSION: u32 = 1;

/// The largest file that is read: a million labels and their values.
const MOST_BYTES: usize = 64 << 20;

/// The reason why a text is no catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CatalogueError {
    /// It is not of this format: the message has the place.
    Invalid(String),
    /// It is of a later version.
    Newer(u32),
    /// It has more bytes than the limit, which is given.
    TooLarge(usize),
}

impl fmt::Display for CatalogueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(message) => write!(f, "this is no catalogue of metrics: {message}"),
            Self::Newer(version) => write!(
                f,
                "the catalogue has version {version}, and this program reads up to version \
                 {VERSION}: use a later one"
            ),
            Self::TooLarge(most) => write!(f, "the catalogue has more than {most} bytes"),
        }
    }
}

impl std::error::Error for CatalogueError {}

/// The names of the fields are the documented format.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    #[serde(rename = "tickmetrics_catalogue")]
    _version: u32,
    service: Option<String>,
    families: Vec<Family>,
}

#[derive(Serialize)]
struct Written<'a> {
    tickmetrics_catalogue: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<&'a str>,
    families: &'a [Family],
}

#[derive(Deserialize)]
struct Version {
    tickmetrics_catalogue: Option<u32>,
}

impl Catalogue {
    /// The catalogue as JSON: one line for each family's field, families sorted by name. Equal
    /// catalogues give equal texts.
    ///
    /// The document is an object with the fields `tickmetrics_catalogue` (the version of the format,
    /// 1), `service` (if it is named) and `families`. A family has the fields of [`Family`]; those
    /// that are empty, false or unknown are left out. A label has its `name`, one of `constant` (a
    /// value), `values` (all of them), `interned` (how many there can be) and `seen` (some of them),
    /// and `optional` if some series lack it.
    ///
    /// ```
    /// use tickmetrics_rules::{Catalogue, Family, Kind};
    ///
    /// let catalogue = Catalogue::new([Family::new("ticks_total", Kind::Counter)]).service("feed");
    /// assert_eq!(catalogue.to_json(), r#"{
    ///   "tickmetrics_catalogue": 1,
    ///   "service": "feed",
    ///   "families": [
    ///     {
    ///       "name": "ticks_total",
    ///       "kind": "counter",
    ///       "from_start": true
    ///     }
    ///   ]
    /// }
    /// "#);
    /// assert_eq!(Catalogue::from_json(&catalogue.to_json()), Ok(catalogue));
    /// ```
    pub fn to_json(&self) -> String {
        let written = Written {
            tickmetrics_catalogue: VERSION,
            service: self.service.as_deref(),
            families: &self.families,
        };
        // All keys are texts, so nothing can fail.
        let mut text = serde_json::to_string_pretty(&written).unwrap_or_default();
        text.push('\n');
        text
    }

    /// The catalogue of a JSON document.
    ///
    /// # Errors
    /// [`CatalogueError`] if the document is too large, is not of this format or of a later version.
    pub fn from_json(text: &str) -> Result<Self, CatalogueError> {
        if text.len() > MOST_BYTES {
            return Err(CatalogueError::TooLarge(MOST_BYTES));
        }
        let invalid = |error: &dyn fmt::Display| CatalogueError::Invalid(error.to_string());
        let version: Version = serde_json::from_str(text).map_err(|error| invalid(&error))?;
        match version.tickmetrics_catalogue {
            Some(version) if version > VERSION => return Err(CatalogueError::Newer(version)),
            Some(VERSION) => {}
            _ => {
                return Err(CatalogueError::Invalid(format!(
                    "there is no field \"tickmetrics_catalogue\": {VERSION}"
                )));
            }
        }
        let mut reader = serde_json::Deserializer::from_str(text);
        let Read { service, families, .. } =
            serde_path_to_error::deserialize(&mut reader).map_err(|error| invalid(&error))?;
        for family in &families {
            check(family)?;
        }
        Ok(Self { service, ..Self::new(families) })
    }
}

/// Refuses what other code relies on.
fn check(family: &Family) -> Result<(), CatalogueError> {
    let rises = |numbers: &[f64]| numbers.windows(2).all(|two| two[0] < two[1]);
    let wrong = if family.name.is_empty() {
        "a family without a name"
    } else if family.labels.iter().any(|label| matches!(&*label.name, "" | "__name__")) {
        "a label whose name is empty, or `__name__`"
    } else if !rises(&family.buckets) || family.buckets.iter().any(|edge| !edge.is_finite()) {
        "bucket edges that do not rise"
    } else if !rises(&family.quantiles) {
        "quantiles that do not rise"
    } else if family.native.is_some_and(|schema| !(-4..=8).contains(&schema)) {
        "native buckets whose schema is not within -4 and 8"
    } else {
        return Ok(());
    };
    Err(CatalogueError::Invalid(format!("{:?} has {wrong}", family.name)))
}
