//! Candles from a price gauge and a volume counter, as seen through the interval between scrapes.

use crate::batch::{Candle, Sample, Series, Value};
use crate::settings::Candles;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The candles that are open, and the counters that their volumes come from.
///
/// What a counter grew by belongs to the interval of the later of two samples, also after a gap. A
/// counter that fell began anew at 0. An interval without a price has no candle; what was traded
/// meanwhile belongs to the next one.
pub(crate) struct Forming {
    candles: Candles,
    open: BTreeMap<Key, Candle>,
    /// The last value of each counter, and the last cycle that had it.
    counters: HashMap<Arc<Series>, (f64, u64)>,
    /// What grew where no candle is open, by instrument and length.
    pending: HashMap<(Instrument, Duration), f64>,
    cycle: u64,
}

/// A symbol of a service: another service's prices of the same symbol are others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Instrument {
    service: Arc<str>,
    symbol: Arc<str>,
}

/// The candles of an interval end together, so its end comes first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    end: Duration,
    interval: Duration,
    instrument: Instrument,
}

/// Cycles without a counter after which it is forgotten.
const FORGET: u64 = 1_000;

impl Forming {
    pub(crate) fn new(mut candles: Candles) -> Self {
        if candles.intervals.is_empty() {
            candles.intervals.push(Duration::from_secs(60));
        }
        candles.intervals.sort_unstable();
        candles.intervals.dedup();
        let (open, counters, pending) = (BTreeMap::new(), HashMap::new(), HashMap::new());
        Self { candles, open, counters, pending, cycle: 0 }
    }

    /// Adds the samples of one answer.
    pub(crate) fn add(&mut self, samples: &[Sample]) {
        // Prices first: they open the candles that the volumes belong to.
        for sample in samples {
            if let Some((instrument, price)) = self.number(sample, Some(&self.candles.price)) {
                self.price(&instrument, price, sample.time);
            }
        }
        for sample in samples {
            if let Some((instrument, total)) = self.number(sample, self.candles.volume.as_deref()) {
                let before = self.counters.insert(sample.series.clone(), (total, self.cycle));
                let grown = before.map_or(
                    0.0,
                    |(before, _)| {
                        if total < before { total } else { total - before }
                    },
                );
                self.volume(&instrument, grown, sample.time);
            }
        }
    }

    /// The instrument and the value of a sample with this name.
    fn number(&self, sample: &Sample, name: Option<&str>) -> Option<(Instrument, f64)> {
        let Sample { series, value, .. } = sample;
        let is_of = |service: &String| **service == *series.service;
        if name != Some(&series.name) || !self.candles.service.as_ref().is_none_or(is_of) {
            return None;
        }
        match value {
            Value::Number(value) if value.is_finite() => Some((Instrument::of(series)?, *value)),
            _ => None,
        }
    }

    fn price(&mut self, instrument: &Instrument, price: f64, time: SystemTime) {
        for &interval in &self.candles.intervals {
            let Some((start, key)) = key(instrument, interval, time) else { continue };
            let has_volume = self.candles.volume.is_some();
            let candle = self.open.entry(key).or_insert_with(|| {
                let pending = self.pending.remove(&(instrument.clone(), interval)).unwrap_or(0.0);
                Candle {
                    service: instrument.service.clone(),
                    symbol: instrument.symbol.clone(),
                    interval,
                    start,
                    open: price,
                    high: price,
                    low: price,
                    close: price,
                    volume: if has_volume { pending } else { f64::NAN },
                    samples: 0,
                }
            });
            candle.high = candle.high.max(price);
            candle.low = candle.low.min(price);
            candle.close = price;
            candle.samples += 1;
        }
    }

    fn volume(&mut self, instrument: &Instrument, grown: f64, time: SystemTime) {
        if grown == 0.0 {
            return;
        }
        for &interval in &self.candles.intervals {
            let Some((_, key)) = key(instrument, interval, time) else { continue };
            match self.open.get_mut(&key) {
                Some(candle) => candle.volume += grown,
                None => *self.pending.entry((instrument.clone(), interval)).or_default() += grown,
            }
        }
    }

    /// The candles of intervals that are over: no later sample is of them.
    pub(crate) fn over(&mut self, now: SystemTime) -> Vec<Candle> {
        self.cycle += 1;
        if self.cycle.is_multiple_of(FORGET) {
            let since = self.cycle - FORGET;
            self.counters.retain(|_, &mut (_, seen)| seen >= since);
            let counters = &self.counters;
            let known: HashSet<_> = counters.keys().filter_map(|it| Instrument::of(it)).collect();
            self.pending.retain(|(instrument, _), _| known.contains(instrument));
        }
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut over = Vec::new();
        while let Some(first) = self.open.first_entry()
            && first.key().end <= now
        {
            over.push(first.remove());
        }
        over
    }

    /// All candles that are open, at the end.
    pub(crate) fn rest(&mut self) -> Vec<Candle> {
        std::mem::take(&mut self.open).into_values().collect()
    }
}

impl Instrument {
    fn of(series: &Series) -> Option<Self> {
        Some(Self { service: series.service.clone(), symbol: series.symbol.clone()? })
    }
}

/// The beginning of the interval of a time, and the key of its candle.
fn key(instrument: &Instrument, interval: Duration, time: SystemTime) -> Option<(SystemTime, Key)> {
    let since_epoch = time.duration_since(UNIX_EPOCH).ok()?;
    let rest = since_epoch.as_nanos().checked_rem(interval.as_nanos())?;
    let start = since_epoch.checked_sub(Duration::from_nanos(u64::try_from(rest).ok()?))?;
    let end = start.checked_add(interval)?;
    Some((UNIX_EPOCH + start, Key { end, interval, instrument: instrument.clone() }))
}

#[cfg(test)]
#[path = "candles_tests.rs"]
mod tests;
