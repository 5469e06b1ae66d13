//! A real recording through the whole path, compared with numbers that were counted elsewhere. The
//! recording is not part of the project; without it, nothing is tested.

use crate::feed::{Feed, Replay, Symbol};
use crate::path::{Path, Registries};
use serde_json::Value;
use std::path::PathBuf;
use tests::programs::skip;
use tickmetrics::prelude::*;

fn replayed() -> Option<(Snapshot, Value)> {
    let stem = "../../../shared/data/binance_usdm_btcusdt_20240808";
    let stem = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(stem);
    let Ok(expected) = std::fs::read_to_string(stem.with_extension("expected.json")) else {
        skip(&format!("there is no recording {}", stem.display()));
        return None;
    };
    let mut feed = Replay::open(&stem.with_extension("csv.gz"), Symbol::intern("BTCUSDT")).unwrap();
    let registries = Registries::default();
    let mut path = Path::new(&registries, 1).unwrap();
    while let Some(event) = feed.next() {
        path.on_event(&event);
    }
    assert_eq!(feed.damaged(), 0);
    Some((registries.market_data.snapshot(), serde_json::from_str(&expected).unwrap()))
}

#[test]
fn counts_are_exact() {
    let Some((snapshot, expected)) = replayed() else { return };
    for (stream, count) in expected["messages_by_stream"].as_object().unwrap() {
        let counted = snapshot.counter("feed_messages_total", &[("stream", stream)]);
        assert_eq!(counted, count.as_u64(), "{stream}");
    }
    let latency = snapshot.histogram("feed_local_minus_event_seconds", &[]).unwrap();
    let negative = &expected["local_minus_event_ns (NEGATIVE: receiver clock is behind)"];
    assert_eq!(Some(latency.negative()), negative["negatives"].as_u64());
    assert_eq!(latency.count(), 0);
    let lots = snapshot.counter("market_data_volume_total", &[("symbol", "BTCUSDT")]).unwrap();
    let volume = expected["trade_volume"].as_f64().unwrap();
    assert!((lots as f64 / 1e3 - volume).abs() < 1e-6, "{lots} thousandths, not {volume}");
}

/// The recording lacks the aggressor, and the inferred one is not always right: in total it is
/// within 0.05 % of all trades.
#[test]
fn sides_are_nearly_right() {
    let Some((snapshot, expected)) = replayed() else { return };
    let sides = expected["trades_by_aggressor_side"].as_object().unwrap();
    let all: u64 = sides.values().filter_map(Value::as_u64).sum();
    let counted = |side| snapshot.counter("feed_trades_total", &[("side", side)]).unwrap();
    assert_eq!(counted("buy") + counted("sell"), all);
    for (side, count) in sides {
        let wrong = counted(side).abs_diff(count.as_u64().unwrap());
        assert!(wrong * 2_000 <= all, "{side}: {wrong} of {all} are wrong");
    }
}

#[test]
fn quantiles_are_within_the_stated_error() {
    let Some((snapshot, expected)) = replayed() else { return };
    let expected = &expected["inter_arrival_ns"];
    let times = snapshot.histogram("feed_inter_arrival_seconds", &[]).unwrap();
    assert_eq!(Some(times.count()), expected["n"].as_u64());
    let exact = |seconds: Option<f64>, nanoseconds: &Value| {
        let (is, should) = (seconds.unwrap() * 1e9, nanoseconds.as_f64().unwrap());
        assert!((is - should).abs() < 1.0, "{is} instead of {should}");
    };
    exact(Some(times.sum()), &expected["sum"]);
    exact(times.min(), &expected["min"]);
    exact(times.max(), &expected["max"]);
    for (q, nanoseconds) in expected["quantiles"].as_object().unwrap() {
        let is = times.quantile(q.parse().unwrap()).unwrap() * 1e9;
        let should = nanoseconds.as_f64().unwrap();
        assert!((0.0..0.01).contains(&((is + 1e-3 - should) / should)), "{q}: {is}, not {should}");
    }
}
