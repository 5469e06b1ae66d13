//! What a metric with labels says to a record that names no series: that `with` chooses it. Without
//! this the compiler would say that there is no such method.
//!
//! A handle with labels has no method of these names, so that the compiler looks behind it, where it
//! finds one that asks for what nobody has. Of a handle without labels it finds the handle's own. No
//! code is ever made of this.

use crate::handles::{Counter, Gauge, Histogram, Timer, UpDownCounter};
use std::marker::PhantomData;
use std::ops::Deref;

/// What is behind a handle.
#[derive(Debug)]
pub struct NoSeries<H>(PhantomData<fn(H)>);

/// What no labels are.
#[diagnostic::on_unimplemented(
    message = "this metric has a series for each `{Self}`: choose one with `.with(...)`",
    label = "write `.with(...)` in front of it"
)]
pub trait OneSeries {
    /// Never called, as nothing implements it.
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
    #[expect(clippy::unused_self, reason = "it stands for a method")]
    pub fn time<R>(&self, _: impl FnOnce() -> R) -> R
    where
        L: OneSeries,
    {
        L::record()
    }
}
