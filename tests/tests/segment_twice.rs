//! A file that contains a series twice, or a family with two types, is damaged: Prometheus would
//! refuse its exposition as a whole.

use std::fs;
use std::sync::LazyLock;
use tests::processes::Folder;
use tickmetrics::prelude::*;
use tickmetrics::{ReadError, RegisterError, Segment, SegmentReader, Values};

#[derive(Clone, Copy, Label)]
#[label(capacity = 10)]
struct Symbol(LabelId);

/// A label with two values, all of which have a name that is not found elsewhere in the file.
macro_rules! label {
    ($label:ident $name:literal $values:expr) => {
        #[derive(Clone, Copy)]
        struct $label;

        impl Label for $label {
            const NAME: &'static str = $name;
            const COUNT: usize = 2;

            fn values() -> Values {
                Values::Fixed(&$values)
            }

            fn index(self) -> usize {
                1
            }
        }
    };
}

label!(One "label.one" ["value1", "value2"]);
label!(Two "label_two" ["value3", "value4"]);

/// The bytes of a segment.
static BASE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let folder = Folder::new("twice-base");
    let file = folder.file();
    let small = 64 << 10;
    let builder = Segment::builder().shards(1).shard_bytes(small).shared_bytes(small);
    builder.directory_bytes(small).path(&file).install().unwrap();
    let registry = Registry::new();
    let description = |name| Description::new(name, "About it.").constant("constant1", "c");
    let first: Counter<(One, Two)> = registry.register(&description("metric1_total")).unwrap();
    let second: Counter<(Two, One)> = registry.register(&description("metric2_total")).unwrap();
    let third: Counter<Symbol> = registry.register(&description("metric3_total")).unwrap();
    first.with((One, Two)).inc();
    second.with((Two, One)).inc();
    third.with(Symbol::intern("value5")).inc();
    third.with(Symbol::intern("value6")).inc();
    third.with(Symbol::intern("outer")).inc();
    registry.register::<Gauge>(&description("metric4_depth")).unwrap().set(1.0);
    fs::read(file).unwrap()
});

/// A reader's result once each `from` is a `to`.
fn read(from: &str, to: &str) -> Result<Snapshot, ReadError> {
    assert_eq!(from.len(), to.len());
    let mut bytes = BASE.clone();
    let places: Vec<_> = (0..bytes.len() - from.len())
        .filter(|&at| bytes[at..].starts_with(from.as_bytes()))
        .collect();
    assert!(!places.is_empty(), "{from}");
    for at in places {
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
    }
    let folder = Folder::new("twice");
    fs::write(folder.file(), bytes).unwrap();
    SegmentReader::open(folder.file()).unwrap().snapshot()
}

#[test]
fn files_without_a_valid_exposition_are_damaged() {
    let families = |snapshot: Snapshot| snapshot.families().count();
    assert_eq!(families(read("value6", "value7").unwrap()), 4);
    assert_eq!(families(read("metric2_total", "metric5_total").unwrap()), 4);
    for (from, to) in [
        // A value of a label, one of an interned label, and the value `other`.
        ("value2", "value1"),
        ("value6", "value5"),
        ("outer", "other"),
        // A label, a constant one, and one with the same name for readers that do not accept dots.
        ("label_two", "label.one"),
        ("label_two", "constant1"),
        ("label_two", "label_one"),
        // The same labels in another order.
        ("metric2_total", "metric1_total"),
        // One family of two types.
        ("metric4_depth", "metric1_total"),
    ] {
        let error = read(from, to).unwrap_err();
        assert!(matches!(error, ReadError::Damaged { word: Some(_), .. }), "{from} {to}: {error}");
    }
}

label!(Same "same" ["value", "value"]);

#[test]
fn a_label_with_two_values_that_are_the_same_is_refused() {
    let registered = Registry::new().register::<Counter<Same>>(&Description::new("a_total", "A."));
    let error = registered.unwrap_err();
    assert!(matches!(error, RegisterError::InvalidLabel { .. }), "{error}");
    let told = error.to_string();
    assert!(told.contains("\"same\"") && told.contains("values are the same"), "{told}");
}
