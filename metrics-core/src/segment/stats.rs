/// The present use of the process's segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SegmentStats {
    /// Threads that have a shard of their own now.
    pub threads_attached: u64,
    /// Shards without a thread now.
    pub shards_free: u64,
    /// Records in the shared overflow shard, at the cost of a locked instruction, because the
    /// thread had no shard.
    pub overflow_records: u64,
    /// How often a label's value became `other`, because the label's capacity, its budget in the
    /// directory or the cells for its series were used up, or because there was no memory for them.
    pub saturated_labels: u64,
    /// How often a label's value was cut because it was longer than
    /// [`Interner::MAX_BYTES`](crate::Interner::MAX_BYTES).
    pub cut_labels: u64,
    /// Metrics whose registration failed, which are counted nowhere (see
    /// [`crate::Metrics::global`]).
    pub failed_registrations: u64,
}
