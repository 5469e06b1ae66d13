//! Which files are merged.

use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Files that are merged together are no longer than this: so much memory and time a merge takes.
const MOST_BYTES: u64 = 16 << 20;

/// Longer ones are not merged.
const LONG: u64 = 4 << 20;

/// As many files as are merged while the day lasts.
const FEWEST: usize = 10;

/// They become so many times as long as the longest of them: so a row is copied a few times, and not
/// with every file that comes.
const GROWTH: u64 = 4;

/// A day that is over has got its last rows, if none came for so long.
const QUIET: Duration = Duration::from_secs(3600);

/// The files of a day's folder that become one, in the order of their names; none if all are long
/// enough. The file of the journal stays: a crash would write it again.
pub(super) fn choose(
    folder: &Path,
    journal: Option<&str>,
    is_over: bool,
    now: SystemTime,
) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut last = SystemTime::UNIX_EPOCH;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, metadata) = (entry.path(), entry.metadata()?);
        let is_parquet = path.extension().is_some_and(|extension| extension == "parquet");
        let is_of_journal =
            journal.is_some() && path.file_stem().and_then(|it| it.to_str()) == journal;
        if is_parquet && !is_of_journal {
            last = last.max(metadata.modified()?);
            files.push((path, metadata.len()));
        }
    }
    files.sort();
    let lengths: Vec<_> = files.iter().map(|(_, length)| *length).collect();
    let is_quiet = is_over && now.duration_since(last).is_ok_and(|time| time >= QUIET);
    let range = run(&lengths, is_quiet);
    Ok(files.drain(range).map(|(path, _)| path).collect())
}

/// A run of neighbours, since candles depend on the order of rows.
fn run(lengths: &[u64], is_over: bool) -> Range<usize> {
    let (fewest, growth) = if is_over { (2, 0) } else { (FEWEST, GROWTH) };
    // Short files first: 4 KiB, 16 KiB and so on.
    let limits = (0..=5).rev().map(|step| LONG >> (2 * step));
    for limit in limits.skip(if is_over { 5 } else { 0 }) {
        let mut begin = 0;
        while begin < lengths.len() {
            let (mut bytes, mut longest, mut count, mut is_full) = (0, 0, 0, false);
            for length in lengths[begin..].iter().take_while(|length| **length <= limit) {
                is_full = bytes + length > MOST_BYTES;
                if is_full {
                    break;
                }
                (bytes, longest, count) = (bytes + length, longest.max(*length), count + 1);
            }
            if is_full || count >= fewest && bytes >= longest * growth {
                return begin..begin + count;
            }
            begin += count.max(1);
        }
    }
    0..0
}

#[cfg(test)]
mod tests {
    use super::{MOST_BYTES, run};

    const KIB: u64 = 1 << 10;
    const MIB: u64 = 1 << 20;

    #[test]
    fn files_are_merged_with_their_like() {
        assert_eq!(run(&[], false), 0..0);
        assert_eq!(run(&[KIB; 9], false), 0..0);
        assert_eq!(run(&[KIB; 10], false), 0..10);
        let mut lengths = vec![MIB; 9];
        lengths.extend([KIB; 12]);
        assert_eq!(run(&lengths, false), 9..21);
        // No more than are merged together.
        assert_eq!(run(&[4 * MIB; 30], true), 0..4);
        assert_eq!(run(&[MIB; 30], false), 0..16);
        // One more short file is no reason to copy a long one.
        assert_eq!(run(&[&[MIB; 2][..], &[KIB; 9]].concat(), false), 0..0);
        // A long file between two short ones stays, and so do they.
        assert_eq!(run(&[KIB, 5 * MIB, KIB], true), 0..0);
        assert_eq!(run(&[5 * MIB, KIB, KIB, 5 * MIB], true), 1..3);
    }

    /// A day of flushes of each minute: how many files are there at most, and how often a row is
    /// copied.
    #[test]
    fn a_day_has_few_files_and_copies_rows_seldom() {
        for length in [2 * KIB, 40 * KIB, 300 * KIB, 3 * MIB] {
            let (mut files, mut most, mut copied) = (Vec::new(), 0, 0);
            let mut merge = |files: &mut Vec<u64>, is_over| loop {
                let range = run(files, is_over);
                if range.is_empty() {
                    return;
                }
                let bytes = files[range.clone()].iter().sum();
                assert!(bytes <= MOST_BYTES);
                copied += bytes;
                files.splice(range, [bytes]);
            };
            for _ in 0..1440 {
                files.push(length);
                merge(&mut files, false);
                let finished = files.iter().filter(|it| **it > 4 * MIB).count();
                most = most.max(files.len() - finished);
            }
            merge(&mut files, true);
            let all = 1440 * length;
            assert!(most <= 27, "{most} files of {length} bytes");
            assert!(copied <= 8 * all, "{copied} bytes were copied, of {all}");
            assert!(files.len() as u64 <= all / (4 * MIB) + 1, "{files:?}");
        }
    }
}
