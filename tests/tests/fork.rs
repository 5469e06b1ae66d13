//! A forked child counts for itself: nothing doubled, nothing lost. Alone in its file, since only a
//! process with one thread may continue as usual after `fork`.

use std::io::Write;
use tickmetrics::prelude::*;

/// Runs `child` in a forked process and returns its result.
fn in_child(child: impl FnOnce() -> u64) -> u64 {
    // SAFETY: no other thread of this process holds a lock: the harness waits for this one test.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0, "{}", std::io::Error::last_os_error());
    if pid == 0 {
        let answer = i32::try_from(child()).unwrap_or(255);
        let _ = std::io::stdout().flush();
        // SAFETY: ends the child without running the exit handlers of the parent.
        unsafe { libc::_exit(answer) };
    }
    let mut status = 0;
    // SAFETY: waits for the child made above.
    assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
    assert!(libc::WIFEXITED(status), "the child ended with status {status:#x}");
    u64::try_from(libc::WEXITSTATUS(status)).unwrap()
}

#[test]
fn parent_and_child_count_for_themselves() {
    let registry = Registry::new();
    let records: Counter =
        registry.register(&Description::new("records_total", "Records.")).unwrap();
    let limit: Gauge = registry.register(&Description::new("limit", "A limit.")).unwrap();
    let read = || registry.snapshot().counter("records_total", &[]).unwrap();
    records.add(100);
    limit.set(7.0);

    let child = in_child(|| {
        let inherited = read();
        records.add(5);
        assert_eq!(registry.snapshot().gauge("limit", &[]), Some(7.0), "a gauge is a state");
        inherited * 10 + read()
    });
    assert_eq!(child, 5, "the child begins at 0 and counts its own");
    records.add(1);
    assert_eq!(read(), 101, "what the child counted is not the parent's");

    let grandchild = in_child(|| {
        records.add(2);
        in_child(|| {
            records.add(3);
            read()
        }) * 10
            + read()
    });
    assert_eq!(grandchild, 32);
    assert_eq!(tickmetrics::Segment::stats().unwrap().threads_attached, 1);
}
