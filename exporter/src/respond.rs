//! What is answered to a request.

use crate::negotiate::negotiate;
use crate::scrape::Scraper;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{ACCEPT, ALLOW, CONTENT_TYPE, HeaderMap, HeaderValue, VARY};
use hyper::{Method, Request, Response, StatusCode};

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
    match request.uri().path() {
        "/metrics" => metrics(request.headers(), scraper),
        "/health" => response(StatusCode::OK, PLAIN, "OK".into()),
        _ => response(StatusCode::OK, HTML, INDEX.into()),
    }
}

fn metrics(headers: &HeaderMap, scraper: &mut Scraper) -> Response<Full<Bytes>> {
    // A header that is there several times is one list (RFC 9110, 5.3). What is not ASCII in it
    // names nothing that is known here.
    let accept: Vec<_> =
        headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    let (format, body) = scraper.scrape(negotiate(Some(&accept.join(","))));
    let mut response = response(StatusCode::OK, format.content_type(), body);
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept"));
    response
}

fn response(status: StatusCode, content_type: &'static str, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
