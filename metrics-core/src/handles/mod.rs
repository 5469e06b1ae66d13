//! The handles of recording code: small `Copy` values that hold cell numbers.

/// `Clone`, `Copy` and `Debug` without bounds on the labels, which a handle does not hold.
macro_rules! plain_value {
    ($handle:ident $(, $kind:ident)?; $cells:ident) => {
        impl<L $(, $kind)?> Clone for $handle<L $(, $kind)?> {
            fn clone(&self) -> Self {
                *self
            }
        }

        impl<L $(, $kind)?> Copy for $handle<L $(, $kind)?> {}

        impl<L $(, $kind)?> std::fmt::Debug for $handle<L $(, $kind)?> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($handle))
                    .field(stringify!($cells), &self.$cells)
                    .finish_non_exhaustive()
            }
        }
    };
}

mod block;
mod choose;
mod counter;
mod exemplar;
mod gauge;
mod histogram;
mod number;
mod target;
mod timer;
mod with;

pub(crate) use block::Block;
pub use counter::{Counter, UpDownCounter};
pub use gauge::Gauge;
pub use histogram::Histogram;
pub use number::{Number, Recordable};
pub use timer::Timer;
