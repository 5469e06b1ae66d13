//! What is answered to a request.

use crate::negotiate::{Coding, accepts_gzip, negotiate};
use crate::render::Reader;
use crate::scrape::{Query, Scraper, lock};
use http_body_util::{Either, Full};
use hyper::body::Bytes;
use hyper::header::{
    ACCEPT, ACCEPT_ENCODING, ALLOW, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName,
    HeaderValue, VARY,
};
use hyper::{Method, Request, Response, StatusCode};
use std::sync::Mutex;
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
</body>
</html>
"#;

pub(crate) type Body = Either<Full<Bytes>, Reader>;

/// The response to a request. Queries are ignored, and so is the request's body. For HEAD, hyper
/// sends the headers alone. Metrics are compressed for who accepts it if `compress` says so.
pub(crate) async fn respond<B>(
    request: &Request<B>,
    scraper: &Mutex<Scraper>,
    compress: bool,
) -> Response<Body> {
    let known = matches!(request.uri().path(), "/" | "/health" | "/metrics");
    if !known {
        let text = "Nothing is here: try /metrics\n";
        return response(StatusCode::NOT_FOUND, PLAIN, whole(text));
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let text = "Only GET and HEAD are answered\n";
        let mut response = response(StatusCode::METHOD_NOT_ALLOWED, PLAIN, whole(text));
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    match request.uri().path() {
        "/metrics" => metrics(request.headers(), scraper, compress).await,
        "/health" => response(StatusCode::OK, PLAIN, whole("OK")),
        _ => response(StatusCode::OK, HTML, whole(INDEX)),
    }
}

async fn metrics(headers: &HeaderMap, scraper: &Mutex<Scraper>, compress: bool) -> Response<Body> {
    let gzip = compress && accepts_gzip(&list(headers, &ACCEPT_ENCODING));
    let query = Query {
        format: negotiate(Some(&list(headers, &ACCEPT))),
        coding: if gzip { Coding::Gzip } else { Coding::Identity },
        names: Vec::new(),
    };
    let reader = lock(scraper).open(query);
    // The other requests that are there by now join it.
    yield_now().await;
    reader.begin();
    let Query { format, coding, .. } = *reader.query();
    let mut response = response(StatusCode::OK, format.content_type(), Either::Right(reader));
    let headers = response.headers_mut();
    if coding == Coding::Gzip {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    headers.insert(VARY, HeaderValue::from_static("accept, accept-encoding"));
    response
}

fn whole(text: &'static str) -> Body {
    Either::Left(Full::new(Bytes::from_static(text.as_bytes())))
}

/// A header that is there several times is one list (RFC 9110, 5.3). What is not ASCII in it names
/// nothing that is known here.
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
