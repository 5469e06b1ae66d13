use crate::feed::{Disconnect, Side, Stream, Symbol};
use tickmetrics::prelude::*;

#[derive(Metrics)]
#[metrics(prefix = "market_data")]
pub(crate) struct MarketDataMetrics {
    /// Ticks received from the exchange.
    #[metric(
        alert(
            name = "FeedSilent",
            equals = 0,
            over = "1m",
            for = "30s",
            priority = "P0",
            summary = "The exchange sends no ticks."
        ),
        panel(title = "Ticks", row = "Feed", by(symbol))
    )]
    pub(crate) ticks_received: Counter<Symbol>,
    /// Ticks that went through the order book.
    pub(crate) ticks_processed: Counter<Symbol>,
    /// Time from a tick's arrival until the order book is up to date.
    #[metric(
        name = "market_data_processing_latency_ms",
        unit = "milliseconds",
        max = "10s",
        buckets = ["100ns", "250ns", "500ns", "1us", "2.5us", "5us", "10us", "100us", "1ms", "10ms"],
        slo(
            name = "fresh-books", objective = 0.999, under = "100us",
            summary = "Order books lag behind the exchange."
        ),
        panel(title = "Tick to order book", row = "Feed"),
    )]
    pub(crate) processing_latency: Histogram<Symbol>,
    /// Changes of the order book.
    pub(crate) orderbook_updates: Counter<Symbol>,
    /// Price levels in the order book, both sides.
    pub(crate) orderbook_depth: Gauge<Symbol>,
    /// Connections that were lost and made again.
    pub(crate) websocket_reconnects: Counter<Disconnect>,
    /// Whether the exchange's feed is connected.
    #[metric(
        alert(
            name = "FeedDown",
            equals = 0,
            for = "30s",
            priority = "P0",
            summary = "The exchange's feed is not connected."
        ),
        panel(title = "Feed is connected", row = "Feed")
    )]
    pub(crate) websocket_connected: Gauge,
    /// Messages received and not processed yet.
    #[metric(
        alert(
            name = "MessagesWait",
            above = 500,
            for = "30s",
            priority = "P1",
            summary = "Messages come faster than they are processed."
        ),
        panel(title = "Messages that wait", row = "Feed")
    )]
    pub(crate) message_queue_size: UpDownCounter,
    /// Price of the last trade, in the quote currency.
    pub(crate) price: Gauge<Symbol>,
    /// Quantity traded, in the base asset.
    #[metric(scale = 0.001)]
    pub(crate) volume: Counter<Symbol>,
}

/// The feed itself, whatever its messages.
#[derive(Metrics)]
#[metrics(prefix = "feed")]
pub(crate) struct FeedMetrics {
    /// Messages received.
    pub(crate) messages: Counter<Stream>,
    /// Trades of other parties, by who took the offer.
    pub(crate) trades: Counter<Side>,
    /// Time between two messages, by the local clock.
    #[metric(unit = "seconds")]
    pub(crate) inter_arrival: Histogram,
    /// Local receive time minus the exchange's event time: two clocks, so it may be negative.
    #[metric(unit = "seconds")]
    pub(crate) local_minus_event: Histogram,
}
