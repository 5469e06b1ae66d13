//! The number types that gauges and histograms accept.

use std::time::Duration;

/// A number that a [`Gauge`](crate::Gauge) accepts: any primitive integer or float. Sealed.
///
/// An integer of more than 2^53 becomes the nearest `f64`.
#[diagnostic::on_unimplemented(
    message = "a gauge can't hold `{Self}`",
    label = "expected an integer or a float",
    note = "a `Duration` goes to `set_duration`"
)]
pub trait Number: sealed::SealedNumber {}

/// A value that a [`Histogram`](crate::Histogram) records: a `u64` in recorded units, or a
/// [`Duration`], as nanoseconds. Sealed.
///
/// A duration of more than 584 years counts as 584 years.
#[diagnostic::on_unimplemented(
    message = "a histogram can't record `{Self}`",
    label = "expected a `u64` or a `Duration`",
    note = "a float goes to `record_f64`, in exported units, and an `i64` to `record_signed`; \
            another integer: `u64::from(value)`"
)]
pub trait Recordable: sealed::SealedRecordable {}

pub(super) mod sealed {
    pub trait SealedNumber {
        fn to_f64(self) -> f64;
    }

    pub trait SealedRecordable {
        fn to_u64(self) -> u64;
    }
}

macro_rules! numbers {
    ($($number:ident)+) => {
        $(
            impl Number for $number {}

            impl sealed::SealedNumber for $number {
                #[inline]
                #[allow(
                    clippy::cast_lossless,
                    clippy::cast_precision_loss,
                    reason = "to the nearest, as documented"
                )]
                fn to_f64(self) -> f64 {
                    self as f64
                }
            }
        )+
    };
}

numbers!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize f32 f64);

impl Recordable for u64 {}

impl sealed::SealedRecordable for u64 {
    #[inline]
    fn to_u64(self) -> u64 {
        self
    }
}

impl Recordable for Duration {}

impl sealed::SealedRecordable for Duration {
    #[inline]
    fn to_u64(self) -> u64 {
        u64::try_from(self.as_nanos()).unwrap_or(u64::MAX)
    }
}
