//! Versions of `metrics` do not meet, and the self-test tells.

use crate::recorder;

#[test]
fn another_version_is_not_seen() {
    let (recorder, handle) = recorder();
    metrics::with_local_recorder(&recorder, || {
        let old = || metrics_old::counter!("events").increment(1);
        let new = || metrics::counter!("events").increment(1);
        assert!(handle.is_installed());
        assert!(!handle.sees(old));
        assert!(handle.sees(new));
        // The handle is known to the thread, and the recorder is asked all the same.
        assert!(handle.sees(new));
        assert!(handle.sees(|| {
            old();
            new();
        }));
        assert!(!handle.sees(|| ()));
    });
    assert!(!handle.is_installed());
}

#[test]
fn another_recorder_is_not_taken_for_it() {
    let ((first, of_first), (_, of_second)) = (recorder(), recorder());
    metrics::with_local_recorder(&first, || {
        assert!(of_first.is_installed() && !of_second.is_installed());
        assert!(!of_second.sees(|| metrics::counter!("events").increment(1)));
    });
}
