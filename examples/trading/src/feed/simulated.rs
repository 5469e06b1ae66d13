//! A simulated exchange: the same seed gives the same messages, except for the time of the start.
//!
//! Bursts begin at random (a Poisson process) and hold a geometric number of messages a few
//! microseconds apart, now and then ten times as many: real feeds are as uneven. Prices walk at
//! random with some momentum, so that a strategy finds something to do.

use super::{Body, Disconnect, Event, Feed, Level, Message, Side, Symbol};
use crate::units::{Lots, Price};
use std::collections::VecDeque;

/// Bursts a second.
const BURSTS: f64 = 150.0;
/// Messages of a burst, on average.
const BURST: f64 = 20.0;
/// One burst in this many is a large one, and this is its factor.
const LARGE_ONE_IN: u32 = 100;
const LARGE: f64 = 10.0;
/// Mean time between two messages of a burst, in nanoseconds.
const GAP: f64 = 8_000.0;
/// Mean time between two losses of the connection, in seconds.
const RECONNECT: f64 = 45.0;

/// Name, smallest step of the price in hundred-millionths, price in such steps, and quantity of a
/// usual trade in thousandths.
const INSTRUMENTS: [(&str, i64, i64, u64); 10] = [
    ("BTCUSDT", 10_000_000, 618_000, 40),
    ("ETHUSDT", 1_000_000, 268_000, 900),
    ("SOLUSDT", 1_000_000, 15_500, 15_000),
    ("BNBUSDT", 1_000_000, 51_200, 4_000),
    ("XRPUSDT", 10_000, 6_100, 3_000_000),
    ("DOGEUSDT", 1_000, 10_200, 18_000_000),
    ("ADAUSDT", 10_000, 3_400, 6_000_000),
    ("AVAXUSDT", 100_000, 22_000, 90_000),
    ("LINKUSDT", 100_000, 10_500, 180_000),
    ("LTCUSDT", 1_000_000, 5_900, 35_000),
];

#[derive(Clone, Copy, Debug)]
struct Instrument {
    symbol: Symbol,
    bid: i64,
    spread: i64,
    step: i64,
    usual: u64,
    /// How much likelier a move up is than a move down, -1 to 1.
    momentum: f64,
}

#[derive(Debug)]
pub(crate) struct Simulated {
    random: fastrand::Rng,
    instruments: Vec<Instrument>,
    /// Nanoseconds since 1970.
    now: i64,
    burst: VecDeque<Event>,
}

impl Simulated {
    /// A feed whose first message is received soon after `start`, nanoseconds since 1970.
    pub(crate) fn new(seed: u64, start: i64) -> Self {
        let instruments = INSTRUMENTS.map(|(name, step, price, usual)| Instrument {
            symbol: Symbol::intern(name),
            bid: price * step,
            spread: 1,
            step,
            usual,
            momentum: 0.0,
        });
        Self {
            random: fastrand::Rng::with_seed(seed),
            instruments: instruments.into(),
            now: start,
            burst: VecDeque::new(),
        }
    }

    /// A random number of this mean, often small and seldom large.
    fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.random.f64()).ln()
    }

    #[expect(clippy::cast_possible_truncation, reason = "`as` saturates")]
    fn pass(&mut self, mean_nanoseconds: f64) {
        self.now = self.now.saturating_add(self.exponential(mean_nanoseconds) as i64 + 100);
    }

    fn next_burst(&mut self) {
        self.pass(1e9 / BURSTS);
        if self.random.f64() < 1.0 / (BURSTS * RECONNECT) {
            let reason =
                if self.random.bool() { Disconnect::Timeout } else { Disconnect::ClosedByServer };
            self.burst.push_back(Event::Reconnected { at: self.now, reason });
        }
        let large = self.random.u32(0..LARGE_ONE_IN) == 0;
        let messages = self.exponential(if large { BURST * LARGE } else { BURST });
        // A cause that moves one of them moves a few others, the first ones of the list most of
        // all.
        let leader = self.random.usize(0..self.instruments.len()).min(self.random.usize(0..10));
        let push = self.random.f64() - 0.5;
        let momentum = &mut self.instruments[leader].momentum;
        *momentum = (*momentum * 0.8 + push).clamp(-0.9, 0.9);
        let mut sent = 0.0;
        while sent <= messages {
            self.pass(GAP);
            let any = self.random.usize(0..self.instruments.len());
            let at = if self.random.u32(0..4) > 0 { leader } else { any };
            let message = self.message(at);
            self.burst.push_back(Event::Message(message));
            sent += 1.0;
        }
    }

    /// Seven in ten are quotes, two trades, one a change deeper in the book.
    #[expect(clippy::cast_possible_truncation, reason = "`as` saturates")]
    fn message(&mut self, at: usize) -> Message {
        let body = match self.random.u32(0..10) {
            0 => self.depth(at),
            1 | 2 => self.trade(at),
            _ => self.quote(at),
        };
        // The transit time from the exchange.
        let way = 200_000 + self.exponential(150_000.0) as i64;
        let event = Some((self.now - way) / 1_000_000 * 1_000_000);
        Message { symbol: self.instruments[at].symbol, received: self.now, event, body }
    }

    fn quote(&mut self, at: usize) -> Body {
        let (bid_lots, ask_lots) = (self.lots(at, 20.0), self.lots(at, 20.0));
        let (moves, up) = (self.random.u32(0..3) == 0, self.random.f64() * 2.0 - 1.0);
        let spread = self.random.i64(1..=3).min(self.random.i64(1..=3));
        let instrument = &mut self.instruments[at];
        if moves {
            let step = if up < instrument.momentum { instrument.step } else { -instrument.step };
            // Never near 0, however long it falls.
            instrument.bid = (instrument.bid + step).max(instrument.step * 100);
            instrument.spread = spread;
            instrument.momentum *= 0.98;
        }
        let bid = Level { price: Price(instrument.bid), quantity: bid_lots };
        let ask = instrument.bid + instrument.spread * instrument.step;
        Body::Quote { bid, ask: Some(Level { price: Price(ask), quantity: ask_lots }) }
    }

    fn trade(&mut self, at: usize) -> Body {
        let quantity = self.lots(at, 1.0);
        let chance = self.random.f64() * 2.0 - 1.0;
        let Instrument { bid, spread, step, momentum, .. } = self.instruments[at];
        let (aggressor, price) =
            if chance < momentum { (Side::Buy, bid + spread * step) } else { (Side::Sell, bid) };
        Body::Trade { aggressor, at: Level { price: Price(price), quantity } }
    }

    fn depth(&mut self, at: usize) -> Body {
        let away = self.random.i64(1..=20);
        let gone = self.random.u32(0..3) == 0;
        let quantity = if gone { Lots(0) } else { self.lots(at, 30.0) };
        let Instrument { bid, spread, step, .. } = self.instruments[at];
        let (side, price) = if self.random.bool() {
            (Side::Buy, bid - away * step)
        } else {
            (Side::Sell, bid + (spread + away) * step)
        };
        Body::Depth(Some((side, Level { price: Price(price), quantity })))
    }

    /// A random quantity, on average this many usual ones.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
    fn lots(&mut self, at: usize, usual_ones: f64) -> Lots {
        let mean = self.instruments[at].usual as f64 * usual_ones;
        Lots((self.exponential(mean) as u64).max(1))
    }
}

impl Feed for Simulated {
    fn next(&mut self) -> Option<Event> {
        while self.burst.is_empty() {
            self.next_burst();
        }
        self.burst.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::{Event, Feed, Simulated};
    use std::collections::HashSet;

    fn take(seed: u64, count: usize) -> Vec<Event> {
        let mut feed = Simulated::new(seed, 1_700_000_000_000_000_000);
        std::iter::from_fn(|| feed.next()).take(count).collect()
    }

    #[test]
    fn a_seed_says_it_all() {
        assert_eq!(take(7, 20_000), take(7, 20_000));
        assert_ne!(take(7, 100), take(8, 100));
    }

    #[test]
    fn it_is_as_uneven_as_real_feeds() {
        let events = take(1, 50_000);
        let times: Vec<i64> = events.iter().map(Event::received).collect();
        assert!(times.is_sorted());
        let seconds = (times[times.len() - 1] - times[0]) as f64 / 1e9;
        let rate = times.len() as f64 / seconds;
        assert!((2_000.0..8_000.0).contains(&rate), "{rate} messages a second");
        let busiest = times
            .iter()
            .enumerate()
            .map(|(at, start)| times[at..].partition_point(|time| time - start < 1_000_000))
            .max();
        assert!(busiest > Some(50), "{busiest:?} messages in a millisecond");
    }

    #[test]
    fn all_symbols_trade() {
        let slots: HashSet<usize> = take(1, 20_000)
            .iter()
            .filter_map(|event| match event {
                Event::Message(message) => Some(message.symbol.slot()),
                Event::Reconnected { .. } => None,
            })
            .collect();
        assert!(slots.len() >= 8);
    }
}
