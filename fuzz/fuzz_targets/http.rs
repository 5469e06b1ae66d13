//! Sends the input to the HTTP front, and reads the responses by another parser of HTTP.

#![no_main]

use fuzz::answers;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use tickmetrics_exporter::__fuzz::{InMemory, Said};

static SERVER: LazyLock<InMemory> = LazyLock::new(|| answers::server(512));

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
    let read = |rest| {
        let (answer, after) = answers::read(rest, has_head);
        // Of several, not all may be to HEAD.
        let is_bare = after.is_empty() || after.starts_with(b"HTTP/1.");
        if is_bare { (answer, after) } else { answers::read(rest, false) }
    };
    let (mut statuses, mut rest) = (Vec::new(), answers);
    while !rest.is_empty() {
        let (answer, after) = read(rest);
        statuses.push(answer.status);
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
