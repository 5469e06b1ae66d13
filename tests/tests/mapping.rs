//! The kernel's figures for the segment's memory: reserved and not committed, left out of core
//! dumps, and all present once a thread has warmed up.

use tickmetrics::prelude::*;

#[derive(Clone, Copy, Label)]
#[label(capacity = 4096)]
struct Symbol(LabelId);

#[derive(Metrics)]
#[metrics(prefix = "mapping")]
struct MappingMetrics {
    /// A counter for each symbol.
    ticks: Counter<Symbol>,
    /// An up-down counter for each symbol.
    depth: UpDownCounter<Symbol>,
    /// A price for each symbol.
    price: Gauge<Symbol>,
    /// A histogram for each symbol.
    #[metric(unit = "seconds")]
    latency: Histogram<Symbol>,
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

/// The value of a field, in KiB, and the flags of the largest mapping of this process.
fn largest_mapping() -> (u64, u64, String) {
    let smaps = std::fs::read_to_string("/proc/self/smaps").unwrap();
    let number = |line: &str| line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap();
    let (mut size, mut resident, mut largest) = (0, 0, (0, 0, String::new()));
    for line in smaps.lines() {
        match line.split(':').next() {
            Some("Size") => size = number(line),
            Some("Rss") => resident = number(line),
            Some("VmFlags") if size > largest.0 => largest = (size, resident, line.to_owned()),
            _ => {}
        }
    }
    largest
}

#[test]
fn the_kernel_holds_what_was_touched_and_dumps_none_of_it() {
    let metrics = MappingMetrics::register(&Registry::new()).unwrap();
    let (size, resident, flags) = largest_mapping();
    assert!(size >= 257 * (256 << 10), "{size} KiB are reserved");
    assert!(resident < 1024, "{resident} KiB are resident before any record");
    let has = |flag: &str| flags.split_whitespace().any(|there| there == flag);
    assert!(has("dd"), "not dumped: {flags}");
    assert!(has("nr"), "no swap is reserved: {flags}");

    let symbols: Vec<Symbol> = (0..200).map(|n| Symbol::intern(&format!("S{n}"))).collect();
    let record = |value: u64| {
        for &symbol in &symbols {
            metrics.ticks.with(symbol).inc();
            metrics.depth.with(symbol).add(1);
            metrics.price.with(symbol).set(value as f64);
            metrics.latency.with(symbol).record(value);
        }
    };
    // The calls themselves touch pages: the stack and the code.
    let cold = page_faults();
    record(1);
    assert!(page_faults() > cold, "first touches fault: the test can tell");

    std::thread::scope(|scope| {
        scope.spawn(|| {
            tickmetrics::warm_up();
            let warm = page_faults();
            for shift in 0..40 {
                record(1 << shift);
            }
            assert_eq!(page_faults() - warm, 0, "after warm_up no record may fault");
        });
    });
}
