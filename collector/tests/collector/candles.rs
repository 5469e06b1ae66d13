//! Candles of a recording, whose price and volume an endpoint serves scrape by scrape.

use crate::support::{PATIENCE, Server, respond};
use flate2::read::GzDecoder;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, mpsc};
use std::time::{Duration, SystemTime};
use tests::processes::Folder;
use tests::programs::{python, skip};
use tickmetrics_collector::store::Keep;
use tickmetrics_collector::store::parquet::Parquet;
use tickmetrics_collector::{Candles, Collector};

const CHECK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/collector/candles.py");
pub(crate) const RECORDING: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/binance_usdm_btcusdt_20240808.csv.gz");
const NAMES: &str = "# TYPE price gauge\n# TYPE volume_total counter\n";

/// The trades of a recording: nanoseconds, price as it is written, thousandths.
fn trades(recording: &Path) -> Vec<(u64, String, u64)> {
    let mut text = String::new();
    let mut file = File::open(recording).unwrap();
    if recording.extension().is_some_and(|extension| extension == "gz") {
        GzDecoder::new(file).read_to_string(&mut text).unwrap();
    } else {
        file.read_to_string(&mut text).unwrap();
    }
    let trade = |line: &str| {
        let columns: Vec<_> = line.split(',').collect();
        let &[time, "trade", _, _, price, quantity] = &*columns else { return None };
        let (whole, rest) = quantity.split_once('.').unwrap();
        Some((time.parse().unwrap(), price.into(), format!("{whole}{rest:0<3}").parse().unwrap()))
    };
    text.lines().filter_map(trade).collect()
}

/// What each scrape sees: the last price, and the volume so far, which begins anew halfway.
fn answers(recording: &Path, step: u64, shift: u64) -> Vec<String> {
    let trades = trades(recording);
    let begin = trades[0].0.div_ceil(1_000_000);
    let count = trades[trades.len() - 1].0.div_ceil(1_000_000).saturating_sub(begin).div_ceil(step);
    let mut coming = trades.iter().peekable();
    let (mut last, mut total, mut is_reset) = ("", 0, false);
    let answer = |scrape| {
        let moment = begin + scrape * step;
        let is_traded = coming.peek().is_some_and(|it| it.0 <= moment * 1_000_000);
        if scrape >= count / 2 && is_traded && !is_reset {
            (total, is_reset) = (0, true);
        }
        while let Some((_, price, quantity)) = coming.next_if(|it| it.0 <= moment * 1_000_000) {
            last = price;
            total += quantity;
        }
        let time = moment + shift;
        format!(
            "{NAMES}volume_total{{symbol=\"BTCUSDT\"}} {total} {time}\n\
             price{{symbol=\"BTCUSDT\"}} {last} {time}\n"
        )
    };
    (0..=count).map(answer).collect()
}

/// Collects the recording, and compares the store's candles. Returns the numbers of candles, parts,
/// trades, and the volume in thousandths.
fn check(name: &str, recording: &Path, step: u64, shift: u64) -> Option<[u64; 4]> {
    let folder = Folder::new(name);
    let answers = answers(recording, step, shift);
    let count = answers.len();
    let left = Mutex::new(answers.into_iter());
    let (over, is_over) = mpsc::channel();
    let server = Server::new(move |_, stream| {
        let answer = left.lock().unwrap().next();
        // The one that comes after the last is asked for when the last was read.
        if answer.is_none() {
            let _ = over.send(());
        }
        respond(stream, "text/plain; version=0.0.4", &answer.unwrap_or_else(|| NAMES.into()));
    });
    let store = Parquet::open(&folder.0, Keep::default()).unwrap();
    let views = store.views();
    let candles = Candles::of("price").volume("volume_total");
    let collector = Collector::builder()
        .interval(Duration::from_millis(10))
        .source(server.source("feed"))
        .candles(
            [1, 7, 60, 3_600]
                .into_iter()
                .fold(candles, |candles, seconds| candles.interval(Duration::from_secs(seconds))),
        )
        .store(Box::new(store))
        .start()
        .unwrap();
    is_over.recv_timeout(10 * PATIENCE).unwrap();
    let status = collector.stop().unwrap();
    assert_eq!((status.lost, status.samples), (0, 2 * count as u64));
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let numbers = [step, shift, count as u64].map(|it| it.to_string());
    let arguments = [CHECK, &text(&views), &text(recording), &numbers[0], &numbers[1], &numbers[2]];
    let figures = String::from_utf8(python("duckdb", "duckdb==2.0.1", &arguments, "")?).unwrap();
    let figures: Vec<u64> = figures.split_whitespace().map(|it| it.parse().unwrap()).collect();
    Some(figures.try_into().unwrap())
}

/// What makes the first time of a recording a little later than now. Ten minutes ahead are refused, and
/// recordings last six.
fn shift_to_now(recording: &Path) -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    (now + 200) * 1_000 - trades(recording)[0].0 / 1_000_000
}

/// Trades of two minutes, with pauses and jumps.
pub(crate) fn made(folder: &Folder) -> PathBuf {
    let mut random = fastrand::Rng::with_seed(12);
    let mut text = "local_ts_ns,stream,event_ms,transaction_ms,price,qty\n".to_owned();
    let (mut time, mut cents) = (1_723_161_255_030_314_667_u64, 6_180_030_u64);
    for _ in 0..1_000 {
        let pause = if random.u8(..50) == 0 { 3_000_000_000 } else { 120_000_000 };
        time += random.u64(1..pause);
        cents = cents + random.u64(..900) - 449;
        let thousandths = random.u64(1..5_000);
        let (price, part) = (cents / 100, cents % 100);
        let quantity = format!("{}.{:03}", thousandths / 1_000, thousandths % 1_000);
        writeln!(text, "{time},trade,1,1,{price}.{part:02},{quantity}").unwrap();
        writeln!(text, "{time},bookTicker,1,1,1.00,1.000").unwrap();
    }
    let path = folder.0.join("recording.csv");
    fs::write(&path, text).unwrap();
    path
}

#[test]
fn candles_of_made_trades_are_those_computed_elsewhere() {
    let folder = Folder::new("candles-made");
    let recording = made(&folder);
    // Times of the past: each cycle's candles are over, and are parts.
    let Some([candles, parts, trades, _]) = check("candles-parts", &recording, 250, 0) else {
        return;
    };
    assert!(trades == 1_000 && candles > 100 && parts > 2 * candles, "{candles} {parts}");
    // Times to come: candles are whole, at the end, unless this takes minutes.
    let shift = shift_to_now(&recording);
    let [all, whole, ..] = check("candles-whole", &recording, 250, shift).unwrap();
    assert!(all > 100 && whole >= all && whole < parts, "{all} {whole}");
}

/// The recording is not part of the project; without it, nothing is tested.
#[test]
fn candles_of_a_recording_are_those_computed_elsewhere() {
    let recording = Path::new(RECORDING);
    if !recording.exists() {
        skip(&format!("there is no recording {RECORDING}"));
        return;
    }
    let Some([candles, parts, trades, volume]) =
        check("candles-recorded", recording, 500, shift_to_now(recording))
    else {
        return;
    };
    assert!(candles > 300 && parts >= candles, "{candles} {parts}");
    assert_eq!((trades, volume), (21_313, 2_429_366));
}
