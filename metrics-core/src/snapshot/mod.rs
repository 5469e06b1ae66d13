//! Plain owned values of all metrics at one moment: look-ups, iteration, differences.

mod answers;
mod budget;
mod by_handle;
mod catalogue;
mod cells;
mod distribution;
mod exemplar;
mod exposed;
mod external;
mod families;
mod family;
mod histogram;
mod info;
mod insert;
mod merge;
mod metric;
mod native;
mod native_buckets;
mod read;
mod rendered;
mod series;
mod shape;
mod sum;
mod values;

pub(crate) use answers::Answers;
pub(crate) use budget::{Budget, Excess};
pub use by_handle::Handle;
pub(crate) use catalogue::{Catalogue, New};
pub use exemplar::Exemplar;
pub use external::ExternalLabels;
pub use families::Snapshot;
pub use family::Family;
pub use histogram::{Bucket, HistogramSnapshot};
pub use merge::{ConflictReason, MergeConflict};
pub use native_buckets::{NativeBucket, NativeBuckets};
pub use series::{Series, Value};
