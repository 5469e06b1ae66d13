//! A value of a row, whatever its type.

use arrow_array::cast::AsArray as _;
use arrow_array::types::{
    Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, IntervalMonthDayNano, IntervalMonthDayNanoType, Time64MicrosecondType,
    Time64NanosecondType, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, downcast_dictionary_array};
use arrow_schema::{DataType, IntervalUnit, TimeUnit};
use std::fmt::Write as _;

/// A value.
#[derive(Debug, PartialEq)]
pub(super) enum Cell {
    Null,
    Bool(bool),
    /// Digits, as JSON has them.
    Number(String),
    Text(String),
    List(Vec<Self>),
    /// A STRUCT, or a MAP whose keys are text.
    Object(Vec<(String, Self)>),
}

macro_rules! number {
    ($array:expr, $row:expr, $type:ty) => {
        Cell::Number($array.as_primitive::<$type>().value($row).to_string())
    };
}

macro_rules! text {
    ($array:expr, $row:expr, $type:ty, $method:ident) => {{
        let value = $array.as_primitive::<$type>().$method($row);
        // Infinity and times that no calendar has.
        value.map_or_else(|| Cell::Text("out of range".into()), |it| Cell::Text(it.to_string()))
    }};
}

impl Cell {
    /// The value of a row of a column.
    ///
    /// # Errors
    /// The name of a type that has no text here.
    pub(super) fn of(array: &dyn Array, row: usize) -> Result<Self, String> {
        if array.is_null(row) {
            return Ok(Self::Null);
        }
        Ok(match array.data_type() {
            DataType::Null => Self::Null,
            DataType::Boolean => Self::Bool(array.as_boolean().value(row)),
            DataType::Int8 => number!(array, row, Int8Type),
            DataType::Int16 => number!(array, row, Int16Type),
            DataType::Int32 => number!(array, row, Int32Type),
            DataType::Int64 => number!(array, row, Int64Type),
            DataType::UInt8 => number!(array, row, UInt8Type),
            DataType::UInt16 => number!(array, row, UInt16Type),
            DataType::UInt32 => number!(array, row, UInt32Type),
            DataType::UInt64 => number!(array, row, UInt64Type),
            DataType::Float32 => {
                let value = array.as_primitive::<Float32Type>().value(row);
                float(value.is_finite(), value.is_nan(), value > 0.0, format!("{value:?}"))
            }
            DataType::Float64 => {
                let value = array.as_primitive::<Float64Type>().value(row);
                float(value.is_finite(), value.is_nan(), value > 0.0, format!("{value:?}"))
            }
            DataType::Decimal128(..) => {
                Self::Number(array.as_primitive::<Decimal128Type>().value_as_string(row))
            }
            DataType::Utf8 => Self::Text(array.as_string::<i32>().value(row).into()),
            DataType::LargeUtf8 => Self::Text(array.as_string::<i64>().value(row).into()),
            DataType::Utf8View => Self::Text(array.as_string_view().value(row).into()),
            DataType::Binary => Self::Text(hex(array.as_binary::<i32>().value(row))),
            DataType::LargeBinary => Self::Text(hex(array.as_binary::<i64>().value(row))),
            DataType::Date32 => text!(array, row, Date32Type, value_as_date),
            DataType::Time64(TimeUnit::Microsecond) => {
                text!(array, row, Time64MicrosecondType, value_as_time)
            }
            DataType::Time64(_) => text!(array, row, Time64NanosecondType, value_as_time),
            DataType::Timestamp(unit, zone) => {
                let mut cell = match unit {
                    TimeUnit::Second => text!(array, row, TimestampSecondType, value_as_datetime),
                    TimeUnit::Millisecond => {
                        text!(array, row, TimestampMillisecondType, value_as_datetime)
                    }
                    TimeUnit::Microsecond => {
                        text!(array, row, TimestampMicrosecondType, value_as_datetime)
                    }
                    TimeUnit::Nanosecond => {
                        text!(array, row, TimestampNanosecondType, value_as_datetime)
                    }
                };
                // With a zone, the value is UTC all the same.
                if let (Some(_), Self::Text(text)) = (zone, &mut cell) {
                    text.push_str("+00");
                }
                cell
            }
            DataType::Interval(IntervalUnit::MonthDayNano) => {
                Self::Text(interval(array.as_primitive::<IntervalMonthDayNanoType>().value(row)))
            }
            DataType::List(_) => Self::list(&*array.as_list::<i32>().value(row))?,
            DataType::LargeList(_) => Self::list(&*array.as_list::<i64>().value(row))?,
            DataType::FixedSizeList(..) => Self::list(&*array.as_fixed_size_list().value(row))?,
            DataType::Struct(fields) => {
                let columns = fields.iter().zip(array.as_struct().columns());
                let fields = columns
                    .map(|(field, column)| Ok((field.name().clone(), Self::of(column, row)?)));
                Self::Object(fields.collect::<Result<_, String>>()?)
            }
            DataType::Map(..) => {
                let entries = array.as_map().value(row);
                let fields = (0..entries.len()).map(|row| {
                    let key = match Self::of(entries.column(0), row)? {
                        Self::Text(text) => text,
                        other => other.line(),
                    };
                    Ok((key, Self::of(entries.column(1), row)?))
                });
                Self::Object(fields.collect::<Result<_, String>>()?)
            }
            DataType::Dictionary(..) => downcast_dictionary_array!(
                array => match array.key(row) {
                    Some(key) => Self::of(array.values(), key)?,
                    None => Self::Null,
                },
                other => return Err(unknown(other)),
            ),
            other => return Err(unknown(other)),
        })
    }

    fn list(values: &dyn Array) -> Result<Self, String> {
        let values = (0..values.len()).map(|row| Self::of(values, row));
        values.collect::<Result<_, _>>().map(Self::List)
    }

    /// The value as JSON.
    pub(super) fn json(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Number(number) => out.push_str(number),
            Self::Text(text) => quoted(text, out),
            Self::List(values) => {
                out.push('[');
                for (i, value) in values.iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    value.json(out);
                }
                out.push(']');
            }
            Self::Object(fields) => object(fields.iter().map(|(name, it)| (&**name, it)), out),
        }
    }

    /// The value for people, in one line.
    pub(super) fn line(&self) -> String {
        match self {
            Self::Null => "NULL".into(),
            Self::Bool(value) => value.to_string(),
            Self::Number(number) => number.strip_suffix(".0").unwrap_or(number).into(),
            Self::Text(text) => text.clone(),
            Self::List(values) => {
                let values: Vec<_> = values.iter().map(Self::line).collect();
                format!("[{}]", values.join(", "))
            }
            Self::Object(fields) => {
                let fields: Vec<_> =
                    fields.iter().map(|(name, it)| format!("{name}={}", it.line())).collect();
                format!("{{{}}}", fields.join(", "))
            }
        }
    }
}

/// A row or a STRUCT as an object of JSON.
pub(super) fn object<'a>(fields: impl Iterator<Item = (&'a str, &'a Cell)>, out: &mut String) {
    out.push('{');
    for (i, (name, value)) in fields.enumerate() {
        if i > 0 {
            out.push(',');
        }
        quoted(name, out);
        out.push(':');
        value.json(out);
    }
    out.push('}');
}

/// Text as JSON has it (<https://www.rfc-editor.org/rfc/rfc8259#section-7>).
fn quoted(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if u32::from(c) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// JSON has no number for the others.
fn float(is_finite: bool, is_nan: bool, is_positive: bool, digits: String) -> Cell {
    match (is_finite, is_nan, is_positive) {
        (true, ..) => Cell::Number(digits),
        (_, true, _) => Cell::Text("NaN".into()),
        (_, _, true) => Cell::Text("Infinity".into()),
        _ => Cell::Text("-Infinity".into()),
    }
}

/// As DuckDB writes it, and reads it again: `1 year 2 days 01:30:00.5`.
pub(super) fn interval(value: IntervalMonthDayNano) -> String {
    let mut parts = Vec::new();
    let (years, months, days) = (value.months / 12, value.months % 12, value.days);
    for (number, unit) in [(years, "year"), (months, "month"), (days, "day")] {
        match number {
            0 => {}
            1 | -1 => parts.push(format!("{number} {unit}")),
            _ => parts.push(format!("{number} {unit}s")),
        }
    }
    if value.nanoseconds != 0 || parts.is_empty() {
        let sign = if value.nanoseconds < 0 { "-" } else { "" };
        let nanoseconds = value.nanoseconds.unsigned_abs();
        let (seconds, rest) = (nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000);
        let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
        let mut time = format!("{sign}{hours:02}:{minutes:02}:{:02}", seconds % 60);
        if rest > 0 {
            time.push_str(format!(".{rest:09}").trim_end_matches('0'));
        }
        parts.push(time);
    }
    parts.join(" ")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "\\x{byte:02X}");
        text
    })
}

fn unknown(kind: &DataType) -> String {
    format!("a column of the type {kind} has no text here: write CAST(it AS VARCHAR) in the query")
}
