//! Files with configurations, keys and certificates, which anything may have replaced.

use nix::fcntl::OFlag;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use zeroize::Zeroizing;

/// No configuration, key or chain of certificates is longer, and no more is read.
const MAX_BYTES: u64 = 1 << 20;

/// The content of a file, read without blocking. `left`: the bytes that may still be read of all
/// files.
///
/// # Errors
/// If it can't be read, is no plain file, or is longer than 1 MiB or than `left`.
pub(crate) fn read(path: &Path, left: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    let most = MAX_BYTES.min(left) + 1;
    let file = open(path)?;
    // With room for the whole file, and to see its end: a growing buffer is copied, and copies are
    // not erased.
    let room = usize::try_from(file.metadata()?.len().min(most)).unwrap_or_default() + 32;
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    file.take(most).read_to_end(&mut bytes)?;
    let length = bytes.len() as u64;
    if length > MAX_BYTES {
        return Err(io::Error::other("it is longer than 1 MiB"));
    }
    if length > left {
        return Err(io::Error::other("it and the files before it are longer than 16 MiB"));
    }
    Ok(bytes)
}

fn open(path: &Path) -> io::Result<File> {
    // Opening a device can have effects.
    check_kind(&fs::metadata(path)?)?;
    open_at_once(path)
}

/// A pipe may have replaced the file since the check. It would block the exporter's thread as long
/// as nobody writes to it.
fn open_at_once(path: &Path) -> io::Result<File> {
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits()).open(path)?;
    check_kind(&file.metadata()?)?;
    Ok(file)
}

fn check_kind(metadata: &fs::Metadata) -> io::Result<()> {
    if metadata.is_file() { Ok(()) } else { Err(io::Error::other("it is not a plain file")) }
}

#[cfg(test)]
mod tests {
    use super::open_at_once;

    /// As with a pipe that replaces a file after the check.
    #[test]
    fn a_pipe_is_not_waited_for() {
        let name = format!("tickmetrics-pipe-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let error = open_at_once(&path).unwrap_err();
        assert!(error.to_string().contains("not a plain file"), "{error}");
        std::fs::remove_file(path).unwrap();
    }
}
