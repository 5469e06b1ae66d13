use crate::feed::{Disconnect, Side, Stream, Symbol};
use tickmetrics::prelude::*;

#[derive(Metrics)]
#[metrics(prefix = "market_data")]
pub(crate) struct MarketDataMetrics {
    /// Ticks received from the exchange.
    pub(crate) ticks_received: Counter<Symbol>,
    /// Ticks that went through the order book.
    pub(crate) ticks_processed: Counter<Symbol>,
    /// Time from a tick's arrival until the order book is up to date.
    #[metric(
        name = "market_data_processing_latency_ms",
        unit = "milliseconds",
        max = "10s",
        buckets = ["100ns", "250ns", "500ns", "1us", "2.5us", "5us", "10us", "100us", "1ms", "10ms"]
    )]
    pub(crate) processing_latency: Histogram<Symbol>,
    /// Changes of the order book.
    pub(crate) orderbook_updates: Counter<Symbol>,
    /// Price levels in the order book, both sides.
    pub(crate) orderbook_depth: Gauge<Symbol>,
    /// Connections that were lost and made again.
    pub(crate) websocket_reconnects: Counter<Disconnect>,
    /// Whether the exchange's feed is connected.
    pub(crate) websocket_connected: Gauge,
    /// Messages received and not processed yet.
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
