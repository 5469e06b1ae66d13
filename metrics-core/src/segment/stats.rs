/// What the process's segment is used for at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SegmentStats {
    /// Threads that have a shard of their own now.
    pub threads_attached: u64,
    /// Shards that no thread has now.
    pub shards_free: u64,
    /// Records that went to the shared overflow shard, at the price of a locked instruction,
    /// because the thread had no shard.
    pub overflow_records: u64,
    /// How often a label's value became `other`, because the label's capacity, its budget in the
    /// directory or the cells for its series were used up, or there was no memory for them.
    pub saturated_labels: u64,
    /// How often a label's value was cut, being longer than
    /// [`Interner::MAX_BYTES`](crate::Interner::MAX_BYTES).
    pub cut_labels: u64,
    /// Metrics that could not be registered and are counted nowhere (see [`crate::Metrics::global`]).
    pub failed_registrations: u64,
}
