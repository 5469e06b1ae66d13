//! Requests to HTTP servers, each over a connection of its own: pushes, and the scrapes of the
//! program `tickmetrics`.
//!
//! `authorization` has the credentials, `tls` encrypts, and `error` has the reasons for no
//! response.

mod authorization;
mod error;
#[cfg(feature = "web-config")]
mod tls;

pub use authorization::Authorization;
pub use error::{Cause, Refusal, Unreachable};
#[cfg(feature = "__cli")]
pub use tls::Identity;
#[cfg(feature = "web-config")]
pub use tls::{Tls, Trust};

use crate::lookup::Lookup;
use crate::pace::Pace;
use crate::quiet::{Quiet, Socket};
use crate::url::Url;
use http_body::Body;
use hyper::Response;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, CONNECTION, HOST, HeaderValue, USER_AGENT};
use hyper::http::request;
use hyper_util::rt::TokioIo;
use std::error::Error;
use std::future::{Future, poll_fn};
use std::pin::pin;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// The bytes of one read, and the longest head of a response. With more, responses before the final
/// one (`103 Early Hints`) would delay the check of the time.
const BUFFER: usize = 16 * 1024;

/// Sends requests to one server. Its name is looked up each time.
pub struct HttpClient {
    peer: Peer,
    /// For the header `Host`.
    authority: HeaderValue,
    authorization: Option<HeaderValue>,
    #[cfg(feature = "web-config")]
    tls: Option<Tls>,
    lookup: Lookup,
}

/// The server's address.
enum Peer {
    Tcp {
        host: String,
        port: u16,
    },
    #[cfg(feature = "__cli")]
    Unix(std::path::PathBuf),
}

impl HttpClient {
    /// For the server of a URL. Connections are not encrypted before [`with_tls`](Self::with_tls).
    ///
    /// # Errors
    /// If the URL's host is no valid header.
    pub fn new(url: &Url) -> Result<Self, String> {
        let authority = HeaderValue::from_str(url.authority()).map_err(|it| it.to_string())?;
        let peer = Peer::Tcp { host: url.host.clone(), port: url.port };
        Ok(Self::of(peer, authority))
    }

    /// For the server behind a socket's file.
    #[cfg(feature = "__cli")]
    pub fn of_socket(file: std::path::PathBuf) -> Self {
        // The host name that curl uses for such a socket: no host has a name here.
        Self::of(Peer::Unix(file), HeaderValue::from_static("localhost"))
    }

    fn of(peer: Peer, authority: HeaderValue) -> Self {
        Self {
            peer,
            authority,
            authorization: None,
            #[cfg(feature = "web-config")]
            tls: None,
            lookup: Lookup::default(),
        }
    }

    /// Encrypts connections.
    #[cfg(feature = "web-config")]
    #[must_use]
    pub fn with_tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Encrypts connections from now on, with other certificates than before.
    #[cfg(feature = "__cli")]
    pub fn set_tls(&mut self, tls: Tls) {
        self.tls = Some(tls);
    }

    /// Sends these credentials with each request from now on.
    ///
    /// # Errors
    /// If they can't be in a header.
    pub fn authorize(&mut self, authorization: &Authorization) -> Result<(), String> {
        self.authorization = Some(authorization.header()?);
        Ok(())
    }

    #[cfg(test)]
    pub(crate) fn authorization(&self) -> Option<&HeaderValue> {
        self.authorization.as_ref()
    }

    /// Sends a request, with the common headers, and passes the response to `read`. The connection
    /// ends with that. There is no time limit.
    ///
    /// # Errors
    /// If there is no response.
    pub async fn ask<B, T>(
        &mut self,
        request: request::Builder,
        body: B,
        read: impl AsyncFnOnce(Response<Incoming>) -> T,
    ) -> Result<T, Unreachable>
    where
        B: Body<Data = Bytes> + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let mut request = request
            .header(HOST, &self.authority)
            .header(CONNECTION, "close")
            .header(USER_AGENT, concat!("tickmetrics/", env!("CARGO_PKG_VERSION")));
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let request = request.body(body).map_err(|error| Unreachable::new(&error))?;
        match &self.peer {
            Peer::Tcp { host, port } => {
                let addresses = self.lookup.find(host, *port).await;
                let addresses = addresses.map_err(|error| Unreachable::new(&error))?;
                let stream = TcpStream::connect(&*addresses).await;
                self.over(stream.map_err(|error| Unreachable::new(&error))?, request, read).await
            }
            #[cfg(feature = "__cli")]
            Peer::Unix(file) => {
                let stream = tokio::net::UnixStream::connect(file).await;
                self.over(stream.map_err(|error| Unreachable::new(&error))?, request, read).await
            }
        }
    }

    async fn over<B, T>(
        &self,
        stream: impl Socket,
        request: hyper::Request<B>,
        read: impl AsyncFnOnce(Response<Incoming>) -> T,
    ) -> Result<T, Unreachable>
    where
        B: Body<Data = Bytes> + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let pace = Pace::default();
        let stream = pace.of(Quiet(stream));
        let exchanged = async {
            #[cfg(feature = "web-config")]
            if let Some(tls) = &self.tls {
                return exchange(tls.connect(stream).await?, request, read).await;
            }
            exchange(stream, request, read).await
        };
        pace.keep(exchanged).await
    }
}

async fn exchange<B, T>(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    request: hyper::Request<B>,
    read: impl AsyncFnOnce(Response<Incoming>) -> T,
) -> Result<T, Unreachable>
where
    B: Body<Data = Bytes> + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let mut builder = http1::Builder::new();
    builder.max_buf_size(BUFFER);
    let connected = builder.handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = connected.map_err(|error| why_unreachable(&error))?;
    let exchange = async {
        let response = sender.send_request(request).await;
        Ok(read(response.map_err(|error| why_unreachable(&error))?).await)
    };
    alongside(connection, exchange).await
}

/// The meaning of an error of hyper, which can be one of TLS.
fn why_unreachable(error: &hyper::Error) -> Unreachable {
    #[cfg(feature = "web-config")]
    if let Some(unreachable) = tls::of_chain(error) {
        return unreachable;
    }
    Unreachable::http(error)
}

/// The result of one future, while another one runs beside it. Both end with this.
async fn alongside<T>(beside: impl Future, main: impl Future<Output = T>) -> T {
    let (mut beside, mut main) = (pin!(beside), pin!(main));
    let mut is_over = false;
    poll_fn(|context| {
        is_over = is_over || beside.as_mut().poll(context).is_ready();
        main.as_mut().poll(context)
    })
    .await
}
