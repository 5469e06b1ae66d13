//! The files of a configuration, and the check for changes.

use super::error::Wrong;
use crate::plain_file::read;
use ring::digest;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use zeroize::Zeroizing;

/// The limit for all files of a configuration. They are read on the exporter's thread.
const MAX_ALL_BYTES: u64 = 16 << 20;

/// So many files are checked in less than a millisecond or two.
const MAX_FILES: usize = 1024;

/// A file that was changed within this time before the read may be changed again without a
/// difference in its metadata: kernels stamp files by a clock of some milliseconds.
const COARSEST_CLOCK: Duration = Duration::from_secs(1);

/// Reads files, and remembers their paths and metadata.
pub(super) struct Files {
    folder: PathBuf,
    seen: Vec<(PathBuf, Option<Stamp>)>,
    /// The bytes that may still be read.
    left: u64,
    contents: digest::Context,
}

impl Files {
    /// `folder`: the base of relative paths.
    pub(super) fn new(folder: &Path) -> Self {
        let contents = digest::Context::new(&digest::SHA256);
        Self { folder: folder.into(), seen: Vec::new(), left: MAX_ALL_BYTES, contents }
    }

    /// The file named by a key.
    ///
    /// # Errors
    /// If it does not exist, is no plain file, is longer than 1 MiB, or is one too many.
    pub(super) fn read(
        &mut self,
        key: &str,
        path: impl AsRef<Path>,
    ) -> Result<Zeroizing<Vec<u8>>, Wrong> {
        let path = self.path(path);
        if self.seen.len() >= MAX_FILES {
            let reason =
                format!("it names more than {MAX_FILES} files: give hashes in their place");
            return Err(Wrong::new(key, reason));
        }
        // Before the read: a change meanwhile counts as a later change.
        self.seen.push((path.clone(), Stamp::of(&path)));
        let read = read(&path, self.left);
        add(&mut self.contents, read.as_ref().ok().map(|read| &read[..]));
        self.left -= read.as_ref().map_or(0, |read| read.len() as u64);
        read.map_err(|error| {
            let advice = match error.kind() {
                // The configuration file itself is missing, which the error names anyway.
                io::ErrorKind::NotFound if key.is_empty() => "give the path of a file",
                io::ErrorKind::NotFound => {
                    "a path is relative to the folder of the configuration file"
                }
                io::ErrorKind::PermissionDenied => "let the program's user read it",
                _ => "give another file",
            };
            let path = path.display();
            Wrong::new(key, format!("{path} can't be read ({error}): {advice}"))
        })
    }

    /// The file of a path.
    pub(super) fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.folder.join(path)
    }

    /// The files to watch for changes. `now`: no later than the read of the first file.
    pub(super) fn watch(self, now: SystemTime) -> Watch {
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let settled = since.saturating_sub(COARSEST_CLOCK);
        let is_settled = |stamp: &Option<Stamp>| {
            stamp.is_none_or(|stamp| stamp.changed < (settled.as_secs().cast_signed(), 0))
        };
        let is_settled = self.seen.iter().all(|(_, stamp)| is_settled(stamp));
        Watch { seen: self.seen, contents: self.contents.finish(), is_settled }
    }
}

/// Files as of their read.
pub(super) struct Watch {
    seen: Vec<(PathBuf, Option<Stamp>)>,
    contents: digest::Digest,
    is_settled: bool,
}

impl Watch {
    /// Whether a read would now give another result. It checks only metadata if these can't be
    /// mistaken. A changed file is still changed at the next check, unless it changed back.
    pub(super) fn has_changed(&mut self, now: SystemTime) -> bool {
        let same = self.seen.iter().all(|(path, stamp)| Stamp::of(path) == *stamp);
        if same && self.is_settled {
            return false;
        }
        let mut files = Files::new(Path::new(""));
        for (path, _) in &self.seen {
            let _ = files.read("", path);
        }
        let watch = files.watch(now);
        let has_changed = !self.is_same(&watch);
        if !has_changed {
            *self = watch;
        }
        has_changed
    }

    /// Whether the same bytes were read.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.contents.as_ref() == other.contents.as_ref()
    }
}

/// The properties that differ if a file was replaced, or was written to, or became readable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    /// Seconds and nanoseconds. Unlike the time of modification, no program can set it back.
    changed: (i64, i64),
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let file = fs::metadata(path).ok()?;
        let changed = (file.ctime(), file.ctime_nsec());
        Some(Self { device: file.dev(), inode: file.ino(), size: file.size(), changed })
    }
}

fn add(context: &mut digest::Context, contents: Option<&[u8]>) {
    let length = contents.map_or(u64::MAX, |contents| contents.len() as u64);
    context.update(&length.to_le_bytes());
    context.update(contents.unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let name = format!("tickmetrics-reload-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn watch(folder: &Path, now: SystemTime) -> Watch {
        let mut files = Files::new(folder);
        let _ = files.read("a", "a");
        let _ = files.read("b", "b");
        files.watch(now)
    }

    #[test]
    fn every_change_is_seen_and_nothing_else() {
        let folder = folder("changes");
        let (a, b) = (folder.join("a"), folder.join("b"));
        fs::write(&a, "1").unwrap();
        let now = SystemTime::now();
        // Read just after the write, and as if long after.
        for now in [now, now + Duration::from_secs(3600)] {
            let mut watch = watch(&folder, now);
            assert_eq!(watch.is_settled, now > SystemTime::now());
            assert!(!watch.has_changed(now));
            // In place, of the same length, within a tick of the clock: noticed by its contents.
            if !watch.is_settled {
                fs::write(&a, "2").unwrap();
                assert!(watch.has_changed(now) && watch.has_changed(now));
                fs::write(&a, "1").unwrap();
                assert!(!watch.has_changed(now));
            }
            // Another file under the name.
            fs::write(folder.join("c"), "3").unwrap();
            fs::rename(folder.join("c"), &a).unwrap();
            assert!(watch.has_changed(now) && watch.has_changed(now));
            let mut watch = self::watch(&folder, now);
            assert!(!watch.has_changed(now));
            // The same text again is no change.
            fs::write(folder.join("c"), "3").unwrap();
            fs::rename(folder.join("c"), &a).unwrap();
            assert!(!watch.has_changed(now));
            // An unreadable file became readable, and the other way.
            fs::write(&b, "").unwrap();
            assert!(watch.has_changed(now));
            let mut watch = self::watch(&folder, now);
            fs::remove_file(&b).unwrap();
            assert!(watch.has_changed(now));
            fs::write(&a, "1").unwrap();
        }
        fs::remove_dir_all(folder).unwrap();
    }

    /// As if the kernel's clock had not moved since the read of the file.
    #[test]
    fn a_change_that_metadata_do_not_show_is_seen() {
        let folder = folder("clock");
        fs::write(folder.join("a"), "1").unwrap();
        let mut watch = watch(&folder, SystemTime::now());
        fs::write(folder.join("a"), "2").unwrap();
        for (path, stamp) in &mut watch.seen {
            *stamp = Stamp::of(path);
        }
        assert!(watch.has_changed(SystemTime::now()));
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn links_are_followed() {
        let folder = folder("links");
        for version in ["1", "2"] {
            fs::create_dir(folder.join(version)).unwrap();
            fs::write(folder.join(version).join("a"), version).unwrap();
        }
        // As Kubernetes swaps the contents of a secret.
        std::os::unix::fs::symlink("1", folder.join("data")).unwrap();
        std::os::unix::fs::symlink("data/a", folder.join("a")).unwrap();
        let now = SystemTime::now() + Duration::from_secs(3600);
        let mut watch = watch(&folder, now);
        assert!(!watch.has_changed(now));
        std::os::unix::fs::symlink("2", folder.join("new")).unwrap();
        fs::rename(folder.join("new"), folder.join("data")).unwrap();
        assert!(watch.has_changed(now));
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn other_files_and_long_ones_are_not_read() {
        let folder = folder("refused");
        let mut files = Files::new(&folder);
        let mut wrong = |path: &str| format!("{:?}", files.read("cert_file", path).unwrap_err());
        assert!(wrong("none").contains("relative to the folder"));
        assert!(wrong("").contains("not a plain file"));
        assert!(wrong("/dev/zero").contains("not a plain file"));
        fs::write(folder.join("long"), vec![0; (1 << 20) + 1]).unwrap();
        assert!(wrong("long").contains("longer than 1 MiB"));
        fs::write(folder.join("long"), vec![0; 1 << 20]).unwrap();
        for _ in 0..16 {
            assert_eq!(files.read("cert_file", "long").unwrap().len(), 1 << 20);
        }
        let wrong = format!("{:?}", files.read("cert_file", "long").unwrap_err());
        assert!(wrong.contains("longer than 16 MiB"), "{wrong}");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn there_are_not_too_many() {
        let mut files = Files::new(Path::new("/dev"));
        let wrong = |files: &mut Files| format!("{:?}", files.read("a", "null").unwrap_err());
        for _ in 0..1024 {
            assert!(wrong(&mut files).contains("not a plain file"));
        }
        assert!(wrong(&mut files).contains("more than 1024 files"));
        assert_eq!(files.seen.len(), 1024);
    }
}
