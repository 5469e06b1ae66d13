//! A process with threads that record while it forks, with and without a file: nothing is doubled and
//! nothing lost, in the parent, in the children, and in the programs that they become.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use tests::processes::{Folder, Other, command, ends_well, fork, output, role, say, wait};
use tickmetrics::prelude::*;
use tickmetrics::{Segment, SegmentReader};

const FILE_OF_SEGMENT: &str = "TICKMETRICS_SEGMENT";
const CHILDREN: u64 = 20;
/// The names of the parent's threads; the last is that of the forking one.
const NAMES: [&str; 4] = ["S0", "S1", "S2", "forks"];

#[derive(Clone, Copy, Label)]
#[label(capacity = 8)]
struct Symbol(LabelId);

#[derive(Metrics)]
#[metrics(prefix = "fork")]
struct ForkMetrics {
    /// Records.
    records: Counter,
    /// Orders.
    orders: Counter<Symbol>,
    /// In flight.
    in_flight: UpDownCounter,
    /// Time.
    latency: Histogram<Symbol>,
}

/// One of each; the value is `n`.
fn record(metrics: &ForkMetrics, symbol: Symbol, n: u64) {
    metrics.records.inc();
    metrics.orders.with(symbol).inc();
    metrics.in_flight.add(2);
    metrics.in_flight.sub(1);
    metrics.latency.with(symbol).record(n);
}

/// Checks the sums of so many calls of `record` for each of the symbols, with values from 0 on.
fn check(snapshot: &Snapshot, of_symbols: &[(&str, u64)]) {
    let all: u64 = of_symbols.iter().map(|(_, n)| n).sum();
    assert_eq!(snapshot.counter("fork_records_total", &[]), Some(all));
    assert_eq!(snapshot.gauge("fork_in_flight", &[]), Some(all as f64));
    for &(symbol, n) in of_symbols {
        let labels = [("symbol", symbol)];
        assert_eq!(snapshot.counter("fork_orders_total", &labels), Some(n));
        let latency = snapshot.histogram("fork_latency", &labels).unwrap();
        assert_eq!((latency.count(), latency.sum()), (n, (n * (n - 1) / 2) as f64));
    }
    for family in ["fork_orders_total", "fork_latency"] {
        let series = snapshot.family(family).unwrap().series();
        assert_eq!(series.count(), of_symbols.len(), "{family}: and no others");
    }
}

/// The part of the other processes. Run directly, this test does nothing.
#[test]
fn in_another_process() {
    let Some((role, file)) = role() else { return };
    match role.as_str() {
        "forks" => forks(&file),
        "program" => is_started(),
        other => panic!("{other}"),
    }
}

/// Tells the threads to end when it is dropped.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

fn forks(file: &Path) {
    let registry = Registry::new();
    let metrics = ForkMetrics::register(&registry).unwrap();
    let symbols = NAMES.map(Symbol::intern);
    let child = Symbol::intern("child");
    let (done, begun) = (AtomicBool::new(false), Barrier::new(4));
    let counts = thread::scope(|scope| {
        let threads = [0, 1, 2].map(|thread| {
            let (metrics, done, begun) = (&metrics, &done, &begun);
            scope.spawn(move || {
                record(metrics, symbols[thread], 0);
                begun.wait();
                let mut n = 1;
                while !done.load(Relaxed) {
                    record(metrics, symbols[thread], n);
                    n += 1;
                }
                n
            })
        });
        // Ends the threads even if a check below fails. Otherwise they would run on, and the
        // failure would not be reported.
        let ends = Ends(&done);
        begun.wait();
        let children: Vec<_> = (0..CHILDREN)
            .map(|n| {
                record(&metrics, symbols[3], n);
                fork(|| in_child(&registry, &metrics, child, n))
            })
            .collect();
        // At the same time, programs that the children become, once they have counted as children.
        let named = if file.exists() { Some(file) } else { None };
        let taken = start(&metrics, child, named);
        let own = file.with_file_name("of-{pid}");
        start(&metrics, child, named.map(|_| &*own));
        if let Some(file) = named {
            let lost = format!("process {} counts in", std::process::id());
            assert!(taken.contains(&lost) && taken.contains(file.to_str().unwrap()), "{taken}");
        }
        children.into_iter().for_each(ends_well);
        drop(ends);
        let [a, b, c] = threads.map(|thread| thread.join().unwrap());
        [a, b, c, CHILDREN]
    });
    let said = counts.map(|count| count.to_string()).join(" ");
    check(&registry.snapshot(), &by_name(&said));
    say(&said);
    wait();
}

fn in_child(registry: &Registry, metrics: &ForkMetrics, symbol: Symbol, n: u64) {
    let own = 100 + n;
    (0..own).for_each(|value| record(metrics, symbol, value));
    check(&registry.snapshot(), &[("child", own)]);
    // A thread of the child's own, and a child of the child.
    thread::scope(|scope| {
        scope.spawn(|| record(metrics, symbol, own));
    });
    check(&registry.snapshot(), &[("child", own + 1)]);
    ends_well(fork(|| {
        record(metrics, symbol, 0);
        check(&registry.snapshot(), &[("child", 1)]);
    }));
    check(&registry.snapshot(), &[("child", own + 1)]);
    assert_eq!(Segment::stats().unwrap().overflow_records, 0);
}

/// Forks, counts in the child, makes it the program `is_started`, and returns that program's
/// output.
fn start(metrics: &ForkMetrics, symbol: Symbol, segment: Option<&Path>) -> String {
    let mut command = command(&[], "program", Path::new("none"));
    match segment {
        Some(path) => command.env(FILE_OF_SEGMENT, path),
        None => command.env_remove(FILE_OF_SEGMENT),
    };
    let counts = metrics.records;
    let orders = metrics.orders.with(symbol);
    let count = move || {
        (0..1000).for_each(|_| {
            counts.inc();
            orders.inc();
        });
        Ok(())
    };
    // SAFETY: recording takes no lock that another thread has, and allocates with glibc's allocator
    // only.
    unsafe { command.pre_exec(count) };
    output(command)
}

fn is_started() {
    let registry = Registry::new();
    let metrics = ForkMetrics::register(&registry).unwrap();
    (0..777).for_each(|n| record(&metrics, Symbol::intern("program"), n));
    check(&registry.snapshot(), &[("program", 777)]);
}

/// Of each name, how often `record` was called.
fn by_name(said: &str) -> Vec<(&'static str, u64)> {
    let counts = said.split(' ').map(|count| count.parse().unwrap());
    NAMES.into_iter().zip(counts).collect()
}

#[test]
fn in_memory_nothing_is_doubled_and_nothing_lost() {
    let folder = Folder::new("forks-in-memory");
    let mut command: Command = command(&[], "forks", &folder.file());
    command.env_remove(FILE_OF_SEGMENT);
    let counts = by_name(&Other::of(command).says());
    assert!(counts.iter().all(|(_, count)| *count > 1), "{counts:?}");
    assert!(folder.names().is_empty());
}

#[test]
fn in_a_file_nothing_is_doubled_and_nothing_lost() {
    let folder = Folder::new("forks-in-a-file");
    let mut command: Command = command(&[], "forks", &folder.file());
    command.env(FILE_OF_SEGMENT, folder.file());
    let mut other = Other::of(command);
    let counts = by_name(&other.says());
    let mut reader = SegmentReader::open(folder.file()).unwrap();
    assert!(reader.process().unwrap().is_alive);
    check(&reader.snapshot().unwrap(), &counts);
    assert_eq!(reader.process().unwrap().pid, other.child.id());
    other.kill();
    assert!(!reader.process().unwrap().is_alive, "no child has it");
    check(&reader.snapshot().unwrap(), &counts);

    // The program that was given a file of its own counted there, from zero.
    let mut names = folder.names();
    names.retain(|name| name.starts_with("of-"));
    let [name] = &names[..] else { panic!("{names:?}") };
    let mut own = SegmentReader::open(folder.0.join(name)).unwrap();
    check(&own.snapshot().unwrap(), &[("program", 777)]);
    fs::remove_file(folder.0.join(name)).unwrap();
}
