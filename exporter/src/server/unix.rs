//! Unix sockets: who has the file, and which mode it has.
//!
//! Where several processes start at once, a lock on the directory lets them look at the file, and
//! replace it, one after the other. Nothing but the socket itself is ever left behind.

use socket2::{Domain, SockAddr, Socket, Type};
use std::fs::{self, File, Permissions, TryLockError};
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// Who else binds a socket in the directory has its lock for some hundred microseconds.
const LOCK_TRIES: u32 = 200;
const LOCK_PAUSE: Duration = Duration::from_millis(5);

/// A socket's file, which goes when this does. Drop it before the listener: as long as that accepts
/// connections, no other process takes the file for one that was left behind.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    /// Device and inode: whether it is still the one that was made.
    identity: (u64, u64),
}

impl SocketFile {
    /// Always absolute.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if identity(&self.path).is_ok_and(|identity| identity == self.identity) {
            // Where it can't be removed, the next one to listen here replaces it.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Listens on a socket of this mode, in place of one that a dead process left behind.
///
/// # Errors
/// - `AddrInUse`: a living process listens there.
/// - `AlreadyExists`: what is there is no socket.
/// - `ResourceBusy`: another program holds the directory's lock.
/// - `InvalidInput`: the path is no file's, or too long for a socket.
/// - What the system says when it is asked to make it.
pub(super) fn bind(path: &Path, mode: u32, backlog: i32) -> io::Result<(UnixListener, SocketFile)> {
    let path = std::path::absolute(path)?;
    let address = SockAddr::unix(&path)?;
    let _lock = lock(path.parent().ok_or(ErrorKind::InvalidInput)?)?;
    remove_stale(&path, &address)?;
    // The file gets its mode from the socket, so that there is no moment at which others may connect.
    let socket = File::from(OwnedFd::from(Socket::new(Domain::UNIX, Type::STREAM, None)?));
    socket.set_permissions(Permissions::from_mode(mode))?;
    let socket = Socket::from(OwnedFd::from(socket));
    socket.bind(&address)?;
    let file = SocketFile { identity: identity(&path)?, path };
    // What the process's umask took away.
    fs::set_permissions(&file.path, Permissions::from_mode(mode))?;
    socket.listen(backlog)?;
    Ok((OwnedFd::from(socket).into(), file))
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    fs::symlink_metadata(path).map(|file| (file.dev(), file.ino()))
}

/// The lock ends with the file that is answered.
fn lock(directory: &Path) -> io::Result<File> {
    let directory = File::open(directory)?;
    for _ in 0..LOCK_TRIES {
        match directory.try_lock() {
            Ok(()) => return Ok(directory),
            Err(TryLockError::WouldBlock) => thread::sleep(LOCK_PAUSE),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(ErrorKind::ResourceBusy.into())
}

/// Removes a socket that nobody listens on.
fn remove_stale(path: &Path, address: &SockAddr) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
        Ok(file) if !file.file_type().is_socket() => return Err(ErrorKind::AlreadyExists.into()),
        Ok(_) => {}
    }
    let client = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    // A living one that accepts no more connections now would be waited for.
    client.set_nonblocking(true)?;
    match client.connect(address).map_err(|error| error.kind()) {
        Err(ErrorKind::ConnectionRefused) => fs::remove_file(path),
        Err(ErrorKind::PermissionDenied) => Err(ErrorKind::PermissionDenied.into()),
        // One of another type, of datagrams for example, is alive too.
        Ok(()) | Err(_) => Err(ErrorKind::AddrInUse.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::bind;
    use std::fs;
    use std::io::ErrorKind;
    use std::os::unix::fs::PermissionsExt;
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
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, mode);
            UnixStream::connect(&path).unwrap();
            listener.accept().unwrap();
            drop(file);
            assert!(!path.exists());
        }
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 0);
    }

    #[test]
    fn only_a_dead_socket_is_replaced() {
        let folder = Folder::new("tickmetrics-socket-stale");
        let path = folder.0.join("s");
        // One whose process ended without removing it.
        drop(UnixListener::bind(&path).unwrap());
        let (listener, file) = bind(&path, OWNER, BACKLOG).unwrap();

        let kind = |path: &Path| bind(path, OWNER, BACKLOG).unwrap_err().kind();
        assert_eq!(kind(&path), ErrorKind::AddrInUse);
        // Full: as many connections wait as may.
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
}
