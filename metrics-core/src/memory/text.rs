//! Strings that stay for ever, and take little memory when there are many. They lie one after the
//! other, each after its length, so a pointer of eight bytes is enough to find one.

#[cfg(tickmetrics_loom)]
pub(crate) use checked::{PublishedText, Text, Texts};
#[cfg(not(tickmetrics_loom))]
pub(crate) use plain::{PublishedText, Text, Texts};

#[cfg(not(tickmetrics_loom))]
mod plain {
    use crate::names::beginning;
    use crate::sync::{Acquire, AtomicPtr, Release};
    use std::ptr::{self, NonNull};

    /// The size of an allocation, once there are many strings.
    const CHUNK: usize = 4096;
    /// The length before the bytes.
    const LENGTH: usize = size_of::<u16>();

    /// A string that stays for ever.
    #[derive(Clone, Copy)]
    pub(crate) struct Text {
        start: NonNull<u8>,
    }

    impl Text {
        #[inline]
        pub(crate) fn as_str(self) -> &'static str {
            // SAFETY: only `Texts::keep` makes one: a length, and that many bytes of a `str`, which
            // nobody changes or frees.
            unsafe {
                let length = self.start.cast::<[u8; LENGTH]>().read();
                let bytes = NonNull::slice_from_raw_parts(
                    self.start.add(LENGTH),
                    u16::from_ne_bytes(length).into(),
                );
                std::str::from_utf8_unchecked(bytes.as_ref())
            }
        }
    }

    /// The maker of permanent strings, with the room for the next ones.
    #[derive(Debug)]
    pub(crate) struct Texts {
        room: &'static mut [u8],
        /// The bytes of all strings so far.
        taken: usize,
    }

    impl Texts {
        pub(crate) const fn new() -> Self {
            Self { room: &mut [], taken: 0 }
        }

        /// A copy, of at most 65,535 bytes: a longer string is cut at a character's boundary.
        pub(crate) fn keep(&mut self, value: &str) -> Text {
            let value = beginning(value, u16::MAX.into());
            let bytes = LENGTH + value.len();
            if self.room.len() < bytes {
                // Doubles the room, so that few strings take little memory, and many take few
                // allocations.
                self.room = Vec::leak(vec![0; self.taken.min(CHUNK).max(bytes)]);
            }
            let (kept, rest) = std::mem::take(&mut self.room).split_at_mut(bytes);
            self.room = rest;
            self.taken += bytes;
            let (length, text) = kept.split_at_mut(LENGTH);
            text.copy_from_slice(value.as_bytes());
            length.copy_from_slice(&u16::try_from(value.len()).unwrap_or(0).to_ne_bytes());
            Text { start: NonNull::from(kept).cast() }
        }
    }

    /// A published string, which is read without a lock.
    pub(crate) struct PublishedText {
        start: AtomicPtr<u8>,
    }

    impl PublishedText {
        pub(crate) fn new() -> Self {
            Self { start: AtomicPtr::new(ptr::null_mut()) }
        }

        #[inline]
        pub(crate) fn get(&self) -> Option<Text> {
            // Acquire pairs with the Release in `publish`: the string is seen as it was made.
            let start = NonNull::new(self.start.load(Acquire))?;
            Some(Text { start })
        }

        pub(crate) fn publish(&self, text: Text) {
            self.start.store(text.start.as_ptr(), Release);
        }
    }

    #[cfg(test)]
    mod tests {
        use super::Texts;

        #[test]
        fn strings_are_kept_as_they_are_also_in_full_chunks() {
            let mut texts = Texts::new();
            let values: Vec<String> = (0..3000)
                .map(|at| "é".repeat(at % 97 * (at % 7)) + &at.to_string())
                .chain([String::new(), "x".repeat(5000)])
                .collect();
            let kept: Vec<_> = values.iter().map(|value| texts.keep(value)).collect();
            for (text, value) in kept.iter().zip(&values) {
                assert_eq!(text.as_str(), value);
            }
        }

        #[test]
        fn strings_beyond_the_length_field_are_cut() {
            let long = "x".to_owned() + &"é".repeat(40_000);
            assert_eq!(Texts::new().keep(&long).as_str(), &long[..65_535]);
        }
    }
}

/// The version for the model checker: separate strings, each of which is made before it is read.
#[cfg(tickmetrics_loom)]
mod checked {
    use crate::memory::{Leaked, Published};

    #[derive(Clone, Copy)]
    pub(crate) struct Text(&'static Leaked<&'static str>);

    impl Text {
        pub(crate) fn as_str(self) -> &'static str {
            self.0
        }
    }

    #[derive(Debug)]
    pub(crate) struct Texts;

    impl Texts {
        pub(crate) const fn new() -> Self {
            Self
        }

        pub(crate) fn keep(&mut self, value: &str) -> Text {
            Text(Leaked::new(value.to_owned().leak()))
        }
    }

    pub(crate) struct PublishedText(Published<&'static str>);

    impl PublishedText {
        pub(crate) fn new() -> Self {
            Self(Published::new())
        }

        pub(crate) fn get(&self) -> Option<Text> {
            self.0.get().map(Text)
        }

        pub(crate) fn publish(&self, text: Text) {
            self.0.publish(text.0);
        }
    }
}
