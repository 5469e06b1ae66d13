//! The first service: messages in, best prices out.

mod book;
mod metrics;

pub(crate) use book::{Books, Top};
pub(crate) use metrics::{FeedMetrics, MarketDataMetrics};

use crate::feed::{Body, Disconnect, Message};
use tickmetrics::prelude::*;

pub(crate) struct MarketData {
    metrics: MarketDataMetrics,
    feed: FeedMetrics,
    books: Books,
    /// When the last message was received.
    last: Option<i64>,
}

impl MarketData {
    pub(crate) fn new(registry: &Registry) -> Result<Self, RegisterError> {
        Ok(Self {
            metrics: MarketDataMetrics::register(registry)?,
            feed: FeedMetrics::register(registry)?,
            books: Books::default(),
            last: None,
        })
    }

    /// The first step of the tick path.
    #[timed(self.metrics.processing_latency.with(message.symbol))]
    pub(crate) fn on_tick(&mut self, message: &Message) -> Option<Top> {
        self.metrics.ticks_received.with(message.symbol).inc();
        self.count(message);
        let top = self.update_book(message);
        self.metrics.ticks_processed.with(message.symbol).inc();
        top
    }

    fn count(&mut self, message: &Message) {
        self.feed.messages.with(message.body.stream()).inc();
        if let Some(last) = self.last.replace(message.received) {
            self.feed.inter_arrival.record_signed(message.received.saturating_sub(last));
        }
        if let Some(event) = message.event {
            self.feed.local_minus_event.record_signed(message.received.saturating_sub(event));
        }
        if let Body::Trade { aggressor, at } = message.body {
            self.feed.trades.with(aggressor).inc();
            self.metrics.volume.with(message.symbol).add(at.quantity.0);
            self.metrics.price.with(message.symbol).set(at.price.to_f64());
        }
    }

    #[timed]
    fn update_book(&mut self, message: &Message) -> Option<Top> {
        let book = self.books.update(message);
        if matches!(message.body, Body::Quote { .. } | Body::Depth(_)) {
            self.metrics.orderbook_updates.with(message.symbol).inc();
            self.metrics.orderbook_depth.with(message.symbol).set(book.depth() as f64);
        }
        book.top(message)
    }

    pub(crate) fn connected(&self, connected: bool) {
        self.metrics.websocket_connected.set(f64::from(u8::from(connected)));
    }

    pub(crate) fn reconnected(&self, reason: Disconnect) {
        self.metrics.websocket_reconnects.with(reason).inc();
    }

    pub(crate) fn queued(&self, messages: i64) {
        self.metrics.message_queue_size.add(messages);
    }
}
