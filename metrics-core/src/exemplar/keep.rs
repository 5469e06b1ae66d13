//! The exemplar of a series: one of its values, and the trace that the value belongs to. Each shard
//! has one for each series. The shard's owner writes it while others read it.
//!
//! An exemplar has five words, and a reader must not mix words of one exemplar with those of the
//! next. So a sequence number is odd while the words are written. A reader starts over if the
//! number is odd, or if it changed while the reader read the words.
//!
//! ```text
//! writer                              reader
//!   sequence := odd, Relaxed            before := sequence, Relaxed
//!   fence, Release            (1)       fence, Acquire            (2)
//!   words, Relaxed                      words, Relaxed
//!   sequence := next even, Release (2)  fence, Acquire            (1)
//!                                       before is even, and sequence = before, Relaxed?
//! ```
//!
//! - If the reader sees any word of a write, (1) pairs: its last load sees the odd number of that
//!   write, or a later one. So the reader uses no words that were stored after the number of its
//!   first load.
//! - If the reader's first load sees an even number, (2) pairs: it sees the words of that write, or
//!   later ones. So the reader uses no words that were stored before.
//!
//! (2) has a second effect. The value was counted before its exemplar was written. So a reader that
//! reads the exemplar first, and then the counts, finds the value counted.
//!
//! A writer never waits. A reader makes a limited number of attempts, and then does without: a
//! number can stay odd for ever in the file of a killed process. The overflow shard has several
//! writers. There the thread that makes the number odd by a compare-exchange writes its exemplar;
//! the other threads drop theirs.

use super::hook;
use crate::cell::{Both, Cell, Distribution, First, Head};
use crate::clock;
use crate::layout::{
    EXEMPLAR_CELLS,
    exemplar::{PERIOD, SINCE, SPAN, TIME, TRACE_HIGH, TRACE_LOW, VALUE},
    head,
};
use crate::segment::{Part, Segment};
use crate::shard::{self, Cells, Record, Shared};
use crate::sync::{Acquire, Relaxed, Release, fence};
use std::hint;

/// A reader's attempts. A write takes some nanoseconds, and happens once in a while.
const ATTEMPTS: u32 = if cfg!(tickmetrics_loom) { 2 } else { 64 };

/// The trace and the span of a value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ids {
    pub(crate) trace: u128,
    pub(crate) span: u64,
}

/// An exemplar, as a reader gets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exemplar {
    /// In recorded units.
    pub(crate) value: u64,
    pub(crate) trace: u128,
    pub(crate) span: u64,
    /// Nanoseconds since the epoch.
    pub(crate) time: u64,
}

/// The position of a series' exemplar in each shard: the series' head, which has the sequence
/// number, and the first cell of its distribution.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    pub(crate) head: First<Head>,
    pub(crate) distribution: Distribution,
}

impl Slot {
    #[inline]
    fn sequence(self) -> Cell {
        self.head.cell(head::EXEMPLAR)
    }

    #[inline]
    fn cell(self, which: usize) -> Cell {
        self.distribution.exemplar(which)
    }

    /// Whether to keep a value: it is larger than the present one, or the present one has had its
    /// time.
    #[inline]
    fn takes(self, cells: impl Cells, value: u64, now: u64) -> bool {
        // If threads without a shard write, these three may be of several exemplars. Then one may
        // be kept or dropped wrongly.
        let since = cells.get(self.cell(SINCE));
        value > cells.get(self.cell(VALUE))
            || now.wrapping_sub(since) >= cells.get(self.cell(PERIOD))
    }
}

/// Keeps a value that was just recorded as the exemplar of its series, if `takes` allows. `now` is
/// in ticks of the clock, `period` in milliseconds.
#[inline]
pub(crate) fn offer(slot: Slot, value: u64, ids: Ids, now: u64, period: u32) {
    if crate::IS_OFF {
        return;
    }
    if let Some(cells) = shard::own()
        && !slot.takes(cells, value, now)
    {
        return;
    }
    keep(Both::new(slot.head, slot.distribution), value, ids.trace, ids.span, period);
}

/// Keeps a value that was just recorded as the exemplar of its series, if `takes` allows and the
/// hook knows the thread's trace. `period` is in milliseconds.
#[inline]
pub(crate) fn offer_current(slot: Slot, value: u64, period: u32) {
    if !hook::is_set() {
        return;
    }
    let now = clock::ticks();
    let is_due = match (shard::own(), Segment::current()) {
        (Some(cells), _) => slot.takes(cells, value, now),
        (None, Some(segment)) => slot.takes(Shared::of(segment), value, now),
        (None, None) => false,
    };
    // No cell is being written while the hook runs: it may record to this series.
    if is_due && let Some((trace, span)) = hook::ask() {
        keep(Both::new(slot.head, slot.distribution), value, trace, span, period);
    }
}

/// The path for an exemplar that is kept, and for a thread without a shard. All arguments are in
/// registers.
#[cold]
#[inline(never)]
fn keep(series: Both, value: u64, trace: u128, span: u64, period: u32) {
    let (head, distribution) = series.split();
    let slot = Slot { head, distribution };
    let exemplar = Exemplar { value, trace, span, time: clock::nanos_since_epoch() };
    let (since, period) = (clock::ticks(), clock::ticks_in(u64::from(period) * 1_000_000));
    shard::record_along(Keep { slot, exemplar, since, period });
}

/// An exemplar that replaces the present one, if `takes` allows.
pub(crate) struct Keep {
    pub(crate) slot: Slot,
    pub(crate) exemplar: Exemplar,
    /// When it was written and how long it stays, in ticks of the clock.
    pub(crate) since: u64,
    pub(crate) period: u64,
}

impl Record for Keep {
    #[expect(clippy::cast_possible_truncation, reason = "a half")]
    fn record(self, cells: impl Cells) {
        let Self { slot, exemplar: Exemplar { value, trace, span, time }, since, period } = self;
        if !slot.takes(cells, value, since) {
            return;
        }
        let Some(odd) = cells.begin(slot.sequence()) else { return };
        // Release pairs with the second Acquire fence in `read`: (1) above.
        fence(Release);
        for (which, word) in [
            (VALUE, value),
            (TRACE_HIGH, (trace >> 64) as u64),
            (TRACE_LOW, trace as u64),
            (SPAN, span),
            (TIME, time),
            (SINCE, since),
            (PERIOD, period),
        ] {
            cells.set(slot.cell(which), word);
        }
        cells.publish(slot.sequence(), odd.wrapping_add(1));
    }
}

/// A shard's exemplar of the series with this head and this first cell of its distribution. `None`
/// if there is none, or if it was being written at each attempt.
pub(crate) fn read(shard: Part<'_>, head: usize, first: usize) -> Option<Exemplar> {
    let at = first.checked_sub(EXEMPLAR_CELLS as usize)?;
    for _ in 0..ATTEMPTS {
        // Loads are Relaxed, with fences: the words may be another process's (`segment::part`).
        let before = shard.load(head + head::EXEMPLAR);
        if before == 0 {
            return None;
        }
        // Acquire pairs with the Release in `Cells::publish`: (2) above.
        fence(Acquire);
        let cells = shard.get(at..first)?;
        let load = |which: usize| cells[which].load(Relaxed);
        let exemplar = Exemplar {
            value: load(VALUE),
            trace: u128::from(load(TRACE_HIGH)) << 64 | u128::from(load(TRACE_LOW)),
            span: load(SPAN),
            time: load(TIME),
        };
        // Acquire pairs with the Release fence in `Keep`: (1) above.
        fence(Acquire);
        if before & 1 == 0 && shard.load(head + head::EXEMPLAR) == before {
            return Some(exemplar);
        }
        hint::spin_loop();
    }
    None
}
