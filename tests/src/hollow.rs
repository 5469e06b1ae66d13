//! Segments that are small on the disk and declare large contents.

#![expect(missing_docs, clippy::missing_panics_doc, reason = "not for users")]

use std::fs::{self, File};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

const MAGIC: u64 = u64::from_ne_bytes(*b"TICKMETR");
const BYTE_ORDER: u64 = 0x0102_0304_0506_0708;
const VERSION: u64 = 8;
/// Words that parts are aligned to.
const PART: usize = (64 << 10) / 8;

pub const COUNTER: u64 = 1;
pub const UP_DOWN: u64 = 2;
pub const GAUGE: u64 = 3;
pub const HISTOGRAM: u64 = 4;

/// A metric with fixed labels, in a file that has its header and its directory
/// and else holes.
pub struct Hollow {
    pub kind: u64,
    /// How many values each label has.
    pub labels: &'static [u64],
    pub shards: u64,
    /// Whether its histogram has 15 edges.
    pub edges: bool,
}

impl Hollow {
    /// Writes it, and returns the bytes on the disk.
    pub fn write(&self, file: &Path) -> u64 {
        let series: u64 = self.labels.iter().product();
        // Cells of a shard and shared ones that a series has.
        let (own, shared) = match self.kind {
            COUNTER => (1, 0),
            UP_DOWN => (2, 0),
            GAUGE => (0, 8),
            _ => (8, 1),
        };
        let (first, table) = (if self.kind == GAUGE { 1 } else { 8 }, 1);
        let declared = 1 + series * shared;
        let (cells, shared) = (series * own + 8192, declared + series / 64 + 8192);
        let mut entry = vec![0, self.kind, first, series, declared, 1_f64.to_bits()];
        // Its name, no help, no unit, no constant labels.
        entry.extend([1, u64::from(b'a'), 0, 0, 0, self.labels.len() as u64]);
        for (at, &values) in self.labels.iter().enumerate() {
            entry.extend([1, u64::from(b'b') + at as u64, u64::MAX, values]);
            entry.extend((0..values).flat_map(|value| text(&format!("{value:04x}"))));
        }
        if self.kind == HISTOGRAM {
            // Its table, maximum, digits, no native buckets, its edges, no extremes, no quantiles.
            let edges = 15 * u64::from(self.edges);
            entry.extend([table, 1 << 20, 1, 0, edges]);
            entry.extend(1..=edges);
            entry.extend([0, 0]);
        }
        entry.insert(0, 3 << 32 | (entry.len() as u64 + 1));
        let used = entry.len() as u64;
        let directory = used.next_multiple_of(PART as u64);
        let (cells, shared) =
            (cells.next_multiple_of(PART as u64), shared.next_multiple_of(PART as u64));
        let mut header = vec![MAGIC, BYTE_ORDER, VERSION, directory, shared, cells, self.shards];
        // Process, directory, cells and shared cells in use, and three more words; shards in use.
        header.extend([1, used, cells, shared, 0, 0, 1, 0, 0, 0, self.shards]);
        let owners = (32 + self.shards).next_multiple_of(PART as u64);
        let out = File::create(file).unwrap();
        out.set_len((owners + directory + shared + self.shards * cells) * 8).unwrap();
        let bytes =
            |words: &[u64]| words.iter().flat_map(|it| it.to_ne_bytes()).collect::<Vec<_>>();
        out.write_all_at(&bytes(&header), 0).unwrap();
        out.write_all_at(&bytes(&entry), owners * 8).unwrap();
        on_disk(file)
    }
}

/// A text of the directory, of one to eight bytes.
pub fn text(text: &str) -> [u64; 2] {
    let mut bytes = [0; 8];
    bytes[..text.len()].copy_from_slice(text.as_bytes());
    [text.len() as u64, u64::from_ne_bytes(bytes)]
}

/// How many bytes the file system has for a file.
pub fn on_disk(file: &Path) -> u64 {
    fs::metadata(file).unwrap().blocks() * 512
}
