//! Segments of processes that come, die and go.

use crate::support::{Memory, PATIENCE, quick};
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::chown;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tests::processes::Folder;
use tests::programs::skip;
use tickmetrics::Segment;
use tickmetrics::prelude::*;
use tickmetrics_collector::batch::EventKind::{ParseError, SourceDown, SourceRestart, SourceUp};
use tickmetrics_collector::batch::Value;
use tickmetrics_collector::{Source, TotalLimits};

const FILE: &str = "TICKMETRICS_TEST_FILE";

/// What a process counts: 7 orders, 2 waits, one of them below zero, and 2 pauses as a summary.
#[test]
fn in_another_process() {
    let Some(file) = std::env::var_os(FILE) else { return };
    Segment::builder().shard_bytes(8 << 20).path(&file).install().unwrap();
    let registry = Registry::global();
    let orders: Counter = registry.register(&Description::new("orders_total", "Orders.")).unwrap();
    orders.add(7);
    let wait: Histogram = registry.register(&Description::new("wait", "Waits.").max(9)).unwrap();
    wait.record(3);
    wait.record_signed(-1);
    let pause = Description::new("pause", "Pauses.").buckets([]).quantiles([0.0, 1.0]);
    let pause: Histogram = registry.register(&pause).unwrap();
    [5, 7].into_iter().for_each(|value| pause.record(value));
    println!("\nready");
    std::io::stdin().lines().for_each(drop);
}

/// A process that counts, killed at the end.
struct Writer(Child);

impl Writer {
    fn start(file: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "segments::in_another_process", "--nocapture"])
            .env(FILE, file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.map_while(Result::ok).any(|line| line == "ready"), "it ended before");
        Self(child)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn processes_come_die_and_go() {
    let folder = Folder::new("collector");
    let file = folder.0.join("feed.metrics");
    let memory = Memory::default();
    let pattern = format!("{}/*.metrics", folder.0.display());
    let collector = quick(&memory).source(Source::new(&pattern)).start().unwrap();
    memory.wait_for_event(SourceDown, "there is no segment");
    let first = Writer::start(&file);
    memory.wait_for_samples("feed", 8);
    let last = memory.with(|stored| stored.last("feed"));
    assert_eq!(last.len(), 4, "{last:?}");
    let Value::Summary(pause) = &last["summary pause{}"] else { panic!("{last:?}") };
    assert_eq!((pause.count, pause.sum), (2.0, 12.0));
    assert_eq!(pause.quantiles, [(0.0, 5.0), (1.0, 7.0)]);
    assert_eq!(last["counter orders_total{}"], Value::Number(7.0));
    assert_eq!(last["counter wait_negative_total{}"], Value::Number(1.0));
    let Value::Histogram(wait) = &last["histogram wait{}"] else { panic!("{last:?}") };
    assert_eq!((wait.count, wait.sum), (1.0, 3.0));
    assert_eq!(wait.buckets.last(), Some(&(f64::INFINITY, 1.0)));

    drop(first);
    memory.wait_for_event(SourceDown, "is dead");
    // Its last values are stored once, with the event.
    let count = |memory: &Memory| memory.with(|stored| stored.samples("feed").len());
    let (before, cycles) = (count(&memory), collector.status().cycles);
    while collector.status().cycles < cycles + 5 {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert_eq!(count(&memory), before);

    let second = Writer::start(&file);
    memory.wait_for_event(SourceRestart, "is another one");
    memory.wait_for_samples("feed", before + 4);
    fs::remove_file(&file).unwrap();
    memory.wait_for_event(SourceDown, "its file is gone");
    drop(second);
    let status = collector.stop().unwrap();
    let [none] = &status.sources[..] else { panic!("{status:?}") };
    assert!(!none.is_up() && none.target == pattern, "{status:?}");
    let kinds = memory.with(|stored| stored.kinds("feed"));
    assert_eq!(kinds, [SourceUp, SourceDown, SourceRestart, SourceUp, SourceDown]);
}

#[test]
fn a_process_that_two_targets_name_is_read_once() {
    let folder = Folder::new("collector-twice");
    let memory = Memory::default();
    let files = ["a.metrics", "b.metrics"].map(|name| folder.0.join(name));
    let _writers = files.each_ref().map(|file| Writer::start(file));
    let at = |pattern: &str| Source::new(format!("{}/{pattern}", folder.0.display()));
    // A pattern, one that matches more, the folder, and a file of it by another path.
    let collector = quick(&memory)
        .source(at("a*.metrics"))
        .source(at("*.metrics"))
        .source(at(""))
        .source(at("./a.metrics"))
        .source(at("a.metrics").service("other"))
        .once()
        .start()
        .unwrap();
    assert!(collector.wait(PATIENCE));
    let status = collector.stop().unwrap();
    memory.with(|stored| {
        for service in ["a", "b", "other"] {
            assert_eq!(stored.samples(service).len(), 4, "{service}");
        }
        let told = stored.events().iter().filter(|it| it.message.contains("and not twice")).count();
        assert_eq!(told, 3, "{:?}", stored.events());
    });
    assert!(status.sources.iter().all(|it| it.service.len() < 6), "{status:?}");
}

#[test]
fn what_is_not_read_is_explained_to_the_collectors_user() {
    let folder = Folder::new("collector-refused");
    let memory = Memory::default();
    let files = ["a.metrics", "b.metrics"].map(|name| folder.0.join(name));
    let _writers = files.each_ref().map(|file| Writer::start(file));
    let mut limits = TotalLimits::default();
    limits.targets = 1;
    let source = || Source::new(format!("{}/*.metrics", folder.0.display()));
    let collector = quick(&memory).source(source()).limits(limits).start().unwrap();
    memory.wait_for_event(ParseError, "raise limits.targets in the configuration file");
    collector.stop().unwrap();
    if chown(&files[1], Some(54_321), None).is_err() {
        return skip("files can't be given to others: run as root");
    }
    let collector = quick(&memory).source(source()).start().unwrap();
    memory.wait_for_event(ParseError, "run a collector as this user");
    collector.stop().unwrap();
}

#[test]
fn a_target_without_a_segment_is_down() {
    let folder = Folder::new("collector-empty");
    let memory = Memory::default();
    let pattern = format!("{}/*.metrics", folder.0.display());
    let collector = quick(&memory).source(Source::new(&pattern)).once().start().unwrap();
    let event = memory.wait_for_event(SourceDown, "there is no segment");
    assert!(collector.wait(PATIENCE), "{event}");
    let status = collector.stop().unwrap();
    let [source] = &status.sources[..] else { panic!("{status:?}") };
    assert!(
        !source.is_up() && source.target == pattern && *source.service == *pattern,
        "{source:?}"
    );
    assert_eq!(status.failed_scrapes, 1);
    memory.with(|stored| assert_eq!(stored.kinds(&pattern), [SourceDown]));
}

#[test]
fn families_of_a_segment_are_filtered() {
    let folder = Folder::new("collector-filtered");
    let file = folder.0.join("feed.metrics");
    let memory = Memory::default();
    let _writer = Writer::start(&file);
    let source =
        Source::new(file.to_str().unwrap()).deny("wait").deny("pause").deny("*_negative_*");
    let collector = quick(&memory).source(source).once().start().unwrap();
    assert!(collector.wait(PATIENCE));
    collector.stop().unwrap();
    let last = memory.with(|stored| stored.last("feed"));
    assert_eq!(last.keys().collect::<Vec<_>>(), ["counter orders_total{}"]);
}
