//! The limits for an exporter's clients, each over a real socket.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, TcpStream};
use std::time::Duration;
use tests::http::{Answer, Client, series};
use tests::processes::Folder;
use tests::programs::skip;
use tickmetrics::prelude::*;
use tickmetrics_exporter::{Exporter, Limits, StartError};

/// Long enough for every answer here, short enough to wait for.
const SHORT: Duration = Duration::from_millis(300);

/// More than the sockets' buffers hold.
const LARGE: usize = 10_000_000;

#[derive(Clone, Copy, Label)]
#[label(capacity = 4096)]
struct Session(LabelId);

/// Whose responses are at least that large.
fn large_registry() -> Registry {
    let registry = Registry::new();
    // A value has 1,024 bytes at the most.
    let padding = "x".repeat(1_000);
    for name in ["large", "larger", "largest"] {
        let large: Gauge<Session> = registry.register(&Description::new(name, "Help.")).unwrap();
        for at in 0..4_000 {
            large.with(Session::intern(&format!("{at}{padding}"))).set(1.0);
        }
    }
    registry
}

fn start(registry: &Registry, limits: Limits) -> Exporter {
    Exporter::builder().listen("127.0.0.1:0").registry(registry).limits(limits).start().unwrap()
}

/// A client that was answered, so that its connection was accepted.
fn connected(exporter: &Exporter) -> Client {
    let mut client = Client::new(exporter.local_addr().unwrap());
    assert_eq!(client.request("GET", "/health").status, 200);
    client
}

/// A client that is being answered, with most of the answer to come.
fn reading(exporter: &Exporter) -> (Client, Answer) {
    let mut client = Client::with_small_buffer(exporter.local_addr().unwrap());
    client.send("GET /metrics HTTP/1.1\r\nHost: test\r\n\r\n");
    let head = client.head();
    (client, head)
}

/// How much of the answer still comes.
fn rest(client: &mut Client) -> usize {
    let mut rest = Vec::new();
    let _ = client.stream.read_to_end(&mut rest);
    rest.len()
}

/// How often a limit was needed.
fn limited(exporter: &Exporter, limit: &str) -> f64 {
    let text = Client::new(exporter.local_addr().unwrap())
        .request("GET", "/metrics?name[]=tickmetrics_exporter_limited")
        .body;
    series(&text)[&*format!("tickmetrics_exporter_limited_total{{limit=\"{limit}\"}}")]
}

#[test]
fn one_connection_more_closes_the_one_that_waits_the_longest() {
    let exporter = start(&large_registry(), Limits { connections: 3, ..Limits::default() });
    let (mut oldest, head) = reading(&exporter);
    let (mut second, mut third) = (connected(&exporter), connected(&exporter));
    // The last to have asked is the last to go.
    assert_eq!(second.request("GET", "/health").status, 200);
    let mut fourth = connected(&exporter);
    assert!(third.is_closed());
    let mut fifth = connected(&exporter);
    assert!(second.is_closed());
    // A connection with a response in progress is not waiting.
    assert!(oldest.body(&head).len() > LARGE);
    for client in [&mut oldest, &mut fourth, &mut fifth] {
        assert_eq!(client.request("GET", "/health").status, 200);
    }
    // The connection that reads the number replaces another.
    assert_eq!(limited(&exporter, "connections"), 3.0);
}

#[test]
fn where_all_are_being_answered_the_oldest_makes_room() {
    let exporter = start(&large_registry(), Limits { connections: 2, ..Limits::default() });
    let (mut first, _) = reading(&exporter);
    let (mut second, head) = reading(&exporter);
    connected(&exporter);
    assert!(rest(&mut first) < LARGE);
    assert!(second.body(&head).len() > LARGE);
}

#[test]
fn headers_are_short() {
    let limits = Limits { header_bytes: 1_000, ..Limits::default() };
    let exporter = start(&Registry::new(), limits);
    let request = |length: usize| {
        let start = "GET /health HTTP/1.1\r\nHost: test\r\nX: ";
        format!("{start}{}\r\n\r\n", "x".repeat(length - start.len() - 4))
    };
    let mut client = Client::new(exporter.local_addr().unwrap());
    for _ in 0..3 {
        client.send(&request(1_000));
        let answer = client.head();
        assert_eq!(answer.status, 200);
        client.body(&answer);
    }
    client.send(&request(1_001));
    assert_eq!(client.head().status, 431);
    assert!(client.is_closed());
    // The line before them counts as well, and there is no need to wait for its end.
    let mut client = Client::new(exporter.local_addr().unwrap());
    client.send(&format!("GET /{}", "x".repeat(1_000)));
    assert_eq!(client.head().status, 431);
    assert!(client.is_closed());
    assert_eq!(limited(&exporter, "header_bytes"), 2.0);
}

#[test]
fn headers_come_in_time_however_often_a_byte_comes() {
    let limits = Limits { header_timeout: SHORT, ..Limits::default() };
    let exporter = start(&Registry::new(), limits);
    let mut idle = connected(&exporter);
    let mut silent = Client::new(exporter.local_addr().unwrap());
    let mut stopped = Client::new(exporter.local_addr().unwrap());
    stopped.send("GET /health HTTP/1.1\r\nHost: te");
    let mut second = connected(&exporter);
    second.send("G");
    assert!(silent.is_closed() && stopped.is_closed() && second.is_closed());

    let mut slow = TcpStream::connect(exporter.local_addr().unwrap()).unwrap();
    slow.write_all(b"GET /health HTTP/1.1\r\n").unwrap();
    // Ends with the connection: else the test would never.
    while slow.write_all(b"X: y\r\n").is_ok() {
        std::thread::sleep(SHORT / 20);
    }
    assert_eq!(idle.request("GET", "/health").status, 200);
    assert_eq!(limited(&exporter, "header_timeout"), 4.0);
}

#[test]
fn idle_connections_are_closed() {
    let limits = Limits { idle_timeout: SHORT, ..Limits::default() };
    let exporter = start(&Registry::new(), limits);
    let mut idle = connected(&exporter);
    // The end of the time for one request is that for the next one.
    assert_eq!(idle.request("GET", "/metrics").status, 200);
    assert!(idle.is_closed());
    assert_eq!(limited(&exporter, "idle_timeout"), 1.0);
    assert_eq!(limited(&exporter, "header_timeout"), 0.0);
}

#[test]
fn responses_are_read_in_time_however_often_a_byte_is_read() {
    // Long enough for the beginning of a large response on a busy machine.
    let limits = Limits { response_timeout: 10 * SHORT, ..Limits::default() };
    let exporter = start(&large_registry(), limits);
    let (mut never, _) = reading(&exporter);
    let (mut slow, _) = reading(&exporter);
    // All of it would take four times as long as there is.
    let piece = LARGE / 40;
    let mut read = 0;
    while read < LARGE && slow.stream.read_exact(&mut vec![0; piece]).is_ok() {
        read += piece;
        std::thread::sleep(SHORT);
    }
    // The bytes in the system's buffers still arrive; then the connection ends.
    assert!(read < LARGE);
    assert!(rest(&mut never) < LARGE);
    assert_eq!(limited(&exporter, "response_timeout"), 2.0);
}

#[test]
fn a_client_that_asks_too_often_is_told_to_wait() {
    let limits = Limits { requests_per_second: 5, ..Limits::default() };
    let folder = Folder::new("request-rate");
    let socket = folder.0.join("socket");
    let builder = Exporter::builder().listen("127.0.0.1:0").limits(limits);
    let exporter = builder.listen(format!("unix:{}", socket.display())).start().unwrap();
    let mut client = Client::new(exporter.local_addr().unwrap());
    let n = 200;
    client.send(&"GET /health HTTP/1.1\r\nHost: test\r\n\r\n".repeat(n));
    let mut refused = 0;
    for at in 0..n {
        let answer = client.head();
        client.body(&answer);
        match answer.status {
            200 => {}
            429 => {
                refused += 1;
                assert_eq!(answer.headers["retry-after"], "1");
                assert!(at >= 5, "{at} were answered");
            }
            status => panic!("{status}"),
        }
    }
    assert!(refused > 0);
    // Clients from elsewhere are not delayed.
    let text = Client::unix(&socket).request("GET", "/metrics");
    assert_eq!(text.status, 200);
    let limited = "tickmetrics_exporter_limited_total{limit=\"request_rate\"}";
    assert_eq!(series(&text.body)[limited], f64::from(refused));
    // A client that waits is answered again.
    while client.request("GET", "/health").status != 200 {
        std::thread::sleep(SHORT);
    }
}

#[test]
fn an_exposition_that_nobody_reads_makes_room_for_another() {
    let limits = Limits { renders: 2, idle_timeout: SHORT, ..Limits::default() };
    let exporter = start(&large_registry(), limits);
    let (mut first, _) = reading(&exporter);
    let (mut second, _) = reading(&exporter);
    let mut client = Client::new(exporter.local_addr().unwrap());
    // Two are on their way. Once one was not read from for a second, it makes room.
    let mut refused = 0.0;
    let text = loop {
        let answer = client.request("GET", "/metrics?name[]=tickmetrics_exporter_limited");
        match answer.status {
            200 => break answer.body,
            503 => assert_eq!(answer.headers["retry-after"], "1"),
            status => panic!("{status}"),
        }
        refused += 1.0;
        std::thread::sleep(SHORT / 3);
    };
    let limited = series(&text)["tickmetrics_exporter_limited_total{limit=\"renders\"}"];
    assert_eq!(limited, refused + 1.0);
    let cut_off = [&mut first, &mut second].map(|client| rest(client) < LARGE);
    assert!(cut_off.contains(&true), "one made room");
}

/// Two addresses of loopback.
const ONE: [u8; 4] = [127, 0, 0, 2];
const OTHER: [u8; 4] = [127, 0, 0, 3];

#[test]
fn one_address_s_connections_make_room_before_anothers() {
    let limits = Limits { connections: 5, ..Limits::default() };
    let exporter = start(&Registry::new(), limits);
    // It has waited for longer than any that come later.
    let mut quiet = Client::from(OTHER, exporter.local_addr().unwrap());
    assert_eq!(quiet.request("GET", "/health").status, 200);
    // It has sent nothing yet.
    let mut late = Client::from(OTHER, exporter.local_addr().unwrap());
    let mut crowd = Vec::new();
    for _ in 0..20 {
        let mut one = Client::from(ONE, exporter.local_addr().unwrap());
        // Accepted, and so there in this order.
        assert_eq!(one.request("GET", "/health").status, 200);
        crowd.push(one);
    }
    for client in [&mut quiet, &mut late] {
        assert_eq!(client.request("GET", "/health").status, 200);
    }
    let kept = crowd.iter_mut().skip(17);
    kept.for_each(|one| assert_eq!(one.request("GET", "/health").status, 200));
    assert!(crowd[..17].iter_mut().all(Client::is_closed));
    // A third one finds room.
    assert_eq!(connected(&exporter).request("GET", "/health").status, 200);
    assert_eq!(quiet.request("GET", "/health").status, 200);
}

/// The address of an IPv4 client is the same on a socket for both, and that of IPv6 is another.
#[test]
fn both_families_have_room_on_one_socket() {
    let limits = Limits { connections: 4, ..Limits::default() };
    let builder = Exporter::builder().listen("[::]:0").limits(limits);
    let exporter = match builder.registry(&Registry::new()).start() {
        Ok(exporter) => exporter,
        Err(error) => return skip(&format!("this machine has no IPv6: {error}")),
    };
    let port = exporter.local_addr().unwrap().port();
    let mut six = Client::new((Ipv6Addr::LOCALHOST, port).into());
    assert_eq!(six.request("GET", "/health").status, 200);
    let mut four = Client::from(OTHER, (Ipv4Addr::LOCALHOST, port).into());
    assert_eq!(four.request("GET", "/health").status, 200);
    for _ in 0..20 {
        let mut one = Client::from(ONE, (Ipv4Addr::LOCALHOST, port).into());
        assert_eq!(one.request("GET", "/health").status, 200);
        std::mem::forget(one);
    }
    assert_eq!(six.request("GET", "/health").status, 200);
    assert_eq!(four.request("GET", "/health").status, 200);
}

#[test]
fn one_address_does_not_hold_all_expositions() {
    let limits = Limits { renders: 2, ..Limits::default() };
    let exporter = start(&large_registry(), limits);
    let mut held: Vec<_> = (0..2)
        .map(|at| {
            let mut client = Client::from(ONE, exporter.local_addr().unwrap());
            let names = "name[]=large&name[]=larger&name[]=largest";
            client.send(&format!("GET /metrics?{names}&name[]={at} HTTP/1.1\r\nHost: a\r\n\r\n"));
            let head = client.head();
            assert_eq!(head.status, 200);
            (client, head)
        })
        .collect();
    // At once, without waiting until one of them stalls.
    let mut client = Client::from(OTHER, exporter.local_addr().unwrap());
    let answer = client.request("GET", "/metrics?name[]=tickmetrics_exporter_limited");
    assert_eq!(answer.status, 200);
    let limited = "tickmetrics_exporter_limited_total{limit=\"renders\"}";
    assert_eq!(series(&answer.body)[limited], 1.0);
    let [(first, _), (second, answer)] = &mut held[..] else { panic!() };
    assert!(rest(first) < LARGE, "it was not read from for longest");
    assert!(second.body(answer).len() > LARGE);
}

#[test]
fn the_rate_is_each_user_s_over_unix_sockets() {
    let limits = Limits { requests_per_second: 5, ..Limits::default() };
    let folder = Folder::new("user-rate");
    let socket = folder.0.join("socket");
    let builder = Exporter::builder().listen(format!("unix:{}", socket.display()));
    let exporter = builder.limits(limits).registry(&Registry::new()).unix_mode(0o666).start();
    let _exporter = exporter.unwrap();
    let mut client = Client::unix(&socket);
    let refused = (0..200).filter(|_| client.request("GET", "/health").status == 429).count();
    assert!(refused > 0);
    // Without the right to become another user, there is nobody to compare with.
    let connected = as_another_user(|| std::os::unix::net::UnixStream::connect(&socket));
    let Some(stream) = connected else { return skip("only root can become another user") };
    let mut other = Client::of(stream.unwrap());
    assert_eq!(other.request("GET", "/health").status, 200);
}

/// Of this thread alone: the system call, not the C library's, which changes all threads.
fn as_another_user<T: Send>(act: impl FnOnce() -> T + Send) -> Option<T> {
    const NOBODY: libc::uid_t = 65534;
    let same = libc::uid_t::MAX;
    let become_nobody = || {
        // SAFETY: a call without pointers. The thread ends soon.
        unsafe { libc::syscall(libc::SYS_setresuid, same, NOBODY, same) }
    };
    std::thread::scope(|scope| scope.spawn(|| (become_nobody() == 0).then(act)).join().unwrap())
}

#[test]
fn limits_that_let_nobody_in_are_an_error() {
    let all = Limits::default();
    for (limits, name) in [
        (Limits { connections: 0, ..all.clone() }, "connections"),
        (Limits { handshakes: 0, ..all.clone() }, "handshakes"),
        (Limits { handshakes_per_second: 0, ..all.clone() }, "handshakes_per_second"),
        (Limits { header_bytes: 255, ..all.clone() }, "header_bytes"),
        (Limits { header_timeout: Duration::ZERO, ..all.clone() }, "header_timeout"),
        (Limits { idle_timeout: Duration::ZERO, ..all.clone() }, "idle_timeout"),
        (Limits { response_timeout: Duration::ZERO, ..all.clone() }, "response_timeout"),
        (Limits { requests_per_second: 0, ..all.clone() }, "requests_per_second"),
        (Limits { renders: 0, ..all.clone() }, "renders"),
    ] {
        let error = Exporter::builder().listen("127.0.0.1:0").limits(limits).start().unwrap_err();
        assert!(matches!(error, StartError::InvalidLimit { limit, .. } if limit == name));
        assert!(error.to_string().contains(name), "{error}");
    }
    let endless = Limits {
        header_timeout: Duration::MAX,
        idle_timeout: Duration::MAX,
        response_timeout: Duration::MAX,
        requests_per_second: u32::MAX,
        ..all
    };
    let exporter = start(&Registry::new(), endless);
    assert_eq!(exporter.local_addr().unwrap().ip(), Ipv4Addr::LOCALHOST);
    connected(&exporter);
}
