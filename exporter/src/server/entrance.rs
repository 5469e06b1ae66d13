//! The checks that a client passes before it is answered.

use super::handshakes::Begin;
use super::listen::Stream;
use http_body_util::Full;
use hyper::Response;
use hyper::body::Bytes;
use hyper::header::HeaderMap;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;

pub(crate) type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The encryption and the credentials, as configured. A server without an entrance is open to
/// everybody.
pub(crate) trait Entrance: Send + Sync {
    /// Whether connections are encrypted.
    fn encrypts(&self) -> bool;

    /// Whether strangers learn nothing: data is encrypted, or sent only to clients with
    /// credentials.
    fn protects(&self) -> bool;

    /// Looks for changes of the configuration, for ever.
    fn keep_looking(&self) -> Boxed<'_, ()>;

    /// The stream for HTTP: with TLS, after the handshake. The caller bounds its time. `begin`
    /// determines when the cryptography may be done. The number is for [`finish`](Self::finish).
    ///
    /// # Errors
    /// If the client does not speak TLS, or is refused.
    fn accept<'a>(
        &'a self,
        stream: Box<dyn Stream>,
        begin: Begin<'a>,
    ) -> Boxed<'a, io::Result<(Box<dyn Stream>, u64)>>;

    /// Whether a request may be answered; if not, the response instead.
    ///
    /// `client` is the client's address, if sockets of that kind have addresses.
    fn admit<'a>(
        &'a self,
        client: Option<IpAddr>,
        path: &'a str,
        headers: &'a HeaderMap,
    ) -> Boxed<'a, Result<(), Response<Full<Bytes>>>>;

    /// Adds the configured headers to those of a response. On a connection from before the
    /// configuration in force it is the last response: the next connection is encrypted as
    /// configured now.
    fn finish(&self, generation: u64, headers: &mut HeaderMap);
}
