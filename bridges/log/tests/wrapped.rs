//! A wrapped logger writes what it writes alone, and what it is enabled for is counted.

use env_logger::{Logger, Target};
use log::{Level, LevelFilter, Log, Record};
use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::thread;
use tickmetrics::prelude::*;
use tickmetrics_log::LogCounts;

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Written {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

fn env_logger(filters: &str) -> (Logger, Written) {
    let written = Written::default();
    let format = |out: &mut env_logger::fmt::Formatter, record: &Record<'_>| {
        writeln!(out, "{} {} {}", record.level(), record.target(), record.args())
    };
    let mut builder = env_logger::Builder::new();
    builder.parse_filters(filters).format(format);
    (builder.target(Target::Pipe(Box::new(written.clone()))).build(), written)
}

/// Logs at each level for some targets.
fn log_all(logger: &impl Log) {
    for level in Level::iter() {
        for (target, module) in [("orders", Some("shop::orders")), ("noisy", None), ("", None)] {
            let times = if level == Level::Error { 2 } else { 1 };
            for time in 0..times {
                logger.log(
                    &Record::builder()
                        .level(level)
                        .target(target)
                        .module_path(module)
                        .args(format_args!("number {time}"))
                        .build(),
                );
            }
        }
    }
    logger.flush();
}

fn count(registry: &Registry, name: &str, labels: &[(&str, &str)]) -> Option<u64> {
    registry.snapshot().counter(name, labels)
}

#[test]
fn a_wrapped_logger_writes_the_same() {
    for filters in ["trace", "info,noisy=off", "warn,orders=trace", "off"] {
        let (alone, expected) = env_logger(filters);
        log_all(&alone);
        let (inner, written) = env_logger(filters);
        let registry = Registry::new();
        let counting = LogCounts::new(&registry).by_target(100).wrap(inner).unwrap();
        log_all(&counting);
        assert_eq!(written.text(), expected.text(), "{filters}");
        // Each line was counted, and no other.
        for level in Level::iter() {
            let name = level.as_str().to_lowercase();
            let is_of = |line: &&str| line.starts_with(&format!("{level} "));
            let lines = expected.text().lines().filter(is_of).count() as u64;
            let counted = count(&registry, "log_records_total", &[("level", &name)]);
            assert_eq!(counted, Some(lines), "{filters} {name}");
            for target in ["orders", "noisy", ""] {
                let is_of = |line: &&str| line.starts_with(&format!("{level} {target} "));
                let lines = expected.text().lines().filter(is_of).count() as u64;
                let labels = [("level", &*name), ("target", target)];
                let counted = count(&registry, "log_target_records_total", &labels);
                assert_eq!(counted.unwrap_or(0), lines, "{filters} {name} {target:?}");
            }
        }
    }
}

#[test]
fn errors_have_their_module() {
    let (registry, (inner, _)) = (Registry::new(), env_logger("trace"));
    let counting = LogCounts::new(&registry).errors_by_module(10).wrap(inner).unwrap();
    log_all(&counting);
    assert_eq!(count(&registry, "log_errors_total", &[("module", "shop::orders")]), Some(2));
    assert_eq!(count(&registry, "log_errors_total", &[("module", "")]), Some(4));
    assert!(registry.snapshot().family("log_target_records_total").is_none());
}

#[test]
fn targets_are_bounded() {
    let (registry, (inner, _)) = (Registry::new(), env_logger("trace"));
    let counting = LogCounts::new(&registry).by_target(3).wrap(inner).unwrap();
    for target in 0..100 {
        let target = format!("made up {target}");
        let mut record = Record::builder();
        counting.log(&record.level(Level::Warn).target(&target).build());
    }
    let family = "log_target_records_total";
    assert_eq!(count(&registry, family, &[("otel_metric_overflow", "true")]), Some(97));
    assert_eq!(registry.snapshot().family(family).unwrap().series_count(), 4);
    assert!(LogCounts::new(&registry).by_target(0).wrap(env_logger("off").0).is_err());
}

/// Counts calls; enabled for all.
#[derive(Default)]
struct Calls([AtomicUsize; 3]);

impl Log for Calls {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        self.0[0].fetch_add(1, Relaxed);
        metadata.level() < Level::Trace
    }

    fn log(&self, _: &Record<'_>) {
        self.0[1].fetch_add(1, Relaxed);
    }

    fn flush(&self) {
        self.0[2].fetch_add(1, Relaxed);
    }
}

#[test]
fn everything_is_passed_on() {
    let registry = Registry::new();
    let counting = LogCounts::new(&registry).wrap(Calls::default()).unwrap();
    let threads = 4;
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| (0..1000).for_each(|_| log_all(&counting)));
        }
    });
    // Records that it is not enabled for, too: it may have reasons.
    let each = 6 * 3;
    let calls = counting.inner().0.each_ref().map(|calls| calls.load(Relaxed));
    assert_eq!(calls, [threads * 1000 * each, threads * 1000 * each, threads * 1000]);
    let errors = count(&registry, "log_records_total", &[("level", "error")]);
    assert_eq!(errors, Some(threads as u64 * 1000 * 6));
    assert_eq!(count(&registry, "log_records_total", &[("level", "trace")]), Some(0));
    assert!(!counting.enabled(&log::Metadata::builder().level(Level::Trace).build()));
}

/// The only test that touches the program's logger.
#[test]
fn a_program_has_one_logger() {
    let registry = Registry::new();
    let wrap = |filters| LogCounts::new(&registry).wrap(env_logger(filters).0).unwrap();
    wrap("info").install(LevelFilter::Info).unwrap();
    assert!(wrap("trace").install(LevelFilter::Trace).is_err());
    assert_eq!(log::max_level(), LevelFilter::Info);
    log::info!("counted");
    log::debug!("not enabled");
    assert_eq!(count(&registry, "log_records_total", &[("level", "info")]), Some(1));
    assert_eq!(count(&registry, "log_records_total", &[("level", "debug")]), Some(0));
}
