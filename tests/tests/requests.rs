//! The responses to unusual or wrong requests, by the rules of RFC 9110 and 9112.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use tests::http::{Client, series};
use tests::processes::Folder;
use tickmetrics::prelude::*;
use tickmetrics_exporter::{Exporter, ExporterBuilder, Limits};

/// Series that together are more than the sockets' buffers hold.
const SERIES: usize = 4_000;

#[derive(Clone, Copy, Label)]
#[label(capacity = 4096)]
struct Session(LabelId);

fn session(at: usize) -> String {
    format!("{at}{}", "x".repeat(1_000))
}

fn start(limits: Limits, unix: Option<&Path>) -> Exporter {
    let registry = Registry::new();
    for part in ["0", "1", "2"] {
        let description = Description::new("large", "Help.").constant("part", part);
        let large: Gauge<Session> = registry.register(&description).unwrap();
        (0..SERIES).for_each(|at| large.with(Session::intern(&session(at))).set(1.0));
    }
    let builder = Exporter::builder().registry(&registry).limits(limits).listen("127.0.0.1:0");
    let unix = unix.map(|path| format!("unix:{}", path.display()));
    unix.into_iter().fold(builder, ExporterBuilder::listen).start().unwrap()
}

/// The whole answer to a client that closes its half after these bytes.
fn answered(exporter: &Exporter, said: &str) -> String {
    let mut stream = TcpStream::connect(exporter.local_addr().unwrap()).unwrap();
    stream.write_all(said.as_bytes()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut answered = Vec::new();
    // A reset drops the unread input, after all responses.
    let _ = stream.read_to_end(&mut answered);
    String::from_utf8(answered).unwrap()
}

fn statuses(answered: &str) -> Vec<u16> {
    let heads = answered.match_indices("HTTP/1.");
    heads.map(|(at, _)| answered[at + 9..at + 12].parse().unwrap()).collect()
}

#[test]
fn requests_are_answered_as_the_rfcs_say() {
    let exporter = start(Limits::default(), None);
    let long = |value: &str| format!("GET /health HTTP/1.1\r\nHost: {value}\r\n\r\n");
    let with = |headers: &str| format!("GET /health HTTP/1.1\r\nHost: a\r\n{headers}\r\n\r\n");
    let line = |line: &str| format!("{line}\r\nHost: a\r\n\r\n");
    // After each comes a request that is answered with 404, where the connection is kept.
    let next = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n";
    let (kept, closed) = (true, false);
    for (said, status, is_kept) in [
        // RFC 9112, 3.2: the addressed host.
        (long("a"), 200, kept),
        (long(""), 200, kept),
        (long("[::1]:9464"), 200, kept),
        ("GET /health HTTP/1.1\r\n\r\n".into(), 400, closed),
        (with("Host: b"), 400, closed),
        (with("Host: a"), 400, closed),
        (long("a b"), 400, closed),
        (long("a, b"), 400, closed),
        (long("u@a"), 400, closed),
        (long("a/"), 400, closed),
        (long("a:x"), 400, closed),
        (long("[::1"), 400, closed),
        ("GET /health HTTP/1.0\r\n\r\n".into(), 200, closed),
        ("GET /health HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n".into(), 400, closed),
        // 3.2.1 to 3.2.4: the target.
        (line("GET http://b/health HTTP/1.1"), 200, kept),
        (line("GET http://b HTTP/1.1"), 200, kept),
        ("GET http://b/health HTTP/1.1\r\n\r\n".into(), 400, closed),
        (line("OPTIONS * HTTP/1.1"), 405, kept),
        (line("OPTIONS /metrics HTTP/1.1"), 405, kept),
        (line("CONNECT a:80 HTTP/1.1"), 405, kept),
        (line("GET * HTTP/1.1"), 400, closed),
        (line("GET a:80 HTTP/1.1"), 400, closed),
        (line("GET health HTTP/1.1"), 400, closed),
        // RFC 9110, 9.1: methods.
        (line("POST /metrics HTTP/1.1"), 405, kept),
        (line("TRACE /metrics HTTP/1.1"), 405, kept),
        (line("BREW /metrics HTTP/1.1"), 501, kept),
        (line("get /metrics HTTP/1.1"), 501, kept),
        (line("G@T /metrics HTTP/1.1"), 400, closed),
        // RFC 9112, 6: the length of a request. Unread input is not treated as the next request.
        (with("Content-Length: 3\r\n\r\nabc").trim_end().into(), 200, kept),
        (with("Content-Length: 1\r\nContent-Length: 2"), 400, closed),
        (with("Content-Length: +1"), 400, closed),
        (with("Content-Length: -1"), 400, closed),
        (with("Content-Length: 99999999999999999999"), 400, closed),
        (with("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0"), 200, closed),
        (with("Transfer-Encoding: chunked\r\n\r\n0"), 200, kept),
        (with("Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0"), 200, closed),
        (with("Transfer-Encoding: chunked\r\n\r\nzz"), 200, closed),
        (with("Transfer-Encoding: gzip"), 400, closed),
        (with("Transfer-Encoding: chunked, gzip"), 400, closed),
        (with("Transfer-Encoding: gzip, chunked\r\n\r\n0"), 501, closed),
        (with("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0"), 501, closed),
        ("GET /health HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".into(), 400, closed),
        // RFC 9110, 10.1.1: the answer comes without the body having been asked for.
        (with("Expect: 100-continue\r\nContent-Length: 300000"), 200, closed),
        // RFC 9112, 5: headers.
        (with("X: a\r\n b"), 400, closed),
        (with("X : a"), 400, closed),
        ("GET /health HTTP/1.1\r\n X: a\r\nHost: a\r\n\r\n".into(), 400, closed),
        (with("X: \0"), 400, closed),
        (with("Connection: close"), 200, closed),
        (with("Connection: Upgrade\r\nUpgrade: h2c"), 200, kept),
        // 2.2 and 2.3: lines and versions.
        (format!("\r\n\r\n{}", line("GET /health HTTP/1.1")), 200, kept),
        ("GET /health HTTP/1.1\nHost: a\n\n".into(), 200, kept),
        (line("GET /health HTTP/2.0"), 400, closed),
        ("GET /health\r\n\r\n".into(), 400, closed),
    ] {
        let expected = if is_kept { vec![status, 404] } else { vec![status] };
        let answers = answered(&exporter, &format!("{said}{next}"));
        assert_eq!(statuses(&answers), expected, "{said:?}: {answers}");
        let says_so =
            answers.starts_with("HTTP/1.0") || answers.contains("\r\nconnection: close\r\n");
        assert_eq!(says_so, !is_kept, "{said:?}: {answers}");
        assert_eq!(
            answers.contains("\r\nallow: GET, HEAD\r\n"),
            matches!(status, 405 | 501) && is_kept
        );
        // And where the client waits with its half open.
        let mut client = Client::new(exporter.local_addr().unwrap());
        client.send(&said);
        assert_eq!(client.head().status, status, "{said:?}");
    }
}

#[test]
fn a_client_that_closes_its_half_is_answered() {
    let exporter = start(Limits::default(), None);
    let text = answered(&exporter, "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(statuses(&text), [200]);
    let last = session(SERIES - 1);
    assert!(text.contains(&last) && text.ends_with("\r\n0\r\n\r\n"));
    // One after the other.
    let two = "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\nGET /health HTTP/1.1\r\nHost: a\r\n\r\n";
    let text = answered(&exporter, two);
    assert!(text.contains(&last) && text.ends_with("OK"));
    // One that ends in the midst of a request gets nothing.
    assert_eq!(answered(&exporter, "GET /health HTTP/1.1\r\nHost:"), "");
}

#[test]
fn http_1_0_is_promised_no_more_than_it_gets() {
    let exporter = start(Limits::default(), None);
    for (path, is_kept) in [("/health", true), ("/metrics", false)] {
        let ask = format!("GET {path} HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        let text = answered(&exporter, &ask.repeat(2));
        let promised = if is_kept { "keep-alive" } else { "close" };
        let (head, _) = text.split_once("\r\n\r\n").unwrap();
        let lines = head.lines().filter(|line| line.starts_with("connection:"));
        assert_eq!(lines.collect::<Vec<_>>(), [format!("connection: {promised}")]);
        assert_eq!(statuses(&text).len(), if is_kept { 2 } else { 1 });
    }
}

/// A client that is gone is noticed, although one that closed its half is answered.
#[test]
fn clients_that_are_gone_hold_no_connection() {
    let folder = Folder::new("gone");
    let socket = folder.0.join("socket");
    let exporter = start(Limits { connections: 2, ..Limits::default() }, Some(&socket));
    let gone: [&dyn Fn() -> Client; 2] =
        [&|| Client::with_small_buffer(exporter.local_addr().unwrap()), &|| Client::unix(&socket)];
    for connect in gone {
        let mut stays = Client::new(exporter.local_addr().unwrap());
        let mut leaves = connect();
        leaves.send("GET /metrics?name[]=large HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(leaves.head().status, 200);
        drop(leaves);
        // Two rounds of the exporter's thread, in which it is noticed.
        for _ in 0..2 {
            assert_eq!(stays.request("GET", "/health").status, 200);
        }
        let mut third = Client::new(exporter.local_addr().unwrap());
        let text = third.request("GET", "/metrics?name[]=tickmetrics_exporter_limited").body;
        let limited = "tickmetrics_exporter_limited_total{limit=\"connections\"}";
        assert_eq!(series(&text)[limited], 0.0, "there was room");
        drop(third);
        drop(stays);
        let mut last = Client::new(exporter.local_addr().unwrap());
        for _ in 0..2 {
            assert_eq!(last.request("GET", "/health").status, 200);
        }
    }
}
