//! The aggressor of a recorded trade.
//!
//! A recording may have the price of a trade, but not the party that took the other's offer. The
//! quote rule (C. Lee and M. Ready, "Inferring Trade Direction from Intraday Data", Journal of
//! Finance 46, 1991) infers it: a trade above the best bid that was there just before was a
//! purchase, one at or below it a sale. "Just before" is by the exchange's clock, since the quote
//! and the trade come by separate streams, and either may be received first. So a trade waits until
//! a quote of its own time or later was read: a recording can be read ahead.
//!
//! It is an inference, right in total to some hundredths of a percent: if the best bid moves within
//! the millisecond of the trade, it can be wrong.

use super::{Body, Message, Side};
use crate::units::Price;
use std::collections::VecDeque;

/// The most messages that a trade waits for a later quote.
const READ_AHEAD: usize = 4096;

/// A message as recorded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Recorded {
    /// A trade's side is not known yet.
    pub(crate) message: Message,
    /// When it happened, by the clock of the exchange's matching engine, in milliseconds.
    pub(crate) transaction: Option<i64>,
}

#[derive(Debug, Default)]
pub(crate) struct Sides {
    waiting: VecDeque<Recorded>,
    /// Best bids by their times, from the last one before the oldest waiting trade.
    bids: VecDeque<(i64, Price)>,
}

impl Sides {
    /// Takes the next message of the recording.
    pub(crate) fn push(&mut self, recorded: Recorded) {
        if let (Body::Quote { bid, .. }, Some(time)) = (recorded.message.body, recorded.transaction)
        {
            self.bids.push_back((time, bid.price));
            if self.bids.len() > 2 * READ_AHEAD {
                self.bids.pop_front();
            }
        }
        self.waiting.push_back(recorded);
    }

    /// The oldest message, once its side is known; at the `end` of the recording with the known
    /// data.
    pub(crate) fn pop(&mut self, end: bool) -> Option<Message> {
        let Recorded { mut message, transaction } = *self.waiting.front()?;
        if let Body::Trade { at, .. } = message.body {
            let time = transaction.unwrap_or(i64::MAX);
            let later_quote = self.bids.back().is_some_and(|bid| bid.0 >= time);
            if !(later_quote || end || self.waiting.len() >= READ_AHEAD) {
                return None;
            }
            // The first bid in the list is the last before `time`, where there is one.
            while self.bids.get(1).is_some_and(|bid| bid.0 < time) {
                self.bids.pop_front();
            }
            let above = self.bids.front().is_none_or(|bid| at.price > bid.1);
            message.body =
                Body::Trade { aggressor: if above { Side::Buy } else { Side::Sell }, at };
        }
        self.waiting.pop_front();
        Some(message)
    }
}
