//! Addresses, and listening sockets.

use super::client::Client;
use super::unix::{self, SocketFile};
use crate::error::StartError;
use crate::quiet::Quiet;
use socket2::{Domain, Protocol, Socket, Type};
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};

/// Connections that wait to be accepted, if the system allows so many (`net.core.somaxconn`).
const BACKLOG: i32 = 1024;

/// The beginning of a Unix socket's address.
const UNIX: &str = "unix:";

/// The address of an [`Exporter`](crate::Exporter). Its `Display` is an argument for
/// [`listen`](crate::ExporterBuilder::listen).
///
/// ```
/// use tickmetrics_exporter::{Exporter, LocalAddr};
///
/// let exporter = Exporter::builder().listen("127.0.0.1:0").start()?;
/// assert_eq!(exporter.local_addrs(), [LocalAddr::Tcp(exporter.local_addr().unwrap())]);
/// # Ok::<(), tickmetrics_exporter::StartError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LocalAddr {
    /// With the port that the system chose for port 0.
    Tcp(SocketAddr),
    /// The socket's path, absolute.
    Unix(PathBuf),
}

impl LocalAddr {
    /// Whether clients may be on other machines.
    pub(crate) fn leaves_the_machine(&self) -> bool {
        match self {
            Self::Tcp(address) => !address.ip().to_canonical().is_loopback(),
            Self::Unix(_) => false,
        }
    }
}

impl fmt::Display for LocalAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "{UNIX}{}", path.display()),
        }
    }
}

/// A listening socket, before there is a runtime.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) address: LocalAddr,
    /// Dropped, and the file removed, before the socket is closed.
    file: Option<SocketFile>,
    socket: BoundSocket,
}

#[derive(Debug)]
enum BoundSocket {
    Tcp(std::net::TcpListener),
    Unix(std::os::unix::net::UnixListener),
}

impl Bound {
    /// Listens on an address in the form of [`listen`](crate::ExporterBuilder::listen).
    pub(crate) fn new(address: &str, unix_mode: u32) -> Result<Self, StartError> {
        let bound = match address.strip_prefix(UNIX) {
            Some(path) => match no_path(path) {
                Some(reason) => {
                    let error = io::Error::new(io::ErrorKind::InvalidInput, reason);
                    Err(StartError::InvalidAddress { address: address.into(), error })
                }
                None => Ok(Self::unix(path, unix_mode)),
            },
            None => match address.to_socket_addrs() {
                Ok(addresses) => Ok(Self::tcp(addresses)),
                Err(error) => Err(StartError::InvalidAddress { address: address.into(), error }),
            },
        };
        bound?.map_err(|error| StartError::Bind { address: address.into(), error })
    }

    fn unix(path: &str, mode: u32) -> io::Result<Self> {
        let (socket, file) = unix::bind(path.as_ref(), mode, BACKLOG)?;
        socket.set_nonblocking(true)?;
        let address = LocalAddr::Unix(file.path().into());
        Ok(Self { address, file: Some(file), socket: BoundSocket::Unix(socket) })
    }

    /// The first of the addresses that can be listened on.
    fn tcp(addresses: impl Iterator<Item = SocketAddr>) -> io::Result<Self> {
        let mut failed = io::Error::new(io::ErrorKind::InvalidInput, "the name has no address");
        for address in addresses {
            match tcp(address).and_then(|socket| Ok((socket.local_addr()?, socket))) {
                Ok((address, socket)) => {
                    let (address, socket) = (LocalAddr::Tcp(address), BoundSocket::Tcp(socket));
                    return Ok(Self { address, file: None, socket });
                }
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }

    /// Must be called within the runtime that waits for it.
    pub(super) fn into_listener(self) -> io::Result<Listener> {
        let socket = match self.socket {
            BoundSocket::Tcp(socket) => ListenerSocket::Tcp(TcpListener::from_std(socket)?),
            BoundSocket::Unix(socket) => ListenerSocket::Unix(UnixListener::from_std(socket)?),
        };
        Ok(Listener { _file: self.file, socket })
    }
}

/// The reason why this is not the path of a socket's file.
fn no_path(path: &str) -> Option<String> {
    if path.is_empty() {
        Some("it has no path".into())
    } else if path.contains('\0') {
        Some("no path has a NUL in it".into())
    } else if path.starts_with('@') {
        // They have no mode: everybody on the machine, and in its containers, could connect.
        Some(format!(
            "sockets without a file are not offered, since they have no mode; for a file of this \
             name, write {UNIX}./{path}"
        ))
    } else if path.ends_with('/') {
        Some("it is the path of a directory; add the socket's name".into())
    } else {
        None
    }
}

fn tcp(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        // `[::]` accepts IPv4, too, whatever `net.ipv6.bindv6only` is.
        socket.set_only_v6(false)?;
    }
    // Connections of an earlier run that are timing out don't block the port.
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// The byte stream of a connection: as accepted, or encrypted.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// The other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer {
    pub(super) client: Client,
    /// `None` for sockets without addresses.
    pub(super) address: Option<IpAddr>,
}

/// A listening socket in a runtime.
pub(super) struct Listener {
    /// Before the socket, as in [`Bound`].
    _file: Option<SocketFile>,
    socket: ListenerSocket,
}

enum ListenerSocket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Listener {
    /// The next connection and its peer.
    pub(super) async fn accept(&self) -> io::Result<(Box<dyn Stream>, Peer)> {
        match &self.socket {
            ListenerSocket::Tcp(socket) => {
                let (stream, address) = socket.accept().await?;
                // Whole responses are sent, so holding back the end of one gains nothing. If the
                // option can't be set, the connection is gone, which is noticed soon enough.
                let _ = stream.set_nodelay(true);
                let ip = address.ip().to_canonical();
                let peer = Peer { client: ip.into(), address: Some(ip) };
                Ok((Box::new(Quiet(stream)), peer))
            }
            ListenerSocket::Unix(socket) => {
                let (stream, _) = socket.accept().await?;
                let client = Client::from(&stream);
                Ok((Box::new(Quiet(stream)), Peer { client, address: None }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::LocalAddr;

    #[test]
    fn loopback_and_files_stay_on_the_machine() {
        for (address, leaves) in [
            ("127.0.0.1:1", false),
            ("127.8.8.8:1", false),
            ("[::1]:1", false),
            ("[::ffff:127.0.0.1]:1", false),
            ("0.0.0.0:1", true),
            ("[::]:1", true),
            ("192.0.2.1:1", true),
        ] {
            let address = LocalAddr::Tcp(address.parse().unwrap());
            assert_eq!(address.leaves_the_machine(), leaves, "{address}");
        }
        assert!(!LocalAddr::Unix("/run/s".into()).leaves_the_machine());
    }
}
