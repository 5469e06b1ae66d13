//! The compiler's error for a record of a metric with labels that names no series: that `with`
//! chooses it. Without this module the compiler would report that there is no such method.
//!
//! A handle with labels has no method of these names. So the compiler looks at its `Deref` target,
//! and finds a method with a bound that no type meets. A handle without labels has methods of its
//! own, which come first. This module never becomes machine code.

use super::counter::{Counter, UpDownCounter};
use super::gauge::Gauge;
use super::histogram::Histogram;
use super::timer::Timer;
use std::marker::PhantomData;
use std::ops::Deref;

/// The `Deref` target of a handle.
#[derive(Debug)]
pub struct NoSeries<H>(PhantomData<fn(H)>);

/// A bound that no labels meet.
#[diagnostic::on_unimplemented(
    message = "this metric has a series for each `{Self}`: choose one with `.with(...)`",
    label = "write `.with(...)` in front of it"
)]
pub trait OneSeries {
    /// Never called, as no type implements the trait.
    fn record<R>() -> R;
}

macro_rules! methods {
    ($($handle:ident { $($method:ident($($ty:ty),*) $(-> $returns:ty)?,)+ })+) => {
        $(
            #[doc(hidden)]
            impl<L> Deref for $handle<L> {
                type Target = NoSeries<Self>;

                fn deref(&self) -> &NoSeries<Self> {
                    const { &NoSeries(PhantomData) }
                }
            }

            impl<L> NoSeries<$handle<L>> {
                $(
                    pub fn $method(&self, $(_: $ty),*) $(-> $returns)? where L: OneSeries {
                        L::record()
                    }
                )+
            }
        )+
    };
}

// Arguments are of any type, since the missing series is the one thing to report.
methods! {
    Counter {
        inc(),
        add(impl Sized),
        add_duration(impl Sized),
        add_f64(impl Sized),
        get() -> u64,
    }
    UpDownCounter {
        inc(),
        dec(),
        add(impl Sized),
        sub(impl Sized),
        get() -> i64,
    }
    Gauge {
        set(impl Sized),
        set_duration(impl Sized),
        inc(),
        dec(),
        add(impl Sized),
        sub(impl Sized),
        get() -> f64,
    }
    Histogram {
        record(impl Sized),
        record_n(impl Sized, impl Sized),
        record_signed(impl Sized),
        record_duration(impl Sized),
        record_f64(impl Sized),
        record_corrected(impl Sized, impl Sized),
        record_with_exemplar(impl Sized, impl Sized, impl Sized),
        record_duration_with_exemplar(impl Sized, impl Sized, impl Sized),
        record_f64_with_exemplar(impl Sized, impl Sized, impl Sized),
        start() -> Timer,
    }
}

impl<L> NoSeries<Histogram<L>> {
    #[expect(clippy::unused_self, reason = "stands in for a method")]
    pub fn time<R>(&self, _: impl FnOnce() -> R) -> R
    where
        L: OneSeries,
    {
        L::record()
    }
}
