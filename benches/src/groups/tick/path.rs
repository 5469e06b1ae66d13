//! A small version of a trading system's work on a tick: the book's top, a signal from its
//! imbalance, and a check of the resulting position.

use super::library::{Kept, Library};
use super::message::{LEVELS, SYMBOLS, Tick};
use crate::groups::side::Side;

#[derive(Clone, Copy, Default)]
struct Level {
    price: u64,
    size: u64,
}

#[derive(Clone, Copy, Default)]
struct Book {
    bids: [Level; LEVELS],
    asks: [Level; LEVELS],
    /// The imbalance of the sizes, smoothed, from -1 to 1.
    signal: f64,
    position: f64,
}

/// Books, signals and positions.
#[derive(Default)]
pub(super) struct State {
    books: [Book; SYMBOLS],
    exposure: f64,
    pub(super) orders: u64,
    /// Ticks so far.
    pub(super) seen: usize,
}

impl State {
    /// One tick through all stages, recorded in the metrics of a library.
    #[inline]
    pub(super) fn on_tick<L: Library>(&mut self, tick: &Tick, metrics: &Kept<L>) {
        let whole = L::start(&metrics.tick_time);
        L::inc(&metrics.ticks);
        L::inc(&metrics.by_side[tick.side as usize]);
        L::record(&metrics.delay, tick.delay);

        let timing = L::start(&metrics.book_time);
        let book = &mut self.books[tick.symbol];
        let mid = book.update(tick);
        L::inc(&metrics.book_updates);
        L::set(&metrics.mid, mid);
        L::record(&metrics.size, tick.size);
        L::stop(timing);

        let signal = book.follow();
        L::inc(&metrics.signals);

        if let Some(order) = book.check(signal, self.exposure) {
            book.position += order;
            self.exposure += order.abs();
            self.orders += 1;
        } else {
            // Orders fill and positions are closed somewhere else.
            self.exposure *= 0.99;
            book.position *= 0.99;
        }
        L::inc(&metrics.checks);
        L::set(&metrics.exposure, self.exposure);
        L::stop(whole);
    }
}

impl Book {
    /// Updates the level in the book, and returns the middle of its top.
    #[inline]
    fn update(&mut self, tick: &Tick) -> f64 {
        let levels = match tick.side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        };
        levels[tick.level] = Level { price: tick.price, size: tick.size };
        // Levels arrive in any order: the top is the best of them.
        let bid = self.bids.iter().map(|level| level.price).max().unwrap_or(0);
        let ask = self.asks.iter().map(|level| level.price).min().unwrap_or(0);
        f64::midpoint(bid as f64, ask as f64) * 0.01
    }

    /// The signal for the book's present state.
    #[inline]
    fn follow(&mut self) -> f64 {
        let weigh = |levels: &[Level; LEVELS]| -> f64 {
            levels.iter().zip(1_u32..).map(|(level, at)| level.size as f64 / f64::from(at)).sum()
        };
        let (bids, asks) = (weigh(&self.bids), weigh(&self.asks));
        let imbalance = (bids - asks) / (bids + asks).max(1.0);
        self.signal += 0.1 * (imbalance - self.signal);
        self.signal
    }

    /// The order for the signal, if the limits allow one.
    #[inline]
    fn check(&self, signal: f64, exposure: f64) -> Option<f64> {
        let order = 10.0 * signal;
        let within = (self.position + order).abs() <= 50.0 && exposure + order.abs() <= 1_000.0;
        (signal.abs() > 0.15 && within).then_some(order)
    }
}
