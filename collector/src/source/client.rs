//! One GET of an exporter's metrics.

use crate::Result;
use crate::credentials::Access;
use crate::failure::Failure;
use crate::people::{self, PrintablePath};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ACCEPT, LOCATION};
use hyper::{Request, Response, StatusCode, Uri};
use std::path::PathBuf;
use std::time::Duration;
use tickmetrics_exporter::__cli::{
    Cause, HttpClient, Refusal, Shown, Tls, Trust, Unreachable, Url, WrongUrl,
};
use tokio::runtime::{Builder, Runtime};

/// The limit for a whole scrape: Prometheus' own default is 10 s, but nobody looks at a screen for
/// that long.
const TIMEOUT: Duration = Duration::from_secs(5);

/// More than the largest answer that Prometheus would accept.
const MAX_BODY: usize = MIB << 20;
const MIB: usize = 64;

const TEXT: &str = "text/plain;version=0.0.4;q=1,*/*;q=0.1";

/// An exporter that is scraped repeatedly.
pub(crate) struct Client {
    http: HttpClient,
    access: Access,
    /// The target as shown.
    target: String,
    /// The requested path.
    path: String,
    way: Way,
    runtime: Runtime,
}

/// The facts that advice depends on.
#[derive(Clone, Copy)]
struct Way {
    transport: Transport,
    is_insecure: bool,
    has_credentials: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Transport {
    Http,
    Https,
    Socket,
}

impl Client {
    /// For `http[s]://host[:port][/path]`; without a path, `/metrics`.
    pub(crate) fn new(text: &str, access: &Access) -> Result<Self> {
        let wrong = |reason: &str| {
            Failure::told(format!(
                "{:?} is not an http:// or https:// address: {reason}",
                Shown(text)
            ))
        };
        let mut url = Url::new(text).map_err(|error| match error {
            WrongUrl::Scheme => wrong("it must begin with http:// or https://"),
            WrongUrl::Credentials => Failure::told(
                "a user or a password in the URL is not sent, since lists of processes show it: \
                 leave it out, and give --user NAME and --password-file FILE",
            ),
            WrongUrl::Other(reason) => wrong(&reason),
        })?;
        if matches!(url.uri.path(), "" | "/") && url.uri.query().is_none() {
            let mut parts = url.uri.into_parts();
            parts.path_and_query = Some(hyper::http::uri::PathAndQuery::from_static("/metrics"));
            url.uri = Uri::from_parts(parts).map_err(|error| wrong(&error.to_string()))?;
        }
        let path = url.uri.path_and_query().map_or("/metrics", |path| path.as_str()).into();
        let mut client = HttpClient::new(&url).map_err(|reason| wrong(&reason))?;
        let transport = if url.is_https { Transport::Https } else { Transport::Http };
        if url.is_https {
            let trust = match &access.ca_file {
                _ if access.insecure => Trust::Anybody,
                Some(file) => Trust::File(file),
                None => Trust::System,
            };
            client = client.with_tls(Tls::new(&url.host, trust).map_err(Failure::told)?);
        }
        Self::of(client, transport, url.uri.to_string(), path, access)
    }

    /// For the file of a socket, and `/metrics`.
    pub(crate) fn of_socket(file: PathBuf, access: &Access) -> Result<Self> {
        let target = format!("unix:{}", PrintablePath(&file));
        let client = HttpClient::of_socket(file);
        Self::of(client, Transport::Socket, target, "/metrics".into(), access)
    }

    fn of(
        mut client: HttpClient,
        transport: Transport,
        target: String,
        path: String,
        access: &Access,
    ) -> Result<Self> {
        if transport != Transport::Https && (access.ca_file.is_some() || access.insecure) {
            let option = if access.insecure { "--insecure" } else { "--ca-file" };
            return Err(Failure::told(format!(
                "{option} is for https:// addresses, and {target} is none"
            )));
        }
        if access.insecure {
            people::tell(format_args!(
                "warning: --insecure accepts any certificate, so {target} may be anybody, and can \
                 read the password and invent metrics"
            ));
        }
        if let Some(authorization) = access.authorization(&target)? {
            client.authorize(&authorization).map_err(Failure::told)?;
        }
        let way = Way {
            transport,
            is_insecure: access.insecure,
            has_credentials: access.has_credentials(),
        };
        let runtime = Builder::new_current_thread().enable_io().enable_time().build()?;
        Ok(Self { http: client, access: access.clone(), target, path, way, runtime })
    }

    /// The URL with its path, or the socket.
    pub(crate) fn target(&self) -> &str {
        &self.target
    }

    /// Whether the server's identity is unchecked.
    pub(crate) fn is_insecure(&self) -> bool {
        self.way.is_insecure
    }

    /// The exporter's present answer.
    pub(crate) fn get(&mut self) -> Result<String> {
        let Self { http, access, target, path, way, runtime } = self;
        let way = *way;
        if let Some(authorization) = access.renewed()? {
            http.authorize(&authorization).map_err(Failure::told)?;
        }
        let request = Request::get(&*path).header(ACCEPT, TEXT);
        let mut refusal = None;
        let answer = http.ask(request, Empty::<Bytes>::new(), async |response: Response<_>| {
            if response.status() == StatusCode::OK {
                return body(response.into_body()).await;
            }
            let to = response.headers().get(LOCATION);
            let to = to.map(|to| String::from_utf8_lossy(to.as_bytes()).into_owned());
            let (_, refusal) = refusal.insert((to, Refusal::new(response.status().as_u16())));
            refusal.read(response).await;
            Ok(String::new())
        });
        let answer = Box::pin(answer);
        let answer = runtime.block_on(async { tokio::time::timeout(TIMEOUT, answer).await });
        let answer = match (refusal, answer) {
            // With as much of the reason as came in time.
            (Some((to, refusal)), _) => Err(way.refused(&refusal, to.as_deref())),
            (None, Ok(Ok(answer))) => answer,
            (None, Ok(Err(unreachable))) => Err(way.broken(unreachable)),
            (None, Err(_)) => Err(format!("no answer within {} s", TIMEOUT.as_secs())),
        };
        answer.map_err(|reason| Failure::told(format!("{target} can't be scraped: {reason}")))
    }
}

async fn body(mut body: Incoming) -> Result<String, String> {
    let mut answer = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| error.to_string())?;
        let data = frame.data_ref().map_or(&[][..], |data| data);
        if data.len() > MAX_BODY - answer.len() {
            return Err(format!("its answer is longer than {MIB} MiB, which is the limit of top"));
        }
        answer.extend_from_slice(data);
    }
    String::from_utf8(answer).map_err(|_| "its answer is not UTF-8".into())
}

impl Way {
    /// The advice for an answer without metrics.
    fn refused(self, refusal: &Refusal, to: Option<&str>) -> String {
        let status = StatusCode::from_u16(refusal.status);
        let answers = status.map_or_else(
            |_| format!("it answers {}", refusal.status),
            |status| format!("it answers {status}"),
        );
        match (refusal.status, to) {
            (300..=399, Some(to)) => {
                return format!(
                    "it redirects to {:?}, which is not followed: give that",
                    Shown(to)
                );
            }
            (401, _) if self.has_credentials => {
                return format!("{answers}: it does not know the user, the password or the token");
            }
            (401, _) => {
                return format!("{answers}: give --user NAME or --bearer-file FILE");
            }
            (403, _) => return format!("{answers}: another user or token may be let in"),
            (404, _) => return format!("{answers}: give the path of its metrics"),
            _ => {}
        }
        // For example that the server speaks TLS here.
        let reason = refusal.reason();
        if reason.is_empty() { answers } else { format!("{answers}: {reason}") }
    }

    /// The advice for a server that does not answer.
    fn broken(self, Unreachable { reason, cause }: Unreachable) -> String {
        let advice = match cause {
            Cause::Untrusted => {
                ": give the file with the authority's certificate, or its own, by --ca-file FILE"
            }
            Cause::NotEncrypted => " at this port: give http:// for https://",
            Cause::WantsCertificate => ", and top has none: scrape it through a proxy that has one",
            Cause::NotHttp if self.transport == Transport::Http => {
                ": if it speaks TLS, give an https:// address"
            }
            Cause::NotHttp | Cause::Other => "",
        };
        reason + advice
    }
}
