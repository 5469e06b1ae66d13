//! The directory: a reader's information about each metric of the segment, as entries of words.
//!
//! ```text
//! entry      | kind << 32 + words | ...                 words of the whole entry
//! value set  | retired | capacity | form | text identity | the values of an interned label (form 0),
//!            |                                          or the label sets of a dynamic family (1)
//! value      | set | text |                             one more: `other` is 0, the first 1...
//! metric     | registry | kind | first cell | series | declared | scale | text name | text help
//!            | text unit | count (text text)... constants | count dimension... | histogram
//! dimension  | text name | set | capacity |, or | text name | NO_SET | count text... |
//!            |                                          the name of label sets is empty
//! histogram  | table | maximum | digits | native | count edge... | extremes | count quantile... |
//!            |                                          histograms only; native is 0, or the schema
//!            |                                          and NATIVE; extremes is 0 or 1
//! resumed    | as a metric |                             one of an earlier run, not registered yet
//! claim      | resumed | text help |                    it is registered now, with this help
//! text       | bytes | the bytes, eight to a word, the last word filled up with zeros |
//! ```
//!
//! A set and a resumed metric are named by the positions of their entries. The identity of a set is
//! its interner's name in each run of the program, or empty. `retired` is the first of the shared
//! cells with a bit for each value, `other` included, which is set while the value is retired. Entries are never changed; the
//! header's count of used words publishes them.

mod check;
mod entry;
mod exposure;
mod kind;
mod label_set;

pub(crate) use check::{Check, MAX_DIMENSIONS, are_quantiles};
pub(crate) use entry::resumed;
pub(crate) use entry::{
    Damaged, Distribution, Entry, MAX_VALUE_BYTES, MAX_VALUE_WORDS, MIN_VALUE_WORDS, MetricEntry,
    OTHER, SetPlace, Source, claim, metric, read, retired_cells, value, value_set,
};
pub use exposure::Exposure;
pub use kind::Kind;
pub(crate) use label_set::{OVERFLOW, Pairs, SetNames, is_of, pairs, write as write_set};
