//! Samples as rows of `metric_values` and `metric_histograms`, which have no lists: at each commit, DuckDB
//! writes the lists of up to 2,047 earlier rows into its log again. A list of numbers is a text.

use super::numbers::Number;
use crate::batch::{Histogram, Native, Sample, Value};
use crate::store::columns::{Column, Rows, optional_texts, record, timestamps, value_column};
use arrow_array::{ArrayRef, Float64Array, Int8Array, Int64Array};
use arrow_schema::ArrowError;
use std::fmt::{Debug, Write as _};
use std::sync::Arc;

/// Samples with the numbers of each one's series and layout: those with one value, and the others.
pub(super) fn rows(
    samples: &[Sample],
    series: &[Number],
    layouts: &[Number],
) -> Result<Vec<Rows>, ArrowError> {
    let (mut plain, mut others) = (Numbered::default(), Numbered::default());
    for ((sample, series), layout) in samples.iter().zip(series).zip(layouts) {
        let is_number = matches!(sample.value, Value::Number(_));
        let part = if is_number { &mut plain } else { &mut others };
        part.samples.push(sample);
        part.series.push(*series);
        part.layouts.push(*layout);
    }
    let mut tables = Vec::new();
    if !plain.samples.is_empty() {
        let values = value_column(&plain.samples);
        let columns = [timestamps(&plain.samples), numbers("series", plain.series), values];
        tables.push(("metric_values", record(columns)?));
    }
    if !others.samples.is_empty() {
        let first = [
            timestamps(&others.samples),
            numbers("series", others.series),
            numbers("layout", others.layouts),
        ];
        let columns = first.into_iter().chain(histograms(&others.samples));
        tables.push(("metric_histograms", record(columns)?));
    }
    Ok(tables)
}

#[derive(Default)]
struct Numbered<'a> {
    samples: Vec<&'a Sample>,
    series: Vec<Number>,
    layouts: Vec<Number>,
}

fn numbers(name: &'static str, numbers: Vec<Number>) -> Column {
    (name, Arc::new(Int64Array::from(numbers)))
}

/// The values of histograms and summaries.
fn histograms(samples: &[&Sample]) -> [Column; 11] {
    let scalars = |get: fn(&Value) -> Option<f64>| -> ArrayRef {
        Arc::new(samples.iter().map(|sample| get(&sample.value)).collect::<Float64Array>())
    };
    let texts = |get: fn(&Value) -> Option<String>| {
        let texts: Vec<_> = samples.iter().map(|sample| get(&sample.value)).collect();
        optional_texts(texts.iter().map(Option::as_deref))
    };
    let schemas = samples.iter().map(|sample| Some(native(&sample.value)?.schema));
    [
        ("count", scalars(|value| count_and_sum(value).map(|(count, _)| count))),
        ("sum", scalars(|value| count_and_sum(value).map(|(_, sum)| sum))),
        ("bucket_counts", texts(|value| seconds(&histogram(value)?.buckets))),
        (
            "quantile_values",
            texts(|value| match value {
                Value::Summary(summary) => seconds(&summary.quantiles),
                _ => None,
            }),
        ),
        ("schema", Arc::new(schemas.collect::<Int8Array>())),
        ("zero_threshold", scalars(|value| Some(native(value)?.zero_threshold))),
        ("zero_count", scalars(|value| Some(native(value)?.zero_count))),
        ("positive_indexes", texts(|value| firsts(&native(value)?.positive))),
        ("positive_counts", texts(|value| seconds(&native(value)?.positive))),
        ("negative_indexes", texts(|value| firsts(&native(value)?.negative))),
        ("negative_counts", texts(|value| seconds(&native(value)?.negative))),
    ]
}

fn count_and_sum(value: &Value) -> Option<(f64, f64)> {
    match value {
        Value::Number(_) => None,
        Value::Histogram(histogram) => Some((histogram.count, histogram.sum)),
        Value::Summary(summary) => Some((summary.count, summary.sum)),
    }
}

fn histogram(value: &Value) -> Option<&Histogram> {
    if let Value::Histogram(histogram) = value { Some(histogram) } else { None }
}

fn native(value: &Value) -> Option<&Native> {
    histogram(value)?.native.as_ref()
}

fn firsts<A: Copy + Debug, B>(pairs: &[(A, B)]) -> Option<String> {
    joined(pairs.iter().map(|(first, _)| *first))
}

fn seconds<A, B: Copy + Debug>(pairs: &[(A, B)]) -> Option<String> {
    joined(pairs.iter().map(|(_, second)| *second))
}

/// Numbers as one text, from which DuckDB reads the same numbers; `None` without any.
pub(super) fn joined(numbers: impl Iterator<Item = impl Debug>) -> Option<String> {
    let mut text = String::new();
    for number in numbers {
        // The shortest digits that give the same number, and an exponent before these are many.
        let _ = write!(text, "{number:?}");
        if text.ends_with(".0") {
            text.truncate(text.len() - 2);
        }
        text.push(',');
    }
    text.pop().map(|_| text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::duckdb::connection::Database;
    use crate::store::duckdb::library::Library;
    use arrow_array::cast::AsArray as _;
    use arrow_array::types::Float64Type;
    use std::path::Path;

    #[test]
    fn numbers_are_short() {
        assert_eq!(joined(std::iter::empty::<f64>()), None);
        let numbers = [0.0, -0.0, 10.0, 0.1, 1e300, 5e-324, f64::INFINITY, -f64::INFINITY];
        let text = joined(numbers.into_iter().chain([f64::NAN]));
        assert_eq!(text.unwrap(), "0,-0,10,0.1,1e300,5e-324,inf,-inf,NaN");
        assert_eq!(joined([-7, 12].into_iter()).unwrap(), "-7,12");
    }

    #[test]
    fn duckdb_reads_the_same_numbers() {
        let library = match Library::load(None) {
            Ok(library) => library,
            Err(error) => return ::tests::programs::skip(&error.to_string()),
        };
        let database = Database::open(&library, Path::new(":memory:"), &[]).unwrap();
        let mut connection = database.connect().unwrap();
        let mut random = fastrand::Rng::with_seed(1);
        let (tiny, most) = (f64::MIN_POSITIVE, f64::MAX);
        let odd = [0.0, -0.0, 5e-324, tiny, most, -most, f64::INFINITY, -f64::INFINITY, 1e15, 1e16];
        let some = std::iter::repeat_with(|| f64::from_bits(random.u64(..))).take(100_000);
        let numbers: Vec<f64> = odd.into_iter().chain(some).collect();
        let text = joined(numbers.iter().copied()).unwrap();
        let sql = format!("SELECT unnest(string_split('{text}', ',')::DOUBLE[])");
        let rows = connection.rows(&sql).unwrap();
        let found =
            rows.iter().flat_map(|rows| rows.column(0).as_primitive::<Float64Type>().values());
        // Not a number is one number.
        let bits = |number: &f64| if number.is_nan() { None } else { Some(number.to_bits()) };
        let found: Vec<_> = found.map(bits).collect();
        assert_eq!(found, numbers.iter().map(bits).collect::<Vec<_>>());
    }
}
