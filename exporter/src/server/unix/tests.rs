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
                socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None).unwrap();
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
