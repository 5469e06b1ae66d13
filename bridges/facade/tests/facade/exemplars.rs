//! Traces of values that libraries record.

use crate::builder;
use metrics::histogram;
use tickmetrics::Registry;
use tickmetrics::exemplar::{self, Scope};
use tickmetrics_facade::Matcher;

#[test]
fn a_histogram_with_buckets_has_the_trace_of_a_value() {
    // No other test of this program has a hook.
    exemplar::set_hook(exemplar::current).unwrap();
    let registry = Registry::new();
    let seconds = Matcher::Suffix("_seconds".into());
    let with_buckets = builder().registry(&registry).buckets_for(seconds, [1.0]);
    let (trace, span) = (0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736, 0x00f0_67aa_0ba9_02b7);
    metrics::with_local_recorder(&with_buckets.exemplars().build().unwrap(), || {
        histogram!("wait_seconds").record(0.25);
        let _scope = Scope::enter(trace, span);
        histogram!("wait_seconds").record(0.5);
        histogram!("size").record(3.0);
    });
    let snapshot = registry.snapshot();
    let wait = snapshot.histogram("wait_seconds", &[]).unwrap();
    let kept: Vec<_> = wait.exemplars().map(|it| (it.value, it.trace_id, it.span_id)).collect();
    assert_eq!((wait.count(), kept), (2, vec![(0.5, trace, span)]));
    assert_eq!(snapshot.histogram("size", &[]).unwrap().exemplars().count(), 0);
}
