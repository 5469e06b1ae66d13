//! Days: their folders, and the removal of old ones.

use crate::counted::counted;
use crate::date::date;
use crate::store::columns::micros;
use crate::store::keep::Keep;
use crate::store::sql::TABLES;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

const DAY: i64 = 86_400_000_000;

/// The number of days since 1970 of a time in microseconds.
pub(super) fn number(micros: i64) -> i64 {
    micros.div_euclid(DAY)
}

/// The folder of a day, as `day=2026-11-29`.
pub(super) fn folder(number: i64) -> String {
    let (year, month, day) = date(number);
    format!("day={year:04}-{month:02}-{day:02}")
}

/// Removes the days that are too old, then the oldest while all take too much space. Today stays.
/// Returns what was removed, in words.
pub(super) fn retain(root: &Path, keep: &Keep, now: SystemTime) -> io::Result<Option<String>> {
    if keep.age.is_none() && keep.bytes.is_none() {
        return Ok(None);
    }
    let today = number(micros(now));
    let mut days: BTreeMap<String, (Vec<PathBuf>, u64)> = BTreeMap::new();
    for table in TABLES {
        for entry in fs::read_dir(root.join(table))? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            // The empty files that give the tables their columns.
            if !name.starts_with("day=") || name == folder(0) {
                continue;
            }
            let day = days.entry(name).or_default();
            for file in fs::read_dir(&path)? {
                day.1 += file?.metadata()?.len();
            }
            day.0.push(path);
        }
    }
    let mut bytes: u64 = days.values().map(|(_, bytes)| bytes).sum();
    // The last day that may go for its age: all of it is older.
    let oldest = keep.age.map(|age| {
        let age = i64::try_from(age.as_micros()).unwrap_or(i64::MAX);
        folder(number(micros(now).saturating_sub(age)))
    });
    let mut removed = Vec::new();
    let mut freed = 0;
    for (name, (folders, size)) in days {
        let too_old = oldest.as_ref().is_some_and(|oldest| name < *oldest);
        let too_large = keep.bytes.is_some_and(|limit| bytes > limit);
        if name >= folder(today) || !(too_old || too_large) {
            break;
        }
        folders.iter().try_for_each(fs::remove_dir_all)?;
        bytes -= size;
        freed += size;
        removed.push(name);
    }
    Ok(removed.first().zip(removed.last()).map(|(first, last)| {
        format!(
            "The files of {} were removed, {first} to {last}: {freed} bytes.",
            counted(removed.len() as u64, "day", "days")
        )
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_their_dates() {
        // From `date -u -d @SECONDS +%F`.
        for (seconds, name) in [
            (0, "day=1970-01-01"),
            (-1, "day=1969-12-31"),
            (951_782_399, "day=2000-02-28"),
            (951_782_400, "day=2000-02-29"),
            (951_868_800, "day=2000-03-01"),
            (1_795_000_000, "day=2026-11-18"),
            (4_107_542_400, "day=2100-03-01"),
        ] {
            assert_eq!(folder(number(seconds * 1_000_000)), name);
        }
    }
}
