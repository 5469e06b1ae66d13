//! Names of rows that several tables have.

pub(crate) const OURS: &str = "tickmetrics";
pub(crate) const RAW: &str = "raw design";
pub(crate) const FETCH_ADD: &str = "one shared fetch_add";
