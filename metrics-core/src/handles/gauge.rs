use super::Block;
use crate::layout::LINE_WORDS;
use crate::segment::Segment;
use crate::sync::Relaxed;

/// Shared cells to a gauge: a cache line, so that two gauges that are set by two threads do not
/// slow each other down.
#[expect(clippy::cast_possible_truncation, reason = "8")]
pub(crate) const GAUGE_WORDS: u32 = LINE_WORDS as u32;

/// A cell of zero means "never set". This pattern, a NaN that no arithmetic yields, is what is
/// stored as zero.
const UNSET: u64 = 0x7ff4_7469_636b_6d74;

/// The value in a gauge's cell, or `None` where it was never set.
pub(crate) fn decode(cell: u64) -> Option<f64> {
    (cell != 0).then(|| f64::from_bits(cell ^ UNSET))
}

/// A value that is set: a price, a limit, a connection's state.
///
/// All threads share its one cell, and the last `set` wins. A gauge without labels reads 0 before
/// it is first set.
///
/// ```
/// use metrics_core::prelude::*;
///
/// let registry = Registry::new();
/// let price: Gauge = registry.register(&Description::new("price", "Last price."))?;
/// price.set(61_800.2);
/// assert_eq!(registry.snapshot().gauge("price", &[]), Some(61_800.2));
/// # Ok::<(), metrics_core::RegisterError>(())
/// ```
#[derive(Debug)]
pub struct Gauge<L = ()> {
    pub(crate) cells: Block<L>,
}

impl<L> Clone for Gauge<L> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<L> Copy for Gauge<L> {}

impl Gauge {
    /// Sets the value.
    #[inline]
    pub fn set(&self, value: f64) {
        if let Some(segment) = Segment::current() {
            // Relaxed: a gauge says nothing about other memory.
            segment.shared()[self.cells.first as usize].store(value.to_bits() ^ UNSET, Relaxed);
        }
    }

    /// The value that was set last, by any thread; 0 before the first.
    pub fn get(&self) -> f64 {
        Segment::current()
            .and_then(|segment| decode(segment.shared()[self.cells.first as usize].load(Relaxed)))
            .unwrap_or(0.0)
    }
}
