//! Structs of `metrics-derive`, as programs write them.

use crate::has_line;
use metrics::{Counter, Gauge, Histogram, Label};
use metrics_derive::Metrics;
use metrics_util::layers::{Layer, PrefixLayer};
use std::time::Duration;

#[derive(Metrics)]
#[metrics(scope = "network")]
struct NetworkMetrics {
    /// Number of active sessions.
    connected_peers: Gauge,
    /// Messages that were dropped.
    dropped_messages: Counter,
    #[metric(rename = "pool_seconds", describe = "Time to insert into the pool.")]
    insertion: Histogram,
    #[metric(skip)]
    _name: String,
}

#[derive(Clone, Metrics)]
#[metrics(dynamic = true)]
struct StageMetrics {
    /// The block that was reached.
    checkpoint: Gauge,
    /// Entities that were processed.
    entities: Counter,
}

/// With the prefix that a node puts in front of all its metrics.
#[test]
fn a_struct_counts_under_prefix_and_scope() {
    let (recorder, handle) = crate::recorder();
    let recorder = PrefixLayer::new("reth").layer(recorder);
    metrics::with_local_recorder(&recorder, || {
        let network = NetworkMetrics::default();
        network.connected_peers.increment(3);
        network.connected_peers.decrement(1);
        network.dropped_messages.increment(5);
        network.insertion.record(Duration::from_millis(250));
        network.insertion.record(0.25);
    });
    for line in [
        "# HELP reth_network_connected_peers Number of active sessions.",
        "reth_network_connected_peers 2",
        "# TYPE reth_network_dropped_messages counter",
        "reth_network_dropped_messages 5",
        "# HELP reth_network_pool_seconds Time to insert into the pool.",
        "# TYPE reth_network_pool_seconds summary",
        r#"reth_network_pool_seconds{quantile="0.5"} 0.25"#,
        "reth_network_pool_seconds_sum 0.5",
        "reth_network_pool_seconds_count 2",
    ] {
        has_line(&handle, line);
    }
}

#[test]
fn scopes_and_labels_may_be_known_at_run_time_only() {
    let (recorder, handle) = crate::recorder();
    metrics::with_local_recorder(&recorder, || {
        for stage in ["Headers", "Bodies"] {
            let labels = vec![Label::new("stage", stage)];
            let metrics = StageMetrics::new_with_labels("sync", labels);
            metrics.checkpoint.set(100.0);
            metrics.clone().entities.increment(7);
        }
        StageMetrics::new("other").checkpoint.set(-1.5);
    });
    for line in [
        "# HELP sync_checkpoint The block that was reached.",
        r#"sync_checkpoint{stage="Headers"} 100"#,
        r#"sync_entities{stage="Bodies"} 7"#,
        "other_checkpoint -1.5",
    ] {
        has_line(&handle, line);
    }
}
