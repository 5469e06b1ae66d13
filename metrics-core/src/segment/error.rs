use crate::layout::{Layout, WORD_BYTES};
use std::fmt;

/// Why the process has no segment, or not the one asked for.
#[derive(Debug)]
#[non_exhaustive]
pub enum SegmentError {
    /// The segment was reserved before: its sizes can't be changed any more.
    InUse,
    /// A size is outside its range.
    OutOfRange {
        /// The builder's method.
        setting: &'static str,
        /// What it was given.
        value: usize,
        /// What it takes.
        allowed: std::ops::RangeInclusive<usize>,
    },
    /// The system gives no address space, not even for the smallest size tried.
    Refused {
        #[doc(hidden)]
        layout: LayoutShown,
        /// What the system said.
        error: std::io::Error,
    },
}

/// The sizes that were refused.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct LayoutShown(pub(super) Layout);

impl fmt::Display for SegmentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InUse => f.write_str(
                "the segment is in use already: call Segment::builder().install() before the \
                 first metric is registered, and once only",
            ),
            Self::OutOfRange { setting, value, allowed } => write!(
                f,
                "Segment::builder().{setting}({value}) is out of range: it takes {} to {}",
                allowed.start(),
                allowed.end()
            ),
            Self::Refused { layout: LayoutShown(layout), error } => write!(
                f,
                "the system refused {} shards of {} KiB of address space each ({error}): raise \
                 the limit (ulimit -v, vm.overcommit_memory) or lower \
                 Segment::builder().shards()",
                layout.shards,
                (layout.shard_words * WORD_BYTES) >> 10,
            ),
        }
    }
}

impl std::error::Error for SegmentError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Refused { error, .. } => Some(error),
            _ => None,
        }
    }
}
