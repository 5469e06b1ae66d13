//! `collect`: what is stored, and how it ends.

use crate::support::{Folder, Writer, failure, run, text, tickmetrics};
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, ChildStderr, Stdio};
use tickmetrics::prelude::*;
use tickmetrics_exporter::Exporter;

/// An exporter with a counter.
pub(crate) fn exporter() -> (Exporter, String) {
    let registry = Registry::new();
    registry.register::<Counter>(&Description::new("orders_total", "Orders.")).unwrap().add(7);
    let builder = Exporter::builder().registry(&registry).process_metrics(false);
    let exporter = builder.listen("127.0.0.1:0").start().unwrap();
    let address = exporter.local_addrs()[0].to_string();
    (exporter, address)
}

/// An address that nobody listens on.
pub(crate) fn nowhere() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// The files below a folder.
fn files(folder: &Path) -> Vec<String> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.push(path.display().to_string());
        }
    }
    all
}

/// The program, running. It ends with this value.
pub(crate) struct Collecting {
    child: Child,
    errors: BufReader<ChildStderr>,
    seen: String,
}

impl Collecting {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut child = tickmetrics()
            .arg("collect")
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let errors = BufReader::new(child.stderr.take().unwrap());
        Self { child, errors, seen: String::new() }
    }

    pub(crate) fn wait_for(&mut self, text: &str) {
        while !self.seen.contains(text) {
            let read = self.errors.read_line(&mut self.seen).unwrap();
            assert_ne!(read, 0, "there is no {text:?} in {}", self.seen);
        }
    }

    /// Ends it as a service manager does.
    pub(crate) fn end(mut self) -> String {
        // SAFETY: plain system call; the child is not waited for yet, so the number is its own.
        unsafe { libc::kill(self.child.id().cast_signed(), libc::SIGTERM) };
        self.errors.read_to_string(&mut self.seen).unwrap();
        assert_eq!(self.child.wait().unwrap().code(), Some(0), "{}", self.seen);
        std::mem::take(&mut self.seen)
    }
}

impl Drop for Collecting {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_last_values_of_a_dead_process_are_stored_once() {
    let folder = Folder::new("collect-dead");
    let file = folder.file("feed.metrics");
    let mut writer = Writer::start("gateway", &file);
    writer.kill();
    let store = format!("parquet:{}", folder.file("data").display());
    let ended = run(&["collect", text(&file), "--once", "--store", &store]);
    let told = String::from_utf8(ended.stderr).unwrap();
    assert!(ended.status.success() && told.contains("is dead"), "{told}");
    // There is nothing in the other one.
    let nothing = folder.file("*.none");
    let ended = run(&["collect", text(&file), text(&nothing), "--once", "--store", &store]);
    let told = String::from_utf8(ended.stderr).unwrap();
    assert!(
        !ended.status.success() && told.ends_with("1 of 2 sources gave no metrics\n"),
        "{told}"
    );
}

#[test]
fn targets_are_stored_once() {
    let folder = Folder::new("collect-once");
    let (_exporter, address) = exporter();
    let store = format!("parquet:{}", folder.file("data").display());
    let named = format!("gateway={address}");
    let ended = run(&["collect", &named, "--once", "--interval", "10s", "--store", &store]);
    let told = String::from_utf8(ended.stderr).unwrap();
    assert!(ended.status.success(), "{told}");
    assert!(told.contains(&format!("the store is {store}\n")), "{told}");
    assert!(told.contains("gateway: source_up: "), "{told}");
    assert!(told.contains("samples and 0 candles of 1 cycle are stored"), "{told}");
    assert!(!told.contains("\n0 samples"), "{told}");
    let files = files(&folder.file("data"));
    assert!(files.iter().any(|file| file.ends_with(".parquet")), "{files:?}");

    let late = format!("late={}", nowhere());
    let ended = run(&["collect", &named, &late, "--once", "--interval", "10s", "--store", &store]);
    let told = String::from_utf8(ended.stderr).unwrap();
    assert!(!ended.status.success(), "{told}");
    assert!(told.contains("late: source_down: "), "{told}");
    assert!(told.ends_with("tickmetrics: 1 of 2 sources gave no metrics\n"), "{told}");
}

#[test]
fn a_signal_stores_what_is_there() {
    let folder = Folder::new("collect-signal");
    let (_exporter, address) = exporter();
    let config = folder.file("collector.yaml");
    let yaml = format!(
        "interval: 1h\nstore: {{place: 'parquet:{}'}}\nsources: [{{service: a, targets: ['{address}']}}]",
        folder.file("data").display()
    );
    fs::write(&config, yaml).unwrap();
    // The first cycle is over in an hour: what is stored is stored at the end.
    let arguments = ["--config", text(&config), "--listen", "127.0.0.1:0"];
    let mut collecting = Collecting::start(&arguments);
    collecting.wait_for("the store is parquet:");
    let mut line = String::new();
    BufReader::new(collecting.child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("http://127.0.0.1:") && line.ends_with("/metrics\n"), "{line}");
    // Its own metrics tell that the target was read.
    let host = line.trim_start_matches("http://").trim_end().trim_end_matches("/metrics");
    let own = || {
        let about = run(&["top", host, "--once", "--interval", "10ms"]);
        String::from_utf8(about.stdout).unwrap()
    };
    let read = |line: &str| {
        line.contains("tickmetrics_collector_stage_seconds")
            && line.contains("parse")
            && !line.trim().starts_with("0 ")
    };
    while !own().lines().any(read) {}
    let told = collecting.end();
    assert!(told.contains("a: source_up: "), "{told}");
    assert!(told.contains("collector: stop: "), "{told}");
    assert!(!told.contains("\n0 samples") && told.contains("of 1 cycle are stored"), "{told}");
}

#[test]
fn collect_errors_are_one_line() {
    let folder = Folder::new("collect-errors");
    let file = |name: &str, content: &str| {
        fs::write(folder.file(name), content).unwrap();
        folder.file(name).display().to_string()
    };
    let store = format!("parquet:{}", folder.file("data").display());
    let told = failure(&["collect", "--store", &store]);
    assert!(told.contains("give a target, or --config FILE"), "{told}");
    for (content, expected) in [
        ("sourcess: []", "sourcess"),
        ("sources:\n- targets: [a:1]\n  timeout: 5", "sources[0].timeout"),
        ("store: {place: data}", "store.place: "),
        ("sources: [", "config.yaml"),
    ] {
        let told = failure(&["collect", "--config", &file("config.yaml", content)]);
        assert!(told.contains(expected), "{told}");
    }
    let (_exporter, taken) = exporter();
    let listening = |address: &str| {
        let ended = run(&["collect", &taken, "--store", &store, "--listen", address]);
        assert!(!ended.status.success());
        String::from_utf8(ended.stderr).unwrap()
    };
    let told = listening(&taken);
    assert!(told.contains("give another port to --listen, where 0"), "{told}");
    let told = listening("nowhere");
    assert!(told.contains("give --listen HOST:PORT"), "{told}");
    let told = failure(&["collect", "--config", "not-there.yaml"]);
    assert!(told.contains("not-there.yaml: No such file"), "{told}");
}
