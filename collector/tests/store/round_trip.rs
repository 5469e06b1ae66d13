//! Any batches come back as they were written, from both stores, by another DuckDB and by the
//! collector's own reader.

use crate::duckdb::{DUCKDB, LIMITS, library};
use crate::folder::Folder;
use arrow_array::Array as _;
use arrow_array::cast::AsArray as _;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tests::programs::python;
use tickmetrics_collector::batch::{
    Batch, Candle, Event, EventKind, Histogram, Kind, Native, Sample, Series, Summary, Value,
};
use tickmetrics_collector::store::{self, Place, Reader, Settings, Store};

/// Each row as one text: texts in hexadecimal, numbers behind a tilde, `-` for null.
const METRICS: &str = "SELECT concat_ws('|', epoch_us(timestamp), hex(service), hex(metric_name), kind, \
    coalesce(hex(symbol), '-'), \
    array_to_string([hex(e.key) || ':' || hex(e.value) for e in map_entries(labels)], ','), \
    coalesce('~' || value::VARCHAR, '-'), \
    CASE WHEN histogram IS NULL THEN '-' ELSE concat_ws(';', \
        '~' || histogram.count::VARCHAR, '~' || histogram.sum::VARCHAR, \
        array_to_string(['~' || b.le::VARCHAR || ':~' || b.count::VARCHAR for b in histogram.buckets], ','), \
        CASE WHEN histogram.native IS NULL THEN '-' ELSE concat_ws('/', histogram.native.schema, \
            '~' || histogram.native.zero_threshold::VARCHAR, '~' || histogram.native.zero_count::VARCHAR, \
            array_to_string([b.index::VARCHAR || ':~' || b.count::VARCHAR for b in histogram.native.positive], ','), \
            array_to_string([b.index::VARCHAR || ':~' || b.count::VARCHAR for b in histogram.native.negative], ',')) END, \
        array_to_string(['~' || q.quantile::VARCHAR || ':~' || q.value::VARCHAR for q in histogram.quantiles], ',')) END) \
    FROM trading_metrics";

const EVENTS: &str = "SELECT concat_ws('|', epoch_us(timestamp), coalesce(hex(service), '-'), event, \
    hex(message)) FROM system_events";

/// Of candles, and of the parts that they are made of.
fn candles_of(table: &str) -> String {
    format!(
        "SELECT concat_ws('|', hex(service), hex(symbol), interval, epoch_us(start), \
         '~' || open::VARCHAR, '~' || high::VARCHAR, '~' || low::VARCHAR, '~' || close::VARCHAR, \
         coalesce('~' || volume::VARCHAR, '-'), samples) FROM {table}"
    )
}

fn queries() -> [String; 4] {
    [METRICS.into(), EVENTS.into(), candles_of("trading_candles"), candles_of("candles")]
}

/// The rows in an order of their own, with numbers by their bits.
fn sorted(rows: impl IntoIterator<Item = String>) -> Vec<String> {
    let bits = |row: String| {
        let mut parts = row.split('~');
        let mut text = parts.next().unwrap().to_owned();
        for part in parts {
            let end = part.find(['|', ',', ':', ';', '/']).unwrap_or(part.len());
            let value: f64 = part[..end].parse().unwrap_or_else(|_| panic!("{row}"));
            text.push_str(&number(value));
            text.push_str(&part[end..]);
        }
        text
    };
    let mut rows: Vec<_> = rows.into_iter().map(bits).collect();
    rows.sort();
    rows
}

/// The bits, of which those of NaN don't matter.
fn number(value: f64) -> String {
    if value.is_nan() { "NaN".into() } else { format!("{:016x}", value.to_bits()) }
}

fn hex(text: &str) -> String {
    text.bytes().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02X}").unwrap();
        hex
    })
}

fn optional(text: Option<&str>) -> String {
    text.map_or("-".into(), hex)
}

fn micros(time: SystemTime) -> i64 {
    let signed = |it: Duration| i64::try_from(it.as_micros()).unwrap();
    time.duration_since(SystemTime::UNIX_EPOCH)
        .map_or_else(|before| -signed(before.duration()), signed)
}

fn pairs<T: Copy>(pairs: &[(T, f64)], key: impl Fn(T) -> String) -> String {
    let pairs: Vec<_> =
        pairs.iter().map(|(it, value)| format!("{}:{}", key(*it), number(*value))).collect();
    pairs.join(",")
}

/// What the stores should have, told from the batches alone.
#[derive(Default)]
struct Model {
    metrics: Vec<String>,
    events: Vec<String>,
    parts: Vec<String>,
    candles: BTreeMap<(String, String, String, i64), Candle>,
}

impl Model {
    fn add(&mut self, batch: &Batch) {
        self.metrics.extend(batch.samples.iter().map(metric));
        self.events.extend(batch.events.iter().map(event));
        for candle in &batch.candles {
            self.parts.push(row_of(candle));
            let Candle { service, symbol, start, .. } = candle;
            let key = (service.to_string(), symbol.to_string(), length(candle), micros(*start));
            self.candles
                .entry(key)
                .and_modify(|whole| {
                    whole.high = whole.high.max(candle.high);
                    whole.low = whole.low.min(candle.low);
                    whole.close = candle.close;
                    // A part without a volume adds none.
                    whole.volume = match [whole.volume, candle.volume] {
                        [one, other] if one.is_nan() => other,
                        [one, other] if other.is_nan() => one,
                        [one, other] => one + other,
                    };
                    whole.samples += candle.samples;
                })
                .or_insert_with(|| candle.clone());
        }
    }

    /// The answers to the queries.
    fn rows(&self) -> [Vec<String>; 4] {
        let candles = self.candles.values().map(row_of).collect();
        [self.metrics.clone(), self.events.clone(), self.parts.clone(), candles].map(|mut rows| {
            rows.sort();
            rows
        })
    }
}

fn metric(sample: &Sample) -> String {
    let Series { service, name, kind, symbol, labels } = &*sample.series;
    let mut kept: Vec<(&str, &str)> = Vec::new();
    for (name, value) in labels {
        // Of a name that is there twice, the first counts.
        if kept.iter().all(|(earlier, _)| *earlier != &**name) {
            kept.push((name, value));
        }
    }
    let labels: Vec<_> =
        kept.iter().map(|(name, it)| format!("{}:{}", hex(name), hex(it))).collect();
    let (value, histogram) = match &sample.value {
        Value::Number(value) => (number(*value), "-".into()),
        Value::Histogram(it) => {
            let native = it.native.as_ref().map_or("-".into(), |native| {
                let index = |index: i32| index.to_string();
                format!(
                    "{}/{}/{}/{}/{}",
                    native.schema,
                    number(native.zero_threshold),
                    number(native.zero_count),
                    pairs(&native.positive, index),
                    pairs(&native.negative, index)
                )
            });
            let buckets = pairs(&it.buckets, number);
            let text = format!("{};{};{buckets};{native};", number(it.count), number(it.sum));
            ("-".into(), text)
        }
        Value::Summary(it) => {
            let quantiles = pairs(&it.quantiles, number);
            ("-".into(), format!("{};{};;-;{quantiles}", number(it.count), number(it.sum)))
        }
    };
    format!(
        "{}|{}|{}|{}|{}|{}|{value}|{histogram}",
        micros(sample.time),
        hex(service),
        hex(name),
        kind.name(),
        optional(symbol.as_deref()),
        labels.join(",")
    )
}

fn event(event: &Event) -> String {
    let Event { time, service, kind, message } = event;
    format!("{}|{}|{}|{}", micros(*time), optional(service.as_deref()), kind.name(), hex(message))
}

/// The lengths of candles, and their names.
const LENGTHS: [(u64, &str); 8] = [
    (1, "1us"),
    (250_000, "250ms"),
    (1_000_000, "1s"),
    (90_000_000, "90s"),
    (300_000_000, "5m"),
    (14_400_000_000, "4h"),
    (86_400_000_000, "1d"),
    (604_800_000_000, "7d"),
];

fn length(candle: &Candle) -> String {
    let micros = candle.interval.as_micros();
    LENGTHS.iter().find(|(length, _)| u128::from(*length) == micros).unwrap().1.to_owned()
}

fn row_of(candle: &Candle) -> String {
    let volume = if candle.volume.is_nan() { "-".into() } else { number(candle.volume) };
    let prices = [candle.open, candle.high, candle.low, candle.close].map(number).join("|");
    format!(
        "{}|{}|{}|{}|{prices}|{volume}|{}",
        hex(&candle.service),
        hex(&candle.symbol),
        length(candle),
        micros(candle.start),
        candle.samples
    )
}

const TEXTS: [&str; 14] = [
    "",
    " ",
    "a",
    "A",
    "BTC-USD",
    "it's \"quoted\"; -- 'twice'",
    "{a=b, c=d}",
    "back\\slash\\",
    "line\nand\r\ttab",
    "nul\0within",
    "€ and 🦀",
    "e\u{301}",
    "*?[x]%_",
    "null",
];

const NUMBERS: [f64; 12] = [
    0.0,
    -0.0,
    1.0,
    -17.25,
    0.1,
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::MAX,
    f64::MIN_POSITIVE,
    5e-324,
    9_007_199_254_740_993.0,
];

const KINDS: [Kind; 8] = [
    Kind::Counter,
    Kind::Gauge,
    Kind::Histogram,
    Kind::GaugeHistogram,
    Kind::Summary,
    Kind::Info,
    Kind::StateSet,
    Kind::Unknown,
];

/// Makes batches.
struct Maker {
    random: fastrand::Rng,
    series: Vec<Arc<Series>>,
    time: i64,
}

impl Maker {
    fn text(&mut self) -> Arc<str> {
        let text = *self.random.choice(&TEXTS).unwrap();
        // Many texts, and long ones.
        match self.random.u8(..12) {
            0 => text.repeat(self.random.usize(..200)).into(),
            1..4 => format!("{text}{}", self.random.u8(..8)).into(),
            _ => text.into(),
        }
    }

    fn number(&mut self) -> f64 {
        if self.random.bool() {
            return *self.random.choice(&NUMBERS).unwrap();
        }
        f64::from_bits(self.random.u64(..))
    }

    fn numbers(&mut self) -> Vec<(f64, f64)> {
        (0..self.random.usize(..5)).map(|_| (self.number(), self.number())).collect()
    }

    fn indexed(&mut self) -> Vec<(i32, f64)> {
        (0..self.random.usize(..5)).map(|_| (self.random.i32(..), self.number())).collect()
    }

    /// Times that rise, stay, step back, or are far away.
    fn time(&mut self) -> SystemTime {
        const DAY: i64 = 86_400_000_000;
        self.time += match self.random.u8(..10) {
            0 => -self.random.i64(0..3 * DAY),
            1 => self.random.i64(0..3 * DAY),
            2..5 => 0,
            _ => self.random.i64(0..2_000_000),
        };
        let micros = match self.random.u8(..20) {
            0 => -self.random.i64(0..70 * 365 * DAY),
            1 => self.random.i64(0..400 * 365 * DAY),
            2 => 0,
            _ => self.time,
        };
        let distance = Duration::from_micros(micros.unsigned_abs());
        let epoch = SystemTime::UNIX_EPOCH;
        if micros < 0 { epoch - distance } else { epoch + distance }
    }

    fn series(&mut self) -> Arc<Series> {
        if !self.series.is_empty() && self.random.u8(..4) > 0 {
            let known = self.random.choice(&self.series).unwrap().clone();
            // Also at another address.
            return if self.random.bool() { known } else { Arc::new(Series::clone(&known)) };
        }
        let mut labels: Vec<_> =
            (0..self.random.usize(..5)).map(|_| (self.text(), self.text())).collect();
        if let (true, Some((name, _))) = (self.random.u8(..5) == 0, labels.first().cloned()) {
            labels.push((name, self.text()));
        }
        labels.sort();
        let series = Arc::new(Series {
            service: self.text(),
            name: self.text(),
            kind: *self.random.choice(&KINDS).unwrap(),
            symbol: self.random.bool().then(|| self.text()),
            labels,
        });
        self.series.push(series.clone());
        series
    }

    fn sample(&mut self) -> Sample {
        let value = match self.random.u8(..6) {
            0 | 1 => {
                let native = self.random.bool().then(|| Native {
                    schema: self.random.i8(..),
                    zero_threshold: self.number(),
                    zero_count: self.number(),
                    positive: self.indexed(),
                    negative: self.indexed(),
                });
                let (count, sum, buckets) = (self.number(), self.number(), self.numbers());
                Value::Histogram(Box::new(Histogram { count, sum, buckets, native }))
            }
            2 => {
                let (count, sum, quantiles) = (self.number(), self.number(), self.numbers());
                Value::Summary(Box::new(Summary { count, sum, quantiles }))
            }
            _ => Value::Number(self.number()),
        };
        Sample { time: self.time(), series: self.series(), value }
    }

    /// Few names and starts, so that candles have parts.
    fn candle(&mut self) -> Candle {
        let (length, _) = *self.random.choice(&LENGTHS).unwrap();
        let days = self.random.u64(..3) * 86_400 * 20_400;
        let whole = |random: &mut fastrand::Rng| f64::from(random.i32(-9..1000));
        Candle {
            service: (*self.random.choice(&TEXTS[..3]).unwrap()).into(),
            symbol: (*self.random.choice(&TEXTS[3..6]).unwrap()).into(),
            interval: Duration::from_micros(length),
            start: SystemTime::UNIX_EPOCH + Duration::from_secs(days),
            open: whole(&mut self.random),
            high: whole(&mut self.random),
            low: whole(&mut self.random),
            close: whole(&mut self.random),
            volume: if self.random.bool() { f64::NAN } else { whole(&mut self.random) },
            samples: self.random.u64(..100),
        }
    }

    fn event(&mut self) -> Event {
        let kinds = [EventKind::Start, EventKind::SourceDown, EventKind::BatchLost];
        let service = self.random.bool().then(|| self.text());
        let kind = *self.random.choice(&kinds).unwrap();
        Event { time: self.time(), service, kind, message: self.text().to_string() }
    }

    fn batch(&mut self) -> Batch {
        let mut count = |most| if self.random.u8(..4) == 0 { 0 } else { self.random.usize(..most) };
        let (samples, candles, events) = (count(60), count(12), count(4));
        Batch {
            samples: (0..samples).map(|_| self.sample()).collect(),
            candles: (0..candles).map(|_| self.candle()).collect(),
            events: (0..events).map(|_| self.event()).collect(),
        }
    }
}

fn open(place: &Place) -> Box<dyn Store> {
    store::open(&Settings { place: Some(place.clone()), ..Settings::default() }).unwrap().store
}

/// By the collector's own reader.
fn own(reader: &Reader) -> Vec<Vec<String>> {
    let rows = |sql: String| {
        let rows = reader.query(&sql, &LIMITS_OF_ALL).unwrap().rows;
        let texts = rows.iter().map(|rows| rows.column(0).as_string::<i32>());
        sorted(texts.flat_map(|texts| {
            assert_eq!(texts.null_count(), 0);
            texts.iter().flatten().map(str::to_owned).collect::<Vec<_>>()
        }))
    };
    queries().map(rows).to_vec()
}

const LIMITS_OF_ALL: store::query::Limits =
    store::query::Limits { rows: 1_000_000, bytes: 1 << 30, ..LIMITS };

/// By the DuckDB of Python; `None` where it is not installed.
fn others(place: &Place) -> Option<Vec<Vec<String>>> {
    let script = "import duckdb, json, sys\n\
        views, *queries = json.load(sys.stdin)\n\
        file = sys.argv[1]\n\
        connection = duckdb.connect(file, read_only=True) if views is None else duckdb.connect()\n\
        if views: connection.execute(views)\n\
        rows = [[text for text, in connection.execute(sql).fetchall()] for sql in queries]\n\
        print(json.dumps(rows))";
    let views = match place {
        Place::DuckDb(_) => None,
        Place::Parquet(folder) => Some(fs::read_to_string(folder.join("views.sql")).unwrap()),
    };
    let [metrics, events, parts, candles] = queries();
    let input = serde_json::json!([views, metrics, events, parts, candles]).to_string();
    let path = place.path().to_str().unwrap();
    let rows = python("duckdb", DUCKDB, &["-c", script, path], &input)?;
    let rows: Vec<Vec<String>> = serde_json::from_slice(&rows).unwrap();
    Some(rows.into_iter().map(sorted).collect())
}

/// DuckDB compresses 0 and -0 in a block as one of both.
fn comparable(rows: &[String], place: &Place) -> Vec<String> {
    let is_kept = matches!(place, Place::Parquet(_));
    let zero = |row: &String| row.replace("8000000000000000", "0000000000000000");
    let mut rows = if is_kept { rows.to_vec() } else { rows.iter().map(zero).collect() };
    rows.sort();
    rows
}

fn same(what: &str, place: &Place, found: &[Vec<String>], model: &Model) {
    let what = format!("{what} of {place}");
    for (found, wanted) in found.iter().zip(model.rows()) {
        let (found, wanted) = (comparable(found, place), comparable(&wanted, place));
        let lacks = wanted.iter().find(|row| found.binary_search(row).is_err());
        let has = found.iter().find(|row| wanted.binary_search(row).is_err());
        assert!(lacks.is_none() && has.is_none(), "{what}\nlacks {lacks:?}\nhas   {has:?}");
        assert_eq!(found.len(), wanted.len(), "{what}: rows are there more or less often");
    }
}

/// Writes batches, maintains and opens anew, in any order; then reads.
fn round_trip(seed: u64, place: &Place) {
    let random = fastrand::Rng::with_seed(seed);
    let now = micros(SystemTime::now());
    let mut maker = Maker { random, series: Vec::new(), time: now };
    let mut model = Model::default();
    let mut store = open(place);
    let has_library = library().is_some();
    for step in 0..25 {
        let batch = maker.batch();
        store.write(&batch).unwrap();
        model.add(&batch);
        match maker.random.u8(..6) {
            0 | 1 => drop(store.maintain().unwrap()),
            2 => {
                store.close().unwrap();
                store = open(place);
            }
            // Without its end, as a process that is killed.
            3 => {
                drop(store);
                store = open(place);
            }
            4 if has_library && step % 4 == 0 => {
                same(&format!("{seed}, {step}"), place, &own(&store.reader().unwrap()), &model);
            }
            _ => {}
        }
    }
    store.close().unwrap();
    assert!(model.metrics.len() > 200 && model.parts.len() > model.candles.len());
    if has_library {
        let reader = store::read(place, None).unwrap();
        same(&format!("{seed}, closed"), place, &own(&reader), &model);
    }
    if let Some(rows) = others(place) {
        same(&format!("{seed}, by Python"), place, &rows, &model);
    }
}

#[test]
fn what_is_written_to_a_file_of_duckdb_comes_back() {
    let Some(_) = library() else { return };
    for seed in 0..3 {
        let folder = Folder::new("round-trip");
        round_trip(seed, &Place::DuckDb(folder.file()));
    }
}

#[test]
fn what_is_written_to_parquet_files_comes_back() {
    for seed in 10..13 {
        let folder = Folder::new("round-trip-parquet");
        round_trip(seed, &Place::Parquet(folder.0.join("it's [a] store")));
    }
}
