//! An exporter that answers anything, and `top` of it.

use crate::support::{failure, output, run, tickmetrics};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use tickmetrics::prelude::*;
use tickmetrics_exporter::Exporter;

/// Ended with the test.
pub(crate) struct Remote {
    address: SocketAddr,
    is_over: Arc<AtomicBool>,
    /// Returns its requests.
    thread: Option<JoinHandle<Vec<String>>>,
}

impl Remote {
    /// Answers each request with this body.
    pub(crate) fn start(body: impl Into<Vec<u8>>) -> Self {
        Self::answering("200 OK", body)
    }

    /// Answers each request with this status, and headers behind it, and this body.
    pub(crate) fn answering(status: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::after(|| {}, status, body)
    }

    /// Does something before each answer.
    pub(crate) fn after(
        act: impl Fn() + Send + 'static,
        status: &str,
        body: impl Into<Vec<u8>>,
    ) -> Self {
        let body = body.into();
        let answer = format!("HTTP/1.1 {status}\r\nConnection: close\r\n\r\n");
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let is_over = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&is_over);
        let thread = thread::spawn(move || {
            let mut requests = Vec::new();
            for stream in listener.incoming() {
                if over.load(Relaxed) {
                    break;
                }
                let mut stream = stream.unwrap();
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    let mut byte = [0];
                    stream.read_exact(&mut byte).unwrap();
                    head.extend(byte);
                }
                requests.push(String::from_utf8(head).unwrap());
                act();
                // A client that has read enough closes.
                let _ = stream.write_all(answer.as_bytes()).and_then(|()| stream.write_all(&body));
            }
            requests
        });
        Self { address, is_over, thread: Some(thread) }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its only requests.
    pub(crate) fn requests(mut self) -> Vec<String> {
        self.end().unwrap()
    }

    fn end(&mut self) -> Option<Vec<String>> {
        let thread = self.thread.take()?;
        self.is_over.store(true, Relaxed);
        let _ = TcpStream::connect(self.address);
        Some(thread.join().unwrap())
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        self.end();
    }
}

#[test]
fn an_exporter_is_asked_for_what_its_url_says() {
    for (path, asked) in [("", "/metrics"), ("/", "/metrics"), ("/a?b[]=c", "/a?b[]=c")] {
        let remote = Remote::start("a{b=\"c\\\\\"} 1\n");
        let url = remote.url();
        let printed = output(&["top", &format!("{url}{path}"), "--once", "--interval", "10ms"]);
        assert!(printed.ends_with("  a{b=\"c\\\\\"}\n"), "{printed}");
        for request in remote.requests() {
            let mut lines = request.lines();
            assert_eq!(lines.next().unwrap(), format!("GET {asked} HTTP/1.1"));
            let host = url.strip_prefix("http://").unwrap();
            assert!(lines.any(|line| line.to_lowercase() == format!("host: {host}")), "{request}");
        }
    }
}

#[test]
fn more_than_can_be_looked_at_is_refused() {
    let families: Vec<_> = (0..=250_000).map(|n| format!("# HELP a{n} b\n")).collect();
    for (body, bound) in [
        ("a 1\n".repeat(250_001), "more than 250000 samples"),
        ("# TYPE a histogram\n".to_owned() + &"a_sum 1\n".repeat(250_001), "250000 samples"),
        (families.concat(), "more than 250000 families"),
        ("# a comment\n".repeat(6 << 20), "longer than 64 MiB"),
    ] {
        let remote = Remote::start(body);
        let told = failure(&["top", &remote.url(), "--once"]);
        assert!(told.contains(bound) && told.contains(&remote.url()), "{told}");
    }
}

/// A thousand series with a help text of 8 MB are 8 MB, not 8 GB.
#[test]
fn an_answer_is_kept_once() {
    let body = format!("# HELP a {}\n{}", "x".repeat(8_000_000), "a 1\n".repeat(1_000));
    let remote = Remote::start(body);
    let mut command = tickmetrics();
    command.args(["top", &remote.url(), "--once", "--interval", "10ms"]);
    // SAFETY: one system call that is allowed between fork and exec.
    unsafe {
        command.pre_exec(|| {
            let limit = libc::rlimit { rlim_cur: 1 << 30, rlim_max: 1 << 30 };
            if libc::setrlimit(libc::RLIMIT_AS, &raw const limit) != 0 {
                return Err(std::io::Error::last_os_error());
            }
            Ok(())
        })
    };
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 1_002);
}

#[test]
fn invalid_addresses_are_reported() {
    for port in ["99999", "65536", "0", "", "+80"] {
        let told = failure(&["top", &format!("http://127.0.0.1:{port}/metrics"), "--once"]);
        assert!(told.contains("from 1 to 65535"), "{told}");
    }
    let told = failure(&["top", "ftp://127.0.0.1/metrics", "--once"]);
    assert!(told.contains("begin with http://"), "{told}");
}

#[test]
fn a_password_is_neither_sent_nor_repeated() {
    let remote = Remote::start("a 1\n");
    let host = remote.url();
    let host = host.strip_prefix("http://").unwrap();
    for url in [
        format!("http://me:secret@{host}"),
        format!("http://me:secret/secret@{host}"),
        format!("http://secret@{host}/metrics"),
        format!("https://me:secret@{host}"),
        format!("ftp://me:secret@{host}"),
        "http://me:se cret@secret@".to_owned(),
    ] {
        let output = run(&["top", &url, "--once"]);
        let told = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(!output.status.success() && !told.contains("secret"), "{told}");
        assert_eq!(told.lines().count(), 1, "{told}");
    }
    assert_eq!(remote.requests(), Vec::<String>::new());
}

/// In text, this histogram has one bucket, and so no percentiles.
#[test]
fn native_histograms_have_percentiles() {
    let registry = Registry::new();
    let description = Description::new("wait", "Waited.").sigfigs(2).native(3);
    let wait: Histogram = registry.register(&description).unwrap();
    (0..100).for_each(|_| wait.record(1_000));
    let exporter = Exporter::builder().registry(&registry).listen("127.0.0.1:0").start().unwrap();
    let url = format!("http://{}/metrics?name[]=wait", exporter.local_addrs()[0]);
    let printed = output(&["top", &url, "--once", "--all-time", "--interval", "10ms"]);
    let line = printed.lines().find(|line| line.ends_with("  wait")).unwrap();
    // The bucket up to 1,024 begins at 2^(79/8).
    let median: f64 = line.split_whitespace().nth(2).unwrap().parse().unwrap();
    assert!((median - 980.6).abs() < 0.1, "{printed}");
}
