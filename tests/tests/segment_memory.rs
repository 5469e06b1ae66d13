//! The requests to the system for a segment's memory: a full file system ends no process and loses
//! no count, and each option works or reports why not.

use std::fs;
use std::path::Path;
use std::process::Command;
use tests::processes::{Folder, command, output, role};
use tests::programs::skip;
use tickmetrics::prelude::*;
use tickmetrics::{RegisterError, Segment, SegmentReader};

#[derive(Clone, Copy, Label)]
#[label(capacity = 4000)]
struct Symbol(LabelId);

#[derive(Metrics)]
struct FullMetrics {
    /// Records.
    records: Counter,
    /// Records.
    by_symbol: Counter<Symbol>,
    /// Time.
    latency: Histogram<Symbol>,
}

/// The part of the other process. Run directly, this test does nothing.
#[test]
fn in_another_process() {
    let Some((role, file)) = role() else { return };
    match role.as_str() {
        "full" => on_a_full_file_system(&file),
        "race" => attach_while_registering(&file),
        "no room" => {
            fill(&file);
            let error = Segment::builder().path(&file).install().unwrap_err().to_string();
            assert!(error.contains("have memory set aside for it: No space left"), "{error}");
            assert!(Segment::stats().is_none());
        }
        "file size" => {
            let limit = libc::rlimit { rlim_cur: 1 << 20, rlim_max: 1 << 20 };
            // SAFETY: a valid limit, for this process alone.
            assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_FSIZE, &raw const limit) }, 0);
            let error = Segment::builder().path(&file).install().unwrap_err().to_string();
            assert!(error.contains("File too large"), "{error}");
        }
        "environment" => {
            let counter: Counter =
                Registry::new().register(&Description::new("records_total", "Records.")).unwrap();
            counter.inc();
            println!("\ncounts");
        }
        "prefault" => first_touches(&file),
        "options" => {
            let builder = Segment::builder().shards(4).lock_memory(true).huge_pages(true);
            builder.core_dump(true).prefault(true).install().unwrap();
            println!("\n{}", flags_of_the_largest_mapping());
        }
        "lock all" => lock_all(&file),
        "lock all later" => lock_all_later(&file),
        other => panic!("{other}"),
    }
}

/// Leaves no byte on the file system.
fn fill(beside: &Path) {
    let error = fs::write(beside.with_file_name("filler"), vec![1; 64 << 20]).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::ENOSPC));
}

fn on_a_full_file_system(file: &Path) {
    let builder = Segment::builder().shards(8).path(file);
    builder.shard_bytes(4 << 20).directory_bytes(1 << 20).shared_bytes(1 << 20).install().unwrap();
    let registry = Registry::new();
    let metrics = FullMetrics::register(&registry).unwrap();
    let record = |symbol: &str, n: u64| {
        metrics.records.add(n);
        metrics.by_symbol.with(Symbol::intern(symbol)).add(n);
        metrics.latency.with(Symbol::intern(symbol)).record_n(5, n);
    };
    record("AAPL", 10);
    let stats = || Segment::stats().unwrap();
    assert_eq!((stats().threads_attached, stats().overflow_records), (1, 0));
    fill(file);

    // A thread without a shard: never lost, counted, and all in the overflow shard.
    let on_a_thread = |n: u64| {
        std::thread::scope(|scope| {
            let records = || (0..n).for_each(|_| metrics.records.inc());
            let attached = scope.spawn(move || {
                records();
                stats().threads_attached
            });
            attached.join().unwrap()
        })
    };
    assert_eq!(on_a_thread(100), 1, "no shard was to be had");
    assert_eq!(stats().overflow_records, 100);

    // A metric: an error that names the fault.
    let description = Description::new("large", "Large.").sigfigs(3);
    let error = registry.register::<Histogram>(&description).unwrap_err();
    assert!(
        matches!(&error, RegisterError::Refused { what: "cells", error, .. }
            if error.raw_os_error() == Some(libc::ENOSPC)),
        "{error:?}"
    );
    assert!(error.to_string().contains("make room there"), "{error}");

    // Series and values: `other` stands in, counted.
    let before = stats().saturated_labels;
    (0..4000).for_each(|n| record(&format!("a symbol with a long name {n}"), 1));
    assert!(stats().saturated_labels > before);
    let mut reader = SegmentReader::open(file).unwrap();
    let check = |reader: &mut SegmentReader, records: u64| {
        for snapshot in [registry.snapshot(), reader.snapshot().unwrap()] {
            assert_eq!(snapshot.counter("records_total", &[]), Some(records));
            let orders = snapshot.family("by_symbol_total").unwrap();
            let sum = orders.series().map(|series| match series.value() {
                tickmetrics::Value::Counter(n) => n,
                other => panic!("{other:?}"),
            });
            assert_eq!(sum.sum::<u64>(), 4010);
            let latency = snapshot.family("latency").unwrap();
            let count = latency.series().map(|series| match series.value() {
                tickmetrics::Value::Histogram(histogram) => histogram.count(),
                other => panic!("{other:?}"),
            });
            assert_eq!(count.sum::<u64>(), 4010);
            let other = snapshot.histogram("latency", &[("symbol", "other")]).unwrap();
            assert!(other.count() > 3900, "{}", other.count());
        }
    };
    check(&mut reader, 4110);

    // Once there is room, the next metric finds it, and a thread after some thousand records.
    fs::remove_file(file.with_file_name("filler")).unwrap();
    registry.register::<Histogram>(&description).unwrap().record(1);
    assert_eq!(on_a_thread(10_000), 2, "it has a shard at last");
    let overflow = stats().overflow_records;
    assert!((101..10_100).contains(&overflow), "{overflow}");
    check(&mut reader, 14_110);
    assert_eq!(on_a_thread(1), 2);
    assert_eq!(stats().overflow_records, overflow, "at once, from now on");

    // So do values that were refused, and series that found no cells: the last symbol was neither
    // interned nor has it a distribution, the first one was interned.
    for symbol in ["a symbol with a long name 0", "a symbol with a long name 3999"] {
        (0..10_000).for_each(|_| record(symbol, 1));
        for snapshot in [registry.snapshot(), reader.snapshot().unwrap()] {
            let labels = [("symbol", symbol)];
            assert!(snapshot.counter("by_symbol_total", &labels) >= Some(10_000), "{symbol}");
            let latency = snapshot.histogram("latency", &labels).expect(symbol);
            assert!(latency.count() > 5_000, "{symbol}: {}", latency.count());
        }
    }
}

/// Threads come while metrics are registered. Whichever was first, the memory of each metric is
/// there for each thread: on a full file system they write to all of it.
fn attach_while_registering(file: &Path) {
    const THREADS: u64 = 6;
    const METRICS: u64 = 40;
    Segment::builder().shards(8).path(file).install().unwrap();
    let registry = Registry::new();
    let attached: Counter = registry.register(&Description::new("a_total", "A.")).unwrap();
    let all = std::sync::RwLock::new(Vec::<Histogram>::new());
    let (begin, filled) = (std::sync::Barrier::new(8), std::sync::Barrier::new(8));
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (all, begin, filled) = (&all, &begin, &filled);
            scope.spawn(move || {
                begin.wait();
                // Some at once, some later; a few records go to the overflow shard meanwhile.
                (0..thread * 50).for_each(|_| std::thread::yield_now());
                attached.add(1);
                if thread % 2 == 0 {
                    tickmetrics::warm_up();
                }
                attached.add(1);
                filled.wait();
                filled.wait();
                for histogram in all.read().unwrap().iter() {
                    (0..20).for_each(|shift| histogram.record(1 << shift));
                }
            });
        }
        scope.spawn(|| {
            begin.wait();
            for n in 0..METRICS {
                let description = Description::new(format!("h{n}"), "H.").sigfigs(1).max(1 << 20);
                all.write().unwrap().push(registry.register(&description).unwrap());
            }
            filled.wait();
            filled.wait();
        });
        begin.wait();
        filled.wait();
        fill(file);
        filled.wait();
    });
    let mut reader = SegmentReader::open(file).unwrap();
    let snapshot = reader.snapshot().unwrap();
    for n in 0..METRICS {
        let histogram = snapshot.histogram(&format!("h{n}"), &[]).unwrap();
        assert_eq!(histogram.count(), THREADS * 20);
    }
    assert_eq!(snapshot.counter("a_total", &[]), Some(THREADS * 2));
}

/// The program and arguments that run another with a file system of its own, of four megabytes.
fn with_a_small_file_system(folder: &str) -> Vec<String> {
    let script = r#"mount -t tmpfs -o size=4m none "$0" && exec "$@""#;
    ["unshare", "-rm", "sh", "-c", script, folder].map(String::from).to_vec()
}

fn can_mount() -> bool {
    let able = Command::new("unshare")
        .args(["-rm", "sh", "-c", "mount -t tmpfs none /tmp"])
        .output()
        .is_ok_and(|output| output.status.success());
    if !able {
        skip("this user may not mount a file system (unshare -rm)");
    }
    able
}

#[test]
fn a_full_file_system_ends_nothing_and_loses_nothing() {
    if !can_mount() {
        return;
    }
    for role in ["full", "no room", "race", "race", "race"] {
        let folder = Folder::new(&role.replace(' ', "-"));
        let before = with_a_small_file_system(folder.0.to_str().unwrap());
        let before: Vec<_> = before.iter().map(String::as_str).collect();
        output(command(&before, role, &folder.file()));
    }
}

#[test]
fn a_limit_on_the_size_of_files_is_an_error() {
    let folder = Folder::new("file-size");
    output(command(&[], "file size", &folder.file()));
    assert!(folder.names().is_empty());
}

#[test]
fn the_operator_can_name_the_file() {
    let folder = Folder::new("environment");
    let run = |path: &Path| {
        let mut command = command(&[], "environment", path);
        command.env("TICKMETRICS_SEGMENT", path);
        let said = output(command);
        assert!(said.contains("\ncounts"), "{said}");
        said
    };
    let said = run(&folder.0.join("by-{pid}"));
    assert!(!said.contains("tickmetrics:"), "{said}");
    let [name] = &folder.names()[..] else { panic!("{:?}", folder.names()) };
    let mut reader = SegmentReader::open(folder.0.join(name)).unwrap();
    assert_eq!(*name, format!("by-{}", reader.process().unwrap().pid));
    assert_eq!(reader.snapshot().unwrap().counter("records_total", &[]), Some(1));

    // If it can't be, the program continues, and reports it once.
    let missing = folder.0.join("missing/file");
    let said = run(&missing);
    assert_eq!(said.matches("tickmetrics: TICKMETRICS_SEGMENT: ").count(), 1, "{said}");
    assert!(said.contains(missing.to_str().unwrap()) && said.contains("in no file"), "{said}");
    // The report is one line, whatever the name.
    let said = run(&folder.0.join("missing\ntickmetrics: forged\u{1b}[2J\u{202e}/file"));
    let shown = r"/missing\ntickmetrics: forged\u{1b}[2J\u{202e}/file can't be made";
    assert!(said.contains(shown) && said.contains("\ncounts"), "{said}");
    assert!(!run(Path::new("")).contains("tickmetrics:"), "empty is as good as not set");
}

/// Page faults of the calling thread that needed no disk.
fn page_faults() -> i64 {
    // SAFETY: an all-zero rusage is valid, and the call only writes to it.
    unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        assert_eq!(libc::getrusage(libc::RUSAGE_THREAD, &raw mut usage), 0);
        usage.ru_minflt
    }
}

fn first_touches(file: &Path) {
    let mut builder = Segment::builder().prefault(true);
    if !file.ends_with("no-file") {
        builder = builder.path(file);
    }
    builder.install().unwrap();
    let registry = Registry::new();
    let metrics = FullMetrics::register(&registry).unwrap();
    let symbols: Vec<_> = (0..50).map(|n| Symbol::intern(&format!("S{n}"))).collect();
    let all: Vec<_> = symbols.iter().map(|&symbol| metrics.latency.with(symbol)).collect();
    let record = || {
        for (&symbol, latency) in symbols.iter().zip(&all) {
            metrics.by_symbol.with(symbol).inc();
            (0..40).for_each(|shift| latency.record(1 << shift));
        }
    };
    metrics.records.inc();
    // The code itself, before it is counted.
    record();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            metrics.records.inc();
            let attached = page_faults();
            record();
            assert_eq!(page_faults() - attached, 0, "registered before the thread came");
            let late: Histogram =
                registry.register(&Description::new("late", "Late.").sigfigs(3)).unwrap();
            let registered = page_faults();
            (0..40).for_each(|shift| late.record(1 << shift));
            assert_eq!(page_faults() - registered, 0, "registered after");
        });
    });
    println!("\nall there");
}

#[test]
fn prefaulted_memory_is_present() {
    let folder = Folder::new("prefault");
    for file in [folder.file(), folder.0.join("no-file")] {
        let said = output(command(&[], "prefault", &file));
        assert!(said.contains("\nall there") && !said.contains("tickmetrics:"), "{said}");
    }
}

fn flags_of_the_largest_mapping() -> String {
    let smaps = fs::read_to_string("/proc/self/smaps").unwrap();
    let (mut size, mut largest) = (0, (0, String::new()));
    for line in smaps.lines() {
        match line.split(':').next() {
            Some("Size") => size = line.split_whitespace().nth(1).unwrap().parse().unwrap(),
            Some("VmFlags") if size > largest.0 => largest = (size, line.to_owned()),
            _ => {}
        }
    }
    largest.1
}

#[test]
fn an_option_does_what_it_says_or_says_why_not() {
    let check = |said: &str, locked: bool| {
        let flags: Vec<_> =
            said.lines().find(|line| line.starts_with("VmFlags")).unwrap().split(' ').collect();
        assert!(!flags.contains(&"dd"), "dumped: {flags:?}");
        assert!(flags.contains(&"hg") || said.contains("tickmetrics: huge_pages: "), "{said}");
        assert_eq!(flags.contains(&"lo"), locked, "{flags:?}");
        let warned = said.contains("tickmetrics: lock_memory: ") && said.contains("ulimit -l");
        assert_eq!(warned, !locked, "{said}");
    };
    // The test does not know whether this user may lock as much: one of both holds.
    let said = output(command(&[], "options", Path::new("none")));
    check(&said, !said.contains("lock_memory"));
    // In a user namespace of its own it has no right to more than the limit.
    let limited = ["unshare", "-r", "sh", "-c", r#"ulimit -l 64 && exec "$0" "$@""#];
    if can_mount() {
        check(&output(command(&limited, "options", Path::new("none"))), false);
    }
}

/// Counts after the process locked all its memory to come.
fn lock_all(file: &Path) {
    // SAFETY: it changes only the pages in memory.
    if unsafe { libc::mlockall(libc::MCL_CURRENT | libc::MCL_FUTURE) } != 0 {
        println!("\nrefused");
        return;
    }
    let before = resident();
    let builder = Segment::builder().shards(8).shard_bytes(64 << 20).directory_bytes(1 << 20);
    let builder = builder.shared_bytes(1 << 20);
    if file.as_os_str() == "none" { builder } else { builder.path(file) }.install().unwrap();
    let registry = Registry::new();
    let metrics = FullMetrics::register(&registry).unwrap();
    metrics.records.inc();
    metrics.latency.with(Symbol::intern("a")).record(3);
    assert_eq!(metrics.records.get(), 1);
    assert!(flags_of_the_largest_mapping().contains(" lo"), "pages in use are locked");
    println!("\ngrown {}", resident().saturating_sub(before));
}

/// Locks all memory after the segment was made, with the default sizes.
fn lock_all_later(file: &Path) {
    if file.as_os_str() != "none" {
        Segment::builder().path(file).install().unwrap();
    }
    let register = |registry: &Registry| FullMetrics::register(registry).unwrap();
    let metrics = register(&Registry::new());
    metrics.records.inc();
    let before = resident();
    // SAFETY: it changes no memory, only which pages are resident.
    if unsafe { libc::mlockall(libc::MCL_CURRENT) } != 0 {
        println!("\nrefused");
        return;
    }
    // Further cells and another shard, which are given access after the lock.
    let later = register(&Registry::new());
    later.latency.with(Symbol::intern("a")).record(3);
    std::thread::spawn(move || (metrics.records.inc(), later.records.inc())).join().unwrap();
    assert_eq!((metrics.records.get(), later.records.get()), (2, 1));
    println!("\ngrown {}", resident().saturating_sub(before));
}

/// Kilobytes of this process that are in memory.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse().unwrap()
}

#[test]
fn a_process_may_lock_all_its_memory() {
    let folder = Folder::new("lock-all");
    for role in ["lock all", "lock all later"] {
        for file in [Path::new("none"), &folder.file()] {
            let said = output(command(&[], role, file));
            if said.lines().any(|line| line == "refused") {
                return skip("mlockall: this user may not lock enough memory (ulimit -l)");
            }
            let grown = said.lines().find_map(|line| line.strip_prefix("grown ")).expect(&said);
            // Of half a gigabyte of address space, and of a terabyte.
            assert!(grown.parse::<u64>().unwrap() < 64 << 10, "{role}: {grown} kB");
        }
    }
}
