//! Says to the HTTP front what the input says, and reads the answers by another parser of HTTP.

#![no_main]

use libfuzzer_sys::fuzz_target;
use std::str;
use std::sync::LazyLock;
use tickmetrics::prelude::*;
use tickmetrics_exporter::__fuzz::{InMemory, Said};

static SERVER: LazyLock<InMemory> = LazyLock::new(|| {
    let registry = Registry::new();
    let register = Description::new("ticks_total", "Ticks.");
    registry.register::<Counter<bool>>(&register).expect("there is room").with(true).add(3);
    InMemory::new(&registry, 512).expect("there is room")
});

fuzz_target!(|input: &[u8]| {
    let Some((&piece, bytes)) = input.split_first() else { return };
    let piece = if piece == 0 { usize::MAX } else { usize::from(piece) };
    let [waits, half_closes] = [false, true].map(|half_closes| {
        let said = Said { bytes, piece, half_closes };
        let answers = SERVER.answer(said).expect("it ends when the client does");
        statuses(&answers, bytes)
    });
    assert_eq!(waits, half_closes, "a client that ends its half is answered the same");
    if let (Some(&status), true) = (waits.first(), lacks_its_host(bytes)) {
        assert!(matches!(status, 400 | 414 | 431), "{status} without its host");
    }
});

/// The status of each answer.
fn statuses(answers: &[u8], said: &[u8]) -> Vec<u16> {
    let has_head = said.windows(5).any(|word| word == b"HEAD ");
    let (mut statuses, mut rest) = (Vec::new(), answers);
    while !rest.is_empty() {
        let (status, after) = after_answer(rest, has_head);
        statuses.push(status);
        rest = after;
    }
    statuses
}

/// Whether the first request has to be refused: of HTTP/1.1 without a host, or with two.
fn lacks_its_host(said: &[u8]) -> bool {
    let mut headers = [httparse::EMPTY_HEADER; 100];
    let mut request = httparse::Request::new(&mut headers);
    if !matches!(request.parse(said), Ok(httparse::Status::Complete(_))) {
        return false;
    }
    let hosts = request.headers.iter().filter(|one| one.name.eq_ignore_ascii_case("host")).count();
    hosts > 1 || hosts == 0 && request.version == Some(1)
}

/// Reads one answer, and returns its status and what follows.
fn after_answer(bytes: &[u8], has_head: bool) -> (u16, &[u8]) {
    let mut headers = [httparse::EMPTY_HEADER; 16];
    let mut response = httparse::Response::new(&mut headers);
    let Ok(httparse::Status::Complete(end)) = response.parse(bytes) else {
        panic!("this is no HTTP: {}", bytes.escape_ascii())
    };
    let header = |name: &str| {
        let mut all = response.headers.iter().filter(|one| one.name.eq_ignore_ascii_case(name));
        let value = all.next().map(|one| str::from_utf8(one.value).expect("it is text"));
        assert!(all.next().is_none(), "{name} stands there twice");
        value
    };
    let status = response.code.expect("it was parsed");
    assert!(matches!(status, 200 | 400 | 404 | 405 | 414 | 431 | 501), "{status}");
    let rest = &bytes[end..];
    // The answer to HEAD has the length of what it leaves out.
    if has_head && (rest.is_empty() || rest.starts_with(b"HTTP/1.")) {
        return (status, rest);
    }
    let (body, rest) = match (header("content-length"), header("transfer-encoding")) {
        (Some(length), None) => rest.split_at(length.parse().expect("it is a number")),
        // To HTTP/1.0, up to the end.
        (None, None) if header("connection") == Some("close") => (rest, &[][..]),
        (length, coding) => panic!("length {length:?}, coding {coding:?}, of {status}"),
    };
    if header("content-encoding").is_none() {
        match header("content-type") {
            Some(kind) if kind.starts_with("application/openmetrics-text") => {
                assert!(body.ends_with(b"# EOF\n"));
            }
            Some(kind) if kind.starts_with("text/") => {
                assert!(str::from_utf8(body).is_ok());
            }
            kind => assert!(status != 404 && status != 405, "{kind:?}"),
        }
    }
    (status, rest)
}
