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
pub(super) struct SocketFile {
    path: PathBuf,
    entry: Entry,
    identity: Identity,
}

impl SocketFile {
    /// Always absolute.
    pub(super) fn path(&self) -> &Path {
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
pub(super) fn bind(path: &Path, mode: u32, backlog: i32) -> io::Result<(UnixListener, SocketFile)> {
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
mod tests {
    use super::{bind, bind_while};
    use std::fs;
    use std::io::{ErrorKind, Read, Write};
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::os::unix::net::{UnixListener, UnixStream};
    use std::path::{Path, PathBuf};

    const OWNER: u32 = 0o600;
    const BACKLOG: i32 = 16;

    /// A folder of its own, removed with all that is in it.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
            fs::create_dir(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn the_file_lives_as_long_as_the_socket() {
        let folder = Folder::new("tickmetrics-socket-life");
        let path = folder.0.join("s");
        for mode in [0o600, 0o666, 0o660] {
            let (listener, file) = bind(&path, mode, BACKLOG).unwrap();
            assert_eq!(self::mode(&path), mode);
            let client = UnixStream::connect(&path).unwrap();
            // No client was there before it.
            let mut accepted = listener.accept().unwrap().0;
            (&client).write_all(b"x").unwrap();
            accepted.read_exact(&mut [0]).unwrap();
            drop(file);
            assert!(!path.exists());
        }
        // As long as possible, and found by its whole name.
        let name = "x".repeat(106 - folder.0.as_os_str().len());
        let (_listener, file) = bind(&folder.0.join(&name), WIDE, BACKLOG).unwrap();
        assert_eq!(file.path().as_os_str().len(), 107);
        assert_eq!(self::mode(file.path()), WIDE);
        drop(file);
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 0);
    }

    #[test]
    fn only_a_dead_socket_is_replaced() {
        let folder = Folder::new("tickmetrics-socket-stale");
        let path = folder.0.join("s");
        // The socket of a process that ended without removing it.
        drop(UnixListener::bind(&path).unwrap());
        let (listener, file) = bind(&path, OWNER, BACKLOG).unwrap();

        let kind = |path: &Path| bind(path, OWNER, BACKLOG).unwrap_err().kind();
        assert_eq!(kind(&path), ErrorKind::AddrInUse);
        // Full: the greatest number of connections waits.
        let waiting: Vec<_> = (0..64)
            .map_while(|_| {
                let client =
                    socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None)
                        .unwrap();
                client.set_nonblocking(true).unwrap();
                client.connect(&socket2::SockAddr::unix(&path).unwrap()).is_ok().then_some(client)
            })
            .collect();
        assert!(waiting.len() < 64);
        assert_eq!(kind(&path), ErrorKind::AddrInUse);
        drop((listener, file));

        let plain = folder.0.join("plain");
        fs::write(&plain, "mine").unwrap();
        assert_eq!(kind(&plain), ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&plain).unwrap(), b"mine");
        let datagrams = folder.0.join("datagrams");
        let _datagrams = std::os::unix::net::UnixDatagram::bind(&datagrams).unwrap();
        assert_eq!(kind(&datagrams), ErrorKind::AddrInUse);
        assert_eq!(kind(&folder.0.join("nowhere").join("s")), ErrorKind::NotFound);
        assert_eq!(kind(&folder.0.join("x".repeat(200))), ErrorKind::InvalidInput);
    }

    #[test]
    fn another_file_of_that_name_is_left() {
        let folder = Folder::new("tickmetrics-socket-other");
        let path = folder.0.join("s");
        let (_listener, file) = bind(&path, OWNER, BACKLOG).unwrap();
        fs::remove_file(&path).unwrap();
        fs::write(&path, "another's").unwrap();
        drop(file);
        assert!(path.exists());
    }

    #[test]
    fn of_many_that_start_at_once_one_wins() {
        let folder = Folder::new("tickmetrics-socket-race");
        let path = folder.0.join("s");
        for _ in 0..20 {
            drop(UnixListener::bind(&path).unwrap());
            let bound: Vec<_> = std::thread::scope(|scope| {
                let starts = [(); 8].map(|()| scope.spawn(|| bind(&path, OWNER, BACKLOG)));
                starts.into_iter().map(|start| start.join().unwrap()).collect()
            });
            assert_eq!(bound.iter().filter(|bound| bound.is_ok()).count(), 1);
            UnixStream::connect(&path).unwrap();
        }
    }

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
    }

    /// A mode that the umask reduces, so that it has to be set afterwards.
    const WIDE: u32 = 0o666;

    /// Puts another file in the socket's place.
    type Swap<'a> = &'a dyn Fn() -> Option<UnixListener>;

    /// The directory's owner puts something under the name as soon as the socket has it. It is
    /// neither changed nor removed.
    #[test]
    fn a_file_in_the_sockets_place_is_left_alone() {
        let folder = Folder::new("tickmetrics-socket-swap");
        let (path, victim) = (folder.0.join("s"), folder.0.join("victim"));
        let secret = || {
            fs::write(&victim, "secret").unwrap();
            fs::set_permissions(&victim, fs::Permissions::from_mode(OWNER)).unwrap();
        };
        let listener = || {
            let listener = UnixListener::bind(&victim).unwrap();
            fs::set_permissions(&victim, fs::Permissions::from_mode(OWNER)).unwrap();
            listener
        };
        let swaps: [Swap<'_>; 7] = [
            &|| (secret(), symlink(&victim, &path).unwrap(), None).2,
            &|| (secret(), fs::hard_link(&victim, &path).unwrap(), None).2,
            &|| (Some(listener()), symlink(&victim, &path).unwrap()).0,
            &|| (Some(listener()), fs::hard_link(&victim, &path).unwrap()).0,
            &|| (drop(listener()), fs::hard_link(&victim, &path).unwrap(), None).2,
            &|| (secret(), fs::create_dir(&path).unwrap(), None).2,
            &|| (secret(), None).1,
        ];
        for (number, swap) in swaps.iter().enumerate() {
            let mut listener = None;
            let bound = bind_while(&path, WIDE, BACKLOG, || {
                fs::remove_file(&path).unwrap();
                listener = swap();
            });
            assert_eq!(mode(&victim), OWNER, "{number}");
            let error = bound.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Other, "{number}");
            let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir(&path));
            fs::remove_file(&victim).unwrap();
        }
    }

    /// The directory goes, and another one, or a link to it, has its path.
    #[test]
    fn a_file_in_the_directorys_place_is_left_alone() {
        let folder = Folder::new("tickmetrics-socket-moved");
        let (here, there, away) =
            (folder.0.join("here"), folder.0.join("there"), folder.0.join("away"));
        for with_link in [false, true] {
            fs::create_dir(&here).unwrap();
            fs::create_dir(&there).unwrap();
            fs::write(there.join("s"), "another's").unwrap();
            fs::set_permissions(there.join("s"), fs::Permissions::from_mode(OWNER)).unwrap();
            let move_away = || {
                fs::rename(&here, &away).unwrap();
                if with_link {
                    symlink(&there, &here).unwrap();
                } else {
                    fs::rename(&there, &here).unwrap();
                }
            };
            let (listener, file) = bind_while(&here.join("s"), WIDE, BACKLOG, move_away).unwrap();
            assert_eq!(mode(&away.join("s")), WIDE);
            assert_eq!(mode(&here.join("s")), OWNER);
            drop((file, listener));
            assert_eq!(fs::read_dir(&away).unwrap().count(), 0);
            assert_eq!(fs::read(here.join("s")).unwrap(), b"another's");
            let _ = fs::remove_file(&here);
            for folder in [&here, &there, &away] {
                let _ = fs::remove_dir_all(folder);
            }
        }
    }

    #[test]
    fn a_link_under_the_name_is_no_socket() {
        let folder = Folder::new("tickmetrics-socket-link");
        let (path, stale) = (folder.0.join("s"), folder.0.join("stale"));
        drop(UnixListener::bind(&stale).unwrap());
        symlink(&stale, &path).unwrap();
        let error = bind(&path, OWNER, BACKLOG).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        assert!(stale.exists() && path.is_symlink());
        // In place of a directory.
        let pipe = folder.0.join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let error = bind(&pipe.join("s"), OWNER, BACKLOG).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotADirectory);
        // A link to a directory is accepted, such as /var/run.
        let run = folder.0.join("run");
        symlink(&folder.0, &run).unwrap();
        drop(bind(&run.join("other"), OWNER, BACKLOG).unwrap());
    }

    /// The directory's lock is not kept either.
    #[test]
    fn there_may_be_many_in_a_directory() {
        let folder = Folder::new("tickmetrics-socket-many");
        let bound: Vec<_> =
            ["a", "b", "c"].map(|name| bind(&folder.0.join(name), WIDE, BACKLOG).unwrap()).into();
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 3);
        drop(bound);
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 0);
    }
}
