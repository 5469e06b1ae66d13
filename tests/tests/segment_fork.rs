//! A forked child of a process with a file counts on its own, outside that file, and releases the
//! file.

use std::fs;
use std::os::unix::process::CommandExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tests::processes::{self, Folder, Other, command, ends_well, output, role, say, try_lock};
use tests::programs::skip;
use tickmetrics::prelude::*;
use tickmetrics::{Segment, SegmentReader};

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
        snapshot.histogram("latency", &labels).map(tickmetrics::HistogramSnapshot::count),
    )
}

/// The part of the other process. Run directly, this test does nothing.
#[test]
fn in_another_process() {
    let Some((role, file)) = role() else { return };
    match role.as_str() {
        "busy" => return fork_while_others_register(&file),
        "may not" | "locked" => return fork_where_memory_stays(&role),
        "named" | "environment" => {}
        _ => return fork_in_the_midst(&role, &file),
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
    processes::park();
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
                    tickmetrics::warm_up();
                    counter.add(n);
                    own.snapshot().counter("own_total", &[]) == Some(n)
                });
                // SAFETY: ends the child without running the exit handlers of the parent.
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

/// Children that are forked while another thread installs the segment, or calibrates the clock, find
/// nothing half-made, and keep nothing of it.
fn fork_in_the_midst(role: &str, file: &Path) {
    match role {
        "holds" | "counts" | "fails" => {
            let install = || Segment::builder().shards(8).path(file).resume(true).install();
            let (installed, pid) = std::thread::scope(|scope| {
                let installing = scope.spawn(install);
                let temporary = format!(".segment.{}.0", std::process::id());
                while !file.with_file_name(&temporary).exists() && !installing.is_finished() {
                    std::hint::spin_loop();
                }
                say("forks");
                let pid = fork(|| match role {
                    "holds" => read_to_end_of_input(),
                    _ => counts_anew(file),
                });
                (installing.join().unwrap(), pid)
            });
            if role != "holds" {
                ends_well(pid);
            }
            match installed {
                Ok(()) => say("installed"),
                Err(error) => say(&error.to_string()),
            }
            processes::park();
        }
        "many" => {
            let done = AtomicBool::new(false);
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    Segment::builder().shards(8).path(file).resume(true).install().unwrap();
                    done.store(true, Ordering::Relaxed);
                });
                for _ in 0..200 {
                    if !done.load(Ordering::Relaxed) {
                        fork(read_to_end_of_input);
                    }
                }
            });
            let registry = Registry::new();
            for n in 0..200 {
                let description = Description::new(format!("n{n}"), "N.");
                registry.register::<Histogram>(&description).unwrap().record(n);
            }
            say("installed");
            processes::park();
        }
        // Before there is a segment, and after.
        "calibrates" | "calibrates later" => {
            let register = || {
                let description = Description::new("time", "Time.");
                Registry::new().register::<Histogram>(&description).unwrap()
            };
            let registered = (role == "calibrates later").then(register);
            let children: Vec<_> = std::thread::scope(|scope| {
                let calibrates = scope.spawn(tickmetrics::warm_up);
                let forked = (0..50).map_while(|_| {
                    let is_late = calibrates.is_finished();
                    (!is_late).then(|| fork(|| drop(registered.unwrap_or_else(register).start())))
                });
                forked.collect()
            });
            say(if children.is_empty() { "too late" } else { "done" });
            children.into_iter().for_each(ends_well);
            say("ended");
        }
        other => panic!("{other}"),
    }
}

/// As `processes::fork`, and the child ends if it waits for a lock that nobody gives back.
fn fork(child: impl FnOnce()) -> i32 {
    processes::fork(|| {
        // SAFETY: sets a timer.
        unsafe { libc::alarm(20) };
        child();
    })
}

/// Until the test lets go of the other end.
fn read_to_end_of_input() {
    let mut byte = 0_u8;
    // SAFETY: reads a byte; takes none of the locks that standard input has.
    while unsafe { libc::read(0, (&raw mut byte).cast(), 1) } > 0 {}
}

/// The own actions of a child, whatever its parent did: none of them shows in the parent's file.
fn counts_anew(file: &Path) {
    let registry = Registry::new();
    let own: Counter = registry.register(&Description::new("own_total", "Own.")).unwrap();
    own.add(3);
    assert_eq!(registry.snapshot().counter("own_total", &[]), Some(3));
    let folder = file.parent().unwrap().to_str().unwrap();
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    assert!(!maps.contains(folder), "{maps}");
    let open = fs::read_dir("/proc/self/fd")
        .unwrap()
        .filter_map(|entry| fs::read_link(entry.unwrap().path()).ok());
    let open: Vec<_> = open.collect();
    assert!(!open.iter().any(|open| open.starts_with(folder)), "{open:?}");
}

/// The remains of an ended process.
fn left_behind(file: &Path) {
    let mut other = Other::start("many", file);
    assert_eq!(other.says(), "installed");
    other.kill();
}

/// Children of a process that is gone close its file before anything else, but not before they run.
fn assert_let_go(reader: &SegmentReader) {
    let patience = Instant::now();
    while reader.process().unwrap().is_alive {
        assert!(patience.elapsed() < Duration::from_secs(10), "a child holds the file");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Starts a process that installs its segment at the path of a dead process's file. This process
/// holds the lock on that file meanwhile, so the other one forks while it waits.
fn forks_while_it_installs(role: &str, file: &Path) -> Other {
    left_behind(file);
    for _ in 0..50 {
        let held = fs::File::options().write(true).open(file).unwrap();
        assert!(try_lock(&held));
        let mut other = Other::start(role, file);
        assert_eq!(other.says(), "forks");
        if role != "fails" {
            // Where nothing keeps the other one from it, it has forked by then.
            std::thread::sleep(Duration::from_millis(20));
            drop(held);
        }
        let said = other.says();
        if (role == "fails") == said.contains("lives") || said == "installed" {
            return other;
        }
        assert!(said.contains("lives"), "{said}: it lost patience before the lock was given back");
    }
    panic!("it never waited long enough");
}

#[test]
fn a_child_forked_while_the_segment_is_installed_does_not_have_the_file() {
    let folder = Folder::new("fork-install");
    let mut other = forks_while_it_installs("holds", &folder.file());
    let reader = SegmentReader::open(folder.file()).unwrap();
    assert_eq!(reader.process().unwrap().pid, other.child.id());
    assert!(reader.process().unwrap().is_alive);
    // The child continues until the other end of its standard input is closed.
    let _stdin = other.child.stdin.take();
    other.kill();
    assert_let_go(&reader);
    left_behind(&folder.file());
}

#[test]
fn children_forked_while_a_segment_is_resumed_do_not_have_the_file() {
    let folder = Folder::new("fork-resume");
    left_behind(&folder.file());
    for round in 0..10 {
        let mut other = Other::start("many", &folder.file());
        assert_eq!(other.says(), "installed", "round {round}");
        let _stdin = other.child.stdin.take();
        other.kill();
        assert_let_go(&SegmentReader::open(folder.file()).unwrap());
    }
    let snapshot = SegmentReader::open(folder.file()).unwrap().snapshot().unwrap();
    assert_eq!(snapshot.histogram("n7", &[]).unwrap().count(), 11);
}

#[test]
fn a_child_forked_while_the_segment_is_installed_can_count() {
    let folder = Folder::new("fork-counts");
    forks_while_it_installs("counts", &folder.file());
}

#[test]
fn a_child_forked_while_an_installation_fails_has_nothing_of_it() {
    let folder = Folder::new("fork-fails");
    forks_while_it_installs("fails", &folder.file()).kill();
    left_behind(&folder.file());
    assert_eq!(folder.names(), ["segment"]);
}

#[test]
fn a_child_forked_while_the_clock_is_calibrated_can_time() {
    for role in ["calibrates", "calibrates later"] {
        let in_time = (0..50).any(|_| {
            let mut other = Other::start(role, Path::new("none"));
            let in_time = other.says() == "done";
            assert_eq!(other.says(), "ended");
            in_time
        });
        assert!(in_time, "the clock was calibrated before the first fork each time");
    }
}

/// Forks where the system does not take memory back as usual.
fn fork_where_memory_stays(role: &str) {
    let small = 64 << 10;
    let builder = Segment::builder().shards(4).shard_bytes(2 * small);
    builder.directory_bytes(small).shared_bytes(small).install().unwrap();
    let registry = Registry::new();
    let early: Counter = registry.register(&Description::new("early_total", "E.")).unwrap();
    // So that counts lie on several pages.
    let time: Histogram = registry.register(&Description::new("time", "Time.")).unwrap();
    let late: Counter = registry.register(&Description::new("late_total", "L.")).unwrap();
    let count = |n| {
        [early, late].iter().for_each(|counter| counter.add(n));
        time.record_n(1 << 20, n);
    };
    let read = || {
        let snapshot = registry.snapshot();
        let counter = |name| snapshot.counter(name, &[]).unwrap();
        let time = snapshot.histogram("time", &[]).unwrap();
        (counter("early_total"), counter("late_total"), time.count(), time.max())
    };
    std::thread::scope(|scope| drop(scope.spawn(|| count(1000))));
    count(100);
    if role == "locked" {
        // SAFETY: keeps this process's memory where it is.
        if unsafe { libc::mlockall(libc::MCL_CURRENT | libc::MCL_FUTURE) } != 0 {
            return println!("\nsays: may not lock: {}", std::io::Error::last_os_error());
        }
    } else if let Err(error) = tests::seccomp::forbid(libc::SYS_madvise) {
        return println!("\nsays: may not filter: {error}");
    }
    ends_well(fork(|| {
        assert_eq!(read(), (0, 0, 0, None), "it begins at 0");
        count(5);
        std::thread::scope(|scope| drop(scope.spawn(|| count(6))));
        assert_eq!((read().0, read().1, read().2), (11, 11, 11));
    }));
    assert_eq!((read().0, read().1, read().2), (1100, 1100, 1100));
    println!("\nsays: done");
}

#[test]
fn a_child_begins_at_zero_where_the_system_keeps_the_memory() {
    for role in ["may not", "locked"] {
        let said = output(command(&[], role, Path::new("none")));
        if said.contains("says: may not") {
            skip(&format!("memory that stays ({said})"));
        } else {
            assert!(said.contains("says: done"), "{said}");
        }
    }
}
