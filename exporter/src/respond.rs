//! Responses to requests.

use crate::about::AboutMetrics;
use crate::coding::Coding;
use crate::encode::negotiate::{Format, Protocol, negotiate};
use crate::query::Query;
use crate::rate::retry_after;
use crate::render::Reader;
use crate::scrape::Scraper;
use crate::server::Client;
use crate::sync::lock;
use http_body_util::{Either, Full};
use hyper::body::Bytes;
use hyper::header::{
    ACCEPT, ACCEPT_ENCODING, ALLOW, CONNECTION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap,
    HeaderName, HeaderValue, RETRY_AFTER, VARY,
};
use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode, Uri};
use std::borrow::Cow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;
use tokio::task::yield_now;

const PLAIN: &str = "text/plain; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";

const INDEX: &str = r#"<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>tickmetrics</title></head>
<body>
<h1>tickmetrics</h1>
<p><a href="/metrics">/metrics</a>: all metrics, for Prometheus</p>
<p><a href="/health">/health</a>: OK while the exporter runs</p>
<p><a href="/ready">/ready</a>: OK once metrics can be read</p>
</body>
</html>
"#;

pub(crate) type Body = Either<Full<Bytes>, Reader>;

/// Answers requests.
pub(crate) struct Responder {
    scraper: Mutex<Scraper>,
    about: AboutMetrics,
    /// Whether metrics are compressed for clients that accept it.
    compress: bool,
    /// The most expositions in progress at one time.
    renders: usize,
    /// Relaxed: a flag that a snapshot succeeded once; nothing else is read because of it.
    ready: AtomicBool,
}

impl Responder {
    pub(crate) fn new(scraper: Scraper, compress: bool, renders: usize) -> Self {
        let about = scraper.about();
        let ready = AtomicBool::new(false);
        Self { scraper: Mutex::new(scraper), about, compress, renders, ready }
    }

    pub(crate) fn about(&self) -> &AboutMetrics {
        &self.about
    }

    /// Does the work that the first scrape would wait for, and so makes the exporter ready.
    pub(crate) fn warm_up(&self) {
        lock(&self.scraper).warm_up();
        self.ready.store(true, Relaxed);
    }

    /// All metrics, for a receiver that made no request.
    pub(crate) fn exposition(&self, format: Format) -> Reader {
        let mut protocol = Protocol::from(format);
        // The final reader may read either kind of bucket.
        protocol.classic_beside_native = true;
        let query = Query { protocol, coding: Coding::Identity, names: Vec::new() };
        let reader = lock(&self.scraper).open_uncounted(query, Client::Unknown);
        reader.begin();
        reader
    }

    /// The response to a request, whose body is not read. For HEAD, hyper sends the headers alone.
    ///
    /// The caller must have admitted the client.
    pub(crate) async fn respond(&self, request: &Parts, client: Client) -> Response<Body> {
        let Parts { method, uri, .. } = request;
        let path = uri.path();
        // The targets of OPTIONS and CONNECT that are not paths.
        let is_server = *method == Method::CONNECT || path == "*" && *method == Method::OPTIONS;
        if !is_server && !matches!(path, "/" | "/health" | "/ready" | "/metrics") {
            let text = "Nothing is here: try /metrics\n";
            return response(StatusCode::NOT_FOUND, PLAIN, whole(text));
        }
        if !matches!(*method, Method::GET | Method::HEAD) {
            // RFC 9110, 9.1: an unknown method is another error than one that is not allowed.
            let status = if is_known(method) {
                StatusCode::METHOD_NOT_ALLOWED
            } else {
                StatusCode::NOT_IMPLEMENTED
            };
            let mut response = response(status, PLAIN, whole("Only GET and HEAD are answered\n"));
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return response;
        }
        match path {
            "/metrics" => self.metrics(request, client).await,
            "/health" => response(StatusCode::OK, PLAIN, whole("OK")),
            "/ready" => self.readiness(),
            _ => response(StatusCode::OK, HTML, whole(INDEX)),
        }
    }

    /// For an ambiguous request: the connection ends with this response.
    pub(crate) fn refuse(status: StatusCode, text: &'static str) -> Response<Body> {
        let mut response = response(status, PLAIN, whole(text));
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        response
    }

    /// For a client that exceeds its rate.
    pub(crate) fn too_many_requests(wait: Duration) -> Response<Body> {
        Self::later(StatusCode::TOO_MANY_REQUESTS, "Too many requests: try again later\n", wait)
    }

    fn later(status: StatusCode, text: &'static str, wait: Duration) -> Response<Body> {
        let mut response = response(status, PLAIN, whole(text));
        response.headers_mut().insert(RETRY_AFTER, retry_after(wait));
        response
    }

    fn readiness(&self) -> Response<Body> {
        if self.ready.load(Relaxed) {
            return response(StatusCode::OK, PLAIN, whole("OK"));
        }
        let text = "No snapshot could be made yet\n";
        response(StatusCode::SERVICE_UNAVAILABLE, PLAIN, whole(text))
    }

    async fn metrics(&self, request: &Parts, client: Client) -> Response<Body> {
        let headers = &request.headers;
        let accept_encoding = self.compress.then(|| list(headers, &ACCEPT_ENCODING));
        let coding = Coding::negotiate(&accept_encoding.unwrap_or_default());
        let mut protocol = negotiate(Some(&list(headers, &ACCEPT)));
        if let Some(name) = parameters(&request.uri, "format").next() {
            let Some(format) = Format::from_name(&name) else {
                let text = if name == "json" { NO_JSON } else { UNKNOWN_FORMAT };
                return response(StatusCode::BAD_REQUEST, PLAIN, whole(text));
            };
            protocol.format = format;
        }
        let names = parameters(&request.uri, "name[]").map(Cow::into_owned).collect();
        let query = Query { protocol, coding, names };
        let reader = lock(&self.scraper).open_within(self.renders, query, client);
        let Some(reader) = reader else {
            let text = "Too many clients: try again later\n";
            return Self::later(StatusCode::SERVICE_UNAVAILABLE, text, Duration::ZERO);
        };
        // The other requests that have arrived by now join it.
        yield_now().await;
        reader.begin();
        self.ready.store(true, Relaxed);
        let Query { protocol, coding, .. } = *reader.query();
        let mut response = response(StatusCode::OK, protocol.content_type(), Either::Right(reader));
        let headers = response.headers_mut();
        if let Some(coding) = coding.name() {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
        }
        headers.insert(VARY, HeaderValue::from_static("accept, accept-encoding"));
        response
    }
}

/// Whether RFC 9110 or 5789 has this method.
fn is_known(method: &Method) -> bool {
    [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::DELETE,
        Method::CONNECT,
        Method::OPTIONS,
        Method::TRACE,
        Method::PATCH,
    ]
    .contains(method)
}

const UNKNOWN_FORMAT: &str = if cfg!(feature = "json") {
    "Unknown format: give text, openmetrics, protobuf or json\n"
} else {
    "Unknown format: give text, openmetrics or protobuf\n"
};

/// Without the feature `json`: with it, the format is known.
const NO_JSON: &str = "Format json takes the feature `json` of tickmetrics-exporter, which this program \
                       lacks: give text, openmetrics or protobuf\n";

/// The values of a parameter of the query, in order, percent-decoded. `name[]=a&name[]=b` has two.
fn parameters<'u>(uri: &'u Uri, name: &str) -> impl Iterator<Item = Cow<'u, str>> {
    let parameters = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    parameters.filter(move |(known, _)| known == name).map(|(_, value)| value)
}

fn whole(text: &'static str) -> Body {
    Either::Left(Full::new(Bytes::from_static(text.as_bytes())))
}

/// A repeated header is one list (RFC 9110, 5.3). Text that is not ASCII names nothing that is
/// known here.
fn list(headers: &HeaderMap, name: &HeaderName) -> String {
    let lines = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    lines.collect::<Vec<_>>().join(",")
}

fn response(status: StatusCode, content_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

#[cfg(test)]
mod tests {
    use super::{Body, Client, Format, Responder, Response};
    use crate::scrape::Scraper;
    use crate::source::Shared;
    use hyper::{Request, StatusCode};
    use std::time::Duration;
    use tickmetrics::Registry;
    use tokio::runtime;

    fn respond(responder: &Responder, path: &str) -> Response<Body> {
        let (request, ()) = Request::builder().uri(path).body(()).unwrap().into_parts();
        let runtime = runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(responder.respond(&request, Client::Unknown))
    }

    fn status(responder: &Responder, path: &str) -> StatusCode {
        respond(responder, path).status()
    }

    #[test]
    fn a_format_is_named_in_the_query() {
        let scraper = Scraper::new(vec![Shared::new(Registry::new())], Duration::ZERO).unwrap();
        let responder = Responder::new(scraper, false, 1);
        for (path, content_type) in [
            ("/metrics?format=text", "text/plain; version=0.0.4; charset=utf-8"),
            ("/metrics?name[]=a&format=openmetrics", Format::OpenMetrics.content_type()),
            ("/metrics?format=%70rotobuf", Format::Protobuf.content_type()),
            #[cfg(feature = "json")]
            ("/metrics?format=json", "application/json"),
        ] {
            let response = respond(&responder, path);
            assert_eq!(response.status(), StatusCode::OK, "{path}");
            assert_eq!(response.headers()["content-type"], content_type, "{path}");
        }
        for (path, reason) in [
            ("/metrics?format=xml", "Unknown format"),
            ("/metrics?format=", "Unknown format"),
            ("/metrics?format=JSON", "Unknown format"),
            #[cfg(not(feature = "json"))]
            ("/metrics?format=json", "the feature `json` of tickmetrics-exporter"),
        ] {
            let response = respond(&responder, path);
            assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{path}");
            let Body::Left(text) = response.into_body() else { panic!("{path}") };
            let text = format!("{text:?}");
            assert!(text.contains(reason), "{path}: {text}");
        }
    }

    #[test]
    fn it_is_ready_once_it_has_read_all() {
        for warmed_up in [true, false] {
            let scraper = Scraper::new(vec![Shared::new(Registry::new())], Duration::ZERO).unwrap();
            let responder = Responder::new(scraper, false, 1);
            assert_eq!(status(&responder, "/health"), StatusCode::OK);
            assert_eq!(status(&responder, "/ready"), StatusCode::SERVICE_UNAVAILABLE);
            if warmed_up {
                responder.warm_up();
            } else {
                assert_eq!(status(&responder, "/metrics"), StatusCode::OK);
            }
            assert_eq!(status(&responder, "/ready"), StatusCode::OK);
        }
    }
}
