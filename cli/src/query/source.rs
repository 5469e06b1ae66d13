//! What is asked: a running collector, or the store itself.

use crate::Result;
use crate::args::Asked;
use crate::failure::Failure;
use crate::people;
use std::path::PathBuf;
use tickmetrics_collector::ask::{AskError, Client, MOST};
use tickmetrics_collector::store::Reader;
use tickmetrics_collector::store::query::{Answer, Limits, QueryError};
use tickmetrics_collector::store::{self, Place};

pub(crate) enum Source {
    Collector(Client),
    Store(Reader, Place),
}

impl Source {
    /// The collector that writes the store, or the store if none runs.
    pub(crate) fn find(asked: &Asked) -> Result<Self> {
        let place = place(asked);
        let client = client(asked, &place);
        match client.status() {
            Ok(_) => match (&place, client.query("SELECT 1", &MOST)) {
                // Its library may be missing where this program finds one.
                (Place::Parquet(_), Err(AskError::Refused(reason))) => people::tell(format_args!(
                    "warning: the collector can't answer, and its rows of the last minute are not \
                     in the files yet: {reason}"
                )),
                _ => return Ok(Self::Collector(client)),
            },
            Err(AskError::NoCollector(_)) if asked.socket.is_none() => {}
            Err(error) => return Err(Failure::told(error.to_string())),
        }
        let reader = store::read(&place, None).map_err(|error| {
            Failure::told(format!("{error}; {}", AskError::NoCollector(client.path().into())))
        })?;
        Ok(Self::Store(reader, place))
    }

    pub(crate) fn query(&self, sql: &str, limits: &Limits) -> Result<Answer> {
        let told = |reason: String| Failure::told(reason.trim().replace('\n', " "));
        match self {
            Self::Collector(client) => {
                client.query(sql, limits).map_err(|error| told(error.to_string()))
            }
            Self::Store(reader, _) => {
                reader.query(sql, limits).map_err(|error: QueryError| told(error.to_string()))
            }
        }
    }
}

/// For the message that names what was asked.
impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Collector(client) => {
                write!(f, "the collector at {}", client.path().display())
            }
            Self::Store(_, place) => write!(f, "the files of {place}"),
        }
    }
}

/// The store: without a name, that of `tickmetrics collect` in this folder.
pub(crate) fn place(asked: &Asked) -> Place {
    let duckdb = Place::DuckDb(PathBuf::from("metrics.duckdb"));
    let parquet = Place::Parquet(PathBuf::from("metrics.parquet"));
    match &asked.store {
        Some(place) => place.clone(),
        None if !duckdb.path().exists() && parquet.path().exists() => parquet,
        None => duckdb,
    }
}

pub(crate) fn client(asked: &Asked, place: &Place) -> Client {
    Client::new(asked.socket.clone().unwrap_or_else(|| place.socket()))
}
