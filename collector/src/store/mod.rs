//! Where batches are stored: in a file of DuckDB or in Parquet files, with the same tables and views.
//!
//! | module | what it is |
//! |---|---|
//! | [`duckdb`] | a file of DuckDB, whose library is loaded at run time |
//! | [`parquet`] | Parquet files by day, for which no library is needed |
//! | [`query`], `reader` | queries of a store while it is written: limits, answers |
//! | `interface`, `error`, `keep` | what every store does, why it fails, how much it keeps |
//! | `sql` | the tables, views and functions of all stores |
//! | `place` | the name of a store, and which one is opened |
//! | `columns` | a batch as columns of Arrow |

mod columns;
pub mod duckdb;
mod error;
mod interface;
mod keep;
pub mod parquet;
mod place;
pub mod query;
mod reader;
mod sql;

pub use error::StoreError;
pub use interface::Store;
pub use keep::Keep;
pub use place::{Opened, Place, Settings, open, read};
pub use reader::Reader;
