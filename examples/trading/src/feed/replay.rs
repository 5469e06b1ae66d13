//! A recorded feed: CSV, plain or gzip, one message a line.
//!
//! Columns: local receive time in nanoseconds, stream, the exchange's event and transaction times
//! in milliseconds, price, quantity. Missing values are empty.

use super::lines::{Line, Lines};
use super::sides::{Recorded, Sides};
use super::{Body, Event, Feed, Level, Message, Side, Symbol};
use crate::units::{Lots, Price};
use std::path::Path;

const HEADER: &str = "local_ts_ns,stream,event_ms,transaction_ms,price,qty";

/// The number of damaged lines that are reported individually.
const REPORTED: u64 = 10;

pub(crate) struct Replay {
    lines: Lines,
    symbol: Symbol,
    sides: Sides,
    damaged: u64,
    broken: Option<String>,
    ended: bool,
}

impl Replay {
    /// A recording of one symbol's messages.
    ///
    /// # Errors
    /// If the file can't be read or is no recording.
    pub(crate) fn open(path: &Path, symbol: Symbol) -> Result<Self, String> {
        let open = Lines::open(path);
        let mut lines = open.map_err(|error| format!("can't read {}: {error}", path.display()))?;
        let reason = match lines.next() {
            Line::Text(HEADER) => {
                let sides = Sides::default();
                return Ok(Self { lines, symbol, sides, damaged: 0, broken: None, ended: false });
            }
            Line::Text(_) => format!("its first line is not \"{HEADER}\""),
            Line::Unreadable(reason) => format!("in its first line, {reason}"),
            Line::End => "it is empty".to_owned(),
            Line::Broken(error) => error.to_string(),
        };
        Err(format!("{} is not a recording of a feed: {reason}", path.display()))
    }

    /// Reads one more line.
    fn read(&mut self) {
        let result = match self.lines.next() {
            Line::Text(line) => parse(line, self.symbol),
            Line::Unreadable(reason) => Err(reason),
            Line::End => {
                self.ended = true;
                return;
            }
            Line::Broken(error) => {
                let number = self.lines.number();
                self.broken = Some(format!(
                    "the recording can't be read on in line {number} ({error}): what was before it is \
                     replayed; copy or record the file anew"
                ));
                self.ended = true;
                return;
            }
        };
        match result {
            Ok(recorded) => self.sides.push(recorded),
            Err(reason) => self.report(reason),
        }
    }

    fn report(&mut self, reason: &str) {
        self.damaged += 1;
        let number = self.lines.number();
        if self.damaged <= REPORTED {
            eprintln!("trading: line {number} is damaged and skipped: {reason}");
        } else if self.damaged == REPORTED + 1 {
            eprintln!("trading: line {number} is damaged too; further ones are only counted");
        }
    }
}

impl Feed for Replay {
    fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(message) = self.sides.pop(self.ended) {
                return Some(Event::Message(message));
            }
            if self.ended {
                return None;
            }
            self.read();
        }
    }

    fn damaged(&self) -> u64 {
        self.damaged
    }

    fn broken(&self) -> Option<&str> {
        self.broken.as_deref()
    }
}

fn parse(line: &str, symbol: Symbol) -> Result<Recorded, &'static str> {
    let mut columns = line.split(',');
    let mut column = || columns.next().ok_or("it has fewer than 6 columns");
    let (received, stream) = (column()?, column()?);
    let (event, transaction) = (column()?, column()?);
    let (price, quantity) = (column()?, column()?);
    if columns.next().is_some() {
        return Err("it has more than 6 columns");
    }
    let received = time(received).ok_or("its receive time is not a number of nanoseconds")?;
    let event = milliseconds(event, "its event time is not a number of milliseconds")?
        .map(|event| event.checked_mul(1_000_000).ok_or("its event time is out of range"))
        .transpose()?;
    let transaction =
        milliseconds(transaction, "its transaction time is not a number of milliseconds")?;
    let level = || {
        Ok::<_, &str>(Level {
            price: Price::parse(price).ok_or("its price is invalid")?,
            quantity: Lots::parse(quantity).ok_or("its quantity is invalid")?,
        })
    };
    let body = match stream {
        "depth@0ms" => Body::Depth(None),
        "bookTicker" => Body::Quote { bid: level()?, ask: None },
        // The side is determined later.
        "trade" => Body::Trade { aggressor: Side::Buy, at: level()? },
        "other" => Body::Other,
        _ => return Err("its stream is unknown"),
    };
    Ok(Recorded { message: Message { symbol, received, event, body }, transaction })
}

/// A time, or `None` for other text.
fn time(text: &str) -> Option<i64> {
    text.parse().ok().filter(|&time| time >= 0)
}

/// A time that may be missing.
fn milliseconds(text: &str, otherwise: &'static str) -> Result<Option<i64>, &'static str> {
    if text.is_empty() {
        return Ok(None);
    }
    time(text).map(Some).ok_or(otherwise)
}

#[cfg(test)]
#[path = "replay_tests.rs"]
mod tests;
