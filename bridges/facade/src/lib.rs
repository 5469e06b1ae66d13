#![doc = include_str!("../README.md")]
//!
//! # For contributors
//!
//! | module | what it is |
//! |---|---|
//! | `builder`, `settings`, `matcher`, `error` | what a program sets, checked, and by the name of a metric |
//! | `names`, `units` | names, labels and scales that Prometheus and tickmetrics can take |
//! | `recorder`, `sight` | the recorder and its handle; whether it is in use |
//! | `inner` | a key's way to its handle |
//! | `cache`, `series` | handles of a thread, handles of all threads |
//! | `families`, `bounded` | metrics by name, each with a limit of series |
//! | `handles` | what a kept handle does |
//! | `trouble` | what could not be followed |

mod bounded;
mod builder;
mod cache;
mod error;
mod families;
mod handles;
mod inner;
mod matcher;
mod names;
mod recorder;
mod series;
mod settings;
mod sight;
mod trouble;
mod units;

pub use builder::FacadeBuilder;
pub use error::BuildError;
pub use matcher::Matcher;
pub use recorder::{FacadeHandle, FacadeRecorder};
