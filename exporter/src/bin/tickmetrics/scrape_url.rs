//! One GET of an exporter's metrics.

use crate::Result;
use crate::failure::Failure;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, CONNECTION, HOST, USER_AGENT};
use hyper::{Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};

/// For all of a scrape: Prometheus' own default is 10 s, but nobody looks at a screen for that long.
const TIMEOUT: Duration = Duration::from_secs(5);

/// More than any exporter that Prometheus would be content with.
const MAX_BODY: usize = 256 << 20;

const TEXT: &str = "text/plain;version=0.0.4;q=1,*/*;q=0.1";

/// An exporter that is asked again and again.
pub(crate) struct Client {
    url: Uri,
    runtime: Runtime,
}

impl Client {
    /// For `http://host[:port][/path]`; without a path, `/metrics`.
    pub(crate) fn new(url: &str) -> Result<Self> {
        if url.starts_with("https://") {
            return Err(Failure::told(
                "https is not spoken: scrape the exporter where it listens without TLS, or through \
                 a local proxy",
            ));
        }
        let wrong =
            |reason: &str| Failure::told(format!("{url:?} is no http:// address: {reason}"));
        let mut url: Uri =
            url.parse().map_err(|error: hyper::http::uri::InvalidUri| wrong(&error.to_string()))?;
        if url.host().is_none_or(str::is_empty) {
            return Err(wrong("it names no host"));
        }
        if matches!(url.path(), "" | "/") && url.query().is_none() {
            let mut parts = url.into_parts();
            parts.path_and_query = Some(hyper::http::uri::PathAndQuery::from_static("/metrics"));
            url = Uri::from_parts(parts).map_err(|error| wrong(&error.to_string()))?;
        }
        let runtime = Builder::new_current_thread().enable_io().enable_time().build()?;
        Ok(Self { url, runtime })
    }

    /// The address with its path.
    pub(crate) fn url(&self) -> &Uri {
        &self.url
    }

    /// What the exporter answers now.
    pub(crate) fn get(&self) -> Result<String> {
        let told = |reason: &str| Failure::told(format!("{} can't be scraped: {reason}", self.url));
        let scrape = async {
            tokio::time::timeout(TIMEOUT, self.fetch())
                .await
                .unwrap_or_else(|_| Err(format!("no answer within {} s", TIMEOUT.as_secs())))
        };
        self.runtime.block_on(scrape).map_err(|reason| told(&reason))
    }

    async fn fetch(&self) -> Result<String, String> {
        let text = |error: &dyn std::error::Error| error.to_string();
        let host = self.url.host().unwrap_or_default();
        let port = self.url.port_u16().unwrap_or(80);
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let stream = TcpStream::connect((bare, port)).await.map_err(|error| text(&error))?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|error| text(&error))?;
        let connection = tokio::spawn(connection);
        let path = self.url.path_and_query().map_or("/metrics", |path| path.as_str());
        let authority = self.url.authority().map_or(host, |authority| authority.as_str());
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
        let body = Limited::new(response.into_body(), MAX_BODY).collect().await;
        connection.abort();
        let body = body.map_err(|error| text(&*error))?.to_bytes();
        String::from_utf8(body.into()).map_err(|_| "its answer is not UTF-8".into())
    }
}
