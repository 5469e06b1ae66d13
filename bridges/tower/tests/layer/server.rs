//! An axum server over a real socket.

use crate::common::{self, count, counter, runtime, until, up_down};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::routing::get;
use std::convert::Infallible;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use tests::http::Client;
use tickmetrics::Registry;
use tickmetrics_tower::{Connections, RequestLayer};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tower::Layer as _;

/// Chunks for as long as the client reads.
async fn endless() -> Body {
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    tokio::spawn(
        async move { while sender.send(Bytes::from_static(&[b'x'; 4096])).await.is_ok() {} },
    );
    Body::from_stream(ReceiverStream::new(receiver).map(Ok::<_, Infallible>))
}

async fn panics() -> String {
    panic!("a handler that panics")
}

/// Serves on other threads for as long as the runtime lives.
fn serve(registry: &Registry) -> (Runtime, SocketAddr) {
    let layer = RequestLayer::http_server().registry(registry).build().unwrap();
    let connections = Connections::register(registry).unwrap();
    let inner = Router::new().route("/{name}", get(async |Path(name): Path<String>| name));
    let app = Router::new()
        .route("/orders/{id}", get(async |Path(id): Path<String>| id))
        .route("/endless", get(endless))
        .route("/hangs", get(async || std::future::pending::<&str>().await))
        .route("/panics", get(panics))
        .nest("/nested", inner)
        .layer(layer);
    let runtime = runtime();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let make = connections.layer(app.into_make_service());
    runtime.spawn(async move { axum::serve(listener, make).await });
    (runtime, address)
}

fn requests(registry: &Registry, method: &str, path: &str, status: &str) -> u64 {
    let labels = [("method", method), ("path", path), ("status", status)];
    counter(registry, "http_requests_total", &labels)
}

#[test]
fn requests_are_counted_by_route() {
    let registry = Registry::new();
    let (_runtime, address) = serve(&registry);
    let mut client = Client::new(address);
    for id in 0..20 {
        assert_eq!(client.request("GET", &format!("/orders/{id}?page={id}")).body, id.to_string());
    }
    assert_eq!(client.request("GET", "/nested/a").body, "a");
    assert_eq!(client.request("GET", "/nothing").status, 404);
    assert_eq!(client.request("POST", "/orders/1").status, 405);
    assert_eq!(client.request("HEAD", "/orders/1").status, 200);
    until("the last request ends", || requests(&registry, "HEAD", "/orders/{id}", "200") == 1);
    assert_eq!(requests(&registry, "GET", "/orders/{id}", "200"), 20);
    assert_eq!(requests(&registry, "GET", "/nested/{name}", "200"), 1);
    assert_eq!(requests(&registry, "GET", "unmatched", "404"), 1);
    assert_eq!(requests(&registry, "POST", "/orders/{id}", "405"), 1);
    let labels = [("method", "GET"), ("path", "/orders/{id}")];
    assert_eq!(count(&registry, "http_request_duration_seconds", &labels), 20);
    for name in ["http_requests_cancelled_total", "http_errors_total"] {
        let text = common::scrape(&registry);
        assert!(!text.contains(&format!("{name}{{")), "{text}");
    }
    common::check(&registry);
}

#[test]
fn clients_that_leave_are_counted() {
    let registry = Registry::new();
    let (_runtime, address) = serve(&registry);
    let active = || up_down(&registry, "http_connections_active", &[]);
    for (path, status) in [("/endless", "200"), ("/hangs", "none")] {
        let labels = [("method", "GET"), ("path", path)];
        let in_flight = || up_down(&registry, "http_requests_in_flight", &labels);
        let mut client = TcpStream::connect(address).unwrap();
        client.write_all(format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n").as_bytes()).unwrap();
        if status == "200" {
            client.read_exact(&mut [0; 10_000]).unwrap();
        }
        until("the request is in flight", || in_flight() == 1.0);
        assert_eq!(active(), 1.0);
        drop(client);
        until("the request is cancelled", || {
            counter(&registry, "http_requests_cancelled_total", &labels) == 1
        });
        until("the connection is closed", || active() == 0.0);
        assert_eq!(in_flight(), 0.0);
        assert_eq!(requests(&registry, "GET", path, status), 1);
    }
    assert_eq!(counter(&registry, "http_connections_total", &[]), 2);
    common::check(&registry);
}

#[test]
fn a_handler_that_panics_is_counted() {
    let registry = Registry::new();
    let (_runtime, address) = serve(&registry);
    let mut client = Client::new(address);
    client.send("GET /panics HTTP/1.1\r\nHost: test\r\n\r\n");
    assert!(client.is_closed());
    let labels = [("method", "GET"), ("path", "/panics")];
    until("the panic is counted", || {
        let error = [labels[0], labels[1], ("error", "panic")];
        counter(&registry, "http_errors_total", &error) == 1
    });
    until("the connection is closed", || up_down(&registry, "http_connections_active", &[]) == 0.0);
    assert_eq!(up_down(&registry, "http_requests_in_flight", &labels), 0.0);
    assert_eq!(requests(&registry, "GET", "/panics", "none"), 1);
}

#[test]
fn the_answer_has_the_trace_of_the_request() {
    let registry = Registry::new();
    let (_runtime, address) = serve(&registry);
    let mut client = Client::new(address);
    let mut trace = |headers: &str| {
        client.send(&format!("GET /orders/1 HTTP/1.1\r\nHost: test\r\n{headers}\r\n"));
        let answer = client.head();
        client.body(&answer);
        answer.headers["x-trace-id"].clone()
    };
    let id = "4bf92f3577b34da6a3ce929d0e0e4736";
    assert_eq!(trace(&format!("TraceParent: 00-{id}-00f067aa0ba902b7-01\r\n")), id);
    for malformed in [
        "",
        "traceparent: \r\n",
        "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1\r\n",
        "traceparent: 00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01\r\n",
    ] {
        let other = trace(malformed);
        assert!(other != id && other.len() == 32, "{malformed}: {other}");
        assert!(other.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{other}");
    }
}

#[test]
fn requests_over_http2_and_many_at_once_leave_nothing_in_flight() {
    let registry = Registry::new();
    let (runtime, address) = serve(&registry);
    runtime.block_on(async {
        let stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let executor = hyper_util::rt::TokioExecutor::new();
        let io = hyper_util::rt::TokioIo::new(stream);
        let (sender, connection) =
            hyper::client::conn::http2::handshake(executor, io).await.unwrap();
        tokio::spawn(connection);
        let tasks: Vec<_> = (0..200)
            .map(|at| {
                let mut sender = sender.clone();
                tokio::spawn(async move {
                    let path = ["orders/1", "endless", "hangs", "panics"][at % 4];
                    let uri = format!("http://test/{path}");
                    let request = http::Request::get(uri).body(Body::empty()).unwrap();
                    let response = sender.send_request(request);
                    // Dropped at once, after the head, or read to the end.
                    let patience =
                        std::time::Duration::from_millis(u64::from(at % 4 == 0) * 120_000 + 50);
                    let answer = tokio::time::timeout(patience, response).await;
                    if let (0, Ok(Ok(answer))) = (at % 4, answer) {
                        http_body_util::BodyExt::collect(answer.into_body()).await.unwrap();
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    let ended = |path, status| requests(&registry, "GET", path, status);
    until("all requests end", || {
        ended("/orders/{id}", "200") == 50
            && ended("/endless", "200") + ended("/endless", "none") == 50
            && ended("/hangs", "none") == 50
            && ended("/panics", "none") == 50
    });
    until("nothing is in flight", || {
        let text = common::scrape(&registry);
        let mut in_flight = text.lines().filter(|line| line.contains("_in_flight{"));
        in_flight.all(|line| line.ends_with(" 0"))
    });
    common::check(&registry);
}
