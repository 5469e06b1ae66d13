//! The native buckets of protobuf, from spans and deltas.

use super::builder::Builder;
use super::error::Fault;
use super::types::Native;
use super::wire::{Field, Message};

/// The fields of a `Histogram` about native buckets.
#[derive(Default)]
pub(super) struct Buckets {
    schema: i32,
    zero_threshold: f64,
    zero_count: u64,
    zero_float_count: f64,
    negative: Side,
    positive: Side,
}

/// The fields about values of one sign.
#[derive(Default)]
struct Side {
    /// Runs of buckets: the offset from the end of the run before, and the length.
    spans: Vec<(i32, u32)>,
    /// The counts of integer histograms, and those of float histograms.
    counts: Vec<i64>,
    floats: Vec<f64>,
}

impl Buckets {
    /// A field of `Histogram`, 5 to 14.
    pub(super) fn field(
        &mut self,
        builder: &mut Builder<'_, '_>,
        number: u64,
        field: Field<'_>,
    ) -> Result<(), Fault> {
        let side = if number <= 11 { &mut self.negative } else { &mut self.positive };
        match number {
            5 => self.schema = field.sint32()?,
            6 => self.zero_threshold = field.double()?,
            7 => self.zero_count = field.uint()?,
            8 => self.zero_float_count = field.double()?,
            9 | 12 => {
                builder.count_native(1)?;
                side.spans.push(span(field.message()?)?);
            }
            10 | 13 => {
                let mut before = side.counts.last().copied().unwrap_or(0);
                field.each_sint(|delta| {
                    builder.count_native(1)?;
                    before =
                        before.checked_add(delta).filter(|&count| count >= 0).ok_or(NEGATIVE)?;
                    side.counts.push(before);
                    Ok(())
                })?;
            }
            11 | 14 => field.each_double(|count| {
                builder.count_native(1)?;
                side.floats.push(count);
                Ok(())
            })?,
            _ => {}
        }
        Ok(())
    }

    /// The buckets. `None` if there are none, by the rule of Prometheus: the zero threshold marks a
    /// histogram without values.
    pub(super) fn end(self) -> Result<Option<Native>, Fault> {
        let Self { schema, zero_threshold, zero_count, zero_float_count, negative, positive } =
            self;
        let is_native = !negative.spans.is_empty()
            || !positive.spans.is_empty()
            || zero_threshold > 0.0
            || zero_count > 0
            || zero_float_count > 0.0;
        if !is_native {
            return Ok(None);
        }
        let schema = i8::try_from(schema).ok().filter(|schema| (-4..=8).contains(schema));
        let schema = schema.ok_or("the schema is not from -4 to 8")?;
        let zero_count = if zero_float_count > 0.0 { zero_float_count } else { zero_count as f64 };
        let (positive, negative) = (positive.end()?, negative.end()?);
        Ok(Some(Native { schema, zero_threshold, zero_count, positive, negative }))
    }
}

const NEGATIVE: &str = "a native bucket has a negative count";

impl Side {
    fn end(self) -> Result<Vec<(i32, f64)>, Fault> {
        let Self { spans, counts, floats } = self;
        if !counts.is_empty() && !floats.is_empty() {
            return Err("native buckets have integers and floats".into());
        }
        let mut rest = counts.into_iter().map(|count| count as f64).chain(floats);
        let mut buckets = Vec::new();
        let mut next = 0_i32;
        for (at, (offset, length)) in spans.into_iter().enumerate() {
            if at > 0 && offset < 0 {
                return Err("two spans of native buckets overlap".into());
            }
            next = next.checked_add(offset).ok_or(TOO_FAR)?;
            for _ in 0..length {
                let count =
                    rest.next().ok_or("there are fewer native buckets than in the spans")?;
                if count < 0.0 {
                    return Err(NEGATIVE.into());
                }
                // NaN stays.
                if count != 0.0 {
                    buckets.push((next, count));
                }
                next = next.checked_add(1).ok_or(TOO_FAR)?;
            }
        }
        if rest.next().is_some() {
            return Err("there are more native buckets than in the spans".into());
        }
        buckets.shrink_to_fit();
        Ok(buckets)
    }
}

const TOO_FAR: &str = "the index of a native bucket has more than 32 bits";

/// `BucketSpan`.
#[expect(clippy::cast_possible_truncation, reason = "as protobuf demands")]
fn span(mut message: Message<'_>) -> Result<(i32, u32), Fault> {
    let (mut offset, mut length) = (0, 0);
    while let Some((number, field)) = message.next()? {
        match number {
            1 => offset = field.sint32()?,
            2 => length = field.uint()? as u32,
            _ => {}
        }
    }
    Ok((offset, length))
}
