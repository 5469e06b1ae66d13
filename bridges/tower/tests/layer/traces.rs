//! Contexts that pass from a server to its handlers, and on to other services.

use axum::body::Body;
use http::{HeaderMap, Request, Response};
use std::convert::Infallible;
use std::future::{Ready, ready};
use tickmetrics::{Registry, Snapshot};
use tickmetrics_tower::{RequestLayer, RequestLayerBuilder, TraceContext};
use tower::{Layer, ServiceExt, service_fn};

const ID: u128 = 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736;
const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn request(parent: &str) -> Request<Body> {
    let request = Request::builder().header("traceparent", parent).header("tracestate", "a=1,b=2");
    request.body(Body::empty()).unwrap()
}

fn block_on<F: Future>(future: F) -> F::Output {
    crate::common::runtime().block_on(future)
}

/// The headers of a request, as a client layer leaves them.
async fn sent(registry: &Registry, request: Request<Body>) -> HeaderMap {
    let layer = RequestLayer::http_client().registry(registry).build().unwrap();
    let headers = |request: Request<Body>| -> Ready<Result<_, Infallible>> {
        let mut response = Response::new(Body::empty());
        *response.headers_mut() = request.headers().clone();
        ready(Ok(response))
    };
    layer.layer(service_fn(headers)).oneshot(request).await.unwrap().headers().clone()
}

/// What the handler of a request sees, and what its own request says.
async fn served(
    builder: RequestLayerBuilder,
    registry: &Registry,
    incoming: Request<Body>,
    outgoing: fn() -> Request<Body>,
) -> (Option<TraceContext>, HeaderMap, HeaderMap) {
    let layer = builder.registry(registry).build().unwrap();
    let (tell, mut told) = tokio::sync::mpsc::channel(1);
    let other = registry.clone();
    let handler = move |_: Request<Body>| {
        let (tell, other) = (tell.clone(), other.clone());
        async move {
            tokio::task::yield_now().await;
            let current = TraceContext::current();
            let headers = sent(&other, outgoing()).await;
            tell.send((current, headers)).await.unwrap();
            Ok::<_, Infallible>(Response::new(Body::empty()))
        }
    };
    let response = layer.layer(service_fn(handler)).oneshot(incoming).await.unwrap();
    assert_eq!(TraceContext::current(), None, "it is gone with the request");
    let (current, headers) = told.recv().await.unwrap();
    (current, headers, response.headers().clone())
}

fn plain() -> Request<Body> {
    Request::new(Body::empty())
}

#[test]
fn a_trace_passes_through_a_server() {
    let registry = Registry::new();
    let (current, onward, answer) =
        block_on(served(RequestLayer::http_server(), &registry, request(PARENT), plain));
    let current = current.unwrap();
    assert_eq!((current.trace_id(), current.state()), (ID, Some("a=1,b=2")));
    assert_ne!(current.span_id(), 0x00f0_67aa_0ba9_02b7);
    let onward_context = TraceContext::read(&onward).unwrap();
    assert_eq!((onward_context.trace_id(), onward_context.is_sampled()), (ID, true));
    assert_ne!(onward_context.span_id(), current.span_id(), "the client's request has its own");
    assert_eq!(onward["tracestate"], "a=1,b=2");
    assert_eq!(answer["x-trace-id"], format!("{ID:032x}"));
}

#[test]
fn a_malformed_header_starts_a_new_trace() {
    let registry = Registry::new();
    let (current, onward, answer) =
        block_on(served(RequestLayer::http_server(), &registry, request("00-1-1-01"), plain));
    let current = current.unwrap();
    assert!(current.trace_id() != 1 && current.state().is_none(), "{current}");
    assert!(!onward.contains_key("tracestate"));
    assert_eq!(answer["x-trace-id"], format!("{:032x}", current.trace_id()));
}

#[test]
fn settings_of_traces_are_followed() {
    let registry = Registry::new();
    let serve = |builder| block_on(served(builder, &registry, request(PARENT), plain));
    let server = RequestLayer::http_server;
    let (current, _, _) = serve(server().new_traces());
    assert_ne!(current.unwrap().trace_id(), ID);
    let (current, _, answer) = serve(server().new_traces().sampled(0.0).without_trace_header());
    assert!(!current.unwrap().is_sampled() && !answer.contains_key("x-trace-id"));
    let (_, _, answer) = serve(server().trace_header(http::HeaderName::from_static("x-request")));
    assert_eq!(answer["x-request"], format!("{ID:032x}"));
    let (current, onward, answer) = serve(server().without_traces());
    assert!(current.is_none() && !answer.contains_key("x-trace-id"));
    assert_ne!(TraceContext::read(&onward).unwrap().trace_id(), ID);
    let (current, _, _) = serve(server().sampled(f64::NAN));
    assert!(current.unwrap().is_sampled(), "the caller decided");
}

#[test]
fn a_share_of_new_traces_is_sampled() {
    let registry = Registry::new();
    let layer = RequestLayer::http_server().registry(&registry).sampled(0.25).build().unwrap();
    let service = layer.layer(service_fn(async |_: Request<Body>| {
        let sampled = TraceContext::current().is_some_and(|context| context.is_sampled());
        let status = if sampled { 200 } else { 204 };
        Ok::<_, Infallible>(Response::builder().status(status).body(Body::empty()).unwrap())
    }));
    let sampled = block_on(async {
        let mut sampled = 0;
        for _ in 0..4_000 {
            let response = service.clone().oneshot(plain()).await.unwrap();
            sampled += u32::from(response.status() == 200);
        }
        sampled
    });
    // 0.25 of 4,000 is 1,000, with a deviation of 27.
    assert!((800..1_200).contains(&sampled), "{sampled}");
}

#[test]
fn a_client_takes_the_context_that_it_is_given() {
    let registry = Registry::new();
    let given = || {
        let mut request = request("00-00000000000000000000000000000001-0000000000000001-00");
        request.extensions_mut().insert(TraceContext::new(ID, 7, true).unwrap());
        request
    };
    let (_, onward, _) = block_on(served(RequestLayer::http_server(), &registry, plain(), given));
    let context = TraceContext::read(&onward).unwrap();
    assert_eq!((context.trace_id(), context.is_sampled()), (ID, true));
    assert_ne!(context.span_id(), 7);
    assert!(!onward.contains_key("tracestate"), "that of another trace");
    // A header that the caller wrote stays.
    let written = || request(PARENT);
    let (_, onward, _) = block_on(served(RequestLayer::http_server(), &registry, plain(), written));
    assert_eq!(
        (&onward["traceparent"], &onward["tracestate"]),
        (&PARENT.parse().unwrap(), &"a=1,b=2".parse().unwrap())
    );
}

#[test]
fn an_answer_keeps_its_own_trace_header() {
    let registry = Registry::new();
    let layer = RequestLayer::http_server().registry(&registry).build().unwrap();
    let service = layer.layer(service_fn(async |_: Request<Body>| {
        let response = Response::builder().header("x-trace-id", "mine").body(Body::empty());
        Ok::<_, Infallible>(response.unwrap())
    }));
    let response = block_on(service.oneshot(plain())).unwrap();
    assert_eq!(response.headers().get_all("x-trace-id").iter().collect::<Vec<_>>(), ["mine"]);
}

#[test]
fn sampled_traces_become_exemplars() {
    let exemplar = |snapshot: &Snapshot| {
        let labels = [("method", "GET"), ("path", "unmatched")];
        let histogram = snapshot.histogram("http_request_duration_seconds", &labels).unwrap();
        histogram.exemplars().next().map(|exemplar| (exemplar.trace_id, exemplar.span_id))
    };
    let registry = Registry::new();
    let (current, _, _) =
        block_on(served(RequestLayer::http_server(), &registry, request(PARENT), plain));
    assert_eq!(exemplar(&registry.snapshot()), Some((ID, current.unwrap().span_id())));

    let registry = Registry::new();
    let unsampled = format!("{}00", PARENT.strip_suffix("01").unwrap());
    block_on(served(RequestLayer::http_server(), &registry, request(&unsampled), plain));
    assert_eq!(exemplar(&registry.snapshot()), None, "nobody has its spans");
}
