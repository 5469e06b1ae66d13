//! The service under axum, over a real socket.

use axum::Router;
use std::net::SocketAddr;
use tests::http::{Client, series};
use tickmetrics::{Counter, Description, Registry};
use tickmetrics_exporter::encode::Format;
use tickmetrics_exporter::{Exporter, MetricsService, StartError};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

fn registry() -> Registry {
    let registry = Registry::new();
    registry.register::<Counter>(&Description::new("ticks_total", "Help.")).unwrap().add(3);
    registry
}

/// Serves it on other threads for as long as the runtime lives.
fn serve(metrics: MetricsService) -> (Runtime, SocketAddr) {
    let app: Router =
        Router::new().route_service("/metrics", metrics.clone()).nest_service("/internal", metrics);
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_io().build().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    runtime.spawn(async move { axum::serve(listener, app).await });
    (runtime, address)
}

#[test]
fn axum_serves_it() {
    let service = Exporter::builder().registry(&registry()).service().unwrap();
    let (_runtime, address) = serve(service);
    let mut client = Client::new(address);
    for (path, status) in [
        ("/metrics", 200),
        ("/internal/metrics", 200),
        ("/internal/health", 200),
        ("/internal/ready", 200),
        ("/internal/nothing", 404),
        ("/health", 404),
    ] {
        assert_eq!(client.request("GET", path).status, status, "{path}");
    }
    assert_eq!(client.request("POST", "/metrics").status, 405);
    assert_eq!(client.request("HEAD", "/metrics").status, 200);
    let answer = client.request("GET", "/metrics?name[]=ticks");
    assert_eq!(answer.headers["content-type"], Format::Text.content_type());
    assert_eq!(series(&answer.body)["ticks_total"], 3.0);
    assert_eq!(series(&answer.body).len(), 1);
    let text = client.request("GET", "/metrics").body;
    assert_eq!(series(&text)["tickmetrics_exporter_scrapes_total"], 5.0);
}

#[test]
fn all_clients_of_all_threads_are_answered() {
    let registry = registry();
    for at in 0..300 {
        let description = Description::new("more", "Help.").constant("at", format!("{at:01000}"));
        registry.register::<Counter>(&description).unwrap().add(at);
    }
    let service = Exporter::builder().registry(&registry).service().unwrap();
    let (_runtime, address) = serve(service);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut client = Client::new(address);
                for _ in 0..5 {
                    let text = client.request("GET", "/metrics").body;
                    assert!(text.len() > 300_000);
                    let more =
                        series(&text).into_iter().filter(|(name, _)| name.starts_with("more"));
                    assert_eq!(more.map(|(_, value)| value).sum::<f64>(), 44_850.0);
                }
            });
        }
    });
}

#[test]
fn unsupported_settings_of_a_service_are_errors() {
    let builder = Exporter::builder;
    for (builder, name) in
        [(builder().listen("127.0.0.1:0"), "listen"), (builder().pin_to_core(0), "pin_to_core")]
    {
        let error = builder.service().unwrap_err();
        assert!(matches!(error, StartError::NotForAService { setting } if setting == name));
        assert!(error.to_string().contains(name), "{error}");
    }
}
