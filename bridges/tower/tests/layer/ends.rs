//! Ends of requests, in process: whole, cut short, failed, panicked.

use crate::common::{count, counter, up_down};
use axum::body::{Body, Bytes};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use tickmetrics::Registry;
use tickmetrics_tower::{RequestLayer, RequestService, Route};
use tower::{Layer, Service, service_fn};

const ROUTE: [(&str, &str); 2] = [("method", "GET"), ("path", "/orders/{id}")];

fn request(method: Method) -> Request<Body> {
    let mut request =
        Request::builder().method(method).uri("/orders/17").body(Body::empty()).unwrap();
    request.extensions_mut().insert(Route::new("/orders/{id}"));
    request
}

/// A body of these frames; then it ends, fails, hangs or panics.
struct Frames {
    first: Vec<Frame<Bytes>>,
    then: Then,
    exact: Option<u64>,
}

#[derive(Clone, Copy, PartialEq)]
enum Then {
    End,
    Fail,
    Hang,
    Panic,
}

impl http_body::Body for Frames {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        if !self.first.is_empty() {
            return Poll::Ready(Some(Ok(self.first.remove(0))));
        }
        match self.then {
            Then::End => Poll::Ready(None),
            Then::Fail => Poll::Ready(Some(Err(std::io::ErrorKind::ConnectionReset.into()))),
            Then::Hang => Poll::Pending,
            Then::Panic => panic!("a body that panics"),
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.exact.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

fn frames(texts: &[&'static str], then: Then) -> Frames {
    let frames = texts.iter().map(|text| Frame::data(Bytes::from_static(text.as_bytes())));
    Frames { first: frames.collect(), then, exact: None }
}

type Answer = Result<Response<Frames>, std::io::Error>;

fn http(
    answer: impl Fn() -> Answer + Clone,
) -> (
    Registry,
    RequestService<
        impl Service<Request<Body>, Response = Response<Frames>, Error = std::io::Error, Future: Send>
        + Clone,
    >,
) {
    let registry = Registry::new();
    let layer = RequestLayer::http_server().registry(&registry).head_duration().build().unwrap();
    let service = layer.layer(service_fn(move |_| std::future::ready(answer())));
    (registry, service)
}

/// Polls it once.
fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// What it answers at once.
fn ready<F: Future>(future: F) -> F::Output {
    match poll(pin!(future)) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}

fn requests(registry: &Registry, status: &str) -> u64 {
    counter(registry, "http_requests_total", &[ROUTE[0], ROUTE[1], ("status", status)])
}

fn errors(registry: &Registry, error: &str) -> u64 {
    counter(registry, "http_errors_total", &[ROUTE[0], ROUTE[1], ("error", error)])
}

fn cancelled(registry: &Registry) -> u64 {
    counter(registry, "http_requests_cancelled_total", &ROUTE)
}

fn in_flight(registry: &Registry) -> f64 {
    up_down(registry, "http_requests_in_flight", &ROUTE)
}

fn ended(registry: &Registry) -> u64 {
    count(registry, "http_request_duration_seconds", &ROUTE)
}

fn heads(registry: &Registry) -> u64 {
    count(registry, "http_response_head_seconds", &ROUTE)
}

#[test]
fn a_request_ends_with_its_body() {
    let (registry, mut service) = http(|| Ok(Response::new(frames(&["a", "b"], Then::End))));
    let response = ready(service.call(request(Method::GET))).unwrap();
    assert_eq!((in_flight(&registry), ended(&registry), heads(&registry)), (1.0, 0, 1));
    assert_eq!(ready(response.into_body().collect()).unwrap().to_bytes(), "ab");
    assert_eq!((in_flight(&registry), ended(&registry), heads(&registry)), (0.0, 1, 1));
    assert_eq!((requests(&registry, "200"), cancelled(&registry)), (1, 0));
    crate::common::check(&registry);
}

#[test]
fn a_body_that_is_dropped_early_was_cancelled() {
    let (registry, mut service) = http(|| Ok(Response::new(frames(&["a"], Then::Hang))));
    let mut body = ready(service.call(request(Method::GET))).unwrap().into_body();
    assert!(ready(body.frame()).is_some());
    assert_eq!((in_flight(&registry), cancelled(&registry)), (1.0, 0));
    drop(body);
    assert_eq!((in_flight(&registry), cancelled(&registry), ended(&registry)), (0.0, 1, 1));
    assert_eq!(requests(&registry, "200"), 1);
    for error in ["status", "service", "body", "panic"] {
        assert_eq!(errors(&registry, error), 0);
    }
}

#[test]
fn a_future_that_is_dropped_early_was_cancelled() {
    let registry = Registry::new();
    let layer = RequestLayer::http_server().registry(&registry).build().unwrap();
    let hangs = |_: Request<Body>| std::future::pending::<Answer>();
    let mut service = layer.layer(service_fn(hangs));
    let mut polled = Box::pin(service.call(request(Method::GET)));
    assert!(poll(polled.as_mut()).is_pending());
    let unpolled = service.call(request(Method::GET));
    assert_eq!(in_flight(&registry), 2.0);
    drop((polled, unpolled));
    assert_eq!(
        (in_flight(&registry), cancelled(&registry), requests(&registry, "none")),
        (0.0, 2, 2)
    );
}

#[test]
fn all_bytes_of_a_known_length_are_an_end() {
    let exact = || Frames { exact: Some(2), ..frames(&["a", "b"], Then::Hang) };
    let stated =
        || Response::builder().header("content-length", "2").body(frames(&["a", "b"], Then::Hang));
    for whole in [2, 1, 0] {
        let (registry, mut service) = http(move || Ok(Response::new(exact())));
        let (other, mut stating) = http(move || Ok(stated().unwrap()));
        for service in [&mut service as &mut dyn DynService, &mut stating] {
            let mut body = service.answer(request(Method::GET));
            for _ in 0..whole {
                assert!(ready(body.frame()).is_some());
            }
        }
        for registry in [registry, other] {
            assert_eq!(cancelled(&registry), u64::from(whole < 2), "{whole} of 2 bytes");
            assert_eq!(requests(&registry, "200"), 1);
        }
    }
}

/// Two services of different types.
trait DynService {
    fn answer(
        &mut self,
        request: Request<Body>,
    ) -> http_body_util::combinators::UnsyncBoxBody<Bytes, std::io::Error>;
}

impl<S> DynService for RequestService<S>
where
    S: Service<Request<Body>, Response = Response<Frames>, Error = std::io::Error, Future: Send>,
{
    fn answer(
        &mut self,
        request: Request<Body>,
    ) -> http_body_util::combinators::UnsyncBoxBody<Bytes, std::io::Error> {
        ready(self.call(request)).unwrap().into_body().boxed_unsync()
    }
}

#[test]
fn a_body_that_is_not_sent_is_no_cancelled_one() {
    let answer = |status: StatusCode| {
        let body = frames(&["unsent"], Then::Hang);
        move || Ok(Response::builder().status(status).body(frames(&["unsent"], body.then)).unwrap())
    };
    for (method, status, whole) in [
        (Method::HEAD, 200, true),
        (Method::CONNECT, 200, true),
        (Method::CONNECT, 404, false),
        (Method::GET, 204, true),
        (Method::GET, 304, true),
        (Method::GET, 101, true),
        (Method::GET, 404, false),
    ] {
        let (registry, mut service) = http(answer(StatusCode::from_u16(status).unwrap()));
        drop(ready(service.call(request(method.clone()))).unwrap());
        let labels = [("method", method.as_str()), ROUTE[1]];
        let cancelled = counter(&registry, "http_requests_cancelled_total", &labels);
        assert_eq!(cancelled, u64::from(!whole), "{method} {status}");
        assert_eq!(up_down(&registry, "http_requests_in_flight", &labels), 0.0);
    }
}

#[test]
fn an_empty_body_ends_with_the_head() {
    let registry = Registry::new();
    let layer = RequestLayer::http_server().registry(&registry).build().unwrap();
    let empty =
        |_: Request<Body>| std::future::ready(Ok::<_, Infallible>(Response::new(Body::empty())));
    let response = ready(layer.layer(service_fn(empty)).call(request(Method::GET))).unwrap();
    assert_eq!((in_flight(&registry), ended(&registry)), (0.0, 1));
    drop(response);
    assert_eq!((ended(&registry), cancelled(&registry)), (1, 0));
}

#[test]
fn a_body_ends_where_it_says_so() {
    let registry = Registry::new();
    let layer = RequestLayer::http_server().registry(&registry).build().unwrap();
    let full = |_: Request<Body>| {
        std::future::ready(Ok::<_, Infallible>(Response::new(Body::from("all"))))
    };
    let mut body =
        ready(layer.layer(service_fn(full)).call(request(Method::GET))).unwrap().into_body();
    assert_eq!(ended(&registry), 0);
    assert!(ready(body.frame()).is_some());
    assert_eq!(ended(&registry), 1, "a server asks no further");
}

#[test]
fn failures_are_told_apart() {
    let failing = |status: u16, then: Then| {
        move || Ok(Response::builder().status(status).body(frames(&[], then)).unwrap())
    };
    for (status, then, error) in [
        (500, Then::End, Some("status")),
        (503, Then::End, Some("status")),
        (404, Then::End, None),
        (200, Then::Fail, Some("body")),
        (500, Then::Fail, Some("body")),
    ] {
        let (registry, mut service) = http(failing(status, then));
        let _ = ready(ready(service.call(request(Method::GET))).unwrap().into_body().collect());
        for known in ["status", "service", "body", "panic"] {
            assert_eq!(
                errors(&registry, known),
                u64::from(error == Some(known)),
                "{status} {known}"
            );
        }
        assert_eq!((requests(&registry, &status.to_string()), in_flight(&registry)), (1, 0.0));
    }
    let (registry, mut service) = http(|| Err(std::io::ErrorKind::TimedOut.into()));
    assert!(ready(service.call(request(Method::GET))).is_err());
    assert_eq!((errors(&registry, "service"), requests(&registry, "none")), (1, 1));
    assert_eq!((in_flight(&registry), ended(&registry)), (0.0, 1));
}

#[test]
fn a_client_counts_the_errors_of_its_requests() {
    let registry = Registry::new();
    let layer =
        RequestLayer::http_client().registry(&registry).constant("peer", "shop").build().unwrap();
    let missing =
        |_: Request<Body>| std::future::ready(Response::builder().status(404).body(Body::empty()));
    ready(layer.layer(service_fn(missing)).call(request(Method::GET))).unwrap();
    let labels = [ROUTE[0], ROUTE[1], ("peer", "shop")];
    let with = |label| [labels[0], labels[1], labels[2], label];
    assert_eq!(counter(&registry, "http_client_requests_total", &with(("status", "404"))), 1);
    assert_eq!(counter(&registry, "http_client_errors_total", &with(("error", "status"))), 1);
    crate::common::check(&registry);
}

#[test]
fn panics_are_counted_and_leave_nothing_in_flight() {
    let caught = |run: &mut dyn FnMut()| {
        std::panic::catch_unwind(AssertUnwindSafe(run)).expect_err("it panics");
    };
    // In the call, in the future, in the body.
    let registry = Registry::new();
    let layer = RequestLayer::http_server().registry(&registry).build().unwrap();
    let mut calls = layer.layer(service_fn(|_: Request<Body>| -> std::future::Ready<Answer> {
        panic!("a service that panics")
    }));
    caught(&mut || drop(calls.call(request(Method::GET))));
    assert_eq!((errors(&registry, "panic"), in_flight(&registry)), (1, 0.0));

    let mut polls = layer.layer(service_fn(async |request: Request<Body>| {
        assert_ne!(request.method(), Method::GET, "a handler that panics");
        Answer::Ok(Response::new(frames(&[], Then::End)))
    }));
    // Caught outside, and dropped later: still a panic.
    let mut future = Box::pin(polls.call(request(Method::GET)));
    caught(&mut || drop(poll(future.as_mut())));
    assert_eq!((errors(&registry, "panic"), in_flight(&registry)), (1, 1.0));
    drop(future);
    assert_eq!((errors(&registry, "panic"), in_flight(&registry)), (2, 0.0));
    assert_eq!((requests(&registry, "none"), cancelled(&registry)), (2, 0));

    let (registry, mut service) = http(|| Ok(Response::new(frames(&["a"], Then::Panic))));
    let mut body = ready(service.call(request(Method::GET))).unwrap().into_body();
    assert!(ready(body.frame()).is_some());
    caught(&mut || drop(ready(body.frame())));
    drop(body);
    assert_eq!((errors(&registry, "panic"), requests(&registry, "200")), (1, 1));
    assert_eq!((in_flight(&registry), cancelled(&registry)), (0.0, 0));
}

#[test]
fn trailers_pass() {
    let trailers = || {
        let mut trailers = HeaderMap::new();
        trailers.insert("x-sum", "1".parse().unwrap());
        trailers
    };
    let (registry, mut service) = http(move || {
        let mut body = frames(&["a"], Then::Hang);
        body.first.push(Frame::trailers(trailers()));
        Ok(Response::new(body))
    });
    let mut body = ready(service.call(request(Method::GET))).unwrap().into_body();
    assert!(ready(body.frame()).unwrap().unwrap().is_data());
    assert_eq!(ready(body.frame()).unwrap().unwrap().into_trailers().unwrap(), trailers());
    assert_eq!(ended(&registry), 1);
    drop(body);
    assert_eq!((ended(&registry), cancelled(&registry)), (1, 0));
}
