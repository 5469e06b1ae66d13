//! One GET of an exporter's metrics.

use crate::Result;
use crate::failure::Failure;
use crate::people::PrintablePath;
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, CONNECTION, HOST, USER_AGENT};
use hyper::{Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use std::io;
use std::path::PathBuf;
use std::time::Duration;
use tickmetrics_exporter::__cli::{Lookup, Shown, Url, WrongUrl};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

/// For all of a scrape: Prometheus' own default is 10 s, but nobody looks at a screen for that long.
const TIMEOUT: Duration = Duration::from_secs(5);

/// More than any exporter that Prometheus would be content with.
const MAX_BODY: usize = MIB << 20;
const MIB: usize = 64;

/// How much is read at once, and how long the head of an answer may be. In a larger one, responses before
/// the response (`103 Early Hints`) would keep the time from being looked at.
const BUFFER: usize = 16 * 1024;

const TEXT: &str = "text/plain;version=0.0.4;q=1,*/*;q=0.1";

/// An exporter that is asked again and again.
pub(crate) struct Client {
    peer: Peer,
    /// As it is shown.
    target: String,
    /// For the header `Host`.
    authority: String,
    /// What is asked for.
    path: String,
    runtime: Runtime,
    lookup: Lookup,
}

/// Where the exporter listens.
enum Peer {
    Tcp { host: String, port: u16 },
    Unix(PathBuf),
}

impl Client {
    /// For `http://host[:port][/path]`; without a path, `/metrics`.
    pub(crate) fn new(text: &str) -> Result<Self> {
        let wrong = |reason: &str| {
            Failure::told(format!("{:?} is no http:// address: {reason}", Shown(text)))
        };
        let mut url = Url::new(text).map_err(|error| match error {
            WrongUrl::Scheme => wrong("it must begin with http://"),
            WrongUrl::Credentials => Failure::told(
                "a user or a password in the URL is not sent, since lists of processes show it: \
                 leave it out, and scrape the exporter through a local proxy that adds it",
            ),
            WrongUrl::Other(reason) => wrong(&reason),
        })?;
        if url.is_https {
            return Err(Failure::told(
                "https is not spoken: scrape the exporter where it listens without TLS, or through \
                 a local proxy",
            ));
        }
        if matches!(url.uri.path(), "" | "/") && url.uri.query().is_none() {
            let mut parts = url.uri.into_parts();
            parts.path_and_query = Some(hyper::http::uri::PathAndQuery::from_static("/metrics"));
            url.uri = Uri::from_parts(parts).map_err(|error| wrong(&error.to_string()))?;
        }
        let path = url.uri.path_and_query().map_or("/metrics", |path| path.as_str()).into();
        let (authority, target) = (url.authority().into(), url.uri.to_string());
        Self::of(Peer::Tcp { host: url.host, port: url.port }, target, authority, path)
    }

    /// For the file of a socket, and `/metrics`.
    pub(crate) fn of_socket(file: PathBuf) -> Result<Self> {
        let target = format!("unix:{}", PrintablePath(&file));
        // What curl says for such a socket: no host has a name here.
        Self::of(Peer::Unix(file), target, "localhost".into(), "/metrics".into())
    }

    fn of(peer: Peer, target: String, authority: String, path: String) -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_io().enable_time().build()?;
        Ok(Self { peer, target, authority, path, runtime, lookup: Lookup::default() })
    }

    /// The URL with its path, or the socket.
    pub(crate) fn target(&self) -> &str {
        &self.target
    }

    /// What the exporter answers now.
    pub(crate) fn get(&mut self) -> Result<String> {
        let Self { peer, target, authority, path, runtime, lookup } = self;
        let answer = async {
            match peer {
                Peer::Tcp { host, port } => {
                    let addresses = lookup.find(host, *port).await;
                    let addresses = addresses.map_err(|error| error.to_string())?;
                    fetch(TcpStream::connect(&*addresses).await, authority, path).await
                }
                Peer::Unix(file) => fetch(UnixStream::connect(file).await, authority, path).await,
            }
        };
        let scrape = async {
            tokio::time::timeout(TIMEOUT, answer)
                .await
                .unwrap_or_else(|_| Err(format!("no answer within {} s", TIMEOUT.as_secs())))
        };
        let told = |reason| Failure::told(format!("{target} can't be scraped: {reason}"));
        runtime.block_on(scrape).map_err(told)
    }
}

async fn fetch<S>(stream: io::Result<S>, authority: &str, path: &str) -> Result<String, String>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let text = |error: &dyn std::error::Error| error.to_string();
    let stream = stream.map_err(|error| text(&error))?;
    let mut builder = http1::Builder::new();
    builder.max_buf_size(BUFFER);
    let connected = builder.handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = connected.map_err(|error| text(&error))?;
    // Given up with this, whatever becomes of it.
    let mut beside = JoinSet::new();
    beside.spawn(connection);
    let request = Request::get(path)
        .header(HOST, authority)
        .header(ACCEPT, TEXT)
        .header(CONNECTION, "close")
        .header(USER_AGENT, concat!("tickmetrics/", env!("CARGO_PKG_VERSION")))
        .body(Empty::<Bytes>::new())
        .map_err(|error| text(&error))?;
    let response = sender.send_request(request).await.map_err(|error| text(&error))?;
    if response.status() != StatusCode::OK {
        return Err(format!("it answers {}", response.status()));
    }
    let (mut answer, mut body) = (Vec::new(), response.into_body());
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| text(&error))?;
        let data = frame.data_ref().map_or(&[][..], |data| data);
        if data.len() > MAX_BODY - answer.len() {
            return Err(format!(
                "its answer is longer than {MIB} MiB, which is the most that top takes"
            ));
        }
        answer.extend_from_slice(data);
    }
    String::from_utf8(answer).map_err(|_| "its answer is not UTF-8".into())
}
