//! One GET of an exporter's metrics.

use super::body::{Budget, Coding, receive};
use super::credentials::{Access, Form, Operator};
use super::encryption::Encryption;
use super::message::Result;
use http_body_util::Empty;
use hyper::body::Bytes;
use hyper::header::{
    ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderValue, LOCATION,
};
use hyper::{Request, Response, StatusCode, Uri};
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;
use tickmetrics::__text::PrintablePath;
use tickmetrics_exporter::__cli::{Cause, HttpClient, Refusal, Shown, Unreachable, Url, WrongUrl};

/// An exporter that is scraped repeatedly.
pub struct Client {
    http: HttpClient,
    access: Access,
    /// The target as shown.
    target: String,
    /// The requested path.
    path: String,
    way: Way,
    /// Whether it asks for compressed answers.
    gzip: bool,
    encryption: Option<Encryption>,
}

/// What a scrape asks for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The header `Accept`.
    pub accept: &'a str,
    /// The longest time until the answer is complete.
    pub timeout: Duration,
    /// The most bytes of an answer.
    pub bytes: usize,
    /// The bytes for all answers that are being received, if they have a limit.
    pub budget: Option<&'a Budget>,
}

/// An exporter's answer.
#[derive(Debug)]
pub struct Answer {
    /// The header `Content-Type`, if it is there and text.
    pub content_type: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// The facts that advice depends on.
#[derive(Clone, Copy)]
struct Way {
    transport: Transport,
    is_insecure: bool,
    has_credentials: bool,
    has_certificate: bool,
    form: Form,
}

#[derive(Clone, Copy, PartialEq)]
enum Transport {
    Http,
    Https,
    Socket,
}

impl Client {
    /// For `http[s]://host[:port][/path]`; without a path, `/metrics`.
    pub fn new(text: &str, access: &Access, operator: &dyn Operator) -> Result<Self> {
        let wrong = |reason: &str| {
            format!("{:?} is not an http:// or https:// address: {reason}", Shown(text))
        };
        let mut url = Url::new(text).map_err(|error| match error {
            WrongUrl::Scheme => wrong("it must begin with http:// or https://"),
            WrongUrl::Credentials => format!(
                "a user or a password in the URL is not sent, since lists of processes show it: \
                 leave it out, and give {} and {}",
                access.form.setting("user", "NAME"),
                access.form.setting("password_file", "FILE")
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
        let mut encryption = None;
        if url.is_https {
            let (renewable, tls) = Encryption::new(&url.host, access)?;
            client = client.with_tls(tls);
            encryption = Some(renewable);
        }
        let mut client = Self::of(client, transport, url.uri.to_string(), path, access, operator)?;
        client.encryption = encryption;
        Ok(client.with_gzip(!is_local(&url.host)))
    }

    /// For the file of a socket, and `/metrics`.
    pub fn of_socket(file: PathBuf, access: &Access, operator: &dyn Operator) -> Result<Self> {
        let target = format!("unix:{}", PrintablePath(&file));
        let client = HttpClient::of_socket(file);
        Self::of(client, Transport::Socket, target, "/metrics".into(), access, operator)
    }

    fn of(
        mut client: HttpClient,
        transport: Transport,
        target: String,
        path: String,
        access: &Access,
        operator: &dyn Operator,
    ) -> Result<Self> {
        let form = access.form;
        if transport != Transport::Https {
            let files = [&access.ca_file, &access.cert_file, &access.key_file];
            let keys = ["ca_file", "cert_file", "key_file"];
            let given = files.iter().zip(keys).find_map(|(file, key)| file.as_ref().map(|_| key));
            let given = if access.insecure { Some("insecure") } else { given };
            if let Some(key) = given {
                let key = form.name(key);
                return Err(format!("{key} is for https:// addresses, and {target} is none"));
            }
        }
        if access.insecure {
            operator.warn(format_args!(
                "{} accepts any certificate, so {target} may be anybody, and can read the password \
                 and invent metrics",
                form.name("insecure")
            ));
        }
        if let Some(authorization) = access.authorization(&target, operator)? {
            client.authorize(&authorization)?;
        }
        let way = Way {
            transport,
            is_insecure: access.insecure,
            has_credentials: access.has_credentials(),
            has_certificate: access.cert_file.is_some(),
            form,
        };
        Ok(Self {
            http: client,
            access: access.clone(),
            target,
            path,
            way,
            gzip: false,
            encryption: None,
        })
    }

    /// Asks for compressed answers, or not. They are asked for unless the target is on this machine.
    #[must_use]
    pub fn with_gzip(mut self, gzip: bool) -> Self {
        self.gzip = gzip;
        self
    }

    /// The URL with its path, or the socket.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// What distinguishes the target from others: the host and the port, or the socket.
    pub(crate) fn instance(&self) -> &str {
        let authority = self.target.split_once("://").map(|(_, rest)| rest);
        authority.map_or(&self.target, |rest| rest.split(['/', '?']).next().unwrap_or(rest))
    }

    /// Whether the server's identity is unchecked.
    pub fn is_insecure(&self) -> bool {
        self.way.is_insecure
    }

    /// The exporter's present answer.
    pub async fn get(&mut self, wanted: Wanted<'_>) -> Result<Answer> {
        let asked = self.ask(wanted).await;
        asked.map_err(|reason| format!("{} can't be scraped: {reason}", self.target))
    }

    /// As [`get`](Self::get), without the target in errors.
    pub(crate) async fn ask(&mut self, wanted: Wanted<'_>) -> Result<Answer> {
        let Self { http, access, path, way, gzip, encryption, .. } = self;
        let way = *way;
        if let Some(authorization) = access.renewed()? {
            http.authorize(&authorization)?;
        }
        let renewed = encryption.as_mut().map(|it| it.renewed(access)).transpose();
        let unread = match renewed {
            Ok(renewed) => {
                renewed.flatten().into_iter().for_each(|tls| http.set_tls(tls));
                String::new()
            }
            // Those that were read before may still do.
            Err(reason) => format!("; its files have changed, and can't be used: {reason}"),
        };
        let mut request = Request::get(&*path).header(ACCEPT, wanted.accept);
        if *gzip {
            request = request.header(ACCEPT_ENCODING, "gzip");
        }
        let mut refusal = None;
        let answer = http.ask(request, Empty::<Bytes>::new(), async |response: Response<_>| {
            if response.status() == StatusCode::OK {
                let content_type = response.headers().get(CONTENT_TYPE);
                let content_type = content_type.and_then(|it| it.to_str().ok()).map(Into::into);
                let coding = response.headers().get(CONTENT_ENCODING).map(HeaderValue::as_bytes);
                let coding = Coding::of(coding)?;
                let Wanted { bytes, budget, .. } = wanted;
                let body = receive(response.into_body(), coding, bytes, budget).await?;
                return Ok(Answer { content_type, body });
            }
            let to = response.headers().get(LOCATION);
            let to = to.map(|to| String::from_utf8_lossy(to.as_bytes()).into_owned());
            let (_, refusal) = refusal.insert((to, Refusal::new(response.status().as_u16())));
            refusal.read(response).await;
            Err(String::new())
        });
        let answer = tokio::time::timeout(wanted.timeout, Box::pin(answer)).await;
        match (refusal, answer) {
            // With as much of the reason as came in time.
            (Some((to, refusal)), _) => Err(way.refused(&refusal, to.as_deref())),
            (None, Ok(Ok(answer))) => answer,
            (None, Ok(Err(unreachable))) => Err(way.broken(unreachable) + &unread),
            (None, Err(_)) => Err(format!("no answer within {:?}", wanted.timeout)),
        }
    }
}

/// Whether a host is this machine, where bytes cost less than their compression.
fn is_local(host: &str) -> bool {
    let is_loopback = host.parse().is_ok_and(|host: IpAddr| host.to_canonical().is_loopback());
    is_loopback || host.eq_ignore_ascii_case("localhost")
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
                let user = self.form.setting("user", "NAME");
                let token = self.form.setting("bearer_file", "FILE");
                return format!("{answers}: give {user} or {token}");
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
        let setting = |key| self.form.setting(key, "FILE");
        let advice = match cause {
            Cause::Untrusted => format!(
                ": give the file with the authority's certificate, or its own, by {}",
                setting("ca_file")
            ),
            Cause::NotEncrypted => " at this port: give http:// for https://".into(),
            Cause::WantsCertificate if self.has_certificate => {
                ", and does not accept the one that it is shown".into()
            }
            Cause::WantsCertificate => {
                format!(": give {} and {}", setting("cert_file"), setting("key_file"))
            }
            Cause::NotHttp if self.transport == Transport::Http => {
                ": if it speaks TLS, give an https:// address".into()
            }
            Cause::NotHttp | Cause::Other => String::new(),
        };
        reason + &advice
    }
}

#[cfg(test)]
mod tests {
    use super::is_local;

    #[test]
    fn this_machine_is_known_by_its_addresses() {
        for host in ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1", "localhost", "LocalHost"]
        {
            assert!(is_local(host), "{host}");
        }
        for host in ["10.0.0.1", "fe80::1", "risk.example", "localhost.example", ""] {
            assert!(!is_local(host), "{host}");
        }
    }
}
