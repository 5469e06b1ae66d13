//! A segment in a file: how it gets its name, whole and at once, and which process owns it.
//!
//! The process that counts in a file holds a lock on it, of the kind that belongs to the open file
//! and not to a process id (`F_OFD_SETLK`). It never releases the lock: the system does when the
//! process is gone, for whatever reason. So a file without a lock belongs to a dead process.
//!
//! ```text
//! loop
//!     make a temporary file beside the path, lock it
//!     is it locked, under its name?              no, it was taken for left behind: again
//! write the header
//! loop
//!     link it to the path                        the path was free: done
//!     open what is there                         gone meanwhile: again
//!     a segment?                                 no: error, it stays
//!     lock it                                    fails: its process lives, error
//!     does the path still name it?               no, another process was faster: again
//!     take over its counts, where asked to       into the temporary file
//!     rename the temporary file over the path    done
//! ```
//!
//! Two processes may start at once. On a free path, one links, and the other finds its locked file
//! there. On a dead process's file, one locks, and the other finds it locked until the path names
//! the new file, which is locked too. The file at the path never has a partial header.
//!
//! Temporary files of killed processes are removed under their lock, which their own processes
//! would hold. Between its creation and its lock a file has no sign of life but the id in its name.
//! Processes that share a folder need not share a namespace of ids, as in containers: they can even
//! have the same id. So a process checks its file once it has the lock: from then on nobody else
//! removes it, and nobody gives its name to another.

use crate::layout::{self, Layout, WORD_BYTES, header};
use crate::memory::{self, Mapping};
use crate::printable::PrintablePath;
use crate::report::report;
use crate::resume::{self, ResumeError};
use crate::segment::{Allocated, Segment, SegmentError, View, set_up};
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::fd::{AsRawFd, IntoRawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process;
use std::time::Duration;

/// The path of a setting: `{pid}` in it becomes this process's id.
pub(super) fn expand(path: &Path) -> PathBuf {
    match path.to_str() {
        Some(text) => text.replace("{pid}", &process::id().to_string()).into(),
        None => path.to_owned(),
    }
}

/// Makes a segment of this layout at `path`.
pub(super) fn create(path: &Path, layout: Layout, resume: bool) -> Result<Segment, SegmentError> {
    let failed = |doing: &'static str| {
        move |error| SegmentError::File { path: path.to_owned(), doing, error }
    };
    remove_debris(path);
    let (mut temporary, file) =
        Temporary::new(path).map_err(failed("make and lock a file beside it"))?;
    let mapping = map(&file, layout).map_err(failed("map a file beside it"))?;
    let allocated = Allocated::new(Some(file.as_raw_fd()));
    let begun = allocated.begin(mapping.words(), layout);
    begun.map_err(failed("have memory set aside for it"))?;
    set_up(mapping.words(), layout);
    let old = link(path, &temporary)?;
    let mut replace = || temporary.replace(path).map_err(failed("replace it"));
    if !resume && old.is_some() {
        replace()?;
    }
    // For the life of the process: the segment, and the file, so that the lock stays.
    let view = View::new(mapping.leak(), layout);
    let view = view.ok_or_else(|| failed("map it")(ErrorKind::OutOfMemory.into()))?;
    let segment = Segment::of(view, allocated);
    if let Some(old) = old.filter(|_| resume) {
        if let Err(unfit) = resume::carry_over(&old, &file, &segment) {
            // Nobody uses the memory that it already took.
            let _ = file.set_len(0);
            return match unfit {
                ResumeError::System(error) => Err(failed("take over what was counted")(error)),
                ResumeError::File(why) => {
                    report(format_args!(
                        "{} is not resumed, and all metrics start from zero: {why}",
                        PrintablePath(path)
                    ));
                    drop(old);
                    create(path, layout, false)
                }
            };
        }
        replace()?;
    }
    let _ = file.into_raw_fd();
    Ok(segment)
}

fn map(file: &File, layout: Layout) -> io::Result<Mapping> {
    let words = layout.words().ok_or(ErrorKind::OutOfMemory)?;
    let bytes = (words * WORD_BYTES) as u64;
    memory::check_file_size(bytes)?;
    file.set_len(bytes)?;
    Mapping::shared(file, words)
}

/// Gives the temporary file its name if the name is free. Otherwise returns the file there, locked,
/// which an ended process left.
fn link(path: &Path, temporary: &Temporary) -> Result<Option<File>, SegmentError> {
    let failed = |doing: &'static str| {
        move |error| SegmentError::File { path: path.to_owned(), doing, error }
    };
    // How often to check a file again that is locked although its process is gone: the process that
    // replaces it holds the lock until it has carried over the counts.
    let mut patience = 100;
    loop {
        match fs::hard_link(&temporary.path, path) {
            Ok(()) => return Ok(None),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(failed("make it")(error)),
        }
        // Without following links, and without waiting for the other end of a pipe.
        let opened = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
            .open(path);
        let there = match opened {
            Ok(there) => there,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(failed("open what is there")(error)),
        };
        let Some(pid) = owner_of(&there).map_err(failed("read what is there"))? else {
            return Err(SegmentError::NotASegment { path: path.to_owned() });
        };
        if !memory::lock(&there).map_err(failed("lock it"))? {
            if patience == 0 || memory::process_exists(pid) {
                return Err(SegmentError::Alive { path: path.to_owned(), pid });
            }
            patience -= 1;
            std::thread::sleep(Duration::from_millis(1));
            continue;
        }
        if names(path, &there).map_err(failed("look at it"))? {
            return Ok(Some(there));
        }
    }
}

/// The process in a segment's file, or `None` if it is no segment. For another version only that
/// much is known, and the process is 0.
fn owner_of(file: &File) -> io::Result<Option<u32>> {
    if !file.metadata()?.is_file() {
        return Ok(None);
    }
    let mut bytes = [0; (header::PID + 1) * WORD_BYTES];
    match file.read_exact_at(&mut bytes, 0) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let words = bytes.as_chunks::<WORD_BYTES>().0;
    let word = |at: usize| u64::from_ne_bytes(words[at]);
    if word(header::MAGIC) != layout::MAGIC {
        return Ok(None);
    }
    let known =
        word(header::BYTE_ORDER) == layout::BYTE_ORDER && word(header::VERSION) == layout::VERSION;
    Ok(Some(if known { u32::try_from(word(header::PID)).unwrap_or(0) } else { 0 }))
}

/// Whether the path names this file.
fn names(path: &Path, file: &File) -> io::Result<bool> {
    let there = match fs::symlink_metadata(path) {
        Ok(there) => there,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    let file = file.metadata()?;
    Ok((there.dev(), there.ino()) == (file.dev(), file.ino()))
}

/// Removes temporary files of processes that were killed before the file had its name. They can
/// take as much memory as a whole segment.
fn remove_debris(path: &Path) {
    let Some(prefix) = path.file_name().map(hidden) else { return };
    let folder = path.parent().filter(|parent| *parent != Path::new(""));
    let Ok(entries) = fs::read_dir(folder.unwrap_or(Path::new("."))) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let pid = (name.as_bytes().strip_prefix(prefix.as_bytes()))
            .and_then(|rest| str::from_utf8(rest).ok()?.split_once('.'))
            .filter(|(_, number)| number.parse::<u32>().is_ok())
            .and_then(|(pid, _)| pid.parse::<u32>().ok());
        // A living process has the lock except for the moment after it made the file: its id saves
        // the check of the lock. A process with this process's id is in another namespace of ids,
        // or gone.
        let Some(pid) = pid else { continue };
        if pid != process::id() && memory::process_exists(pid) {
            continue;
        }
        let path = entry.path();
        let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
        let opened = OpenOptions::new().write(true).custom_flags(flags).open(&path);
        let Ok(file) = opened else { continue };
        if file.metadata().is_ok_and(|metadata| metadata.is_file())
            && memory::lock(&file).unwrap_or(false)
            // Another process that removed it may have had the lock before.
            && names(&path, &file).unwrap_or(false)
        {
            let _ = fs::remove_file(&path);
        }
    }
}

/// The beginning of temporary files' names.
fn hidden(name: &OsStr) -> OsString {
    let mut hidden = OsString::from(".");
    hidden.push(name);
    hidden.push(".");
    hidden
}

/// A locked file beside the path, which is removed at the drop unless it took the path.
struct Temporary {
    path: PathBuf,
    has_moved: bool,
}

impl Temporary {
    fn new(beside: &Path) -> io::Result<(Self, File)> {
        let Some(name) = beside.file_name() else {
            return Err(io::Error::new(ErrorKind::InvalidInput, "the path has no file name"));
        };
        let hidden = hidden(name);
        for number in 0..1000 {
            let mut unique = hidden.clone();
            unique.push(format!("{}.{number}", process::id()));
            let path = beside.with_file_name(unique);
            let mut options = OpenOptions::new();
            let options = options.read(true).write(true).create_new(true).mode(0o600);
            let file = match options.open(&path) {
                Ok(file) => file,
                // Another process of the same id made it, or one that was killed here.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(error),
            };
            // The umask has no effect on this mode.
            let changed = file.set_permissions(fs::Permissions::from_mode(0o600));
            match changed.and_then(|()| Ok(memory::lock(&file)? && names(&path, &file)?)) {
                Ok(true) => return Ok((Self { path, has_moved: false }, file)),
                // A process that considered it left behind has the lock, and removes it.
                Ok(false) => {}
                Err(error) => {
                    let _ = fs::remove_file(&path);
                    return Err(error);
                }
            }
        }
        Err(ErrorKind::AlreadyExists.into())
    }

    fn replace(&mut self, path: &Path) -> io::Result<()> {
        fs::rename(&self.path, path)?;
        // Its name is free, and may already be another's.
        self.has_moved = true;
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.has_moved {
            let _ = fs::remove_file(&self.path);
        }
    }
}
