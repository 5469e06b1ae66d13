//! Spans of requests, in logs and as an OTLP receiver gets them.

mod collector;

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::routing::get;
use collector::{Collector, exporting};
use http::{Request, Response, StatusCode};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use serde_json::Value;
use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tickmetrics::Registry;
use tickmetrics_tower::{RequestLayer, Route, TraceContext};
use tower::{Layer, ServiceExt, service_fn};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Registry as Spans, fmt};

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// Lines of a log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Log {
    fn layer<S>(&self) -> impl tracing_subscriber::Layer<S> + use<S>
    where
        S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
    {
        fmt::layer().json().with_writer(self.clone())
    }

    fn lines(&self) -> Vec<Value> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// This thread alone has the subscriber, so it alone works on the requests.
fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

async fn handler(Path(id): Path<u32>) -> StatusCode {
    tokio::task::yield_now().await;
    tracing::info!(id, "an order is asked for");
    StatusCode::from_u16(u16::try_from(id).unwrap()).unwrap()
}

fn app(registry: &Registry) -> Router {
    let layer = RequestLayer::http_server().registry(registry).build().unwrap();
    Router::new().route("/orders/{id}", get(handler)).layer(layer)
}

fn request(id: u32) -> Request<Body> {
    let request = Request::get(format!("/orders/{id}")).header("traceparent", PARENT);
    request.body(Body::empty()).unwrap()
}

async fn ask(app: &Router, request: Request<Body>) -> Response<()> {
    let (head, body) = app.clone().oneshot(request).await.unwrap().into_parts();
    axum::body::to_bytes(body, 1 << 20).await.unwrap();
    Response::from_parts(head, ())
}

#[test]
fn logs_have_the_trace_and_the_span() {
    let (log, registry) = (Log::default(), Registry::new());
    let subscriber = Spans::default().with(log.layer());
    let _default = subscriber.set_default();
    let answer = block_on(ask(&app(&registry), request(200)));
    let lines = log.lines();
    let [line] = &lines[..] else { panic!("{lines:?}") };
    let span = &line["span"];
    assert_eq!(span["name"], "http_request");
    assert_eq!(span["trace_id"], PARENT[3..35]);
    assert_eq!(span["trace_id"], answer.headers()["x-trace-id"].to_str().unwrap());
    assert_eq!(
        (&span["http.route"], &span["http.request.method"]),
        (&"/orders/{id}".into(), &"GET".into())
    );
    let snapshot = registry.snapshot();
    let labels = [("method", "GET"), ("path", "/orders/{id}")];
    let histogram = snapshot.histogram("http_request_duration_seconds", &labels).unwrap();
    let exemplar = histogram.exemplars().next().unwrap();
    assert_eq!(span["span_id"], format!("{:016x}", exemplar.span_id));
}

#[test]
fn a_collector_gets_the_span_that_logs_headers_and_exemplars_name() {
    let collector = Collector::start();
    let provider = exporting(collector.address());
    let (log, registry) = (Log::default(), Registry::new());
    let otel = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    let default =
        Spans::default().with(otel).with(LevelFilter::INFO).with(log.layer()).set_default();
    let server = app(&registry);
    let layer = RequestLayer::http_client().registry(&registry).build().unwrap();
    // A client's request goes to a server, in one process.
    let client =
        layer.layer(service_fn(move |request: Request<Body>| server.clone().oneshot(request)));
    let (answer, unasked) = block_on(async {
        let mut request = request(503);
        request.headers_mut().remove("traceparent");
        request.extensions_mut().insert(Route::new("/orders/{id}"));
        let parent = TraceContext::new(0xabc, 0xdef, true).unwrap();
        request.extensions_mut().insert(parent);
        let (head, body) = client.clone().oneshot(request).await.unwrap().into_parts();
        drop(body);
        let alone = Request::get("/orders/200").body(Body::empty()).unwrap();
        (head, client.oneshot(alone).await.unwrap().into_parts().0)
    });
    drop(default);
    provider.shutdown().unwrap();

    let spans = collector.spans();
    assert_eq!(spans.len(), 4, "{spans:#?}");
    let find = |kind: SpanKind, trace: &[u8]| -> &Span {
        let of = |span: &&Span| span.kind() == kind && span.trace_id == trace;
        spans.iter().find(of).unwrap()
    };
    let trace = 0xabc_u128.to_be_bytes();
    let (client, server) = (find(SpanKind::Client, &trace), find(SpanKind::Server, &trace));
    assert_eq!(client.parent_span_id, 0xdef_u64.to_be_bytes());
    assert_eq!(server.parent_span_id, client.span_id);
    assert_eq!((&*server.name, &*client.name), ("GET /orders/{id}", "GET /orders/{id}"));
    let attribute = |span: &Span, key: &str| {
        let of = span.attributes.iter().find(|attribute| attribute.key == key);
        format!("{:?}", of.unwrap_or_else(|| panic!("{key}")).value)
    };
    assert!(attribute(server, "http.response.status_code").contains("503"));
    assert!(attribute(server, "http.route").contains("/orders/{id}"));
    assert_eq!(server.status.as_ref().unwrap().code, 2, "an error");
    // The same ids are in the answer, in the log and in the exemplar.
    assert_eq!(answer.headers["x-trace-id"], format!("{:032x}", 0xabc));
    let hex = |id: &[u8]| {
        let number = id.iter().fold(0, |number: u128, &byte| number << 8 | u128::from(byte));
        format!("{number:0digits$x}", digits = 2 * id.len())
    };
    let lines = log.lines();
    let line = lines.iter().find(|line| line["span"]["trace_id"] == hex(&trace)).unwrap();
    assert_eq!(line["span"]["span_id"], hex(&server.span_id));
    let snapshot = registry.snapshot();
    let exemplar = |name: &str| {
        let labels = [("method", "GET"), ("path", "/orders/{id}")];
        let mut all = snapshot.histogram(name, &labels).unwrap().exemplars();
        let one = all.next().unwrap();
        (one.trace_id.to_be_bytes(), one.span_id.to_be_bytes())
    };
    let of_server = exemplar("http_request_duration_seconds");
    let known = |kind| {
        spans.iter().any(|span| {
            span.kind() == kind && span.trace_id == of_server.0 && span.span_id == of_server.1
        })
    };
    assert!(known(SpanKind::Server));
    let of_client = exemplar("http_client_request_duration_seconds");
    assert_eq!((&of_client.0[..], &of_client.1[..]), (&trace[..], &client.span_id[..]));
    // A request without a parent starts a trace, which OpenTelemetry numbers.
    let id = unasked.headers["x-trace-id"].to_str().unwrap().to_owned();
    let root =
        spans.iter().find(|span| hex(&span.trace_id) == id && span.kind() == SpanKind::Client);
    assert!(root.unwrap().parent_span_id.is_empty());
}

#[test]
fn a_collector_that_hangs_delays_no_request() {
    // Connections are accepted by the system, and nobody answers them.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let provider = exporting(listener.local_addr().unwrap());
    let registry = Registry::new();
    let otel = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    let default = Spans::default().with(otel).with(LevelFilter::INFO).set_default();
    let server = app(&registry);
    // More than the exporter's queue of 2,048 spans has room for.
    block_on(async {
        for _ in 0..5_000 {
            assert_eq!(ask(&server, request(200)).await.status(), 200);
        }
    });
    drop(default);
    let labels = [("method", "GET"), ("path", "/orders/{id}"), ("status", "200")];
    assert_eq!(registry.snapshot().counter("http_requests_total", &labels), Some(5_000));
    // The collector still hangs: the spans could not be sent.
    assert!(provider.shutdown_with_timeout(Duration::from_millis(10)).is_err());
}

#[test]
fn a_parent_that_is_not_sampled_is_followed() {
    let collector = Collector::start();
    let provider = exporting(collector.address());
    let registry = Registry::new();
    let otel = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    let default = Spans::default().with(otel).with(LevelFilter::INFO).set_default();
    let layer = RequestLayer::http_server().registry(&registry).build().unwrap();
    let seen = layer.layer(service_fn(async |_: Request<Body>| {
        let context = TraceContext::current().unwrap();
        Ok::<_, Infallible>(Response::new(Body::from(context.to_string())))
    }));
    let unsampled = PARENT.replace("-01", "-00");
    let request = Request::get("/").header("traceparent", &*unsampled).body(Body::empty()).unwrap();
    let body = block_on(async {
        let response = seen.oneshot(request).await.unwrap();
        http_body_util::BodyExt::collect(response.into_body()).await.unwrap().to_bytes()
    });
    drop(default);
    provider.shutdown().unwrap();
    let context = std::str::from_utf8(&body).unwrap();
    assert!(context.starts_with(&PARENT[..36]) && context.ends_with("-00"), "{context}");
    assert_eq!(collector.spans(), []);
}
