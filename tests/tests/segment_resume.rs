//! A segment in a file that resumes the counts of earlier runs. Each run is this test program in a
//! process of its own; their counts are added up here.

use hdrhistogram::Histogram as Hdr;
use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;
use tests::processes::{Folder, Other, command, output, role, say, wait};
use tests::programs::skip;
use tickmetrics::prelude::*;
use tickmetrics::{Interner, Segment, SegmentReader, Values};

#[derive(Clone, Copy, Label)]
enum Side {
    Buy,
    Sell,
}

#[derive(Clone, Copy, Label)]
#[label(capacity = 8)]
struct Symbol(LabelId);

#[derive(Metrics)]
#[metrics(prefix = "gateway")]
struct GatewayMetrics {
    /// Orders.
    orders: Counter,
    /// Fills.
    fills: Counter<(Symbol, Side)>,
    /// In flight.
    in_flight: UpDownCounter,
    /// A limit.
    limit: Gauge,
    /// Time to decode.
    #[metric(unit = "seconds", sigfigs = 3, max = "1ms")]
    decode: Histogram<Symbol>,
    /// Time in the queue.
    #[metric(unit = "seconds")]
    wait: Histogram<Side>,
}

/// The part of the other process. Run directly, this test does nothing.
#[test]
fn in_another_process() {
    let Some((role, file)) = role() else { return };
    let (what, run) = role.split_once(' ').unwrap_or((&role, "0"));
    let run: u64 = run.parse().unwrap();
    if what == "environment" {
        counter::<Counter>(&Registry::new(), "orders_total").inc();
        return say("done");
    }
    if what == "other_order_before" {
        assert_ne!(Symbol::intern("TSLA").0, Symbol::intern("AAPL").0);
    }
    if what == "same_order_before" {
        assert_ne!(Symbol::intern("AAPL").0, Symbol::intern("MSFT").0);
    }
    let small = 64 << 10;
    let (shards, shard_bytes) =
        if what == "run" { (4 + 4 * usize::try_from(run).unwrap(), 4 << 20) } else { (4, 4 << 20) };
    let shared = if what == "too_small" { small } else { 1 << 20 };
    let directory = if what == "too_small" { small } else { 256 << 10 };
    let builder = Segment::builder().shards(shards).shard_bytes(shard_bytes);
    let builder = builder.directory_bytes(directory).shared_bytes(shared);
    if let Err(error) = builder.path(file).resume(true).install() {
        return say(&error.to_string());
    }
    let registry = Registry::new();
    match what {
        "run" => {
            let metrics = GatewayMetrics::register(&registry).unwrap();
            counts_since_a_run_that_is_known(&registry);
            count(&metrics, run);
        }
        "endless" => endless(&GatewayMetrics::register(&registry).unwrap()),
        "idle" | "too_small" => drop(GatewayMetrics::register(&registry).unwrap()),
        "fill" | "other_order" | "other_order_before" | "same_order_before" => {
            let metrics = GatewayMetrics::register(&registry).unwrap();
            let symbols: &[&str] = match what {
                "fill" => &["AAPL", "MSFT"],
                _ => &["TSLA", "MSFT", "AAPL"],
            };
            for (symbol, n) in symbols.iter().zip(1..) {
                metrics.fills.with((Symbol::intern(symbol), Side::Sell)).add(n);
            }
        }
        "before" | "after" => changing(&registry, what == "after"),
        "late" => {
            let early: Counter = counter(&registry, "early_total");
            early.inc();
            say("started");
            wait();
            let late: Counter = counter(&registry, "late_total");
            late.inc();
        }
        "many" => many(&registry),
        _ => panic!("{what}"),
    }
    say("done");
    wait();
}

/// Nobody knows when an earlier run began. Up-down counters are not carried over.
fn counts_since_a_run_that_is_known(registry: &Registry) {
    let snapshot = registry.snapshot();
    let is_kept = snapshot.counter("gateway_orders_total", &[]) > Some(0);
    let created = |name: &str| snapshot.family(name).unwrap().series().next().unwrap().created();
    assert_eq!(created("gateway_orders_total").is_none(), is_kept);
    assert_eq!(created("gateway_wait_seconds").is_none(), is_kept);
    assert!(created("gateway_in_flight").is_some_and(|at| at <= std::time::SystemTime::now()));
}

fn counter<M: tickmetrics::Metric>(registry: &Registry, name: &str) -> M {
    registry.register(&Description::new(name, "Help.")).unwrap()
}

/// Values of the third, fourth... order of magnitude, some above the maximum of `decode`.
fn values(run: u64) -> impl Iterator<Item = u64> {
    (0..2_000).map(move |n| n * n / 3 * run + run)
}

fn count(metrics: &GatewayMetrics, run: u64) {
    std::thread::scope(|scope| {
        for _ in 0..=3 * run {
            scope.spawn(|| {
                for value in values(run) {
                    metrics.orders.inc();
                    metrics.in_flight.add(1);
                    metrics.decode.with(Symbol::intern("AAPL")).record(value);
                    metrics.wait.with(Side::Buy).record(value);
                }
                let own = format!("R{run}");
                metrics.fills.with((Symbol::intern(&own), Side::Sell)).add(run);
                metrics.fills.with((Symbol::intern("AAPL"), Side::Sell)).add(run);
                metrics.limit.set(2.5);
            });
        }
    });
}

/// Counts until it is killed.
fn endless(metrics: &GatewayMetrics) {
    for thread in 0..3 {
        let metrics = GatewayMetrics { ..*metrics };
        std::thread::spawn(move || {
            for value in (0..).map(|n: u64| n % 1_000_000 + thread) {
                metrics.orders.inc();
                metrics.fills.with((Symbol::intern("MSFT"), Side::Buy)).inc();
                metrics.decode.with(Symbol::intern("AAPL")).record(value);
                metrics.wait.with(Side::Sell).record(value);
            }
        });
    }
    say("counting");
    wait();
}

fn snapshot(file: &Path) -> Snapshot {
    SegmentReader::open(file).unwrap().snapshot().unwrap()
}

/// All counts as Prometheus would see them, without the state of the process.
fn counts(snapshot: &Snapshot) -> String {
    let mut text = String::new();
    tickmetrics_exporter::encode::text(snapshot, &mut text);
    let state =
        |line: &&str| !line.contains("gateway_limit") && !line.contains("gateway_in_flight");
    text.lines().filter(state).collect::<Vec<_>>().join("\n")
}

/// A run that ends by itself, and its messages of tickmetrics on standard error.
fn run(role: &str, file: &Path) -> Vec<String> {
    let mut command = command(&[], role, file);
    command.stdin(std::process::Stdio::null());
    let said = output(command);
    assert!(said.contains("says: done"), "{said}");
    said.lines().filter(|line| line.starts_with("tickmetrics: ")).map(str::to_owned).collect()
}

const NOTHING: [&str; 0] = [];

#[test]
fn counts_go_on_over_runs_one_of_them_killed() {
    let folder = Folder::new("resume");
    let file = folder.file();
    let mut expected = (0, Hdr::<u64>::new_with_bounds(1, 1_000_000, 3).unwrap(), Vec::new());
    let mut reckon = |run: u64| {
        for _ in 0..=3 * run {
            expected.0 += values(run).count() as u64;
            values(run).for_each(|value| expected.1.saturating_record(value));
            expected.2.extend(values(run));
        }
        expected.clone()
    };
    assert_eq!(run("run 1", &file), NOTHING);
    reckon(1);
    let mut old = SegmentReader::open(&file).unwrap();
    let before = counts(&old.snapshot().unwrap());
    assert_eq!(run("run 2", &file), NOTHING);
    assert_eq!(counts(&old.snapshot().unwrap()), before, "who has the old file reads the old run");
    let (orders, decode, all) = reckon(2);

    let now = snapshot(&file);
    assert_eq!(now.counter("gateway_orders_total", &[]), Some(orders));
    let fills = |now: &Snapshot, symbol| {
        now.counter("gateway_fills_total", &[("symbol", symbol), ("side", "sell")])
    };
    assert_eq!(fills(&now, "AAPL"), Some(4 + 7 * 2));
    assert_eq!((fills(&now, "R1"), fills(&now, "R2")), (Some(4), Some(14)));
    assert_eq!(now.gauge("gateway_in_flight", &[]), Some(14_000.0), "of this run alone");
    let aapl = now.histogram("gateway_decode_seconds", &[("symbol", "AAPL")]).unwrap();
    assert_eq!(aapl.count(), all.len() as u64);
    let sum: u64 = all.iter().sum();
    assert!((aapl.sum() - sum as f64 / 1e9).abs() < 1e-9 * aapl.sum());
    let saturated = all.iter().filter(|&&value| value > 1_000_000).count() as u64;
    assert_eq!(aapl.saturated(), saturated);
    assert_eq!(aapl.min(), Some(1e-9));
    assert_eq!(aapl.max(), all.iter().max().map(|&max| max as f64 / 1e9));
    let hdr = aapl.to_hdr();
    for quantile in [0.0, 0.1, 0.25, 0.5, 0.75] {
        assert_eq!(hdr.value_at_quantile(quantile), decode.value_at_quantile(quantile));
    }
    assert_eq!(
        now.histogram("gateway_wait_seconds", &[("side", "buy")]).unwrap().count(),
        all.len() as u64
    );

    // Killed while three threads count.
    let mut third = Other::start("endless", &file);
    assert_eq!(third.says(), "counting");
    let mut reader = SegmentReader::open(&file).unwrap();
    while reader.snapshot().unwrap().counter("gateway_orders_total", &[]).unwrap() < orders + 10_000
    {
        std::thread::yield_now();
    }
    third.kill();
    let killed = reader.snapshot().unwrap();
    let at_end = killed.counter("gateway_orders_total", &[]).unwrap();
    assert!(at_end >= orders + 10_000);
    assert_eq!(fills(&killed, "AAPL"), Some(18));
    let of_killed = counts(&killed);

    let mut fourth = Other::start("idle", &file);
    assert_eq!(fourth.says(), "done");
    let now = snapshot(&file);
    assert_eq!(counts(&now), of_killed);
    assert_eq!(now.gauge("gateway_in_flight", &[]), Some(0.0));
    assert_eq!(now.gauge("gateway_limit", &[]), Some(0.0));
    let process = SegmentReader::open(&file).unwrap().process().unwrap();
    assert_eq!((process.pid, process.is_alive), (fourth.child.id(), true));
    // It lives, so that nobody takes its file.
    let error = Other::start("idle", &file).says();
    assert!(error.contains("lives"), "{error}");
    fourth.kill();

    assert_eq!(run("run 3", &file), NOTHING);
    let orders = at_end + 10 * values(3).count() as u64;
    assert_eq!(snapshot(&file).counter("gateway_orders_total", &[]), Some(orders));
    assert_eq!(fills(&snapshot(&file), "AAPL"), Some(18 + 30));
    assert_eq!(folder.names(), ["segment"]);
}

#[test]
fn interned_values_keep_their_numbers_whatever_the_order() {
    let folder = Folder::new("resume-order");
    let file = folder.file();
    let fills = |symbol| {
        snapshot(&file).counter("gateway_fills_total", &[("symbol", symbol), ("side", "sell")])
    };
    let all = || ["AAPL", "MSFT", "TSLA"].map(fills);
    assert_eq!(run("fill", &file), NOTHING);
    assert_eq!(all(), [Some(1), Some(2), None]);
    assert_eq!(run("other_order", &file), NOTHING);
    assert_eq!(all(), [Some(4), Some(4), Some(1)]);
    // Interned before there was a segment, as they were in the earlier run.
    assert_eq!(run("same_order_before", &file), NOTHING);
    assert_eq!(all(), [Some(7), Some(6), Some(2)]);
    // And as they were not.
    let said = run("other_order_before", &file);
    assert_eq!(all(), [Some(3), Some(2), Some(1)]);
    assert!(said[0].contains("::Symbol have other numbers"), "{said:?}");
    let about = |name: &str| said.iter().filter(|line| line.contains(name)).count();
    assert_eq!(
        (said.len(), about("gateway_fills_total"), about("gateway_decode_seconds")),
        (3, 1, 1)
    );
}

/// One more value than `Side` has.
#[derive(Clone, Copy, Label)]
#[label(rename = "side")]
enum Sides {
    Buy,
    Sell,
    Short,
}

static UNNAMED: Interner = Interner::new(8);

#[derive(Clone, Copy)]
struct Unnamed(LabelId);

impl Label for Unnamed {
    const NAME: &'static str = "unnamed";
    const COUNT: usize = 9;

    fn values() -> Values {
        Values::Interned(&UNNAMED)
    }

    fn index(self) -> usize {
        self.0.index()
    }
}

/// Metrics of which all but the first and the last are others after the change.
fn changing(registry: &Registry, after: bool) {
    let help = if after { "Now." } else { "Then." };
    let same: Counter = registry.register(&Description::new("same_total", help)).unwrap();
    same.inc();
    let wait =
        |name: &str| Description::new(name, "Time.").unit("seconds").sigfigs(1).max(1_000_000);
    let record = |description: Description| {
        registry.register::<Histogram>(&description).unwrap().record(500);
    };
    record(wait("buckets_seconds").buckets([if after { 1_000 } else { 2_000 }]));
    record(wait("digits_seconds").sigfigs(if after { 2 } else { 1 }));
    record(wait("max_seconds").max(if after { 2_000_000 } else { 1_000_000 }));
    record(wait("same_seconds"));
    if after {
        let _ = [Sides::Buy, Sides::Short];
        counter::<Counter<Sides>>(registry, "values_total").with(Sides::Sell).inc();
        counter::<Counter<bool>>(registry, "labels_total").with(true).inc();
        counter::<Histogram>(registry, "kind").record(1);
    } else {
        counter::<Counter<Side>>(registry, "values_total").with(Side::Sell).inc();
        counter::<Counter>(registry, "labels_total").inc();
        counter::<Counter>(registry, "kind").inc();
    }
    counter::<Counter<Unnamed>>(registry, "unnamed_total").with(Unnamed(UNNAMED.intern("a"))).inc();
    // Each function has one, as under `#[timed]`: no change of the other.
    let function = if after { "b" } else { "a" };
    let calls = Description::new("calls_total", "Calls.").constant("function", function);
    registry.register::<Counter>(&calls).unwrap().inc();
}

#[test]
fn only_changed_metrics_start_fresh_and_are_reported() {
    let folder = Folder::new("resume-changed");
    let file = folder.file();
    assert_eq!(run("before", &file), NOTHING);
    assert_eq!(run("before", &file), NOTHING);
    let said = run("after", &file);
    let changes = [
        ("buckets_seconds", "buckets (was [2000], is [1000])"),
        ("digits_seconds", "significant digits (was 1, is 2)"),
        ("max_seconds", "maximum (was 1000000, is 2000000)"),
        ("values_total", "values of the label side (was [\"buy\", \"sell\"], is"),
        ("labels_total", "labels (was [], is [\"flag\"])"),
        ("kind", "kind (was Counter, is Histogram)"),
    ];
    assert_eq!(said.len(), changes.len(), "{said:?}");
    for (line, (name, change)) in said.iter().zip(changes) {
        let start = format!("tickmetrics: {name} starts from zero, since it changed: {change}");
        assert!(line.starts_with(&start), "{line}");
    }
    let check = |n: u64| {
        let now = snapshot(&file);
        let count = |name| now.histogram(name, &[]).unwrap().count();
        assert_eq!(now.counter("same_total", &[]), Some(n + 2));
        assert_eq!(
            now.families().find(|family| family.name() == "same_total").unwrap().help(),
            "Now."
        );
        assert_eq!(count("same_seconds"), n + 2);
        assert_eq!(["buckets_seconds", "digits_seconds", "max_seconds", "kind"].map(count), [n; 4]);
        assert_eq!(now.counter("values_total", &[("side", "sell")]), Some(n));
        assert_eq!(now.counter("labels_total", &[("flag", "true")]), Some(n));
        assert_eq!(now.counter("labels_total", &[]), None, "the old one is gone");
        assert_eq!(now.counter("unnamed_total", &[("unnamed", "a")]), Some(1));
        assert_eq!(now.counter("calls_total", &[("function", "b")]), Some(n));
        assert_eq!(now.counter("calls_total", &[("function", "a")]), None, "not registered");
    };
    check(1);
    // The new ones continue from there.
    assert_eq!(run("after", &file), NOTHING);
    check(2);
    // The metrics that they replaced are lost, except for the one with other labels, which could
    // coexist with its successor.
    assert_eq!(run("before", &file).len(), changes.len() - 1);
    let now = snapshot(&file);
    assert_eq!(now.counter("labels_total", &[]), Some(3));
    assert_eq!(now.histogram("buckets_seconds", &[]).unwrap().count(), 1);
    assert_eq!(now.counter("same_total", &[]), Some(5));
}

#[test]
fn metrics_registered_late_or_two_runs_later_continue() {
    let folder = Folder::new("resume-late");
    let file = folder.file();
    let late = || snapshot(&file).counter("late_total", &[]);
    for n in 1..=2 {
        let mut other = Other::start("late", &file);
        assert_eq!(other.says(), "started");
        assert_eq!(late(), None, "not before it is registered");
        other.tell();
        assert_eq!(other.says(), "done");
        assert_eq!(late(), Some(n));
        other.kill();
        // A run that never registers it.
        let mut other = Other::start("late", &file);
        assert_eq!(other.says(), "started");
        other.kill();
        assert_eq!(late(), None);
    }
    assert_eq!(snapshot(&file).counter("early_total", &[]), Some(4));
}

#[test]
fn a_file_that_does_not_fit_is_replaced_and_the_reason_told() {
    const VERSION: u64 = 2;
    const SHARD_WORDS: u64 = 5;
    const DIRECTORY_USED: u64 = 8;
    let folder = Folder::new("resume-damage");
    let file = folder.file();
    let word = |at: u64| {
        let mut bytes = [0; 8];
        fs::File::open(&file).unwrap().read_exact_at(&mut bytes, at * 8).unwrap();
        u64::from_ne_bytes(bytes)
    };
    let write = |at: u64, value: u64| {
        let file = fs::File::options().write(true).open(&file).unwrap();
        file.write_all_at(&value.to_ne_bytes(), at * 8).unwrap();
    };
    let orders = || snapshot(&file).counter("gateway_orders_total", &[]).unwrap();
    let fresh = |why: &str| {
        let said = run("run 1", &file);
        assert!(said.len() == 1 && said[0].contains("is not resumed"), "{said:?}");
        assert!(said[0].contains(why), "{said:?}");
        assert_eq!(orders(), 8_000);
        assert_eq!(folder.names(), ["segment"]);
    };
    assert_eq!(run("run 1", &file), NOTHING);
    write(VERSION, word(VERSION) + 1);
    fresh("newer version");
    write(SHARD_WORDS, word(SHARD_WORDS) + 1);
    fresh("cut short");
    write(SHARD_WORDS, 0);
    fresh("header");
    let length = fs::metadata(&file).unwrap().len();
    fs::File::options().write(true).open(&file).unwrap().set_len(length / 2).unwrap();
    fresh("cut short");
    // The directory begins on the first 64 KiB.
    write(8 << 10, u64::MAX);
    fresh("damaged at word 0");
    // More series than the labels have, which only the check of whole entries finds.
    assert_eq!(word(8 << 10) >> 32, 3, "the entry of a metric");
    write((8 << 10) + 4, 2);
    fresh("damaged at word 0");
    // A claim, as a resumed run writes it, for a missing metric, and for one that is claimed
    // already.
    for claimed in [1, 2] {
        assert_eq!(run("run 1", &file), NOTHING);
        assert_eq!(orders(), 16_000);
        let mut claims = Vec::new();
        let (mut at, end) = (8 << 10, (8 << 10) + word(DIRECTORY_USED));
        while at < end {
            claims.extend((word(at) >> 32 == 5).then_some(at));
            at += word(at) & u64::from(u32::MAX);
        }
        assert_eq!(claims.len(), 4, "all but the gauge and the up-down counter");
        write(claims[1] + 1, if claimed == 1 { 1 } else { word(claims[0] + 1) });
        let error = SegmentReader::open(&file).unwrap().snapshot().unwrap_err().to_string();
        let expected = format!("damaged at word {}", claims[1] - (8 << 10));
        assert!(error.contains(&expected), "{error}");
        fresh(&expected);
    }
    // Cells outside the shard, of a series that nobody touched: the first word of a table.
    let table = (0..(1_u64 << 20) / 8).map(|at| (8 << 10) + (256 << 10) / 8 + at);
    let entry = table.clone().skip(16).find(|&at| (1..1 << 32).contains(&word(at))).unwrap();
    write(entry, u64::from(u32::MAX));
    fresh("outside");
    // Only root can give a file to another user.
    match std::os::unix::fs::chown(&file, Some(65_534), None) {
        Ok(()) => fresh("another user's"),
        Err(error) => skip(&format!("another user's file ({error})")),
    }
    // Its counts have no room in the requested sizes.
    run("many", &file);
    let said = run("too_small", &file);
    assert!(said[0].contains("raise Segment::builder()."), "{said:?}");
    assert_eq!(orders(), 0);

    fs::write(&file, "no segment").unwrap();
    let mut other = Other::start("idle", &file);
    assert!(other.says().contains("is not a segment"));
    assert_eq!(fs::read_to_string(&file).unwrap(), "no segment");
}

/// Enough for the take-over to take a while.
fn many(registry: &Registry) {
    for n in 0..400_u64 {
        counter::<Counter<(Side, bool)>>(registry, &format!("n{n}_total"))
            .with((Side::Buy, true))
            .add(n);
        if n % 50 == 0 {
            let h: Histogram<Side> = counter(registry, &format!("h{n}"));
            (0..1_000).for_each(|value| h.with(Side::Sell).record(value * n));
        }
    }
}

#[test]
fn the_operator_can_resume_the_segment() {
    let folder = Folder::new("resume-environment");
    let file = folder.file();
    for (resume, orders) in
        [("1", 1), ("Yes", 2), ("0", 1), ("on", 2), ("true", 3), ("OFF", 1), ("", 1), ("2", 1)]
    {
        let mut command = command(&[], "environment", &file);
        command.env("TICKMETRICS_SEGMENT", &file).env("TICKMETRICS_SEGMENT_RESUME", resume);
        let said = output(command);
        let told =
            said.contains("TICKMETRICS_SEGMENT_RESUME is \"2\", and the segment is not resumed");
        assert_eq!(told, resume == "2", "{said}");
        assert_eq!(snapshot(&file).counter("orders_total", &[]), Some(orders));
    }
}

#[test]
fn a_kill_at_any_moment_loses_nothing() {
    let folder = Folder::new("resume-kill");
    let file = folder.file();
    let sum = || {
        let snapshot = snapshot(&file);
        let count = |n: u64| {
            let labels = [("side", "buy"), ("flag", "true")];
            snapshot.counter(&format!("n{n}_total"), &labels).unwrap()
        };
        let of_one = |n| snapshot.histogram(&format!("h{n}"), &[("side", "sell")]).unwrap().count();
        (
            (0..400).map(count).collect::<Vec<_>>(),
            (0..400).step_by(50).map(of_one).collect::<Vec<_>>(),
        )
    };
    run("many", &file);
    let first = sum();
    assert_eq!(first.0, (0..400).collect::<Vec<_>>());
    // How long it takes to get there, measured rather than guessed.
    let started = std::time::Instant::now();
    let mut other = Other::start("idle", &file);
    other.says();
    let whole = started.elapsed();
    other.kill();
    let (kills, mut in_the_middle) = (60, 0);
    for moment in 0..kills {
        let mut other = Other::start("idle", &file);
        std::thread::sleep(whole * moment / kills);
        other.kill();
        in_the_middle += usize::from(folder.names().len() > 1);
    }
    assert!(in_the_middle > 0, "none was copying when it was killed");
    run("many", &file);
    let (counters, histograms) = sum();
    assert_eq!(counters, first.0.iter().map(|n| n * 2).collect::<Vec<_>>());
    assert_eq!(histograms, [2_000; 8]);
    assert_eq!(folder.names(), ["segment"], "what the killed ones left beside it is gone");
}
