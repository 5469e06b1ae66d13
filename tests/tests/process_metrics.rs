//! The process's metrics, compared with Python's reading of /proc from outside.

use serde_json::Value;
use std::fs::File;
use std::hint::black_box;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::thread;
use std::time::Duration;
use tests::processes::{Folder, Other, command, output, park, role, say, wait};
use tests::programs::{feed, promtool, skip};
use tickmetrics::{Registry, Snapshot};
use tickmetrics_exporter::{Exporter, ProcessMetrics};

const CHECK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/process_metrics/check.py");

fn start() -> Exporter {
    Exporter::builder().registry(&Registry::new()).listen("127.0.0.1:0").start().unwrap()
}

/// The exporter's values for a process, once Python confirms them.
fn check(port: &str, pid: u32) -> Option<Value> {
    let Some(output) = feed("python3", &[CHECK, port, &pid.to_string()], "") else {
        skip("python3 is not installed");
        return None;
    };
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

/// The part of the other processes. Run directly, this test does nothing.
#[test]
fn in_another_process() {
    match role().as_ref().map(|(role, _)| role.as_str()) {
        Some("works") => works(),
        Some("forks") => forks(),
        Some("sees no /proc") => sees_no_proc(&role().unwrap().1),
        Some("has no descriptor left") => has_no_descriptor_left(),
        _ => {}
    }
}

/// Uses the measured resources, more at each signal to continue.
fn works() {
    let exporter = start();
    let (mut memory, mut files) = (Vec::new(), Vec::new());
    for _ in 0..2 {
        memory.push(black_box(vec![1_u8; 64 << 20]));
        files.extend((0..20).map(|_| File::open("/dev/null").unwrap()));
        // Never joined: they end with the process.
        (0..5).for_each(|_| drop(thread::spawn(thread::park)));
        let until = processor_time() + Duration::from_millis(100);
        while processor_time() < until {
            black_box((0..black_box(10_000_u64)).sum::<u64>());
        }
        say(&exporter.local_addr().unwrap().port().to_string());
        wait();
    }
}

fn processor_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: a valid pointer to what is written.
    let status = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    assert_eq!(status, 0);
    Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
}

#[test]
fn the_values_are_those_that_the_system_tells_others() {
    let mut other = Other::start("works", Path::new("none"));
    let pid = other.child.id();
    let Some(first) = check(&other.says(), pid) else { return };
    promtool(first["text"].as_str().unwrap());
    other.tell();
    let second = check(&other.says(), pid).unwrap();
    let change = |name: &str| {
        let value = |of: &Value| of["samples"][name].as_f64().unwrap();
        value(&second) - value(&first)
    };
    // And one more while the last check's connection is not closed yet; Python counted them.
    assert!([20.0, 21.0].contains(&change("process_open_fds")));
    assert_eq!(change("process_threads"), 5.0);
    assert_eq!(change("process_start_time_seconds"), 0.0);
    assert!(change("process_cpu_seconds_total") >= 0.1);
    assert!(change("process_page_faults_total{type=\"minor\"}") >= 1.0);
    assert!(change("process_resident_memory_bytes") >= f64::from(60 << 20));
}

/// A process that exposes its metrics, forks, and has the child expose its own.
fn forks() {
    let exporter = start();
    let mut made_before = ProcessMetrics::new();
    made_before.add_to(&mut Snapshot::default());
    say(&exporter.local_addr().unwrap().port().to_string());
    wait();
    // SAFETY: this process runs one test, whose thread holds no lock now.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "{}", std::io::Error::last_os_error());
    if child == 0 {
        // SAFETY: ends the child if this test can't.
        unsafe { libc::alarm(60) };
        let exporter = start();
        let own = started(&mut ProcessMetrics::new()) == started(&mut made_before);
        say(&format!("{} {} {own}", exporter.local_addr().unwrap().port(), std::process::id()));
        park();
    }
    wait();
    // SAFETY: the child made above, which was not waited for.
    unsafe {
        libc::kill(child, libc::SIGKILL);
        libc::waitpid(child, std::ptr::null_mut(), 0);
    }
}

fn started(process: &mut ProcessMetrics) -> Option<f64> {
    let mut snapshot = Snapshot::default();
    process.add_to(&mut snapshot);
    snapshot.gauge("process_start_time_seconds", &[])
}

#[test]
fn a_forked_child_has_values_of_its_own() {
    let mut parent = Other::start("forks", Path::new("none"));
    let Some(of_parent) = check(&parent.says(), parent.child.id()) else { return };
    parent.tell();
    let said = parent.says();
    let [port, pid, own] = said.split(' ').collect::<Vec<_>>()[..] else { panic!("{said}") };
    assert_eq!(own, "true", "what was made before the fork is the parent's after it");
    let of_child = check(port, pid.parse().unwrap()).unwrap();
    let started = |of: &Value| of["samples"]["process_start_time_seconds"].as_f64().unwrap();
    let truth = |of: &Value| of["started_after_boot"].as_f64().unwrap();
    let between = started(&of_child) - started(&of_parent);
    // To a hundredth, and to the digits of a number of this size.
    let off = (between - (truth(&of_child) - truth(&of_parent))).abs();
    assert!(between > 0.0 && off < 1e-3, "{between} s from the parent to the child, off by {off}");
    parent.tell();
    parent.child.wait().unwrap();
}

fn sees_no_proc(empty: &Path) {
    let path = std::ffi::CString::new(empty.as_os_str().as_encoded_bytes()).unwrap();
    // SAFETY: the path ends with a NUL, and this process runs one test.
    if unsafe { libc::chroot(path.as_ptr()) } != 0 {
        return say(&format!("chroot: {}", std::io::Error::last_os_error()));
    }
    std::env::set_current_dir("/").unwrap();
    let mut snapshot = Snapshot::default();
    ProcessMetrics::new().add_to(&mut snapshot);
    say(&snapshot.families().map(|family| family.name()).collect::<Vec<_>>().join(" "));
}

#[test]
fn values_that_the_system_lacks_are_left_out() {
    let empty = Folder::new("no-proc");
    let said = output(command(&[], "sees no /proc", &empty.0));
    let (_, said) = said.split_once("says: ").unwrap();
    let said = said.lines().next().unwrap();
    if said.starts_with("chroot: ") {
        return skip(&format!("a process without /proc, since {said}"));
    }
    let told = "process_context_switches_total process_cpu_seconds_total process_max_fds \
                process_page_faults_total process_virtual_memory_max_bytes";
    assert_eq!(said, told);
}

fn has_no_descriptor_left() {
    let mut process = ProcessMetrics::new();
    let mut read = || {
        let mut snapshot = Snapshot::default();
        process.add_to(&mut snapshot);
        snapshot
    };
    let families = read().families().count();
    // Less the one that the folder is read by.
    let open = std::fs::read_dir("/proc/self/fd").unwrap().count() - 1;
    let limit = libc::rlimit { rlim_cur: 40, rlim_max: 40 };
    // SAFETY: the argument is a valid limit, and this process runs one test.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) }, 0);
    let files: Vec<_> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
    let snapshot = read();
    let gauge = |name| snapshot.gauge(name, &[]);
    assert_eq!(gauge("process_open_fds"), Some((open + files.len()) as f64));
    assert_eq!(gauge("process_max_fds"), Some(40.0));
    say(&format!("{} of {families} families", snapshot.families().count()));
    drop(files);
}

#[test]
fn a_process_without_a_descriptor_left_still_tells_so() {
    if std::fs::metadata("/proc/self/fd").unwrap().len() == 0 {
        return skip("the number of open files without opening one, which takes Linux 6.2");
    }
    let said = output(command(&[], "has no descriptor left", Path::new("none")));
    assert!(said.contains("says: 10 of 10 families\n"), "{said}");
}

#[test]
fn a_programs_own_metric_goes_before() {
    let registry = Registry::new();
    registry.gauge_fn("process_open_fds", "Own.", || -1.0).unwrap();
    let builder = Exporter::builder().registry(&registry).listen("127.0.0.1:0");
    let text = scrape(&builder.clone().start().unwrap());
    assert!(text.contains("\n# HELP process_open_fds Own.\n"), "{text}");
    assert_eq!(text.matches("\nprocess_open_fds ").count(), 1);
    assert!(text.contains("\nprocess_open_fds -1\n") && text.contains("\nprocess_threads "));

    let text = scrape(&builder.process_metrics(false).start().unwrap());
    assert!(!text.contains("process_threads"), "{text}");
}

fn scrape(exporter: &Exporter) -> String {
    let mut client = TcpStream::connect(exporter.local_addr().unwrap()).unwrap();
    client.write_all(b"GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    answer
}
