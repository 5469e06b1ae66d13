//! Order books: for each symbol two ladders of price levels.

use crate::feed::{Body, Level, Message, Side, Symbol};
use crate::units::Lots;

/// The number of levels that are kept on each side; those further from the best price are dropped.
const LEVELS: usize = 50;

/// The best prices of a symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Top {
    pub(crate) symbol: Symbol,
    /// When it was received; nanoseconds since 1970.
    pub(crate) received: i64,
    pub(crate) bid: Level,
    pub(crate) ask: Level,
}

impl Top {
    pub(crate) fn middle(&self) -> f64 {
        f64::midpoint(self.bid.price.to_f64(), self.ask.price.to_f64())
    }

    /// The price for an immediate trade on this side.
    pub(crate) fn offer(&self, side: Side) -> Level {
        match side {
            Side::Buy => self.ask,
            Side::Sell => self.bid,
        }
    }
}

/// The books of all symbols, by [`Symbol::slot`].
#[derive(Debug, Default)]
pub(crate) struct Books {
    books: Vec<Book>,
}

impl Books {
    pub(crate) fn update(&mut self, message: &Message) -> &Book {
        let slot = message.symbol.slot();
        if slot >= self.books.len() {
            self.books.resize_with(slot + 1, Book::default);
        }
        let book = &mut self.books[slot];
        book.update(&message.body);
        book
    }
}

#[derive(Debug)]
pub(crate) struct Book {
    bids: Ladder,
    asks: Ladder,
    /// Whether quotes have the ask. If a recording lacks it, purchases show it.
    asks_quoted: bool,
}

impl Default for Book {
    fn default() -> Self {
        Self { bids: Ladder::new(Side::Buy), asks: Ladder::new(Side::Sell), asks_quoted: false }
    }
}

impl Book {
    fn update(&mut self, body: &Body) {
        match *body {
            Body::Quote { bid, ask } => {
                self.bids.set_best(bid);
                match ask {
                    Some(ask) => {
                        self.asks_quoted = true;
                        self.asks.set_best(ask);
                    }
                    // An ask at or below the bid would have been taken.
                    None => self.asks.remove_to(bid),
                }
            }
            Body::Trade { aggressor: Side::Buy, at } if !self.asks_quoted => {
                self.asks.set_best(at);
            }
            Body::Depth(Some((Side::Buy, level))) => self.bids.set(level),
            Body::Depth(Some((Side::Sell, level))) => self.asks.set(level),
            Body::Depth(None) | Body::Trade { .. } | Body::Other => {}
        }
    }

    pub(crate) fn depth(&self) -> usize {
        self.bids.levels.len() + self.asks.levels.len()
    }

    /// The best prices, once both are known and consistent.
    pub(crate) fn top(&self, message: &Message) -> Option<Top> {
        let Message { symbol, received, .. } = *message;
        let (bid, ask) = (*self.bids.levels.first()?, *self.asks.levels.first()?);
        (bid.price < ask.price).then_some(Top { symbol, received, bid, ask })
    }
}

/// One side's levels, the best one first.
#[derive(Debug)]
struct Ladder {
    side: Side,
    levels: Vec<Level>,
}

impl Ladder {
    fn new(side: Side) -> Self {
        // Room for one more than is kept, so that it never grows.
        Self { side, levels: Vec::with_capacity(LEVELS + 1) }
    }

    /// Smaller for a better price.
    fn rank(&self, level: &Level) -> i64 {
        match self.side {
            Side::Buy => -level.price.0,
            Side::Sell => level.price.0,
        }
    }

    fn set(&mut self, level: Level) {
        let rank = self.rank(&level);
        let at = self.levels.partition_point(|other| self.rank(other) < rank);
        let there = self.levels.get(at).is_some_and(|other| other.price == level.price);
        match (there, level.quantity > Lots(0)) {
            (true, true) => self.levels[at] = level,
            (true, false) => {
                self.levels.remove(at);
            }
            (false, true) => {
                self.levels.insert(at, level);
                self.levels.truncate(LEVELS);
            }
            (false, false) => {}
        }
    }

    /// Removes all levels better than this one.
    fn set_best(&mut self, level: Level) {
        let rank = self.rank(&level);
        let better = self.levels.partition_point(|other| self.rank(other) < rank);
        self.levels.drain(..better);
        self.set(level);
    }

    /// Removes the levels that cross this one of the other side.
    fn remove_to(&mut self, other: Level) {
        let rank = self.rank(&other);
        let crossed = self.levels.partition_point(|level| self.rank(level) <= rank);
        self.levels.drain(..crossed);
    }
}

#[cfg(test)]
mod tests {
    use super::{Books, LEVELS, Level, Lots, Message, Side, Symbol};
    use crate::feed::Body;
    use crate::units::Price;

    fn level(price: i64, quantity: u64) -> Level {
        Level { price: Price(price), quantity: Lots(quantity) }
    }

    fn message(body: Body) -> Message {
        Message { symbol: Symbol::intern("BOOKTEST"), received: 0, event: None, body }
    }

    #[test]
    fn quotes_and_depth_make_a_book() {
        let mut books = Books::default();
        let quote = message(Body::Quote { bid: level(100, 5), ask: Some(level(101, 6)) });
        let top = books.update(&quote).top(&quote).unwrap();
        assert_eq!((top.bid, top.ask), (level(100, 5), level(101, 6)));
        books.update(&message(Body::Depth(Some((Side::Buy, level(99, 7))))));
        assert_eq!(books.update(&message(Body::Other)).depth(), 3);
        // The best bid falls: the levels above it are gone.
        let quote = message(Body::Quote { bid: level(99, 1), ask: Some(level(101, 6)) });
        let book = books.update(&quote);
        assert_eq!((book.depth(), book.top(&quote).unwrap().bid), (2, level(99, 1)));
        books.update(&message(Body::Depth(Some((Side::Buy, level(99, 0))))));
        assert_eq!(books.update(&message(Body::Other)).top(&quote), None);
    }

    #[test]
    fn a_recording_without_asks_learns_them_from_purchases() {
        let mut books = Books::default();
        let quote = message(Body::Quote { bid: level(100, 5), ask: None });
        assert_eq!(books.update(&quote).top(&quote), None);
        let trade = message(Body::Trade { aggressor: Side::Buy, at: level(101, 1) });
        assert_eq!(books.update(&trade).top(&trade).unwrap().ask, level(101, 1));
        let quote = message(Body::Quote { bid: level(101, 5), ask: None });
        assert_eq!(books.update(&quote).top(&quote), None);
    }

    #[test]
    fn a_book_does_not_grow_without_end() {
        let mut books = Books::default();
        for price in 1..1000 {
            books.update(&message(Body::Depth(Some((Side::Sell, level(price, 1))))));
        }
        assert_eq!(books.update(&message(Body::Other)).depth(), LEVELS);
    }
}
