//! The number of a counter or a gauge.
//!
//! With its feature `protobuf`, `prometheus` has it as `value`, and without as `get_value`. Which one
//! there is depends on the whole program, and this crate must compile with both. So each name that
//! is missing is added here, in terms of the other: a method of the type itself goes before one of a
//! trait.

use prometheus::proto::{Counter, Gauge};

pub(crate) fn of_counter(counter: &Counter) -> f64 {
    counter.value()
}

pub(crate) fn of_gauge(gauge: &Gauge) -> f64 {
    gauge.value()
}

/// What types have without `protobuf`.
#[allow(dead_code, reason = "types have it themselves, in one of both forms")]
trait Plain {
    fn get_value(&self) -> f64;
}

/// What types have with `protobuf`.
#[allow(dead_code, reason = "types have it themselves, in one of both forms")]
trait Protobuf {
    fn value(&self) -> f64;
}

macro_rules! both {
    ($($number:ty),*) => {$(
        impl Plain for $number {
            fn get_value(&self) -> f64 {
                self.value()
            }
        }

        impl Protobuf for $number {
            fn value(&self) -> f64 {
                self.get_value()
            }
        }
    )*};
}

both!(Counter, Gauge);
