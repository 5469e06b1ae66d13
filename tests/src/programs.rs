//! Programs that tests compare with, which may not be installed.

use std::io::{ErrorKind, Write};
use std::process::{Command, Output, Stdio};

/// Prometheus' Python client, as it is imported and as it is installed.
pub const PROMETHEUS_CLIENT: (&str, &str) = ("prometheus_client", "prometheus-client==0.26.0");
/// The script that reads text format 0.0.4 with it.
pub const CHECK_TEXT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/parsers/check.py");

/// The same for `OpenMetrics`.
pub const CHECK_OPENMETRICS: [&str; 2] = [CHECK_TEXT, "openmetrics"];

/// Runs a program on a text, or `None` where it is not installed.
///
/// # Panics
/// Where it can't be run for another reason.
pub fn feed(program: &str, arguments: &[&str], input: &str) -> Option<Output> {
    let child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) if error.kind() == ErrorKind::NotFound => return None,
        Err(error) => panic!("{program}: {error}"),
    };
    let mut stdin = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        // It may answer before it has read all.
        scope.spawn(move || {
            let _ = stdin.write_all(input.as_bytes());
        });
        Some(child.wait_with_output().unwrap())
    })
}

/// Feeds a text to a Python script; `None` where the module that it needs is not installed; the
/// skip is reported.
///
/// # Panics
/// Where the script fails.
pub fn python(module: &str, install: &str, script: &[&str], input: &str) -> Option<Vec<u8>> {
    let installed = feed("python3", &["-c", &format!("import {module}")], "");
    if !installed.is_some_and(|output| output.status.success()) {
        skip(&format!("{module} is not installed (pip install {install})"));
        return None;
    }
    let output = feed("python3", script, input).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}\n{input:.4000}");
    Some(output.stdout)
}

/// The most bytes for a promtool of Prometheus 3, whose time grows with the square of a family's series:
/// 20,000 of them took it minutes, and promtool 2.42 a tenth of a second.
const NEWEST_BYTES: usize = 100_000;

/// Lints text format 0.0.4 with promtool: for short ones, with the one that `PROMTOOL` names.
///
/// # Panics
/// Where it finds a fault.
pub fn promtool(text: &str) {
    let newest = std::env::var("PROMTOOL").ok().filter(|_| text.len() < NEWEST_BYTES);
    let program = newest.unwrap_or_else(|| "promtool".into());
    match feed(&program, &["check", "metrics"], text) {
        None => skip("promtool is not installed (apt-get install prometheus)"),
        Some(output) => assert!(output.status.success(), "promtool: {output:?}\n{text:.4000}"),
    }
}

/// Reports a check that was skipped. Not with `eprintln!`, which the harness keeps from sight where
/// a test passes.
pub fn skip(what: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED: {what}");
}
