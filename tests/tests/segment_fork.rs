//! A forked child of a process with a file counts on its own, outside that file, and lets go of it.

use metrics_core::prelude::*;
use metrics_core::{Segment, SegmentReader};
use std::fs;
use std::os::unix::process::CommandExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use tests::processes::{Folder, Other, role, say};

#[derive(Clone, Copy, Label)]
#[label(capacity = 64)]
struct Symbol(LabelId);

#[derive(Metrics)]
struct ForkMetrics {
    /// Records.
    records: Counter,
    /// Orders.
    orders: Counter<Symbol>,
    /// A limit.
    limit: Gauge,
    /// Time.
    latency: Histogram<Symbol>,
}

fn count(metrics: &ForkMetrics, symbol: &str, n: u64) {
    metrics.records.add(n);
    metrics.orders.with(Symbol::intern(symbol)).add(n);
    metrics.latency.with(Symbol::intern(symbol)).record_n(n, n);
}

/// Records, and orders and timings of a symbol.
fn read(snapshot: &Snapshot, symbol: &str) -> (u64, Option<u64>, Option<u64>) {
    let labels = [("symbol", symbol)];
    (
        snapshot.counter("records_total", &[]).unwrap(),
        snapshot.counter("orders_total", &labels),
        snapshot.histogram("latency", &labels).map(metrics_core::HistogramSnapshot::count),
    )
}

/// What the other process does. On its own this test has nothing to do.
#[test]
fn in_another_process() {
    let Some((role, file)) = role() else { return };
    if role == "busy" {
        return fork_while_others_register(&file);
    }
    // As an operator asks for it, half of the time: the program names no file.
    if role == "named" {
        Segment::builder().shards(8).path(&file).install().unwrap();
    }
    let registry = Registry::new();
    let metrics = ForkMetrics::register(&registry).unwrap();
    count(&metrics, "AAPL", 100);
    metrics.limit.set(7.0);
    std::thread::spawn(|| Symbol::intern("MSFT")).join().unwrap();

    let mut ends = [0; 2];
    // SAFETY: the call writes two descriptors.
    assert_eq!(unsafe { libc::pipe(ends.as_mut_ptr()) }, 0);
    // SAFETY: no other thread of this process holds a lock that the child needs.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0);
    if pid == 0 {
        let checked = catch_unwind(AssertUnwindSafe(|| in_child(&registry, &metrics, &file)));
        let answer = u8::from(checked.is_ok());
        // SAFETY: writes a byte, and if all was well waits until the test lets go of the other end of
        // standard input.
        unsafe {
            libc::write(ends[1], (&raw const answer).cast(), 1);
            let mut byte = 0_u8;
            while checked.is_ok() && libc::read(0, (&raw mut byte).cast(), 1) > 0 {}
            libc::_exit(0);
        }
    }
    // At the same time as the child counts.
    for n in 0..1000 {
        count(&metrics, &format!("P{}", n % 50), 1);
        metrics.limit.set(8.0);
    }
    let mut answer = 0_u8;
    // SAFETY: reads a byte.
    let bytes = unsafe { libc::read(ends[0], (&raw mut answer).cast(), 1) };
    assert_eq!((bytes, answer), (1, 1), "the child says that all was well");

    assert_eq!(read(&registry.snapshot(), "AAPL"), (1100, Some(100), Some(100)));
    // A program that is started has no descriptor of the file.
    let mut list = Command::new("ls");
    list.args(["-l", "/proc/self/fd"]);
    // SAFETY: the closure does nothing; with one, the program is started by way of `fork`.
    unsafe { list.pre_exec(|| Ok(())) };
    let list = String::from_utf8(list.output().unwrap().stdout).unwrap();
    assert!(list.contains("->") && !list.contains(file.to_str().unwrap()), "{list}");
    say(&pid.to_string());
    std::thread::park();
}

fn in_child(registry: &Registry, metrics: &ForkMetrics, file: &Path) {
    assert_eq!(read(&registry.snapshot(), "AAPL").0, 0, "it begins at 0");
    let limit = registry.snapshot().gauge("limit", &[]).unwrap();
    assert!(limit == 7.0 || limit == 8.0, "{limit}: a gauge is a state, of about the fork");
    count(metrics, "AAPL", 5);
    count(metrics, "GOOG", 3);
    let other: Counter = registry.register(&Description::new("others_total", "Others.")).unwrap();
    let threads = [(); 2].map(|()| std::thread::spawn(move || (0..1000).for_each(|_| other.inc())));
    threads.into_iter().for_each(|thread| thread.join().unwrap());

    let snapshot = registry.snapshot();
    assert_eq!(read(&snapshot, "AAPL"), (8, Some(5), Some(5)));
    assert_eq!(read(&snapshot, "GOOG"), (8, Some(3), Some(3)));
    let known = ["AAPL", "GOOG"];
    let orders = snapshot.family("orders_total").unwrap();
    let symbols: Vec<_> = orders.series().flat_map(|series| series.labels()).collect();
    assert_eq!(symbols, known.map(|symbol| ("symbol", symbol)), "nothing of the parent's");
    assert_eq!(snapshot.counter("others_total", &[]), Some(2000));
    assert_eq!(Segment::stats().unwrap().threads_attached, 1);

    // Nothing of it reached the file.
    let mut reader = SegmentReader::open(file).unwrap();
    assert!(reader.process().unwrap().is_alive);
    let parent = reader.snapshot().unwrap();
    assert!(read(&parent, "AAPL").0 >= 100);
    assert_eq!(read(&parent, "AAPL").1, Some(100));
    assert_eq!(read(&parent, "GOOG").1, None);
    assert_eq!(parent.counter("others_total", &[]), None);
    drop(reader);
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    assert!(!maps.contains(file.to_str().unwrap()), "{maps}");
}

#[test]
fn a_child_counts_outside_the_file_and_lets_go_of_it() {
    for role in ["named", "environment"] {
        let folder = Folder::new("fork");
        let file = folder.file();
        let mut other = if role == "named" {
            Other::start(role, &file)
        } else {
            let mut command = tests::processes::command(&[], role, &file);
            command.env("TICKMETRICS_SEGMENT", &file);
            Other::of(command)
        };
        let child: i32 = other.says().parse().unwrap();
        let mut reader = SegmentReader::open(&file).unwrap();
        let process = reader.process().unwrap();
        assert_eq!((process.pid, process.is_alive), (other.child.id(), true));
        assert_eq!(read(&reader.snapshot().unwrap(), "AAPL"), (1100, Some(100), Some(100)));
        let stdin = other.child.stdin.take();
        other.kill();
        // SAFETY: only asks whether it is there.
        assert_eq!(unsafe { libc::kill(child, 0) }, 0, "the child lives");
        assert!(!reader.process().unwrap().is_alive, "and does not hold the file");
        assert_eq!(read(&reader.snapshot().unwrap(), "P7"), (1100, Some(20), Some(20)));
        drop(stdin);
    }
}

/// While other threads attach and register, children are forked that do both, too.
fn fork_while_others_register(file: &Path) {
    Segment::builder().shards(8).path(file).install().unwrap();
    let registry = Registry::new();
    let ticks: Counter = registry.register(&Description::new("ticks_total", "Ticks.")).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let busy = Registry::new();
            for n in 0.. {
                if done.load(Ordering::Relaxed) {
                    break;
                }
                let description = Description::new(format!("busy_{}_total", n % 2000), "Busy.");
                let counter = busy.register::<Counter>(&description).unwrap();
                // A thread of its own: its first record asks for memory.
                std::thread::spawn(move || counter.inc()).join().unwrap();
            }
        });
        for n in 0..100 {
            ticks.inc();
            // SAFETY: the child uses no lock that another thread can have: its registry is its own.
            let pid = unsafe { libc::fork() };
            assert!(pid >= 0);
            if pid == 0 {
                // SAFETY: ends the child if it waits for a lock that nobody gives back.
                unsafe { libc::alarm(20) };
                let counted = catch_unwind(|| {
                    let own = Registry::new();
                    let description = Description::new("own_total", "Own.");
                    let counter = own.register::<Counter>(&description).unwrap();
                    metrics_core::warm_up();
                    counter.add(n);
                    own.snapshot().counter("own_total", &[]) == Some(n)
                });
                // SAFETY: ends the child without running what belongs to the parent.
                unsafe { libc::_exit(i32::from(!matches!(counted, Ok(true)))) };
            }
            let mut status = 0;
            // SAFETY: waits for the child made above.
            assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
            // The other thread ends with the test, however that does.
            done.store(status != 0, Ordering::Relaxed);
            assert_eq!(status, 0, "child {n}");
        }
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(registry.snapshot().counter("ticks_total", &[]), Some(100));
    say("done");
}

#[test]
fn a_child_can_register_whatever_other_threads_did() {
    let folder = Folder::new("busy");
    assert_eq!(Other::start("busy", &folder.file()).says(), "done");
}
