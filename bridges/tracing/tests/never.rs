//! What is not asked for. In a process of its own: a callsite is off only if all subscribers of the
//! process say so.

use std::sync::atomic::{AtomicU32, Ordering};
use tickmetrics::Registry;
use tracing::{Level, debug_span, info_span, trace};
use tracing_subscriber::layer::SubscriberExt;

#[test]
fn what_is_not_asked_for_is_not_made() {
    let registry = Registry::new();
    let layer = tickmetrics_tracing::layer().registry(&registry).build().unwrap();
    let made = AtomicU32::new(0);
    let made = || made.fetch_add(1, Ordering::Relaxed);
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        for _ in 0..2 {
            assert!(debug_span!("unasked", made = made()).is_disabled());
            trace!(made = made(), "unasked");
            assert!(!info_span!("asked").is_disabled());
        }
        assert!(!tracing::enabled!(Level::TRACE));
    });
    assert_eq!(made(), 0);
    let snapshot = registry.snapshot();
    let count = |name| {
        let times = snapshot.histogram("tracing_span_duration_seconds", &[("span", name)]);
        times.map(tickmetrics::HistogramSnapshot::count)
    };
    assert_eq!((count("asked"), count("unasked")), (Some(2), None));
}
