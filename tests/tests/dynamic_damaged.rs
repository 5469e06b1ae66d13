//! Files whose label sets this library could not have written, which would give an invalid exposition.

use std::fs;
use std::sync::LazyLock;
use tests::processes::Folder;
use tickmetrics::prelude::*;
use tickmetrics::{Dynamic, ReadError, Segment, SegmentReader};

/// Kinds of entries.
const VALUE_SET: u64 = 1;
const VALUE: u64 = 2;
const METRIC: u64 = 3;
/// The first word of the directory.
const DIRECTORY: usize = 65536 / 8;

/// A file with two families: one of histograms with a constant label, and one of counters.
static BASE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let folder = Folder::new("dynamic-base");
    Segment::builder()
        .path(folder.file())
        .shard_bytes(1 << 20)
        .shared_bytes(1 << 20)
        .directory_bytes(1 << 20)
        .shards(1)
        .install()
        .unwrap();
    let registry = Registry::new();
    let wait = Description::new("wait", "Help.").constant("host", "ny4");
    let wait: Dynamic<Histogram> = registry.register_dynamic(&wait, 5).unwrap();
    let count = Description::new("count_total", "Help.");
    let count: Dynamic<Counter> = registry.register_dynamic(&count, 5).unwrap();
    wait.with(&[("first", "value1"), ("label", "value2")]).record(1);
    count.with(&[("plain", "value3"), ("zone", "value4")]).inc();
    count.with(&[("plain", "value5")]).inc();
    count.with(&[("host", "value6")]).inc();
    count.with(&[("le", "7")]).inc();
    fs::read(folder.file()).unwrap()
});

fn read(test: &str, bytes: &[u8]) -> Result<Snapshot, ReadError> {
    let folder = Folder::new(&format!("dynamic-{test}"));
    fs::write(folder.file(), bytes).unwrap();
    SegmentReader::open(folder.file()).unwrap().snapshot()
}

fn word(bytes: &[u8], at: usize) -> u64 {
    u64::from_ne_bytes(bytes[at * 8..][..8].try_into().unwrap())
}

fn set_word(bytes: &mut [u8], at: usize, word: u64) {
    bytes[at * 8..][..8].copy_from_slice(&word.to_ne_bytes());
}

/// The kinds of all entries, with their first words and the words behind them.
fn entries(bytes: &[u8]) -> Vec<(u64, usize, usize)> {
    let (mut all, mut at) = (Vec::new(), DIRECTORY);
    while word(bytes, at) != 0 {
        let end = at + (word(bytes, at) & 0xffff_ffff) as usize;
        all.push((word(bytes, at) >> 32, at, end));
        at = end;
    }
    all
}

#[test]
fn texts_that_are_no_label_sets_are_refused() {
    assert_eq!(read("texts", &BASE).unwrap().families().count(), 2);
    for (from, to) in [
        // The same label twice, names that do not rise, and a name without one.
        ("\u{5}\0label", "\u{5}\0first"),
        ("\u{5}\0label", "\u{5}\0about"),
        ("\u{4}\0zone\u{6}\0", "\u{0}\0zone\u{6}\0"),
        // Labels that every series of a histogram has, or of this one.
        ("\u{5}\0first\u{6}\0value1", "\u{2}\0le\u{9}\0xxxvalue1"),
        ("\u{5}\0first\u{6}\0value1", "\u{4}\0host\u{7}\0xvalue1"),
        // Reserved names, and those with control characters.
        ("\u{5}\0first", "\u{5}\0__rst"),
        ("\u{5}\0first", "\u{5}\0fir\nt"),
        // A text in place of a value, which is too long or too short, and a label without one.
        ("\u{6}\0value5", "\u{7}\0value5"),
        ("\u{6}\0value5", "\u{5}\0value5"),
        ("\u{6}\0value5", "\u{6}\u{1}value5"),
        ("\u{6}\0value5", "\u{6}\u{ff}value5"),
        ("\u{5}\0plain\u{6}\0value5", "\u{b}\0plain##valu\0\0"),
        // A name alone, which would be the set without labels.
        ("\u{5}\0plain\u{6}\0value5", "\u{d}\0plain##value5"),
    ] {
        let (from, to): (Vec<u8>, Vec<u8>) =
            (from.bytes().collect(), to.chars().map(|c| c as u8).collect());
        let mut bytes = BASE.clone();
        let at = bytes.windows(from.len()).position(|window| *window == from).unwrap();
        bytes[at..at + from.len()].copy_from_slice(&to);
        let read = read("texts", &bytes);
        assert!(matches!(read, Err(ReadError::Damaged { word: Some(_), .. })), "{to:?} {read:?}");
    }
}

#[test]
fn sets_of_one_family_are_not_those_of_another() {
    let sets: Vec<_> = entries(&BASE).into_iter().filter(|it| it.0 == VALUE_SET).collect();
    let [(_, of_wait, _), (_, of_count, _)] = sets[..] else { panic!("{sets:?}") };
    let [of_wait, of_count] = [of_wait, of_count].map(|at| (at - DIRECTORY) as u64);
    let mut bytes = BASE.clone();
    for (kind, at, end) in entries(&BASE) {
        match kind {
            // Of a counter, these are the last two words: the set, and its capacity.
            METRIC if word(&bytes, end - 2) == of_count => set_word(&mut bytes, end - 2, of_wait),
            // `host` and `le` would be labels of the histogram.
            VALUE if word(&bytes, at + 1) == of_count => set_word(&mut bytes, at + 1, of_wait),
            _ => {}
        }
    }
    let read = read("sets", &bytes);
    assert!(matches!(read, Err(ReadError::Damaged { word: Some(_), .. })), "{read:?}");
}

#[test]
fn sets_with_the_wrong_form_are_refused() {
    for (kind, at, _) in entries(&BASE) {
        if kind == VALUE_SET {
            // The values of an interned label; and no form at all.
            for form in [0, 2] {
                let mut bytes = BASE.clone();
                set_word(&mut bytes, at + 3, form);
                assert!(read("forms", &bytes).is_err());
            }
        }
    }
}
