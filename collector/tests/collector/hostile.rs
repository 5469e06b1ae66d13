//! Sources that hang, fail or lie, and the one beside them that does not.

use crate::support::{Memory, Server, quick, respond};
use std::io::Write;
use std::net::TcpStream;
use std::thread;
use std::time::Duration;
use tickmetrics_collector::batch::EventKind::{ParseError, SourceDown, SourceUp, TooMany};
use tickmetrics_collector::batch::{EventKind, Value};
use tickmetrics_collector::{Limits, Source, TotalLimits};

const TEXT: &str = "text/plain; version=0.0.4";

/// Each kind of misbehaviour, the kinds of events that it gives, and the reason in the last one.
pub(crate) fn wrong(
    name: &str,
    answer: impl Fn(&str, TcpStream) + Send + Sync + 'static,
    kinds: &[EventKind],
    reason: &str,
) {
    let (bad, good, memory) = (Server::new(answer), Server::of_text("up 1\n"), Memory::default());
    let mut limits = Limits::default();
    (limits.series, limits.bytes) = (1_000, 100_000);
    let collector = quick(&memory)
        .source(bad.source("bad").limits(limits).timeout(Duration::from_millis(200)))
        .source(good.source("good"))
        .start()
        .unwrap();
    let told = memory.wait_for_event(SourceDown, reason);
    assert!(told.contains(&bad.address()), "{name}: {told}");
    let before = memory.with(|stored| stored.samples("good").len());
    memory.wait_for_samples("good", before + 3);
    let status = collector.stop().unwrap();
    memory.with(|stored| {
        assert_eq!(stored.kinds("bad"), kinds, "{name}: {:?}", stored.events());
        assert_eq!(stored.kinds("good"), [SourceUp], "{name}");
        assert!(stored.samples("bad").is_empty(), "{name}");
    });
    assert!(status.failed_scrapes > 0 && status.sources.len() == 2, "{name}: {status:?}");
    let [bad, good] = &status.sources[..] else { panic!("{status:?}") };
    assert!(bad.error.as_ref().is_some_and(|it| it.contains(reason)), "{name}: {bad:?}");
    assert!(good.is_up(), "{name}: {good:?}");
}

fn send(mut stream: &TcpStream, text: &str) -> bool {
    stream.write_all(text.as_bytes()).is_ok()
}

#[test]
fn a_source_that_hangs_delays_no_other_one() {
    wrong("hangs", |_, stream| wait_for_end(&stream), &[SourceDown], "no answer within 200ms");
}

#[test]
fn a_source_that_drips_is_cut_off() {
    let drip = |_: &str, stream: TcpStream| {
        send(&stream, "HTTP/1.1 200 OK\r\n\r\n");
        while send(&stream, "#") {
            thread::sleep(Duration::from_millis(10));
        }
    };
    wrong("drips", drip, &[SourceDown], "no answer within 200ms");
}

#[test]
fn a_source_that_lies_about_its_length_gives_nothing() {
    let long = |_: &str, stream: TcpStream| {
        send(&stream, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nup 1\n");
    };
    wrong("truncated", long, &[SourceDown], "end of file before message length reached");
    let chunked = |_: &str, stream: TcpStream| {
        send(&stream, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\nup 1\n");
    };
    wrong("chunked", chunked, &[SourceDown], "end of file before message length reached");
    let huge = |_: &str, stream: TcpStream| {
        send(&stream, "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\nup 1\n");
    };
    wrong("huge", huge, &[SourceDown], "message head is too large");
}

#[test]
fn a_source_that_fails_is_down_with_its_reason() {
    let fails = |_: &str, stream: TcpStream| {
        send(&stream, "HTTP/1.1 500 Oops\r\nContent-Length: 9\r\n\r\nno memory");
    };
    wrong("fails", fails, &[SourceDown], "it answers 500 Internal Server Error: no memory");
    let redirects = |_: &str, stream: TcpStream| {
        send(&stream, "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/a\r\n\r\n");
    };
    wrong("redirects", redirects, &[SourceDown], "it redirects to \"http://127.0.0.1:1/a\"");
    let closes = |_: &str, stream: TcpStream| drop(stream);
    wrong("closes", closes, &[SourceDown], "connection closed before message completed");
    let garbage = |_: &str, stream: TcpStream| {
        send(&stream, "\u{1}\u{2}garbage\r\n\r\n");
    };
    wrong("speaks no HTTP", garbage, &[SourceDown], "invalid HTTP version parsed");
}

#[test]
fn an_answer_that_is_no_exposition_is_refused_with_its_line() {
    let kinds = [ParseError, SourceDown];
    let of = |text: &'static str| move |_: &str, stream: TcpStream| respond(stream, TEXT, text);
    wrong("garbage", of("up 1\n{\u{7}garbage\n"), &kinds, "line 2 is not valid");
    wrong("duplicates", of("up{a=\"1\"} 1\nup{a=\"1\"} 2\n"), &kinds, "up");
    let html = |_: &str, stream: TcpStream| respond(stream, "text/html", "<p>Hello</p>");
    wrong("a page", html, &kinds, "text/html");
    let cut = |_: &str, stream: TcpStream| {
        respond(stream, "application/openmetrics-text; version=1.0.0", "up 1\n");
    };
    wrong("no end", cut, &kinds, "EOF");
}

#[test]
fn a_time_that_can_not_be_is_refused() {
    let kinds = [ParseError, SourceDown];
    // Retention would never remove rows of the future, and DuckDB takes the last ones for infinite.
    let far = ["9223372036854775807", "253402300799000", "-9223372036854775808", "-1"];
    for time in far {
        let answer = move |_: &str, stream: TcpStream| {
            respond(stream, TEXT, &format!("a 1\nup{{a=\"1\"}} 1 {time}\n"));
        };
        wrong(time, answer, &kinds, &format!("the time of up is {time} ms since 1970"));
    }
}

#[test]
fn an_answer_without_end_is_refused_at_its_limit() {
    let endless = |_: &str, stream: TcpStream| {
        send(&stream, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n");
        while send(&stream, &"up 1\n".repeat(1_000)) {}
    };
    wrong("endless", endless, &[SourceDown], "longer than 100000 bytes");
    let many = |_: &str, stream: TcpStream| {
        let lines: Vec<_> = (0..1_001).map(|number| format!("up{{a=\"{number}\"}} 1\n")).collect();
        respond(stream, TEXT, &lines.concat());
    };
    wrong("many series", many, &[TooMany, SourceDown], "more than 1000 series");
    let long = |_: &str, stream: TcpStream| {
        respond(stream, TEXT, &format!("up{{a=\"{}\"}} 1\n", "a".repeat(5_000)));
    };
    wrong("a long label", long, &[TooMany, SourceDown], "more than 4096 bytes");
}

/// Waits until the client has gone.
fn wait_for_end(stream: &TcpStream) {
    let mut byte = [0];
    let _ = std::io::Read::read(&mut &*stream, &mut byte);
}

#[test]
fn answers_together_have_limits() {
    let big = |service: &'static str| {
        let text: Vec<_> = (0..600).map(|at| format!("{service}{{a=\"{at}\"}} 1\n")).collect();
        Server::of_text(text.concat())
    };
    let (one, two, memory) = (big("one"), big("two"), Memory::default());
    let mut limits = TotalLimits::default();
    limits.series = 1_000;
    let collector = quick(&memory)
        .source(one.source("one"))
        .source(two.source("two"))
        .limits(limits)
        .start()
        .unwrap();
    memory.wait_for_event(TooMany, "all sources together");
    let status = collector.stop().unwrap();
    assert_eq!(status.sources.iter().filter(|it| it.is_up()).count(), 1, "{status:?}");
}

#[test]
fn two_services_of_which_one_is_down() {
    let (good, memory) = (Server::of_text("up 1\n"), Memory::default());
    // Nobody listens there until later.
    let address = Server::of_text("").address();
    let collector = quick(&memory)
        .source(good.source("good"))
        .source(Source::new(&address).service("late"))
        .start()
        .unwrap();
    memory.wait_for_event(SourceDown, &address);
    memory.wait_for_samples("good", 3);
    let late = Server::at(&address, |_, stream| respond(stream, TEXT, "up 7\n"));
    memory.wait_for_samples("late", 1);
    drop(late);
    memory.wait_for("second end", |stored| {
        (stored.kinds("late") == [SourceDown, SourceUp, SourceDown]).then_some(())
    });
    collector.stop().unwrap();
    memory.with(|stored| assert_eq!(stored.samples("late")[0].value, Value::Number(7.0)));
}
