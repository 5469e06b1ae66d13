//! A message of the feed, for which a tick of the path is run.

use crate::groups::side::Side;

pub(super) const SYMBOLS: usize = 32;
pub(super) const LEVELS: usize = 5;

/// A change of one level of a book, or a trade.
#[derive(Clone, Copy)]
pub(super) struct Tick {
    /// In 0..SYMBOLS.
    pub(super) symbol: usize,
    pub(super) side: Side,
    /// In 0..LEVELS.
    pub(super) level: usize,
    /// In hundredths.
    pub(super) price: u64,
    pub(super) size: u64,
    /// Nanoseconds from the exchange.
    pub(super) delay: u64,
}
