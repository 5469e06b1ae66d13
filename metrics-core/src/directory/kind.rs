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
    /// Quantiles that something else computed: no handle has this kind, and no segment. See
    /// [`Snapshot::add_summary`](crate::Snapshot::add_summary).
    Summary = 5,
}

impl Kind {
    /// The kind of a metric in a segment.
    pub(crate) fn from_number(number: u64) -> Option<Self> {
        [Self::Counter, Self::UpDownCounter, Self::Gauge, Self::Histogram]
            .into_iter()
            .find(|&kind| kind as u64 == number)
    }

    /// The type in the exposition formats: `counter`, `gauge`, `histogram` or `summary`.
    pub fn exposed(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::UpDownCounter | Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::Summary => "summary",
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
            Self::Summary => "summary",
        })
    }
}
