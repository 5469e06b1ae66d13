/// A value of an interned label: a small number that stands for a string.
///
/// Only an [`Interner`](crate::Interner) makes one. The default is `other`, the value for all strings that did not
/// fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LabelId(pub(super) u32);

impl LabelId {
    /// The value that stands for every string beyond the label's capacity.
    pub const OTHER: Self = Self(0);

    /// The position among the label's values; 0 is `other`.
    #[inline]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}
