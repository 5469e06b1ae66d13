//! The figures for two readings, whether from a segment or over HTTP.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

/// One reading. Its text comes from other programs, and is shown as in `people`.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) at: Instant,
    /// The source: a path or a URL.
    pub(crate) target: String,
    /// Whether the process is alive, if that is known.
    pub(crate) state: String,
    /// Whether the process is known to be dead: no new readings will come.
    pub(crate) is_over: bool,
    pub(crate) series: Vec<Series>,
}

#[derive(Clone, Debug)]
pub(crate) struct Series {
    /// The name, and the labels in braces if there are any. Each title is unique.
    pub(crate) title: Arc<str>,
    /// Empty without a unit.
    pub(crate) unit: Arc<str>,
    pub(crate) help: Arc<str>,
    pub(crate) reading: Reading,
}

#[derive(Clone, Debug)]
pub(crate) enum Reading {
    Counter(f64),
    Gauge(f64),
    Histogram(Arc<Distribution>),
}

/// The figures of a histogram.
#[derive(Debug, Default)]
pub(crate) struct Distribution {
    /// Since the start.
    pub(crate) all: Summary,
    /// Since the reading before.
    pub(crate) interval: Option<Summary>,
}

/// A distribution, in the exported unit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Summary {
    pub(crate) count: f64,
    pub(crate) sum: f64,
    pub(crate) min: Option<f64>,
    pub(crate) max: Option<f64>,
    /// The percentiles [`PERCENTILES`].
    pub(crate) percentiles: [Option<f64>; 3],
}

/// The displayed percentiles.
pub(crate) const PERCENTILES: [f64; 3] = [0.5, 0.99, 0.999];

/// A line of the table.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) title: Arc<str>,
    pub(crate) unit: Arc<str>,
    pub(crate) help: Arc<str>,
    pub(crate) kind: Kind,
    /// The total, the value, or the number of values.
    pub(crate) value: f64,
    /// The rate per second of a total that only grows.
    pub(crate) rate: Option<f64>,
    /// Only for a histogram.
    pub(crate) distribution: Option<Arc<Distribution>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

impl Series {
    /// A title from a name and the text of its labels, exact.
    pub(crate) fn title(name: &str, labels: &str) -> Arc<str> {
        if labels.is_empty() { name.into() } else { format!("{name}{{{labels}}}").into() }
    }
}

/// The lines of a reading, with rates since the previous one.
pub(crate) fn rows(before: Option<&Frame>, now: &Frame) -> Vec<Row> {
    let seconds = before.map(|before| (now.at - before.at).as_secs_f64()).filter(|&it| it > 0.0);
    let before: HashMap<&str, f64> = before
        .iter()
        .flat_map(|frame| &frame.series)
        .filter_map(|series| Some((&*series.title, series.reading.total()?)))
        .collect();
    let rows = now.series.iter().map(|series| {
        let rate = series.reading.total().zip(seconds).and_then(|(total, seconds)| {
            let before = *before.get(&*series.title)?;
            // A total that fell restarted at zero, as Prometheus' `rate` assumes.
            let grown = if total < before { total } else { total - before };
            Some(grown / seconds)
        });
        let (kind, value, distribution) = match &series.reading {
            Reading::Counter(value) => (Kind::Counter, *value, None),
            Reading::Gauge(value) => (Kind::Gauge, *value, None),
            Reading::Histogram(it) => (Kind::Histogram, it.all.count, Some(it.clone())),
        };
        let (title, unit, help) = (series.title.clone(), series.unit.clone(), series.help.clone());
        Row { title, unit, help, kind, value, rate, distribution }
    });
    rows.collect()
}

impl Reading {
    /// The total that only grows.
    fn total(&self) -> Option<f64> {
        match self {
            Self::Counter(total) => Some(*total),
            Self::Gauge(_) => None,
            Self::Histogram(it) => Some(it.all.count),
        }
    }
}

impl Row {
    /// The distribution to show.
    pub(crate) fn summary(&self, of_all_time: bool) -> Option<&Summary> {
        let distribution = self.distribution.as_deref()?;
        if of_all_time { Some(&distribution.all) } else { distribution.interval.as_ref() }
    }

    /// The unit of its value: a histogram's is a count.
    pub(crate) fn value_unit(&self) -> &str {
        if self.kind == Kind::Histogram { "" } else { &self.unit }
    }

    /// The value of the trend; none if nothing happened.
    pub(crate) fn trend(&self) -> Option<f64> {
        match self.kind {
            Kind::Counter => self.rate,
            Kind::Gauge => Some(self.value),
            Kind::Histogram => self.summary(false).and_then(|it| it.percentiles[1]),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{Distribution, Frame, Reading, Series, Summary, rows};
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    pub(crate) fn frame(at: Instant, series: &[(&str, Reading)]) -> Frame {
        let series = series.iter().map(|(title, reading)| Series {
            title: (*title).into(),
            unit: Arc::default(),
            help: Arc::default(),
            reading: reading.clone(),
        });
        Frame {
            at,
            target: String::new(),
            state: String::new(),
            is_over: false,
            series: series.collect(),
        }
    }

    #[test]
    fn rates_are_a_second() {
        let start = Instant::now();
        let histogram = |count| {
            let all = Summary { count, ..Summary::default() };
            Reading::Histogram(Arc::new(Distribution { all, interval: None }))
        };
        let before = [
            ("grew", Reading::Counter(10.0)),
            ("anew", Reading::Counter(10.0)),
            ("gauge", Reading::Gauge(1.0)),
            ("histogram", histogram(4.0)),
        ];
        let now = [
            ("grew", Reading::Counter(15.0)),
            ("anew", Reading::Counter(3.0)),
            ("gauge", Reading::Gauge(9.0)),
            ("histogram", histogram(5.0)),
            ("new", Reading::Counter(7.0)),
        ];
        let before = frame(start, &before);
        let now = frame(start + Duration::from_millis(500), &now);
        let rates: Vec<_> = rows(Some(&before), &now).iter().map(|row| row.rate).collect();
        assert_eq!(rates, [Some(10.0), Some(6.0), None, Some(2.0), None]);
        assert!(rows(None, &now).iter().all(|row| row.rate.is_none()));
        assert!(rows(Some(&now), &now).iter().all(|row| row.rate.is_none()));
    }
}
