//! The layers of `metrics-util` around the recorder.

use crate::{has_line, recorder};
use metrics::{counter, gauge, histogram};
use metrics_util::MetricKindMask;
use metrics_util::layers::{FanoutBuilder, FilterLayer, Layer, RouterBuilder, Stack};

#[test]
fn a_stack_of_layers_reaches_the_recorder() {
    let (recorder, handle) = recorder();
    let stack = Stack::new(recorder).push(FilterLayer::from_patterns(["secret"]));
    metrics::with_local_recorder(&stack, || {
        counter!("events").increment(2);
        counter!("secret_events").increment(2);
    });
    has_line(&handle, "events 2");
    assert!(!handle.render().contains("secret"));
}

#[test]
fn a_fanout_counts_in_each_recorder() {
    let ((first, of_first), (second, of_second)) = (recorder(), recorder());
    let fanout = FanoutBuilder::default().add_recorder(first).add_recorder(second).build();
    metrics::with_local_recorder(&fanout, || {
        for _ in 0..3 {
            counter!("events", "side" => "buy").increment(1);
            gauge!("depth").increment(1.5);
            histogram!("wait").record_many(2.0, 2);
        }
    });
    for handle in [of_first, of_second] {
        has_line(&handle, r#"events{side="buy"} 3"#);
        has_line(&handle, "depth 4.5");
        has_line(&handle, "wait_count 6");
    }
}

#[test]
fn a_router_chooses_the_recorder() {
    let ((default, of_default), (other, of_other)) = (recorder(), recorder());
    let mut router = RouterBuilder::from_recorder(default);
    router.add_route(MetricKindMask::COUNTER, "other", other);
    let router = router.build();
    metrics::with_local_recorder(&router, || {
        counter!("other.events").increment(1);
        counter!("events").increment(2);
    });
    has_line(&of_other, "other_events 1");
    has_line(&of_default, "events 2");
    assert!(!of_default.render().contains("other"));
}

#[test]
fn a_layer_does_not_hide_the_recorder_from_the_self_test() {
    let (recorder, handle) = recorder();
    let layered = metrics_util::layers::PrefixLayer::new("gateway").layer(recorder);
    assert!(!handle.is_installed());
    metrics::with_local_recorder(&layered, || assert!(handle.is_installed()));
    assert_eq!(handle.render(), "");
}

/// Fields of spans become labels, which differ from path to path.
#[test]
fn fields_of_spans_become_labels() {
    use metrics_tracing_context::{MetricsLayer, TracingContextLayer};
    use tracing_subscriber::layer::SubscriberExt;

    let (recorder, handle) = recorder();
    let recorder = TracingContextLayer::all().layer(recorder);
    let spans = tracing_subscriber::registry().with(MetricsLayer::new());
    let login = || counter!("login_attempts", "service" => "login").increment(1);
    tracing::subscriber::with_default(spans, || {
        metrics::with_local_recorder(&recorder, || {
            let user = "ferris";
            let outer = tracing::info_span!("outer", user, user.email = "ferris@example.org");
            outer.in_scope(|| {
                login();
                // The inner span's field wins over that of the outer one.
                tracing::info_span!("inner", user = "corro", depth = 2).in_scope(login);
            });
            login();
        });
    });
    let labels = r#"service="login",user="ferris",user_email="ferris@example.org""#;
    has_line(&handle, &format!("login_attempts{{{labels}}} 1"));
    let labels = r#"depth="2",service="login",user="corro",user_email="ferris@example.org""#;
    has_line(&handle, &format!("login_attempts{{{labels}}} 1"));
    has_line(&handle, r#"login_attempts{service="login"} 1"#);
}
