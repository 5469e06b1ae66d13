use crate::feed::{Side, Symbol};
use tickmetrics::prelude::*;

#[derive(Clone, Copy, Labels)]
pub(crate) struct OrderLabels {
    pub(crate) symbol: Symbol,
    pub(crate) side: Side,
}

/// The reason why an order failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Label)]
#[label(rename = "reason")]
pub(crate) enum Reject {
    /// Our own risk checks.
    RiskLimit,
    RateLimit,
    InsufficientMargin,
    Unavailable,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Label)]
pub(crate) enum Endpoint {
    Order,
    Cancel,
}

/// The venue's answer, as HTTP's status codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Label)]
pub(crate) enum Status {
    #[label(rename = "200")]
    Ok,
    #[label(rename = "400")]
    BadRequest,
    #[label(rename = "429")]
    TooManyRequests,
    #[label(rename = "503")]
    Unavailable,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Label)]
pub(crate) enum Operation {
    /// From a tick's arrival until the order that it led to was submitted.
    TickToOrder,
    Submit,
    Settle,
}

#[derive(Metrics)]
#[metrics(prefix = "execution")]
pub(crate) struct ExecutionMetrics {
    /// Orders submitted to the venue.
    #[metric(panel(title = "Orders", row = "Orders", by(side)))]
    pub(crate) orders_submitted: Counter<OrderLabels>,
    /// Orders filled.
    pub(crate) orders_filled: Counter<OrderLabels>,
    /// Price of the last fill, in the quote currency.
    pub(crate) last_fill_price: Gauge<Symbol>,
    /// Time from submission to fill, by the feed's clock.
    #[metric(
        name = "execution_fill_latency_ms",
        unit = "milliseconds",
        max = "1m",
        buckets = ["500us", "1ms", "2.5ms", "5ms", "10ms", "25ms", "50ms", "100ms", "250ms", "1s"]
    )]
    pub(crate) fill_latency: Histogram<Symbol>,
    /// Orders that the risk checks or the venue refused.
    #[metric(
        alert(
            name = "ManyOrdersRejected",
            above = 5,
            over = "5m",
            for = "2m",
            priority = "P1",
            summary = "The risk checks or the venue refuse more than five orders a second."
        ),
        panel(title = "Rejected orders", row = "Orders", by(reason))
    )]
    pub(crate) orders_rejected: Counter<(Symbol, Reject)>,
    /// Orders cancelled because they were not filled in time.
    #[metric(
        alert(
            name = "MostOrdersCancelled", share_of = orders_submitted, above = 0.8, over = "15m",
            for = "5m", priority = "P2", summary = "Few orders are filled in time."
        ),
        panel(title = "Orders cancelled", row = "Orders"),
    )]
    pub(crate) orders_cancelled: Counter<Symbol>,
    /// How much worse than the middle at submission orders were filled, in hundredths of a percent.
    #[metric(
        name = "execution_slippage_bps",
        scale = 0.01,
        max = 1000,
        buckets = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100]
    )]
    pub(crate) slippage: Histogram<Symbol>,
    /// Requests to the venue.
    #[metric(
        slo(
            name = "order-entry", objective = 0.99, bad(status = ["429", "503"]), priority = "P0",
            summary = "The venue does not take our orders."
        ),
        panel(title = "Requests by answer", row = "Venue", by(status)),
    )]
    pub(crate) api_calls: Counter<(Endpoint, Status)>,
    /// Time the venue takes to answer.
    #[metric(
        name = "execution_api_latency_ms",
        unit = "milliseconds",
        max = "1m",
        buckets = ["250us", "500us", "1ms", "2.5ms", "5ms", "10ms", "25ms", "50ms", "100ms", "1s"],
        alert(
            name = "VenueSlow", quantile = 0.99, above = "25ms", by(endpoint), for = "2m",
            priority = "P1", summary = "The venue answers slowly."
        ),
        panel(title = "Time of the venue's answers", row = "Venue", by(endpoint)),
    )]
    pub(crate) api_latency: Histogram<Endpoint>,
    /// Requests the venue still allows.
    #[metric(
        alert(
            name = "RateLimitNear",
            below = 5,
            for = "1m",
            priority = "P2",
            summary = "The venue is about to refuse requests."
        ),
        panel(title = "Requests that are left", row = "Venue")
    )]
    pub(crate) rate_limit_remaining: Gauge,
    /// Time the steps of the order path take.
    #[metric(
        name = "execution_time_ms",
        unit = "milliseconds",
        max = "10s",
        buckets = ["100ns", "250ns", "500ns", "1us", "2.5us", "5us", "10us", "100us", "1ms", "10ms"],
        slo(
            name = "order-path", objective = 0.995, under = "100us", priority = "P0",
            summary = "The steps from a tick to an order take too long."
        ),
        panel(title = "Steps of the order path", row = "Orders", by(operation)),
    )]
    pub(crate) time: Histogram<Operation>,
}
