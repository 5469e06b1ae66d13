//! Small files that would take much memory or time to read, if their reader believed them. The
//! fuzzer found these, or would have: `fuzz/`.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;
use tests::hollow;
use tests::processes::Folder;
use tickmetrics::prelude::*;
use tickmetrics::{ReadError, Segment, SegmentReader, Value};

/// Words of each part: the header's, the directory's, the shared cells', each shard's.
const PART: usize = (64 << 10) / 8;
const PARTS: usize = 5;
const DIRECTORY_USED: usize = 8;
const CELLS_USED: usize = 9;
const SHARED_USED: usize = 10;

/// The histogram's largest value.
const MAX: u64 = 345;

#[derive(Clone, Copy, Label)]
#[label(capacity = 100)]
struct Symbol(LabelId);

/// The words of a segment with one histogram, of which one series has values.
static BASE: LazyLock<Vec<u64>> = LazyLock::new(|| {
    let folder = Folder::new("proportion-base");
    let file = folder.file();
    let builder = Segment::builder().shards(1).shard_bytes(PART * 8).shared_bytes(PART * 8);
    builder.directory_bytes(PART * 8).path(&file).install().unwrap();
    let registry = Registry::new();
    let wait = Description::new("wait", "Waited.").max(MAX);
    let wait: Histogram<Symbol> = registry.register(&wait).unwrap();
    wait.with(Symbol::intern("A")).record(3);
    // No cells are asked for with these.
    for n in 0..98 {
        Symbol::intern(&n.to_string());
    }
    let bytes = fs::read(&file).unwrap();
    assert_eq!(bytes.len(), PARTS * PART * 8);
    bytes.as_chunks().0.iter().map(|&word| u64::from_ne_bytes(word)).collect()
});

fn read(name: &str, words: &[u64]) -> Result<Snapshot, ReadError> {
    let folder = Folder::new(name);
    write(&folder.file(), words);
    SegmentReader::open(folder.file()).unwrap().snapshot()
}

fn write(file: &Path, words: &[u64]) {
    fs::write(file, words.iter().flat_map(|word| word.to_ne_bytes()).collect::<Vec<u8>>()).unwrap();
}

/// The position of the histogram's table, which its entry names before the maximum.
fn table() -> usize {
    let max = (PART..2 * PART).find(|&at| BASE[at] == MAX).unwrap();
    let table = 2 * PART + usize::try_from(BASE[max - 1]).unwrap();
    let words = &BASE[table..table + 3];
    assert!(words[0] != 0 && words[1] != 0 && words[2] == 0, "`other` and A have cells: {words:?}");
    table
}

#[test]
fn series_that_share_cells_are_damaged() {
    let series = read("shared-base", &BASE).unwrap();
    let Some(Value::Histogram(one)) =
        series.families().next().and_then(|family| family.series().next()).map(|one| one.value())
    else {
        panic!("{series:?}")
    };
    assert_eq!(one.count(), 1);
    let table = table();
    // All series have the cells of one. Together they have more than there are in a shard.
    let mut words = BASE.clone();
    let first = words[table];
    words[table..=table + 100].fill(first);
    let error = read("shared", &words).unwrap_err();
    assert!(matches!(error, ReadError::Damaged { word: Some(_), .. }), "{error}");
    // One series has its cells behind the end.
    for outside in [PART as u64 - 1, PART as u64, u64::from(u32::MAX)] {
        let mut words = BASE.clone();
        words[table + 1] = outside;
        let error = read("shared", &words).unwrap_err();
        assert!(matches!(error, ReadError::Damaged { word: Some(_), .. }), "{outside}: {error}");
    }
}

/// A text of the directory.
fn text(bytes: usize, of: u8) -> Vec<u64> {
    let mut words = vec![bytes as u64];
    words.extend((0..bytes / 8).map(|_| u64::from_ne_bytes([of; 8])));
    assert_eq!(bytes % 8, 0);
    words
}

struct Metric {
    kind: u64,
    scale: f64,
    /// Bytes of a constant label's value, of the name of the one label, and how many values it has.
    constant: usize,
    label: usize,
    series: usize,
    edges: usize,
}

const COUNTER: u64 = 1;
const HISTOGRAM: u64 = 4;

impl Metric {
    /// The base segment, and this metric.
    fn append(&self) -> Vec<u64> {
        let mut words = BASE.clone();
        let shared = words[SHARED_USED];
        let scale = self.scale.to_bits();
        let table = shared + self.series as u64;
        let mut entry = vec![0, self.kind, words[CELLS_USED], self.series as u64, table, scale];
        let [name, none, constant, label] =
            [(8, b'a'), (0, 0), (8, b'c'), (self.label, b'l')].map(|(bytes, of)| text(bytes, of));
        [&name, &none, &none, &vec![1], &constant, &text(self.constant, b'v')]
            .into_iter()
            .chain([&vec![1], &label, &vec![u64::MAX, self.series as u64]])
            .for_each(|part| entry.extend(part));
        entry.extend((0..self.series).flat_map(|value| hollow::text(&value.to_string())));
        if self.kind == HISTOGRAM {
            // Its table, maximum, digits, no native buckets, its edges, no extremes, no quantiles.
            entry.extend([shared, 1 << 20, 1, 0, self.edges as u64]);
            entry.extend(1..=self.edges as u64);
            entry.extend([0, 0]);
        }
        entry.insert(0, 3 << 32 | (entry.len() as u64 + 1));
        let used = usize::try_from(words[DIRECTORY_USED]).unwrap();
        assert!(used + entry.len() <= PART, "{} words", entry.len());
        words[PART + used..][..entry.len()].copy_from_slice(&entry);
        words[DIRECTORY_USED] += entry.len() as u64;
        words
    }
}

const SMALL: Metric =
    Metric { kind: COUNTER, scale: 1.0, constant: 8, label: 8, series: 10, edges: 0 };

#[test]
fn sizes_that_grow_with_a_product_are_too_large() {
    let snapshot = read("product-base", &SMALL.append()).unwrap();
    assert_eq!(snapshot.family("aaaaaaaa").unwrap().series().count(), 10);
    let few = Metric { kind: HISTOGRAM, edges: 4500, ..SMALL };
    let snapshot = read("product-base", &few.append()).unwrap();
    assert_eq!(snapshot.family("aaaaaaaa").unwrap().series().count(), 10);
    for (what, metric, least) in [
        // Counted up to the bound only.
        ("buckets", Metric { series: 700, ..few }, 64 * PARTS * PART * 8),
        ("label", Metric { label: 16_000, series: 2500, ..SMALL }, 16_000 * 2500),
        ("constant", Metric { constant: 16_000, series: 2500, ..SMALL }, 16_000 * 2500),
    ] {
        let error = read("product", &metric.append()).unwrap_err();
        assert!(
            matches!(error, ReadError::TooLarge { bytes, .. } if bytes >= least as u64),
            "{what}: {error}"
        );
    }
}

#[test]
fn sizes_that_no_segment_is_made_with_are_damaged() {
    let (directory, shared, a_shard, shards) = (3, 4, 5, 6);
    assert_eq!(BASE[shards], 2);
    for (at, sizes) in [
        (directory, [0, 1, PART as u64 - 1, (1 << 32) + 1]),
        (shared, [0, 1, PART as u64 - 1, 1 << 48]),
        (a_shard, [0, 1, PART as u64 - 1, u64::MAX]),
        (shards, [0, 1, (1 << 16) + 2, u64::MAX]),
    ] {
        for size in sizes {
            let mut words = BASE.clone();
            words[at] = size;
            let folder = Folder::new("sizes");
            write(&folder.file(), &words);
            let error = SegmentReader::open(folder.file()).unwrap_err();
            assert!(matches!(error, ReadError::Damaged { word: None, .. }), "{size}: {error}");
        }
    }
}

#[test]
fn a_scale_below_zero_is_damaged() {
    for scale in [-1.0, -0.0, 0.0, f64::NEG_INFINITY, f64::NAN] {
        let error = read("scale", &Metric { scale, ..SMALL }.append()).unwrap_err();
        assert!(matches!(error, ReadError::Damaged { word: Some(_), .. }), "{scale}: {error}");
    }
}
