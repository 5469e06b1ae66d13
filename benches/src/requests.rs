//! Layers of tower: what they add to a request, in process.

use crate::candidate::{Candidate, kept};
use crate::groups::peers::{Metrics, Otel};
use crate::run::Effort;
use crate::table::Table;
use crate::threads;
use axum::Router;
use axum::body::{Body, HttpBody as _};
use axum::http::Request;
use axum::routing::get;
use axum_prometheus::GenericMetricLayer;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use tickmetrics::{Counter, Description, Registry};
use tickmetrics_tower::{RequestLayer, RequestLayerBuilder};
use tower::ServiceExt as _;
use tower::layer::util::Identity;

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// All of it as Markdown.
///
/// # Errors
/// If a layer lost a request.
pub fn report(quick: bool) -> Result<String, String> {
    let plain = RequestLayer::http_server;
    let candidates = [
        alone("the router alone", |router| router),
        alone("a layer that does nothing", |router| router.layer(Identity::new())),
        ours("tickmetrics-tower, without traces", plain().without_traces(), None),
        ours("tickmetrics-tower, traces but no header", plain().without_trace_header(), None),
        ours("tickmetrics-tower", plain(), None),
        ours("tickmetrics-tower, with a caller's trace", plain(), Some(PARENT)),
        axum_prometheus(),
        tower_otel(),
    ];
    let pairs = threads::interleaved(&candidates, Effort::new(quick))?;
    let mut table = Table::new(
        "requests",
        "Nanoseconds of a request",
        "Medians of interleaved batches: alone, and while a second thread asks the same router.",
        &["one thread", "more than bare", "two threads", "more than bare"],
    );
    let Some(bare) = pairs.first() else { return Ok(table.render()) };
    for pair in &pairs {
        let [alone, beside] = [pair.alone.median, pair.beside.median];
        let more = [alone - bare.alone.median, beside - bare.beside.median];
        table.row(&pair.alone.name, [alone, more[0], beside, more[1]]);
    }
    Ok(table.render())
}

/// Asks a router and reads its answer to the end. It never waits: nothing here does.
fn ask(router: &Router, parent: Option<&'static str>) {
    let mut request = Request::get("/orders/17");
    if let Some(parent) = parent {
        request = request.header("traceparent", parent);
    }
    let Ok(request) = request.body(Body::empty()) else { return };
    let context = &mut Context::from_waker(Waker::noop());
    let Poll::Ready(Ok(response)) = pin!(router.clone().oneshot(request)).poll(context) else {
        return;
    };
    let mut body = pin!(response.into_body());
    while let Poll::Ready(Some(Ok(_))) = body.as_mut().poll_frame(context) {}
}

fn router() -> Router {
    Router::new().route("/orders/{id}", get(async || "an order"))
}

fn asking(
    name: &str,
    router: Router,
    parent: Option<&'static str>,
    count: impl Fn() -> u64 + Send + Sync + 'static,
) -> Candidate {
    let router: &'static Router = kept(router);
    Candidate::new(name, move |_| ask(router, parent), count)
}

/// A router without a layer that measures. Each thread counts its requests in its own cell of a counter, which costs a
/// nanosecond: the answer is checked as that of the others is.
fn alone(name: &str, within: impl FnOnce(Router) -> Router) -> Candidate {
    let registry = Registry::new();
    let asked = Description::new("asked_total", "Requests.");
    let asked: Counter = registry.register(&asked).expect("the name is valid");
    let handler = async move || {
        asked.inc();
        "an order"
    };
    let router = Router::new().route("/orders/{id}", get(handler));
    asking(name, within(router), None, move || asked.get())
}

fn ours(name: &str, layer: RequestLayerBuilder, parent: Option<&'static str>) -> Candidate {
    let registry = Registry::new();
    let layer = layer.registry(&registry).build().expect("the settings are valid");
    asking(name, router().layer(layer), parent, move || {
        let labels = [("method", "GET"), ("path", "/orders/{id}"), ("status", "200")];
        registry.snapshot().counter("http_requests_total", &labels).unwrap_or(0)
    })
}

fn axum_prometheus() -> Candidate {
    let metrics: &'static Metrics = kept(Metrics::new());
    let layer = GenericMetricLayer::<(), Nothing>::new();
    asking("axum-prometheus", router().layer(layer), None, || {
        metrics.total("axum_http_requests_total")
    })
    .inside(|run| metrics.as_recorder(run))
    .between(|| metrics.handle.run_upkeep())
}

/// The recorder is ours.
#[derive(Default)]
struct Nothing;

impl axum_prometheus::MakeDefaultHandle for Nothing {
    type Out = ();

    fn make_default_handle(self) {}
}

fn tower_otel() -> Candidate {
    let otel: &'static Otel = kept(Otel::new());
    let layer = tower_otel::metrics::HttpLayer::server(&otel.meter);
    asking("tower-otel, its metrics", router().layer(layer), None, || {
        otel.total("http.server.request.duration")
    })
}
