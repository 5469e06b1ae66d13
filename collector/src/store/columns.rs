//! A batch as columns: one Arrow record batch a table.

use crate::batch::{Batch, Candle, Event, Histogram, Native, Sample, Series, Summary, Value};
use arrow_array::builder::StringBuilder;
use arrow_array::types::{Float64Type, Int32Type};
use arrow_array::{
    Array, ArrayRef, ArrowPrimitiveType, Float64Array, Int8Array, ListArray, MapArray,
    PrimitiveArray, RecordBatch, StringArray, StructArray, TimestampMicrosecondArray, UInt64Array,
};
use arrow_buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType, Field, Fields, Schema};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The rows of a table.
pub(super) type Rows = (&'static str, RecordBatch);

/// The rows of a batch for each table that gets some.
pub(super) fn tables(batch: &Batch) -> Result<Vec<Rows>, ArrowError> {
    let mut tables = Vec::new();
    if !batch.samples.is_empty() {
        tables.push(("trading_metrics", samples(&batch.samples)?));
    }
    tables.extend(others(batch)?);
    Ok(tables)
}

/// The same without samples.
pub(super) fn others(batch: &Batch) -> Result<Vec<Rows>, ArrowError> {
    let mut tables = Vec::new();
    if !batch.candles.is_empty() {
        tables.push(("trading_candles", candles(&batch.candles)?));
    }
    if !batch.events.is_empty() {
        tables.push(("system_events", events(&batch.events)?));
    }
    Ok(tables)
}

/// All tables, without rows.
pub(super) fn empty() -> Result<[Rows; 3], ArrowError> {
    Ok([
        ("trading_metrics", samples(&[])?),
        ("trading_candles", candles(&[])?),
        ("system_events", events(&[])?),
    ])
}

fn samples(samples: &[Sample]) -> Result<RecordBatch, ArrowError> {
    let series = samples.iter().map(|sample| &*sample.series);
    let samples: Vec<_> = samples.iter().collect();
    let columns = std::iter::once(timestamps(&samples));
    let values = [value_column(&samples), histogram_column(&samples)?];
    record(columns.chain(names(series)?).chain(values))
}

/// A column.
pub(super) type Column = (&'static str, ArrayRef);

pub(super) fn timestamps(samples: &[&Sample]) -> Column {
    ("timestamp", times(samples.iter().map(|sample| sample.time)))
}

/// What names a series.
pub(super) fn names<'a>(
    series: impl Iterator<Item = &'a Series> + Clone,
) -> Result<[Column; 5], ArrowError> {
    Ok([
        ("service", texts(series.clone().map(|series| &*series.service))),
        ("metric_name", texts(series.clone().map(|series| &*series.name))),
        ("kind", texts(series.clone().map(|series| series.kind.name()))),
        ("symbol", optional_texts(series.clone().map(|series| series.symbol.as_deref()))),
        ("labels", labels(series.map(|series| &*series.labels))?),
    ])
}

/// The values of samples that have one.
pub(super) fn value_column(samples: &[&Sample]) -> Column {
    let values = samples.iter().map(|sample| match &sample.value {
        Value::Number(value) => Some(*value),
        Value::Histogram(_) | Value::Summary(_) => None,
    });
    ("value", Arc::new(values.collect::<Float64Array>()))
}

/// The values of the others.
fn histogram_column(samples: &[&Sample]) -> Result<Column, ArrowError> {
    let mut histograms = Histograms::default();
    for sample in samples {
        match &sample.value {
            Value::Number(_) => histograms.push_null(),
            Value::Histogram(histogram) => histograms.push_histogram(histogram),
            Value::Summary(summary) => histograms.push_summary(summary),
        }
    }
    Ok(("histogram", histograms.finish()?))
}

fn candles(candles: &[Candle]) -> Result<RecordBatch, ArrowError> {
    let numbers = |number: fn(&Candle) -> f64| {
        Arc::new(Float64Array::from_iter_values(candles.iter().map(number)))
    };
    let intervals: Vec<_> = candles.iter().map(|candle| interval_name(candle.interval)).collect();
    let volume = candles.iter().map(|candle| Some(candle.volume).filter(|volume| !volume.is_nan()));
    record([
        ("symbol", texts(candles.iter().map(|candle| &*candle.symbol))),
        ("interval", texts(intervals.iter().map(|interval| &**interval))),
        ("start", times(candles.iter().map(|candle| candle.start))),
        ("open", numbers(|candle| candle.open)),
        ("high", numbers(|candle| candle.high)),
        ("low", numbers(|candle| candle.low)),
        ("close", numbers(|candle| candle.close)),
        ("volume", Arc::new(volume.collect::<Float64Array>())),
        ("samples", Arc::new(UInt64Array::from_iter_values(candles.iter().map(|c| c.samples)))),
        ("service", texts(candles.iter().map(|candle| &*candle.service))),
    ])
}

fn events(events: &[Event]) -> Result<RecordBatch, ArrowError> {
    record([
        ("timestamp", times(events.iter().map(|event| event.time))),
        ("service", optional_texts(events.iter().map(|event| event.service.as_deref()))),
        ("event", texts(events.iter().map(|event| event.kind.name()))),
        ("message", texts(events.iter().map(|event| &*event.message))),
    ])
}

/// The length of a candle as DuckDB reads it (`CAST(interval AS INTERVAL)`): a whole number of the
/// largest unit that has one, such as `1m`.
pub(super) fn interval_name(interval: Duration) -> String {
    let micros = interval.as_micros();
    let units = [
        (86_400_000_000, "d"),
        (3_600_000_000, "h"),
        (60_000_000, "m"),
        (1_000_000, "s"),
        (1000, "ms"),
    ];
    let unit = units.into_iter().find(|(length, _)| micros > 0 && micros.is_multiple_of(*length));
    let (length, unit) = unit.unwrap_or((1, "us"));
    format!("{}{unit}", micros / length)
}

pub(super) fn record(columns: impl IntoIterator<Item = Column>) -> Result<RecordBatch, ArrowError> {
    let (fields, columns): (Vec<_>, Vec<_>) =
        columns.into_iter().map(|(name, column)| (field(name, &column), column)).unzip();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
}

fn structure<const N: usize>(
    columns: [(&str, ArrayRef); N],
    nulls: Option<NullBuffer>,
) -> Result<StructArray, ArrowError> {
    let fields: Fields = columns.iter().map(|(name, column)| field(name, column)).collect();
    StructArray::try_new(fields, columns.into_iter().map(|(_, column)| column).collect(), nulls)
}

fn field(name: &str, column: &ArrayRef) -> Field {
    Field::new(name, column.data_type().clone(), true)
}

fn texts<'a>(texts: impl Iterator<Item = &'a str>) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(texts))
}

pub(super) fn optional_texts<'a>(texts: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
    Arc::new(texts.collect::<StringArray>())
}

fn times(times: impl Iterator<Item = SystemTime>) -> ArrayRef {
    Arc::new(TimestampMicrosecondArray::from_iter_values(times.map(micros)))
}

/// Microseconds since 1970; negative before.
pub(super) fn micros(time: SystemTime) -> i64 {
    let micros = |distance: Duration| i64::try_from(distance.as_micros()).unwrap_or(i64::MAX);
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => micros(after),
        Err(before) => -micros(before.duration()),
    }
}

/// Labels by name. Of a name that occurs twice, the first is kept: DuckDB refuses a map with two.
fn labels<'a>(
    series: impl Iterator<Item = &'a [(Arc<str>, Arc<str>)]>,
) -> Result<ArrayRef, ArrowError> {
    let (mut names, mut values) = (StringBuilder::new(), StringBuilder::new());
    let mut offsets = Offsets::default();
    for labels in series {
        let mut count = 0;
        for (index, (name, value)) in labels.iter().enumerate() {
            if labels[..index].iter().all(|(earlier, _)| earlier != name) {
                names.append_value(name);
                values.append_value(value);
                count += 1;
            }
        }
        offsets.push(count);
    }
    let keys: ArrayRef = Arc::new(names.finish());
    // Arrow's format wants keys that are not null.
    let fields = Fields::from(vec![
        Field::new("key", DataType::Utf8, false),
        Field::new("value", DataType::Utf8, true),
    ]);
    let entries = StructArray::try_new(fields, vec![keys, Arc::new(values.finish())], None)?;
    let entry = Arc::new(Field::new("entries", entries.data_type().clone(), false));
    Ok(Arc::new(MapArray::try_new(entry, offsets.finish(), entries, None, false)?))
}

/// Where the list of each row ends.
struct Offsets(Vec<i32>);

impl Default for Offsets {
    fn default() -> Self {
        Self(vec![0])
    }
}

impl Offsets {
    fn push(&mut self, length: usize) {
        // A batch is bounded far below 2³¹ entries: its text alone would be as many bytes.
        let last = self.0.last().copied().unwrap_or(0);
        self.0.push(last.saturating_add(i32::try_from(length).unwrap_or(i32::MAX)));
    }

    fn finish(self) -> OffsetBuffer<i32> {
        OffsetBuffer::new(ScalarBuffer::from(self.0))
    }
}

/// A column of lists of pairs.
struct Pairs<T: ArrowPrimitiveType> {
    offsets: Offsets,
    keys: Vec<T::Native>,
    values: Vec<f64>,
}

impl<T: ArrowPrimitiveType> Default for Pairs<T> {
    fn default() -> Self {
        Self { offsets: Offsets::default(), keys: Vec::new(), values: Vec::new() }
    }
}

impl<T: ArrowPrimitiveType> Pairs<T> {
    fn push(&mut self, pairs: &[(T::Native, f64)]) {
        self.offsets.push(pairs.len());
        self.keys.extend(pairs.iter().map(|(key, _)| *key));
        self.values.extend(pairs.iter().map(|(_, value)| *value));
    }

    fn finish(self, key: &str, value: &str) -> Result<ArrayRef, ArrowError> {
        let keys = PrimitiveArray::<T>::from_iter_values(self.keys);
        let values = Float64Array::from(self.values);
        let pairs = structure([(key, Arc::new(keys) as _), (value, Arc::new(values) as _)], None)?;
        let item = Arc::new(Field::new_list_field(pairs.data_type().clone(), true));
        Ok(Arc::new(ListArray::try_new(item, self.offsets.finish(), Arc::new(pairs), None)?))
    }
}

/// The column `histogram`.
#[derive(Default)]
struct Histograms {
    present: Vec<bool>,
    counts: Vec<f64>,
    sums: Vec<f64>,
    buckets: Pairs<Float64Type>,
    natives: Natives,
    quantiles: Pairs<Float64Type>,
}

impl Histograms {
    fn push_null(&mut self) {
        self.push(false, 0.0, 0.0, &[], None, &[]);
    }

    fn push_histogram(&mut self, histogram: &Histogram) {
        let Histogram { count, sum, buckets, native } = histogram;
        self.push(true, *count, *sum, buckets, native.as_ref(), &[]);
    }

    fn push_summary(&mut self, summary: &Summary) {
        self.push(true, summary.count, summary.sum, &[], None, &summary.quantiles);
    }

    fn push(
        &mut self,
        present: bool,
        count: f64,
        sum: f64,
        buckets: &[(f64, f64)],
        native: Option<&Native>,
        quantiles: &[(f64, f64)],
    ) {
        self.present.push(present);
        self.counts.push(count);
        self.sums.push(sum);
        self.buckets.push(buckets);
        self.natives.push(native);
        self.quantiles.push(quantiles);
    }

    fn finish(self) -> Result<ArrayRef, ArrowError> {
        let columns = [
            ("count", Arc::new(Float64Array::from(self.counts)) as ArrayRef),
            ("sum", Arc::new(Float64Array::from(self.sums))),
            ("buckets", self.buckets.finish("le", "count")?),
            ("native", self.natives.finish()?),
            ("quantiles", self.quantiles.finish("quantile", "value")?),
        ];
        Ok(Arc::new(structure(columns, Some(NullBuffer::from(self.present)))?))
    }
}

#[derive(Default)]
struct Natives {
    present: Vec<bool>,
    schemas: Vec<i8>,
    zero_thresholds: Vec<f64>,
    zero_counts: Vec<f64>,
    positive: Pairs<Int32Type>,
    negative: Pairs<Int32Type>,
}

impl Natives {
    fn push(&mut self, native: Option<&Native>) {
        let absent = Native::default();
        self.present.push(native.is_some());
        let native = native.unwrap_or(&absent);
        self.schemas.push(native.schema);
        self.zero_thresholds.push(native.zero_threshold);
        self.zero_counts.push(native.zero_count);
        self.positive.push(&native.positive);
        self.negative.push(&native.negative);
    }

    fn finish(self) -> Result<ArrayRef, ArrowError> {
        let columns = [
            ("schema", Arc::new(Int8Array::from(self.schemas)) as ArrayRef),
            ("zero_threshold", Arc::new(Float64Array::from(self.zero_thresholds))),
            ("zero_count", Arc::new(Float64Array::from(self.zero_counts))),
            ("positive", self.positive.finish("index", "count")?),
            ("negative", self.negative.finish("index", "count")?),
        ];
        Ok(Arc::new(structure(columns, Some(NullBuffer::from(self.present)))?))
    }
}
