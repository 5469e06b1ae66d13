use std::fmt;

/// The kind of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u64)]
pub enum Kind {
    /// A [`Counter`](crate::Counter).
    Counter = 1,
    /// An [`UpDownCounter`](crate::UpDownCounter), which is a gauge in Prometheus.
    UpDownCounter = 2,
    /// A [`Gauge`](crate::Gauge).
    Gauge = 3,
    /// A [`Histogram`](crate::Histogram).
    Histogram = 4,
}

impl Kind {
    pub(crate) fn from_number(number: u64) -> Option<Self> {
        [Self::Counter, Self::UpDownCounter, Self::Gauge, Self::Histogram]
            .into_iter()
            .find(|&kind| kind as u64 == number)
    }

    /// The type in the exposition formats: `counter`, `gauge` or `histogram`.
    pub fn exposed(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::UpDownCounter | Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Counter => "counter",
            Self::UpDownCounter => "up-down counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        })
    }
}
