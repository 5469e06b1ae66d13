//! What strangers choose makes no series.

use crate::common::{counter, runtime, series};
use axum::Router;
use axum::body::Body;
use axum::routing::get;
use http::{Request, Response};
use std::convert::Infallible;
use tickmetrics::Registry;
use tickmetrics_tower::{RequestLayer, Route};
use tower::{Layer, ServiceExt, service_fn};

fn word(random: &mut fastrand::Rng) -> String {
    (0..random.usize(1..12)).map(|_| random.alphanumeric()).collect()
}

#[test]
fn methods_and_paths_of_strangers_make_no_series() {
    let registry = Registry::new();
    let layer = RequestLayer::http_server().registry(&registry).build().unwrap();
    let app = Router::new()
        .route("/orders/{id}", get(async || "order"))
        .nest("/admin", Router::new().route("/{*rest}", get(async || "admin")))
        .layer(layer);
    let mut random = fastrand::Rng::with_seed(7);
    runtime().block_on(async {
        for turn in 0..3_000 {
            let method = if turn / 4 % 2 == 0 { word(&mut random) } else { "GET".to_owned() };
            let place = ["/", "/orders/", "/admin/", "/orders/a/"][turn % 4];
            let path = format!("{place}{}?{}", word(&mut random), word(&mut random));
            let request =
                Request::builder().method(&*method).uri(path).body(Body::empty()).unwrap();
            let response = app.clone().oneshot(request).await.unwrap();
            axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        }
    });
    let snapshot = registry.snapshot();
    assert_eq!(series(&snapshot, "http_request_duration_seconds"), 6, "2 methods, 3 paths");
    let get = |path, status| {
        let labels = [("method", "GET"), ("path", path), ("status", status)];
        counter(&registry, "http_requests_total", &labels)
    };
    assert_eq!(get("/admin/{*rest}", "200") + get("unmatched", "404"), 1_125);
    let other = [("method", "other"), ("path", "/orders/{id}"), ("status", "405")];
    assert!(counter(&registry, "http_requests_total", &other) > 0);
    crate::common::check(&registry);
}

#[test]
fn routes_beyond_the_most_share_a_series() {
    let registry = Registry::new();
    let layer = RequestLayer::http_server().registry(&registry).max_series(10).build().unwrap();
    let service = layer.layer(service_fn(async |_: Request<Body>| {
        Ok::<_, Infallible>(Response::new(Body::empty()))
    }));
    runtime().block_on(async {
        for turn in 0..200 {
            let mut request = Request::new(Body::empty());
            request.extensions_mut().insert(Route::new(format!("/generated/{}", turn % 50)));
            drop(service.clone().oneshot(request).await.unwrap());
        }
    });
    let snapshot = registry.snapshot();
    let family = snapshot.family("http_requests_total").unwrap();
    assert!(family.series().count() <= 12, "{}", family.series().count());
    let overflow = [("otel_metric_overflow", "true")];
    assert_eq!(counter(&registry, "http_requests_total", &overflow), 160);
    crate::common::check(&registry);
}

#[test]
fn odd_routes_are_labels_all_the_same() {
    let registry = Registry::new();
    let layer = RequestLayer::http_server().registry(&registry).build().unwrap();
    let service = layer.layer(service_fn(async |_: Request<Body>| {
        Ok::<_, Infallible>(Response::new(Body::empty()))
    }));
    runtime().block_on(async {
        for route in ["", "\"", "\\", "\n", "é", "a=b,c", "{}"] {
            let mut request = Request::new(Body::empty());
            request.extensions_mut().insert(Route::new(route));
            drop(service.clone().oneshot(request).await.unwrap());
            let labels = [("method", "GET"), ("path", route), ("status", "200")];
            assert_eq!(counter(&registry, "http_requests_total", &labels), 1, "{route:?}");
        }
    });
    crate::common::check(&registry);
}
