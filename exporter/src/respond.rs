//! What is answered to a request.

use crate::scrape::Scraper;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};

/// <https://prometheus.io/docs/instrumenting/exposition_formats/#basic-info>
const TEXT_0_0_4: &str = "text/plain; version=0.0.4; charset=utf-8";
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
/// sends the headers alone.
pub(crate) fn respond<B>(request: &Request<B>, scraper: &mut Scraper) -> Response<Full<Bytes>> {
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
    let (content_type, body) = match request.uri().path() {
        "/metrics" => (TEXT_0_0_4, scraper.scrape()),
        "/health" => (PLAIN, "OK".into()),
        _ => (HTML, INDEX.into()),
    };
    response(StatusCode::OK, content_type, body)
}

fn response(status: StatusCode, content_type: &'static str, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
