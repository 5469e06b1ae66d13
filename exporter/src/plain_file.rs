//! Files with configurations, keys and certificates, where anything may have taken their place.

use nix::fcntl::OFlag;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use zeroize::Zeroizing;

/// No configuration, key or chain of certificates is longer, and nothing longer is read.
const MAX_BYTES: u64 = 1 << 20;

/// What is in a file, read without waiting for anybody. `left`: what may still be read of all files.
///
/// # Errors
/// Where it can't be read, is no plain file, or is longer than 1 MiB or than what is left.
pub(crate) fn read(path: &Path, left: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    let most = MAX_BYTES.min(left) + 1;
    let file = open(path)?;
    // With room for all, and to see its end: what grows is copied, and copies are not erased.
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
    // To open a device can do something.
    check_kind(&fs::metadata(path)?)?;
    open_at_once(path)
}

/// A pipe may have come to the name since it was looked at. It would keep the exporter's thread for
/// as long as nobody writes to it.
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

    /// As one that takes a file's place after that was looked at.
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
