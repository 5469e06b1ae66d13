use super::block::Block;
use crate::cell::{Cell, Count, UpDown};
use crate::scale::{Scale, TOO_LARGE};
use crate::segment::Segment;
use crate::shard::{self, Cells, Record};
use crate::sync::{Acquire, fence};
use std::time::Duration;

/// A count of events that only grows.
///
/// Each thread counts a series modulo 2^64, since a carry would cost each count an instruction. One
/// thread reaches 2^64 after 584 years with one event per nanosecond, or with nanoseconds of its
/// own time. A thread that adds the waits of many tasks reaches it sooner: after 213 days if a
/// thousand tasks wait at any time. A [`Histogram`](crate::Histogram) of the waits has no such
/// limit. The sum of all threads has no limit, either: a sum above 2^64 is exposed as the nearest
/// `f64`.
///
/// Each thread adds to a cell of its own: one plain add to memory, never a locked instruction.
/// With labels `L`, [`with`](Counter::with) picks the series first.
///
/// ```
/// use tickmetrics::prelude::*;
///
/// let registry = Registry::new();
/// let ticks: Counter = registry.register(&Description::new("ticks_total", "Ticks seen."))?;
/// ticks.inc();
/// ticks.add(2);
/// assert_eq!(registry.snapshot().counter("ticks_total", &[]), Some(3));
/// # Ok::<(), tickmetrics::RegisterError>(())
/// ```
pub struct Counter<L = ()> {
    pub(crate) cells: Block<L, Count>,
    pub(crate) scale: Scale,
    /// Whether the counter's unit is one of time.
    pub(crate) is_time: bool,
}

plain_value!(Counter; cells);

struct Add {
    cell: Cell,
    n: u64,
}

impl Record for Add {
    #[inline]
    fn record(self, cells: impl Cells) {
        cells.add(self.cell, self.n);
    }
}

impl Counter {
    /// Adds 1, in recorded units. For a counter with a [unit](crate::Description::unit) of time
    /// this adds one nanosecond, which is rarely intended: use
    /// [`add_duration`](Counter::add_duration). A debug build reports the first such call on
    /// standard error.
    #[inline]
    #[cfg_attr(debug_assertions, track_caller)]
    pub fn inc(&self) {
        #[cfg(debug_assertions)]
        self.report_inc();
        self.add(1);
    }

    /// Reports the first `inc` of a counter of time, with its source location.
    #[cfg(debug_assertions)]
    #[track_caller]
    fn report_inc(&self) {
        static ONCE: std::sync::Once = std::sync::Once::new();
        // With a scale of one the exported unit is the nanosecond, too, so `inc` is in order.
        if self.is_time && !self.scale.is_one() {
            let caller = std::panic::Location::caller();
            ONCE.call_once(|| {
                crate::report::report(format_args!(
                    "{caller}: inc() adds one nanosecond to a counter with a unit of time: use \
                     add_duration()"
                ));
            });
        }
    }

    /// Adds `n`, in recorded units: nanoseconds if the counter has a unit of time (see
    /// [`Description::unit`](crate::Description::unit) and
    /// [`Description::scale`](crate::Description::scale)).
    #[inline]
    pub fn add(&self, n: u64) {
        shard::record(Add { cell: self.cells.first.cell(), n });
    }

    /// Adds a duration in nanoseconds, for a counter with a unit of time. A duration of more than
    /// 584 years counts as 584 years.
    ///
    /// ```
    /// use tickmetrics::prelude::*;
    /// use std::time::Duration;
    ///
    /// let registry = Registry::new();
    /// let busy: Counter =
    ///     registry.register(&Description::new("busy_seconds_total", "Busy.").unit("seconds"))?;
    /// busy.add_duration(Duration::from_millis(1_500));
    /// busy.add_f64(0.5); // seconds
    /// assert_eq!(registry.snapshot().counter("busy_seconds_total", &[]), Some(2_000_000_000));
    /// # Ok::<(), tickmetrics::RegisterError>(())
    /// ```
    #[inline]
    pub fn add_duration(&self, duration: Duration) {
        self.add(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX));
    }

    /// The sum of all threads' counts so far, in recorded units, at most `u64::MAX`. It is exact
    /// once the adding threads are joined; other threads may add meanwhile.
    ///
    /// This reads one cell of each thread's shard, ended threads included. For the sum over a
    /// counter's labels, or for many values at one time, use
    /// [`Snapshot::get`](crate::Snapshot::get).
    ///
    /// ```
    /// use tickmetrics::prelude::*;
    ///
    /// let ticks: Counter = Registry::new().register(&Description::new("ticks_total", "Ticks."))?;
    /// ticks.add(3);
    /// assert_eq!(ticks.get(), 3);
    /// # Ok::<(), tickmetrics::RegisterError>(())
    /// ```
    pub fn get(&self) -> u64 {
        if self.cells.is_sink() {
            return 0;
        }
        let sum: u128 = in_shards(self.cells.first.cell()).map(u128::from).sum();
        u64::try_from(sum).unwrap_or(u64::MAX)
    }

    /// Adds a quantity in exported units, rounded to the nearest recorded unit. A quantity outside
    /// 0 to 2^64 recorded units (negative, infinite, NaN) adds nothing: a counter only grows.
    #[inline]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
    pub fn add_f64(&self, quantity: f64) {
        let recorded = self.scale.record(quantity);
        if (0.0..TOO_LARGE).contains(&recorded) {
            self.add(recorded as u64);
        }
    }
}

/// A count that goes up and down: orders in flight, the depth of a queue.
///
/// An up-down counter is sharded like a [`Counter`], with two cells that only grow: one for
/// additions and one for subtractions. A snapshot reads the subtractions first. So a value whose
/// every `sub` comes after its `add` is never seen negative, whichever threads made the calls.
///
/// ```
/// use tickmetrics::prelude::*;
///
/// let registry = Registry::new();
/// let in_flight: UpDownCounter = registry.register(&Description::new("in_flight", "Orders."))?;
/// in_flight.add(3);
/// in_flight.sub(1);
/// assert_eq!(registry.snapshot().gauge("in_flight", &[]), Some(2.0));
/// # Ok::<(), tickmetrics::RegisterError>(())
/// ```
pub struct UpDownCounter<L = ()> {
    pub(crate) cells: Block<L, UpDown>,
}

plain_value!(UpDownCounter; cells);

struct AddOrdered {
    cell: Cell,
    n: u64,
}

impl Record for AddOrdered {
    #[inline]
    fn record(self, cells: impl Cells) {
        cells.add_release(self.cell, self.n);
    }
}

/// Amounts are in exported units, since an up-down counter has no scale.
impl UpDownCounter {
    /// Adds 1.
    #[inline]
    pub fn inc(&self) {
        self.add(1);
    }

    /// Subtracts 1.
    #[inline]
    pub fn dec(&self) {
        self.sub(1);
    }

    /// Adds `n`, which may be negative.
    #[inline]
    pub fn add(&self, n: i64) {
        let cell = self.cells.first.cell(n < 0);
        shard::record(AddOrdered { cell, n: n.unsigned_abs() });
    }

    /// Subtracts `n`, which may be negative.
    #[inline]
    pub fn sub(&self, n: i64) {
        let cell = self.cells.first.cell(n > 0);
        shard::record(AddOrdered { cell, n: n.unsigned_abs() });
    }
    /// The additions less the subtractions of all threads so far. Exact as [`Counter::get`] is.
    pub fn get(&self) -> i64 {
        if self.cells.is_sink() {
            return 0;
        }
        // Modulo 2^64, like the cells.
        let sum = |down| in_shards(self.cells.first.cell(down)).fold(0, u64::wrapping_add);
        let taken = sum(true);
        // Acquire pairs with the Release in `add_release`: with each `sub` that is counted, the
        // `add` before it is counted, too.
        fence(Acquire);
        sum(false).wrapping_sub(taken).cast_signed()
    }
}

/// The value of a cell in each shard.
fn in_shards(cell: Cell) -> impl Iterator<Item = u64> {
    let shards = Segment::current().map(|segment| segment.view().shards_seen());
    shards.into_iter().flatten().map(move |shard| shard.load(cell.number()))
}
