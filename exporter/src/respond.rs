//! What is answered to a request.

use crate::negotiate::{accepts_gzip, negotiate};
use crate::scrape::Scraper;
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{
    ACCEPT, ACCEPT_ENCODING, ALLOW, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName,
    HeaderValue, VARY,
};
use hyper::{Method, Request, Response, StatusCode};
use std::io::{self, Write};

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

/// The response to a request. Queries are ignored, and so is the request's body. For HEAD, hyper
/// sends the headers alone. Metrics are compressed for who accepts it if `compress` says so.
pub(crate) fn respond<B>(
    request: &Request<B>,
    scraper: &mut Scraper,
    compress: bool,
) -> Response<Full<Bytes>> {
    let known = matches!(request.uri().path(), "/" | "/health" | "/metrics");
    if !known {
        let text = "Nothing is here: try /metrics\n";
        return response(StatusCode::NOT_FOUND, PLAIN, text.into());
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let text = "Only GET and HEAD are answered\n";
        let mut response = response(StatusCode::METHOD_NOT_ALLOWED, PLAIN, text.into());
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    match request.uri().path() {
        "/metrics" => metrics(request.headers(), scraper, compress),
        "/health" => response(StatusCode::OK, PLAIN, "OK".into()),
        _ => response(StatusCode::OK, HTML, INDEX.into()),
    }
}

fn metrics(headers: &HeaderMap, scraper: &mut Scraper, compress: bool) -> Response<Full<Bytes>> {
    let (format, body) = scraper.scrape(negotiate(Some(&list(headers, &ACCEPT))));
    let gzip = compress && accepts_gzip(&list(headers, &ACCEPT_ENCODING));
    // Writing to memory does not fail. If it did, the body as it is would be right, too.
    let compressed = gzip.then(|| compressed(&body).ok()).flatten();
    let is_compressed = compressed.is_some();
    let mut response =
        response(StatusCode::OK, format.content_type(), compressed.map_or(body, Bytes::from));
    let headers = response.headers_mut();
    if is_compressed {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    headers.insert(VARY, HeaderValue::from_static("accept, accept-encoding"));
    response
}

/// A header that is there several times is one list (RFC 9110, 5.3). What is not ASCII in it names
/// nothing that is known here.
fn list(headers: &HeaderMap, name: &HeaderName) -> String {
    let lines = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    lines.collect::<Vec<_>>().join(",")
}

/// By the fastest level: a scrape waits for it, and metrics repeat themselves so much that the others
/// win little.
fn compressed(body: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 8), Compression::fast());
    encoder.write_all(body)?;
    encoder.finish()
}

fn response(status: StatusCode, content_type: &'static str, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
