//! A tonic server and its clients.

use crate::common::{self, count, counter, runtime, series, until, up_down};
use http::{Request as HttpRequest, Response as HttpResponse};
use std::net::SocketAddr;
use std::pin::Pin;
use tickmetrics::Registry;
use tickmetrics_tower::{Connections, RequestLayer, RequestLayerBuilder, TraceContext};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_stream::wrappers::{ReceiverStream, TcpListenerStream};
use tokio_stream::{Stream, StreamExt};
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Code, Request, Response, Status};
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};
use tower::{Layer, Service, ServiceExt};

const SERVICE: &str = "grpc.health.v1.Health";

/// Its answers are what the request's name says.
struct Answers;

type Answer = Result<HealthCheckResponse, Status>;

fn failed(name: &str) -> Status {
    match name {
        "missing" => Status::not_found("missing"),
        "busy" => Status::resource_exhausted("busy"),
        _ => Status::new(Code::from(99), name),
    }
}

#[tonic::async_trait]
impl Health for Answers {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        match &*request.into_inner().service {
            "" => Ok(Response::new(HealthCheckResponse { status: 1 })),
            "trace" => {
                let id = TraceContext::current().unwrap().trace_id();
                Err(Status::aborted(format!("{id:032x}")))
            }
            "panic" => panic!("a method that panics"),
            "hang" => std::future::pending().await,
            name => Err(failed(name)),
        }
    }

    type WatchStream = Pin<Box<dyn Stream<Item = Answer> + Send>>;

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let name = request.into_inner().service;
        let three = tokio_stream::iter([1, 2, 1].map(|status| Ok(HealthCheckResponse { status })));
        Ok(Response::new(match &*name {
            "" => Box::pin(three),
            "refused" => return Err(failed("missing")),
            "endless" => {
                let (sender, receiver) = tokio::sync::mpsc::channel(1);
                tokio::spawn(async move {
                    while sender.send(Ok(HealthCheckResponse { status: 1 })).await.is_ok() {}
                });
                Box::pin(ReceiverStream::new(receiver))
            }
            name => Box::pin(three.chain(tokio_stream::once(Err(failed(name))))),
        }))
    }
}

/// Serves on other threads for as long as the runtime lives.
fn serve(builder: RequestLayerBuilder, registry: &Registry) -> (Runtime, SocketAddr) {
    let layer = builder.registry(registry).build().unwrap();
    let connections = Connections::register(registry).unwrap();
    let runtime = runtime();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let incoming =
        TcpListenerStream::new(listener).map(move |io| io.map(|io| connections.count(io)));
    let server = Server::builder().layer(layer).add_service(HealthServer::new(Answers));
    runtime.spawn(server.serve_with_incoming(incoming));
    (runtime, address)
}

fn channel(address: SocketAddr) -> Channel {
    Endpoint::from_shared(format!("http://{address}")).unwrap().connect_lazy()
}

fn named(name: &str) -> HealthCheckRequest {
    HealthCheckRequest { service: name.to_owned() }
}

fn handled(registry: &Registry, side: &str, method: &str, code: &str) -> u64 {
    let service = if method == "unmatched" { method } else { SERVICE };
    let labels = [("grpc_service", service), ("grpc_method", method), ("grpc_code", code)];
    counter(registry, &format!("grpc_{side}_handled_total"), &labels)
}

fn in_flight(registry: &Registry, side: &str) -> f64 {
    let of = |service, method| {
        let labels = [("grpc_service", service), ("grpc_method", method)];
        up_down(registry, &format!("grpc_{side}_in_flight"), &labels)
    };
    of(SERVICE, "Check") + of(SERVICE, "Watch") + of("unmatched", "unmatched")
}

#[test]
fn server_and_client_count_the_same_codes() {
    let (server, client) = (Registry::new(), Registry::new());
    let described =
        RequestLayer::grpc_server().descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET);
    let (runtime, address) = serve(described.unwrap(), &server);
    let _context = runtime.enter();
    let layer = RequestLayer::grpc_client().registry(&client).build().unwrap();
    runtime.block_on(async {
        let mut health = HealthClient::new(layer.layer(channel(address)));
        for name in ["", "", "missing", "busy", "odd"] {
            let _ = health.check(named(name)).await;
        }
        for name in ["", "missing", "refused", "busy"] {
            if let Ok(stream) = health.watch(named(name)).await {
                let mut stream = stream.into_inner();
                while let Ok(Some(_)) = stream.message().await {}
            }
        }
    });
    for (registry, side) in [(&server, "server"), (&client, "client")] {
        until("all requests end", || in_flight(registry, side) == 0.0);
        for (method, code, times) in [
            ("Check", "OK", 2),
            ("Check", "NotFound", 1),
            ("Check", "ResourceExhausted", 1),
            ("Check", "Unknown", 1),
            ("Watch", "OK", 1),
            ("Watch", "NotFound", 2),
            ("Watch", "ResourceExhausted", 1),
        ] {
            assert_eq!(handled(registry, side, method, code), times, "{side} {method} {code}");
        }
        let labels = [("grpc_service", SERVICE), ("grpc_method", "Check")];
        assert_eq!(count(registry, &format!("grpc_{side}_handling_seconds"), &labels), 5);
        common::check(registry);
    }
}

#[test]
fn streams_that_are_dropped_early_are_cancelled() {
    let (server, client) = (Registry::new(), Registry::new());
    let (runtime, address) = serve(
        RequestLayer::grpc_server().method(SERVICE, "Watch").method(SERVICE, "Check"),
        &server,
    );
    let _context = runtime.enter();
    let layer = RequestLayer::grpc_client().registry(&client).build().unwrap();
    let mut health = HealthClient::new(layer.layer(channel(address)));
    let mut other = health.clone();
    runtime.block_on(async {
        let mut stream = health.watch(named("endless")).await.unwrap().into_inner();
        for _ in 0..10 {
            stream.message().await.unwrap().unwrap();
        }
        let hanging = tokio::spawn(async move { other.check(named("hang")).await });
        let registry = server.clone();
        tokio::task::spawn_blocking(move || {
            until("both are in flight", || in_flight(&registry, "server") == 2.0);
        })
        .await
        .unwrap();
        assert_eq!(in_flight(&client, "client"), 2.0);
        hanging.abort();
        drop(stream);
    });
    for (registry, side) in [(&server, "server"), (&client, "client")] {
        until("both are cancelled", || in_flight(registry, side) == 0.0);
        assert_eq!(handled(registry, side, "Watch", "Canceled"), 1, "{side}");
        assert_eq!(handled(registry, side, "Check", "Canceled"), 1, "{side}");
    }
    drop(health);
    until("connections are closed", || up_down(&server, "http_connections_active", &[]) == 0.0);
    assert_eq!(counter(&server, "http_connections_total", &[]), 1);
}

#[test]
fn a_method_that_panics_is_an_internal_error() {
    let server = Registry::new();
    let (runtime, address) = serve(RequestLayer::grpc_server().method(SERVICE, "Check"), &server);
    let _context = runtime.enter();
    let result = runtime.block_on(HealthClient::new(channel(address)).check(named("panic")));
    assert!(result.is_err());
    until("it is counted", || handled(&server, "server", "Check", "Internal") == 1);
    until("it ends", || in_flight(&server, "server") == 0.0);
}

#[test]
fn a_server_that_is_not_there_is_unavailable() {
    let client = Registry::new();
    let layer = RequestLayer::grpc_client().registry(&client).build().unwrap();
    let runtime = runtime();
    let unused = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap().local_addr().unwrap();
    let result = runtime
        .block_on(async { HealthClient::new(layer.layer(channel(unused))).check(named("")).await });
    assert_eq!(result.unwrap_err().code(), Code::Unavailable);
    assert_eq!(handled(&client, "client", "Check", "Unavailable"), 1);
    common::check(&client);
}

/// A call to a path that only a stranger has.
async fn call(channel: &mut Channel, path: &str) -> HttpResponse<tonic::body::Body> {
    let request = HttpRequest::post(format!("http://test{path}"))
        .header("content-type", "application/grpc")
        .body(tonic::body::Body::empty())
        .unwrap();
    channel.ready().await.unwrap().call(request).await.unwrap()
}

#[test]
fn methods_are_learned_from_answers_alone() {
    let server = Registry::new();
    let (runtime, address) = serve(RequestLayer::grpc_server(), &server);
    let _context = runtime.enter();
    let codes = |method, code| handled(&server, "server", method, code);
    runtime.block_on(async {
        let mut strange = channel(address);
        for turn in 0..300 {
            let path = [
                format!("/{SERVICE}/M{turn}"),
                format!("/s{turn}/M"),
                format!("/s{turn}/a/b"),
                format!("/{turn}"),
            ];
            drop(call(&mut strange, &path[turn % 4]).await);
        }
        let mut health = HealthClient::new(channel(address));
        // It is not known that there is one.
        health.check(named("missing")).await.unwrap_err();
        until("it ends", || codes("unmatched", "NotFound") == 1);
        health.check(named("")).await.unwrap();
        health.check(named("missing")).await.unwrap_err();
        let mut stream = health.watch(named("missing")).await.unwrap().into_inner();
        while let Ok(Some(_)) = stream.message().await {}
    });
    until("all end", || in_flight(&server, "server") == 0.0);
    assert_eq!((codes("Check", "OK"), codes("Check", "NotFound")), (1, 1));
    assert_eq!(codes("Watch", "NotFound"), 1);
    assert_eq!(codes("unmatched", "Unimplemented"), 300);
    assert_eq!(series(&server.snapshot(), "grpc_server_handling_seconds"), 3);
    common::check(&server);
}

#[test]
fn methods_that_were_named_are_all() {
    let server = Registry::new();
    let (runtime, address) = serve(RequestLayer::grpc_server().method(SERVICE, "Check"), &server);
    let _context = runtime.enter();
    let mut health = HealthClient::new(channel(address));
    runtime.block_on(async {
        health.check(named("missing")).await.unwrap_err();
        let mut stream = health.watch(named("")).await.unwrap().into_inner();
        while let Ok(Some(_)) = stream.message().await {}
    });
    until("all end", || in_flight(&server, "server") == 0.0);
    assert_eq!(handled(&server, "server", "Check", "NotFound"), 1);
    assert_eq!(handled(&server, "server", "unmatched", "OK"), 1);
}

#[test]
fn a_trace_passes_from_client_to_server() {
    let (server, client) = (Registry::new(), Registry::new());
    let (runtime, address) = serve(RequestLayer::grpc_server(), &server);
    let _context = runtime.enter();
    let layer = RequestLayer::grpc_client().registry(&client).build().unwrap();
    let mut health = HealthClient::new(layer.layer(channel(address)));
    let context = TraceContext::start(true);
    let mut request = Request::new(named("trace"));
    request.extensions_mut().insert(context.clone());
    let answer = runtime.block_on(health.check(request));
    let status = answer.unwrap_err();
    let id = format!("{:032x}", context.trace_id());
    assert_eq!(status.message(), id);
    assert_eq!(status.metadata().get("x-trace-id").unwrap(), &*id);
    let labels = [("grpc_service", SERVICE), ("grpc_method", "Check")];
    let snapshot = client.snapshot();
    let histogram = snapshot.histogram("grpc_client_handling_seconds", &labels).unwrap();
    assert!(histogram.exemplars().all(|it| it.trace_id == context.trace_id()));
    assert_eq!(histogram.exemplars().count(), 1);
}
