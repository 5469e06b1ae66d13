//! The source of ticks: one exchange's messages, simulated or recorded, in the order received.

mod lines;
mod replay;
mod sides;
mod simulated;

pub(crate) use replay::Replay;
pub(crate) use simulated::Simulated;

use crate::units::{Lots, Price};
use tickmetrics::prelude::*;

/// An instrument. Interned once, when a feed starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Label)]
#[label(capacity = 64)]
pub(crate) struct Symbol(LabelId);

impl Symbol {
    /// A small number, the index of this symbol's state.
    pub(crate) fn slot(self) -> usize {
        self.0.index()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Label)]
pub(crate) enum Side {
    Buy,
    Sell,
}

/// The kind of a message, by the exchange's own names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Label)]
pub(crate) enum Stream {
    #[label(rename = "depth@0ms")]
    Depth,
    #[label(rename = "bookTicker")]
    BookTicker,
    #[label(rename = "trade")]
    Trade,
    /// Answers to subscriptions and the like.
    #[label(rename = "other")]
    Other,
}

/// The reason why a connection was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Label)]
#[label(rename = "reason")]
pub(crate) enum Disconnect {
    Timeout,
    ClosedByServer,
}

/// Quantity at a price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Level {
    pub(crate) price: Price,
    pub(crate) quantity: Lots,
}

/// One message of the exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) symbol: Symbol,
    /// When it was received, by the local clock; nanoseconds since 1970.
    pub(crate) received: i64,
    /// When it happened, by the exchange's clock; nanoseconds since 1970.
    pub(crate) event: Option<i64>,
    pub(crate) body: Body,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// The new quantity at one price; `None` if a recording lacks side or price.
    Depth(Option<(Side, Level)>),
    /// The new best prices; a recording may lack the ask.
    Quote { bid: Level, ask: Option<Level> },
    /// A trade; the side is that of the party that took the other's offer.
    Trade { aggressor: Side, at: Level },
    /// A message without prices.
    Other,
}

impl Body {
    pub(crate) fn stream(&self) -> Stream {
        match self {
            Self::Depth(_) => Stream::Depth,
            Self::Quote { .. } => Stream::BookTicker,
            Self::Trade { .. } => Stream::Trade,
            Self::Other => Stream::Other,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Message(Message),
    /// The connection was lost and made again; `at` is the local clock's nanoseconds since 1970.
    Reconnected {
        at: i64,
        reason: Disconnect,
    },
}

impl Event {
    /// When it was received, by the local clock; nanoseconds since 1970.
    pub(crate) fn received(&self) -> i64 {
        match self {
            Self::Message(message) => message.received,
            Self::Reconnected { at, .. } => *at,
        }
    }
}

/// A source of events.
pub(crate) trait Feed: Send {
    /// The next event, immediately, whenever it is due; `None` at the end.
    fn next(&mut self) -> Option<Event>;

    /// The number of a recording's lines that were skipped as damaged.
    fn damaged(&self) -> u64 {
        0
    }

    /// The reason why a recording could not be read to its end; `None` if it was.
    fn broken(&self) -> Option<&str> {
        None
    }
}
