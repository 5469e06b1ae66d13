//! Types of columns that have no text here, or no form in Parquet.

use super::cell;
use crate::Result;
use crate::args::RowFormat;
use crate::failure::Failure;
use arrow_array::cast::AsArray as _;
use arrow_array::types::IntervalMonthDayNanoType;
use arrow_array::{ArrayRef, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, IntervalUnit, Schema};
use std::sync::Arc;
use tickmetrics_collector::store::query::Answer;

const INTERVAL: DataType = DataType::Interval(IntervalUnit::MonthDayNano);

/// Refuses a column whose values would be lost or wrong.
pub(super) fn check(schema: &Schema, format: RowFormat) -> Result<()> {
    for column in schema.fields() {
        let unfit = unfit(column).or_else(|| {
            let is_nested = column.data_type() != &INTERVAL;
            (is_nested && format == RowFormat::Parquet)
                .then(|| {
                    find(column, &|it| (it.data_type() == &INTERVAL).then(|| "INTERVAL".into()))
                })
                .flatten()
        });
        if let Some(kind) = unfit {
            return Err(Failure::told(format!(
                "the column {:?} has the type {kind}, which has no form here: write CAST(… AS \
                 VARCHAR) in the query",
                column.name()
            )));
        }
    }
    Ok(())
}

/// The type of a column, or one within it, that Arrow has only as DuckDB's own bytes.
fn unfit(column: &Field) -> Option<String> {
    find(column, &|field| {
        if let DataType::Union(..) = field.data_type() {
            return Some("UNION".into());
        }
        let metadata = field.metadata();
        // https://arrow.apache.org/docs/format/CanonicalExtensions.html#opaque
        let opaque = metadata.get("ARROW:extension:name").is_some_and(|it| it == "arrow.opaque");
        let about = opaque.then(|| metadata.get("ARROW:extension:metadata")).flatten()?;
        let about: serde_json::Value = serde_json::from_str(about).ok()?;
        let kind = about["type_name"].as_str()?;
        // The others are numbers.
        (!kind.contains("hugeint")).then(|| kind.to_uppercase())
    })
}

/// What a function finds first, in a field or in those within it.
fn find(field: &Field, of: &dyn Fn(&Field) -> Option<String>) -> Option<String> {
    of(field).or_else(|| match field.data_type() {
        DataType::List(inner)
        | DataType::LargeList(inner)
        | DataType::FixedSizeList(inner, _)
        | DataType::Map(inner, _) => find(inner, of),
        DataType::Struct(fields) => fields.iter().find_map(|field| find(field, of)),
        _ => None,
    })
}

/// The rows with intervals as text, which DuckDB reads as intervals again. Those of Parquet have no
/// microseconds, and the library writes none of them.
pub(super) fn without_intervals(answer: Answer) -> Result<Answer> {
    let fields = answer.schema.fields();
    let changed: Vec<_> = fields.iter().map(|it| it.data_type() == &INTERVAL).collect();
    if !changed.contains(&true) {
        return Ok(answer);
    }
    let fields = fields.iter().zip(&changed).map(|(field, is_changed)| {
        let field = Field::clone(field);
        if *is_changed { field.with_data_type(DataType::Utf8) } else { field }
    });
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let rows = answer.rows.iter().map(|rows| {
        let columns =
            rows.columns().iter().zip(&changed).map(|(column, is_changed)| {
                if *is_changed { text(column) } else { column.clone() }
            });
        RecordBatch::try_new(schema.clone(), columns.collect())
    });
    let rows = rows.collect::<std::result::Result<_, _>>();
    let rows =
        rows.map_err(|error| Failure::told(format!("the rows can't be changed: {error}")))?;
    Ok(Answer { schema, rows, is_cut_off: answer.is_cut_off })
}

fn text(column: &ArrayRef) -> ArrayRef {
    let intervals = column.as_primitive::<IntervalMonthDayNanoType>();
    let texts = intervals.iter().map(|it| it.map(cell::interval));
    Arc::new(texts.collect::<StringArray>())
}
