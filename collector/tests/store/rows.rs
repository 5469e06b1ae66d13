//! Batches to store.

use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tickmetrics_collector::batch::{
    Batch, Candle, Event, EventKind, Histogram, Kind, Native, Sample, Series, Summary, Value,
};

/// Seconds after a moment of 2026.
pub(crate) fn at(seconds: f64) -> SystemTime {
    let begin = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_000_000);
    let distance = Duration::from_secs_f64(seconds.abs());
    if seconds < 0.0 { begin - distance } else { begin + distance }
}

pub(crate) fn series(name: &str, kind: Kind, labels: &[(&str, &str)]) -> Arc<Series> {
    let symbol =
        labels.iter().find(|(name, _)| *name == "symbol").map(|(_, value)| (*value).into());
    Arc::new(Series {
        service: "gateway".into(),
        name: name.into(),
        kind,
        symbol,
        labels: labels.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
    })
}

pub(crate) fn number(time: SystemTime, series: &Arc<Series>, value: f64) -> Sample {
    Sample { time, series: series.clone(), value: Value::Number(value) }
}

/// One row of each kind, with the values that are hard to store.
pub(crate) fn every_kind() -> Batch {
    let orders = series("orders_total", Kind::Counter, &[("side", "buy"), ("symbol", "BTC-USD")]);
    let odd = series("odd", Kind::Gauge, &[("text", "\"quoted\", 'q'\n{}=\\ €")]);
    let latency = series("latency_seconds", Kind::Histogram, &[]);
    let native = series("native_seconds", Kind::Histogram, &[("venue", "x")]);
    let size = series("size", Kind::Summary, &[]);
    let histogram = |series: &Arc<Series>, histogram| Sample {
        time: at(1.25),
        series: series.clone(),
        value: Value::Histogram(Box::new(histogram)),
    };
    let samples = vec![
        number(at(0.000_001), &orders, 17.0),
        number(at(1.0), &odd, f64::NAN),
        number(at(2.0), &odd, f64::NEG_INFINITY),
        number(at(-4e9), &odd, f64::MAX),
        histogram(
            &latency,
            Histogram {
                count: 10.0,
                sum: 2.5,
                buckets: vec![(0.1, 4.0), (0.5, 9.0), (f64::INFINITY, 10.0)],
                native: None,
            },
        ),
        histogram(
            &native,
            Histogram {
                count: 6.0,
                sum: -1.5,
                buckets: Vec::new(),
                native: Some(Native {
                    schema: -3,
                    zero_threshold: 1e-9,
                    zero_count: 1.0,
                    positive: vec![(-7, 2.0), (12, 1.0)],
                    negative: vec![(3, 2.0)],
                }),
            },
        ),
        Sample {
            time: at(3.0),
            series: size,
            value: Value::Summary(Box::new(Summary {
                count: 5.0,
                sum: 50.0,
                quantiles: vec![(0.5, 9.0), (0.99, 20.0)],
            })),
        },
    ];
    let candle = |symbol: &str, seconds, volume| Candle {
        symbol: symbol.into(),
        interval: Duration::from_secs(seconds),
        start: at(0.0),
        open: 1.0,
        high: 4.0,
        low: 0.5,
        close: 2.0,
        volume,
        samples: 60,
    };
    let event = |service: Option<&str>, kind, message: &str| Event {
        time: at(5.0),
        service: service.map(Into::into),
        kind,
        message: message.to_owned(),
    };
    Batch {
        samples,
        candles: vec![candle("BTC-USD", 60, 12.5), candle("ETH-USD", 5, f64::NAN)],
        events: vec![
            event(None, EventKind::Start, "The collector began."),
            event(Some("risk"), EventKind::SourceDown, "Connection refused."),
        ],
    }
}
