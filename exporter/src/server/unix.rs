//! Unix sockets: the owner and the mode of their files.
//!
//! If several processes start at once, a lock on the directory lets them check the file, and
//! replace it, one after the other. Only the socket itself is ever left behind.
//!
//! Others may own the directory, and put another file under the name at any moment. So a name is
//! relative to an open directory, no link is followed, and a named file is changed through an open
//! descriptor (`O_PATH`), once its kind is checked.

use nix::fcntl::{AtFlags, OFlag, openat};
use nix::sys::stat::{Mode, fstatat};
use nix::unistd::{UnlinkatFlags, unlinkat};
use socket2::{Domain, SockAddr, Socket, Type};
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, ErrorKind};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// Another program that binds a socket in the directory holds its lock for some hundred
/// microseconds.
const LOCK_TRIES: u32 = 200;
const LOCK_PAUSE: Duration = Duration::from_millis(5);

/// A socket's file, removed at the drop. Drop it before the listener: as long as that accepts
/// connections, no other process considers the file left behind.
#[derive(Debug)]
pub struct SocketFile {
    path: PathBuf,
    entry: Entry,
    identity: Identity,
}

impl SocketFile {
    /// Always absolute.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // If it can't be removed, the next process to listen here replaces it.
        let _ = self.entry.remove(self.identity);
    }
}

/// Listens on a socket of this mode, and replaces one of a dead process.
///
/// # Errors
/// - `AddrInUse`: a living process listens there.
/// - `AlreadyExists`: another kind of file is there.
/// - `ResourceBusy`: another program holds the directory's lock.
/// - `InvalidInput`: the path names no file, or is too long for a socket.
/// - `Other`: another program put another file there meanwhile.
/// - `Unsupported`: it needs `/proc`, which is not mounted.
/// - The system's error when the socket is made.
pub fn bind(path: &Path, mode: u32, backlog: i32) -> io::Result<(UnixListener, SocketFile)> {
    bind_while(path, mode, backlog, || ())
}

/// `others`: the actions of others once the file exists.
fn bind_while(
    path: &Path,
    mode: u32,
    backlog: i32,
    others: impl FnOnce(),
) -> io::Result<(UnixListener, SocketFile)> {
    let path = std::path::absolute(path)?;
    let address = SockAddr::unix(&path)?;
    let entry = Entry::new(&path)?;
    let lock = Lock::new(&entry.directory)?;
    entry.remove_stale()?;
    // The file gets its mode from the socket, so others have no moment to connect.
    let socket = File::from(OwnedFd::from(Socket::new(Domain::UNIX, Type::STREAM, None)?));
    socket.set_permissions(Permissions::from_mode(mode))?;
    let socket = Socket::from(OwnedFd::from(socket));
    socket.bind(&address)?;
    others();
    let file = entry.open().map_err(|error| match error.kind() {
        ErrorKind::NotFound => replaced(),
        _ => error,
    })?;
    let metadata = file.metadata()?;
    if !metadata.file_type().is_socket() {
        return Err(replaced());
    }
    let identity = identity(&metadata);
    let listening = socket.listen(backlog).and_then(|()| {
        // Restores the part that the process's umask removed.
        if metadata.mode() & 0o7777 == mode & 0o7777 {
            return Ok(());
        }
        check_owner(&file, &path)?;
        forget_clients(&socket, backlog)?;
        fs::set_permissions(again(&file), Permissions::from_mode(mode))
    });
    if let Err(error) = listening {
        // Nothing is left behind, unless it belongs to another.
        if error.kind() != ErrorKind::Other {
            let _ = entry.remove(identity);
        }
        return Err(error);
    }
    drop(lock);
    Ok((OwnedFd::from(socket).into(), SocketFile { path, entry, identity }))
}

/// Checks that it is the file of this process's listening socket.
fn check_owner(file: &File, path: &Path) -> io::Result<()> {
    let client = connect(file).map_err(|error| match error.kind() {
        ErrorKind::ConnectionRefused => replaced(),
        _ => error,
    })?;
    if client.peer_addr()?.as_pathname() == Some(path) { Ok(()) } else { Err(replaced()) }
}

/// Removes the process's own connection, so that it does not count as a client that breaks off. Any
/// other client of these microseconds has to connect again.
fn forget_clients(socket: &Socket, backlog: i32) -> io::Result<()> {
    socket.set_nonblocking(true)?;
    for _ in 0..=backlog {
        if socket.accept().is_err() {
            break;
        }
    }
    Ok(())
}

fn replaced() -> io::Error {
    io::Error::other("another program removed it, or put something else there")
}

/// Device and inode.
type Identity = (u64, u64);

fn identity(metadata: &fs::Metadata) -> Identity {
    (metadata.dev(), metadata.ino())
}

/// A name in a directory that stays the same, wherever its path leads later.
#[derive(Debug)]
struct Entry {
    directory: File,
    name: OsString,
}

impl Entry {
    fn new(path: &Path) -> io::Result<Self> {
        let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(ErrorKind::InvalidInput.into());
        };
        // Not a pipe, which would block.
        let flags = OFlag::O_DIRECTORY.bits();
        let directory = OpenOptions::new().read(true).custom_flags(flags).open(directory)?;
        Ok(Self { directory, name: name.into() })
    }

    /// Opens the present file of the name, even a link, only to inspect it and for [`again`].
    fn open(&self) -> io::Result<File> {
        let flags = OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        Ok(openat(&self.directory, &*self.name, flags, Mode::empty())?.into())
    }

    /// Removes the file if it is still that one. Between the two steps, only a user that may remove
    /// the file can put another one there.
    fn remove(&self, identity: Identity) -> io::Result<()> {
        let found = fstatat(&self.directory, &*self.name, AtFlags::AT_SYMLINK_NOFOLLOW)?;
        if (found.st_dev, found.st_ino) != identity {
            return Err(replaced());
        }
        Ok(unlinkat(&self.directory, &*self.name, UnlinkatFlags::NoRemoveDir)?)
    }

    /// Removes a socket without a listener.
    fn remove_stale(&self) -> io::Result<()> {
        let file = match self.open() {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            opened => opened?,
        };
        let metadata = file.metadata()?;
        if !metadata.file_type().is_socket() {
            return Err(ErrorKind::AlreadyExists.into());
        }
        match connect(&file).map_err(|error| error.kind()) {
            Err(ErrorKind::ConnectionRefused) => self.remove(identity(&metadata)),
            Err(kind @ (ErrorKind::PermissionDenied | ErrorKind::Unsupported)) => Err(kind.into()),
            // A socket of another type, of datagrams for example, is alive too.
            Ok(_) | Err(_) => Err(ErrorKind::AddrInUse.into()),
        }
    }
}

/// A path to the open file, and to no other.
fn again(file: &File) -> PathBuf {
    format!("/proc/self/fd/{}", file.as_raw_fd()).into()
}

/// Connects to a socket's file.
fn connect(file: &File) -> io::Result<Socket> {
    let client = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    // A living process that accepts no more connections now would block.
    client.set_nonblocking(true)?;
    client.connect(&SockAddr::unix(again(file))?).map_err(|error| match error.kind() {
        ErrorKind::NotFound => ErrorKind::Unsupported.into(),
        _ => error,
    })?;
    Ok(client)
}

/// A lock on a directory.
struct Lock<'a>(&'a File);

impl<'a> Lock<'a> {
    fn new(directory: &'a File) -> io::Result<Self> {
        for _ in 0..LOCK_TRIES {
            match directory.try_lock() {
                Ok(()) => return Ok(Self(directory)),
                Err(TryLockError::WouldBlock) => thread::sleep(LOCK_PAUSE),
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
        Err(ErrorKind::ResourceBusy.into())
    }
}

impl Drop for Lock<'_> {
    fn drop(&mut self) {
        // The lock ends with the directory's last descriptor at the latest.
        let _ = self.0.unlock();
    }
}

#[cfg(test)]
mod tests;
