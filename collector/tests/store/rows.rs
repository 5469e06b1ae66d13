//! Batches to store.

use std::collections::BTreeMap;
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
        service: "gateway".into(),
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

/// Widths of zero buckets, of which a process takes another one when it begins anew.
pub(crate) const ZERO_THRESHOLDS: [f64; 2] = [0.001, 0.25];

/// A process with a histogram of one series, which begins anew now and then.
struct Process {
    series: Arc<Series>,
    is_native: bool,
    signed: bool,
    schema: i8,
    zero_threshold: f64,
    zero_thresholds: Vec<f64>,
    values: Vec<f64>,
}

impl Process {
    fn new(service: &str, name: &str, side: &str, zero_thresholds: Option<&[f64]>) -> Self {
        let mut series = Series::clone(&series(name, Kind::Histogram, &[("side", side)]));
        series.service = service.into();
        let signed = side == "sell";
        Self {
            series: Arc::new(series),
            is_native: zero_thresholds.is_some(),
            signed,
            schema: 0,
            zero_threshold: 0.0,
            zero_thresholds: zero_thresholds.unwrap_or(&[1.0]).to_vec(),
            values: Vec::new(),
        }
    }

    fn sample(&mut self, random: &mut fastrand::Rng, time: SystemTime) -> Sample {
        if random.u8(..20) == 0 {
            // Begun anew, and busier than before: the only trace is that a bucket is gone.
            self.values.retain(|value| *value < 5.0);
            self.values = self.values.repeat(3);
        }
        if self.zero_threshold == 0.0 || random.u8(..20) == 0 {
            // Begun anew with other buckets, and busier than before or not.
            self.values = if random.bool() { self.values.repeat(2) } else { Vec::new() };
            self.schema = random.i8(-2..4);
            self.zero_threshold = *random.choice(&self.zero_thresholds).unwrap();
        }
        for _ in 0..random.usize(..12) {
            let value = (random.f64() * 9.0 - 4.0).exp();
            let negative = self.signed && random.u8(..3) == 0;
            self.values.push(if negative { -value } else { value });
        }
        let mut histogram = Histogram {
            count: self.values.len() as f64,
            sum: self.values.iter().sum(),
            ..Histogram::default()
        };
        if self.is_native {
            histogram.native = Some(self.native());
        } else {
            let edges = [-1.0, -0.1, 0.1, 0.5, 1.0, 5.0, 50.0, f64::INFINITY];
            let up_to = |edge| self.values.iter().filter(|value| **value <= edge).count() as f64;
            let edges = edges.into_iter().filter(|edge| self.signed || *edge > 0.0);
            histogram.buckets = edges.map(|edge| (edge, up_to(edge))).collect();
        }
        Sample { time, series: self.series.clone(), value: Value::Histogram(Box::new(histogram)) }
    }

    fn native(&self) -> Native {
        let mut zero_count = 0.0;
        let (mut positive, mut negative) = (BTreeMap::new(), BTreeMap::new());
        for value in &self.values {
            if value.abs() <= self.zero_threshold {
                zero_count += 1.0;
                continue;
            }
            #[expect(clippy::cast_possible_truncation, reason = "far below")]
            let index = (value.abs().log2() * 2_f64.powi(self.schema.into())).ceil() as i32;
            let side = if *value > 0.0 { &mut positive } else { &mut negative };
            *side.entry(index).or_insert(0.0) += 1.0;
        }
        let [positive, negative] = [positive, negative].map(|side| side.into_iter().collect());
        let (schema, zero_threshold) = (self.schema, self.zero_threshold);
        Native { schema, zero_threshold, zero_count, positive, negative }
    }
}

/// Cycles of counters and histograms that begin anew, and candles in parts.
pub(crate) fn cycles(random: &mut fastrand::Rng, zero_thresholds: &[f64]) -> Vec<Batch> {
    let mut processes = Vec::new();
    for service in ["gateway", "risk"] {
        for side in ["buy", "sell"] {
            processes.push(Process::new(service, "classic", side, None));
            processes.push(Process::new(service, "native", side, Some(zero_thresholds)));
        }
    }
    let orders = series("orders_total", Kind::Counter, &[("symbol", "BTC-USD")]);
    let mut count = 0.0;
    let mut cycle = |second: u32| {
        let time = at(f64::from(second) + random.f64() / 10.0);
        let mut samples: Vec<_> =
            processes.iter_mut().map(|process| process.sample(random, time)).collect();
        count =
            if random.u8(..10) == 0 { random.f64() * 20.0 } else { count + random.f64() * 10.0 };
        samples.push(number(time, &orders, if random.u8(..20) == 0 { f64::NAN } else { count }));
        let price = random.f64();
        let candle = Candle {
            service: random.choice(["gateway", "risk"]).unwrap().into(),
            symbol: random.choice(["BTC-USD", "ETH-USD"]).unwrap().into(),
            interval: Duration::from_secs(60),
            start: at(f64::from(second / 20 * 60)),
            open: price,
            high: price + random.f64(),
            low: price - random.f64(),
            close: random.f64(),
            volume: if random.bool() { f64::NAN } else { random.f64() },
            samples: random.u64(..60),
        };
        Batch { samples, candles: vec![candle], events: Vec::new() }
    };
    (0..60).map(&mut cycle).collect()
}
