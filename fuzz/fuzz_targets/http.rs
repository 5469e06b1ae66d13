//! Says to the HTTP front what the input says, and reads the answers by another parser of HTTP.

#![no_main]

use exporter::__fuzz::{InMemory, Said};
use libfuzzer_sys::fuzz_target;
use metrics_core::prelude::*;
use std::str;
use std::sync::LazyLock;

static SERVER: LazyLock<InMemory> = LazyLock::new(|| {
    let registry = Registry::new();
    let register = Description::new("ticks_total", "Ticks.");
    registry.register::<Counter<bool>>(&register).expect("there is room").with(true).add(3);
    InMemory::new(&registry, 512).expect("there is room")
});

fuzz_target!(|input: &[u8]| {
    let Some((&piece, bytes)) = input.split_first() else { return };
    let piece = if piece == 0 { usize::MAX } else { usize::from(piece) };
    let answers = SERVER.answer(Said { bytes, piece }).expect("it ends when the client does");
    let has_head = bytes.windows(5).any(|word| word == b"HEAD ");
    let mut rest = &*answers;
    while !rest.is_empty() {
        rest = after_answer(rest, has_head);
    }
});

/// Reads one answer, and returns what follows.
fn after_answer(bytes: &[u8], has_head: bool) -> &[u8] {
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
    assert!(matches!(status, 200 | 400 | 404 | 405 | 414 | 431), "{status}");
    let rest = &bytes[end..];
    // The answer to HEAD has the length of what it leaves out.
    if has_head && (rest.is_empty() || rest.starts_with(b"HTTP/1.")) {
        return rest;
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
    rest
}
