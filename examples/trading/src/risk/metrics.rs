use crate::feed::Symbol;
use tickmetrics::prelude::*;

/// The limit that an order would have broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Label)]
pub(crate) enum LimitType {
    OrderSize,
    PositionSize,
    TotalExposure,
    OrderRate,
    CircuitBreaker,
}

/// The reason why a position is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Label)]
#[label(rename = "type")]
pub(crate) enum Stop {
    /// It lost too much.
    Fixed,
    /// It gave back too much of its gain.
    Trailing,
}

/// The reason why trading pauses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Label)]
#[label(rename = "reason")]
pub(crate) enum Trip {
    Drawdown,
    LosingStreak,
}

#[derive(Metrics)]
#[metrics(prefix = "risk")]
pub(crate) struct RiskMetrics {
    /// Positions that are open.
    pub(crate) position_count: Gauge,
    /// Size of the position in the base asset, negative when short.
    pub(crate) position_size: Gauge<Symbol>,
    /// Value of all positions, long and short alike, in the quote currency.
    #[metric(
        alert(
            name = "ExposureHigh",
            above = 14_000,
            for = "1m",
            priority = "P1",
            summary = "Positions are near the limit of 15,000."
        ),
        panel(title = "Exposure", row = "Positions")
    )]
    pub(crate) total_exposure: Gauge,
    /// Orders that a limit stopped.
    #[metric(panel(title = "Stopped orders", row = "Limits", by(limit_type)))]
    pub(crate) limit_breaches: Counter<LimitType>,
    /// Gain of the open position at the present price, in the quote currency.
    pub(crate) pnl_unrealized: Gauge<Symbol>,
    /// Gain of all that was closed, in the quote currency.
    #[metric(panel(title = "Realized gain", row = "Positions"))]
    pub(crate) pnl_realized: Gauge,
    /// Positions that a stop closes.
    pub(crate) stop_loss_triggers: Counter<(Symbol, Stop)>,
    /// Pauses of trading.
    pub(crate) circuit_breaker_trips: Counter<Trip>,
    /// 1 while trading pauses, else 0.
    #[metric(
        alert(
            name = "TradingPaused",
            equals = 1,
            for = "1m",
            priority = "P1",
            summary = "Losses keep trading paused."
        ),
        panel(title = "Trading pauses", row = "Limits")
    )]
    pub(crate) circuit_breaker_status: Gauge,
    /// Largest fall of the gain from a peak, in the quote currency.
    pub(crate) max_drawdown: Gauge,
    /// Orders checked.
    pub(crate) position_checks: Counter<Symbol>,
    /// Time to check an order.
    #[metric(
        name = "risk_check_duration_ms",
        unit = "milliseconds",
        max = "10s",
        buckets = ["100ns", "250ns", "500ns", "1us", "2.5us", "5us", "10us", "100us", "1ms", "10ms"]
    )]
    pub(crate) check_duration: Histogram<Symbol>,
}
