use super::{FORGET, Forming};
use crate::batch::{Candle, Kind, Sample, Series, Value};
use crate::settings::Candles;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const PRICE: &str = "price";
const VOLUME: &str = "volume_total";

fn at(ms: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(ms)
}

fn sample(name: &str, symbol: &str, ms: u64, value: f64) -> Sample {
    let series = Series {
        service: "feed".into(),
        name: name.into(),
        kind: if name == VOLUME { Kind::Counter } else { Kind::Gauge },
        symbol: Some(symbol.into()),
        labels: vec![("symbol".into(), symbol.into())],
    };
    Sample { time: at(ms), series: Arc::new(series), value: Value::Number(value) }
}

fn forming(seconds: &[u64]) -> Forming {
    let candles = Candles::of(PRICE).volume(VOLUME);
    let add = |candles: Candles, &it: &u64| candles.interval(Duration::from_secs(it));
    Forming::new(seconds.iter().fold(candles, add))
}

fn tick(forming: &mut Forming, ms: u64, price: f64, volume: f64) {
    // In the order in which an answer may have them.
    forming.add(&[sample(VOLUME, "A", ms, volume), sample(PRICE, "A", ms, price)]);
}

/// Start in seconds, open, high, low, close, volume, samples.
fn figures(candle: &Candle) -> (u64, [f64; 4], f64, u64) {
    let start = candle.start.duration_since(UNIX_EPOCH).unwrap().as_secs();
    let prices = [candle.open, candle.high, candle.low, candle.close];
    (start, prices, candle.volume, candle.samples)
}

#[test]
fn candles_are_complete_when_their_interval_is_over() {
    let mut all = forming(&[1, 2]);
    tick(&mut all, 2_100, 10.0, 5.0);
    tick(&mut all, 2_500, 12.0, 6.0);
    tick(&mut all, 2_900, 9.0, 8.0);
    assert!(all.over(at(2_999)).is_empty());
    let over = all.over(at(3_000));
    // The first value of the counter is no growth.
    assert_eq!(over.iter().map(figures).collect::<Vec<_>>(), [(2, [10.0, 12.0, 9.0, 9.0], 3.0, 3)]);
    // A late sample, whose candle is emitted: another part of it.
    tick(&mut all, 2_950, 20.0, 9.0);
    // A reset: 4 since then.
    tick(&mut all, 3_100, 11.0, 4.0);
    let over = all.over(at(4_000));
    let found: Vec<_> = over.iter().map(|it| (it.interval.as_secs(), figures(it))).collect();
    assert_eq!(
        found,
        [
            (1, (2, [20.0; 4], 1.0, 1)),
            (1, (3, [11.0; 4], 4.0, 1)),
            (2, (2, [10.0, 20.0, 9.0, 11.0], 8.0, 5)),
        ]
    );
    assert!(all.rest().is_empty());
}

#[test]
fn a_gap_has_no_candle_and_its_volume_is_in_the_next_one() {
    let mut all = forming(&[1]);
    tick(&mut all, 1_000, 1.0, 1.0);
    // No price is known, but something was traded.
    all.add(&[sample(VOLUME, "A", 5_000, 3.0)]);
    tick(&mut all, 9_000, 2.0, 7.0);
    let found: Vec<_> = all.rest().iter().map(figures).collect();
    assert_eq!(found, [(1, [1.0; 4], 0.0, 1), (9, [2.0; 4], 6.0, 1)]);
}

#[test]
fn what_is_no_price_of_a_symbol_is_left_out() {
    let mut all = Forming::new(Candles::of(PRICE).service("feed"));
    all.add(&[sample(PRICE, "A", 1_000, f64::NAN), sample("other", "A", 1_000, 1.0)]);
    let mut of_another = sample(PRICE, "A", 1_000, 1.0);
    let series = Series { service: "risk".into(), ..(*of_another.series).clone() };
    of_another.series = Arc::new(series);
    all.add(&[of_another]);
    assert!(all.rest().is_empty());
    all.add(&[sample(PRICE, "A", 61_000, 1.0)]);
    let rest = all.rest();
    assert!(rest.len() == 1 && rest[0].volume.is_nan(), "{rest:?}");
    assert_eq!(rest[0].interval, Duration::from_secs(60));
}

/// The candles of random ticks, computed from the list of all of them.
#[test]
fn any_ticks_give_the_candles_of_their_list() {
    for seed in 0..50 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut all = forming(&[1, 5, 60]);
        let (mut ticks, mut ms, mut total, mut candles) = (Vec::new(), 0, 0.0, Vec::new());
        for _ in 0..300 {
            ms += random.u64(1..2_000);
            let traded = f64::from(random.u8(..9));
            let is_reset = random.u8(..20) == 0;
            total = if is_reset && traded < total { traded } else { total + traded };
            let price = f64::from(random.u8(..));
            ticks.push((ms, price, if ticks.is_empty() { 0.0 } else { traded }));
            tick(&mut all, ms, price, total);
            candles.extend(all.over(at(ms)));
        }
        candles.extend(all.rest());
        for interval in [1, 5, 60] {
            let length = interval * 1_000;
            let mut expected: Vec<(u64, [f64; 4], f64, u64)> = Vec::new();
            for group in ticks.chunk_by(|a, b| a.0 / length == b.0 / length) {
                let prices: Vec<f64> = group.iter().map(|it| it.1).collect();
                let high = prices.iter().copied().fold(f64::MIN, f64::max);
                let low = prices.iter().copied().fold(f64::MAX, f64::min);
                let volume = group.iter().map(|it| it.2).sum();
                let start = group[0].0 / length * interval;
                let all = [prices[0], high, low, prices[prices.len() - 1]];
                expected.push((start, all, volume, prices.len() as u64));
            }
            let of_length = candles.iter().filter(|it| it.interval.as_secs() == interval);
            assert_eq!(of_length.map(figures).collect::<Vec<_>>(), expected, "{seed}");
        }
    }
}

#[test]
fn services_with_the_same_symbol_have_candles_of_their_own() {
    let mut all = forming(&[1]);
    let of = |service: &str, mut sample: Sample| {
        let series = Series { service: service.into(), ..(*sample.series).clone() };
        sample.series = Arc::new(series);
        sample
    };
    for (ms, prices, volumes) in
        [(1_000, [10.0, 500.0], [1.0, 100.0]), (1_500, [11.0, 400.0], [2.0, 150.0])]
    {
        for (service, (price, volume)) in
            ["a", "b"].into_iter().zip(prices.into_iter().zip(volumes))
        {
            let samples = [sample(PRICE, "A", ms, price), sample(VOLUME, "A", ms, volume)];
            all.add(&samples.map(|sample| of(service, sample)));
        }
    }
    // What grows while a service has no price is kept for this service.
    all.add(&[of("b", sample(VOLUME, "A", 2_000, 157.0))]);
    for service in ["a", "b"] {
        all.add(&[of(service, sample(PRICE, "A", 3_000, 1.0))]);
    }
    let found: Vec<_> = all.rest().iter().map(|it| (it.service.to_string(), figures(it))).collect();
    let expected = [
        ("a".into(), (1, [10.0, 11.0, 10.0, 11.0], 1.0, 2)),
        ("b".into(), (1, [500.0, 500.0, 400.0, 400.0], 50.0, 2)),
        ("a".into(), (3, [1.0; 4], 0.0, 1)),
        ("b".into(), (3, [1.0; 4], 7.0, 1)),
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_length_that_is_given_twice_has_candles_once() {
    let mut all = forming(&[1, 2, 1]);
    tick(&mut all, 0, 10.0, 1.0);
    tick(&mut all, 100, 11.0, 2.0);
    let found: Vec<_> =
        all.rest().iter().map(|it| (it.interval.as_secs(), it.samples, it.volume)).collect();
    assert_eq!(found, [(1, 2, 1.0), (2, 2, 1.0)]);
}

#[test]
fn counters_that_are_gone_are_forgotten_and_others_are_not() {
    let mut all = forming(&[1]);
    let volume = |all: &mut Forming, symbol, total| {
        all.add(&[sample(VOLUME, symbol, 100, total)]);
    };
    volume(&mut all, "gone", 1.0);
    volume(&mut all, "gone", 5.0);
    for cycle in 0..3 * FORGET {
        volume(&mut all, "here", cycle as f64);
        all.over(at(0));
        if cycle < FORGET / 2 {
            assert_eq!(
                (all.counters.len(), all.pending.len()),
                (2, if cycle == 0 { 1 } else { 2 })
            );
        }
    }
    let symbols: Vec<_> = all.counters.keys().map(|it| it.symbol.clone().unwrap()).collect();
    assert_eq!(symbols, ["here".into()]);
    assert_eq!(all.pending.len(), 1);
    // All that it grew by is in its next candle.
    all.add(&[sample(PRICE, "here", 200, 1.0)]);
    assert_eq!(all.rest()[0].volume, (3 * FORGET - 1) as f64);
}
