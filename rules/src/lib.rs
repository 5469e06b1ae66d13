//! Rules and dashboards that are checked against the metrics they are about.
//!
//! A [`Catalogue`] lists the metrics of a service: names, kinds, units, labels with the values that
//! they can have, and bucket edges. A registry knows all of them, without a running server.
//!
//! ```
//! use tickmetrics::prelude::*;
//! use tickmetrics_rules::{Catalogue, Values};
//!
//! #[derive(Clone, Copy, Label)]
//! enum Side {
//!     Buy,
//!     Sell,
//! }
//!
//! let registry = Registry::new();
//! registry.register::<Counter<Side>>(&Description::new("orders_total", "Orders sent."))?;
//! let catalogue = Catalogue::of_registry(&registry);
//! let orders = catalogue.family("orders_total").unwrap();
//! let sides = Values::Fixed(vec!["buy".into(), "sell".into()]);
//! assert_eq!(orders.label("side").unwrap().values, sides);
//! # Ok::<(), tickmetrics::RegisterError>(())
//! ```
//!
//! | module | what it is |
//! |---|---|
//! | `catalogue` | the metrics of a service: of a snapshot, of an exposition, as JSON, and compared |
//! | `file` | rule files and dashboards, of which each value knows its place, and waivers |
//! | `place` | places in files |
//! | `report` | findings, and how they are shown |
//! | `lint` | expressions, checked against catalogues |
//! | `generate` | rules, their tests and Alertmanager's configuration, of what catalogues declare |
//! | `dashboard` | Grafana dashboards that are made of catalogues |
//! | `query` | expressions about metrics, as text |
//! | `output` | files that are made of catalogues |

pub mod catalogue;
pub mod dashboard;
pub mod expression;
pub mod file;
pub mod generate;
pub mod lint;
pub mod output;
mod place;
mod query;
pub mod report;

pub use catalogue::{Catalogue, Family, Kind, Label, Values};
pub use place::{Place, Position, Source, Text};

/// The examples of the README compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
