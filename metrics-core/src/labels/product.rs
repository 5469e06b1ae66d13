//! No label, one, or several: the index of a series is a number with one digit for each label.

use super::{Dimension, Label, Labels};

impl Labels for () {
    const SERIES: usize = 1;

    fn dimensions() -> Vec<Dimension> {
        Vec::new()
    }

    #[inline]
    fn index(self) -> usize {
        0
    }
}

impl<T: Label> Labels for T {
    const SERIES: usize = T::COUNT;

    fn dimensions() -> Vec<Dimension> {
        vec![Dimension { name: T::NAME, values: T::values() }]
    }

    #[inline]
    fn index(self) -> usize {
        Label::index(self)
    }
}

/// Whether all names differ.
const fn are_distinct(names: &[&str]) -> bool {
    let mut at = 0;
    while at < names.len() {
        let mut before = 0;
        while before < at {
            if is_same(names[before].as_bytes(), names[at].as_bytes()) {
                return false;
            }
            before += 1;
        }
        at += 1;
    }
    true
}

/// `==` in a `const` function.
const fn is_same(a: &[u8], b: &[u8]) -> bool {
    let mut at = 0;
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len() && at == b.len()
}

macro_rules! tuple {
    ($($label:ident $field:tt),+) => {
        impl<$($label: Label),+> Labels for ($($label,)+) {
            const SERIES: usize = {
                assert!(
                    are_distinct(&[$($label::NAME),+]),
                    "two labels of this tuple have the same name: make it a struct with \
                     `#[derive(Labels)]`, whose fields name them"
                );
                1 $(* $label::COUNT)+
            };

            fn dimensions() -> Vec<Dimension> {
                vec![$(Dimension { name: $label::NAME, values: $label::values() }),+]
            }

            #[inline]
            fn index(self) -> usize {
                let mut index = 0_usize;
                $(index = index.wrapping_mul($label::COUNT).wrapping_add(Label::index(self.$field));)+
                index
            }
        }
    };
}

tuple!(A 0, B 1);
tuple!(A 0, B 1, C 2);
tuple!(A 0, B 1, C 2, D 3);
