//! What is timed and counted, alone and beside other layers.

use quanta::Clock;
use std::sync::{Arc, Mutex};
use tickmetrics::{Registry, Snapshot};
use tickmetrics_tracing::BuildError;
use tracing::field::Empty;
use tracing::{Level, debug, error, info, info_span, trace, trace_span, warn};
use tracing_core::span::{Attributes, Id};
use tracing_core::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};

/// The settings for a registry.
fn layer(registry: &Registry) -> tickmetrics_tracing::Builder {
    tickmetrics_tracing::layer().most_spans(100).most_events(100).registry(registry)
}

/// The registry's metrics after `program` ran under a subscriber with the layer alone.
fn recorded(program: impl FnOnce()) -> Snapshot {
    let registry = Registry::new();
    let layer = layer(&registry).fields(["venue", "side"]);
    let subscriber = tracing_subscriber::registry().with(layer.build().unwrap());
    tracing::subscriber::with_default(subscriber, program);
    registry.snapshot()
}

fn count(snapshot: &Snapshot, labels: &[(&str, &str)]) -> Option<u64> {
    snapshot
        .histogram("tracing_span_duration_seconds", labels)
        .map(tickmetrics::HistogramSnapshot::count)
}

/// Busy and idle nanoseconds.
fn times(snapshot: &Snapshot, span: &str) -> (u128, u128) {
    let sum = |name| {
        let one = snapshot.histogram(name, &[("span", span)]).unwrap();
        std::time::Duration::from_secs_f64(one.sum()).as_nanos()
    };
    (sum("tracing_span_busy_seconds"), sum("tracing_span_idle_seconds"))
}

#[test]
fn a_span_that_is_entered_again_is_busy_once() {
    let (clock, mock) = Clock::mock();
    let snapshot = recorded(|| {
        quanta::with_clock(&clock, || {
            let span = info_span!("again");
            mock.increment(1_u64);
            let outer = span.enter();
            mock.increment(10_u64);
            let inner = span.enter();
            mock.increment(100_u64);
            drop(inner);
            mock.increment(1_000_u64);
            drop(outer);
            mock.increment(10_000_u64);
            span.in_scope(|| mock.increment(100_000_u64));
        });
    });
    assert_eq!(times(&snapshot, "again"), (101_110, 10_001));
}

#[test]
fn a_span_that_is_never_entered_is_idle() {
    let (clock, mock) = Clock::mock();
    let snapshot = recorded(|| {
        quanta::with_clock(&clock, || {
            let _span = info_span!("waits");
            mock.increment(7_u64);
        });
    });
    assert_eq!(times(&snapshot, "waits"), (0, 7));
}

#[test]
fn only_named_fields_are_labels() {
    let snapshot = recorded(|| {
        drop(info_span!("a", venue = "xnas", order = 7));
        drop(info_span!("a", venue = "xnas", order = 8));
        drop(info_span!("a", venue = ?Some(1), side = Empty));
        let span = info_span!("a", venue = Empty, side = true);
        span.record("venue", 1.5);
        span.record("venue", 2.5);
        drop(span);
        drop(info_span!("a", venue = "é".repeat(2_000)));
    });
    assert_eq!(count(&snapshot, &[("span", "a"), ("venue", "xnas")]), Some(2));
    assert_eq!(count(&snapshot, &[("span", "a"), ("venue", "Some(1)")]), Some(1));
    let labels = [("span", "a"), ("venue", "2.5"), ("side", "true")];
    assert_eq!(count(&snapshot, &labels), Some(1));
    let cut = "é".repeat(64);
    assert_eq!(count(&snapshot, &[("span", "a"), ("venue", &cut)]), Some(1));
}

#[test]
fn events_are_counted_by_level_and_target() {
    let snapshot = recorded(|| {
        for _ in 0..3 {
            warn!("late");
        }
        error!(target: "venue", "refused");
        error!(target: "venue", "refused otherwise");
        info!("all is well");
        debug!("never made");
    });
    let count = |level, target| {
        snapshot.counter("tracing_events_total", &[("level", level), ("target", target)])
    };
    assert_eq!(count("warn", module_path!()), Some(3));
    assert_eq!(count("error", "venue"), Some(2));
    assert_eq!(count("info", module_path!()), Some(1));
    assert_eq!(count("debug", module_path!()), None);
}

/// A layer that takes everything.
#[derive(Clone, Default)]
struct Other(Arc<Mutex<Vec<String>>>);

impl<S: Subscriber> Layer<S> for Other {
    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        self.0.lock().unwrap().push(attributes.metadata().name().to_owned());
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        self.0.lock().unwrap().push(event.metadata().level().to_string());
    }
}

#[test]
fn other_layers_see_what_they_would_see_without_it() {
    for order in 0..3 {
        let (registry, other) = (Registry::new(), Other::default());
        let layer = layer(&registry)
            .spans(|span| span.name().starts_with("timed"))
            .events(|event| *event.level() == Level::ERROR)
            .with_target();
        let program = || {
            trace_span!("timed_and_fine").in_scope(|| trace!("fine"));
            info_span!("not_timed").in_scope(|| error!("wrong"));
        };
        let subscriber = tracing_subscriber::registry();
        match order {
            0 => {
                let subscriber = subscriber.with(other.clone()).with(layer.build().unwrap());
                tracing::subscriber::with_default(subscriber, program);
            }
            1 => {
                let subscriber = subscriber.with(layer.build().unwrap()).with(other.clone());
                tracing::subscriber::with_default(subscriber, program);
            }
            _ => {
                let filtered = other.clone().with_filter(tracing_core::LevelFilter::TRACE);
                let subscriber = subscriber.with(layer.build().unwrap()).with(filtered);
                tracing::subscriber::with_default(subscriber, program);
            }
        }
        let seen = other.0.lock().unwrap().join(" ");
        assert_eq!(seen, "timed_and_fine TRACE not_timed ERROR", "order {order}");
        let snapshot = registry.snapshot();
        let target = ("target", module_path!());
        assert_eq!(count(&snapshot, &[("span", "timed_and_fine"), target]), Some(1));
        assert_eq!(count(&snapshot, &[("span", "not_timed"), target]), None);
        let counted = snapshot.counter("tracing_events_total", &[("level", "error"), target]);
        assert_eq!(counted, Some(1));
        let counted = snapshot.counter("tracing_events_total", &[("level", "trace"), target]);
        assert_eq!(counted, None);
    }
}

#[test]
fn many_callsites_and_threads_find_their_series() {
    let registry = Registry::new();
    let layer = layer(&registry);
    let dispatch =
        tracing::Dispatch::new(tracing_subscriber::registry().with(layer.build().unwrap()));
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                tracing::dispatcher::with_default(&dispatch, || {
                    for _ in 0..100 {
                        info_span!("first").in_scope(|| drop(info_span!("second")));
                        info!("an event");
                    }
                });
            });
        }
    });
    let snapshot = registry.snapshot();
    assert_eq!(count(&snapshot, &[("span", "first")]), Some(400));
    assert_eq!(count(&snapshot, &[("span", "second")]), Some(400));
    let labels = [("level", "info"), ("target", module_path!())];
    assert_eq!(snapshot.counter("tracing_events_total", &labels), Some(400));
}

#[test]
fn faults_of_settings_are_errors() {
    type Plain = tracing_subscriber::Registry;
    for name in ["", "span", "__name__", "le"] {
        let registry = Registry::new();
        let layer = layer(&registry).fields([name]);
        let error = layer.build::<Plain>().unwrap_err();
        assert!(matches!(&error, BuildError::Field(field) if field == name), "{error}");
        assert!(error.to_string().contains("another name"), "{error}");
    }
    let registry = Registry::new();
    let layer = layer(&registry).most_spans(0);
    let error = layer.build::<Plain>().unwrap_err();
    assert!(error.to_string().contains("0 series"), "{error}");
}
