//! Sends the input's requests to the HTTP front. The response to each is known. They follow one
//! another and are cut off at any byte.

#![no_main]

use fuzz::answers;
use fuzz::exposition::text::{self, Dialect};
use fuzz::exposition::{Families, protobuf};
use fuzz::requests::{Conversation, Metrics};
use libfuzzer_sys::fuzz_target;
use std::io::Read;
use std::str;
use std::sync::LazyLock;
use tickmetrics_exporter::__fuzz::{InMemory, Said};

/// More than any head here has.
const HEADER_BYTES: usize = 8192;

static SERVER: LazyLock<InMemory> = LazyLock::new(|| {
    let server = answers::server(HEADER_BYTES);
    // It is ready once it has answered.
    let bytes = b"GET /metrics HTTP/1.0\r\n\r\n";
    server.answer(Said { bytes, piece: usize::MAX, half_closes: true }).expect("it ends");
    server
});

static PROTECTED: LazyLock<InMemory> = LazyLock::new(|| answers::protected_server(HEADER_BYTES));

fuzz_target!(|conversation: Conversation| {
    let server = if conversation.is_protected { &PROTECTED } else { &SERVER };
    let said = conversation.said();
    let bytes = &said.bytes[..];
    let piece = if conversation.piece == 0 { usize::MAX } else { conversation.piece.into() };
    for half_closes in [false, true] {
        let answered = server.answer(Said { bytes, piece, half_closes }).expect("it ends");
        check(&said, &answered);
    }
});

/// Each request has its answer, up to the one that ends the connection.
fn check(said: &fuzz::requests::Said, answered: &[u8]) {
    let shown = || format!("{}\n{}", said.bytes.escape_ascii(), answered.escape_ascii());
    let mut rest = answered;
    for expected in &said.answers {
        if rest.is_empty() {
            panic!("a request is not answered: {}", shown());
        }
        let (answer, after) = answers::read(rest, expected.is_head);
        rest = after;
        let status = answer.status;
        assert!(expected.status.contains(&status), "{status}, not {expected:?}: {}", shown());
        if let Some(is_framed) = expected.is_framed {
            assert_eq!(answer.is_framed, is_framed, "the header of the configuration: {}", shown());
        }
        if let Some(metrics) = &expected.metrics {
            check_metrics(metrics, &answer, expected.is_head);
        }
        if expected.closes {
            assert!(rest.is_empty(), "it goes on after its end: {}", shown());
            return;
        }
        if expected.loses_track {
            return;
        }
        if expected.may_close && rest.is_empty() {
            return;
        }
    }
    if !rest.is_empty() {
        let (answer, rest) = answers::read(rest, false);
        let is_refused = said.is_cut && answer.status == 400 && rest.is_empty();
        assert!(is_refused, "there are more answers than requests: {}", shown());
    }
}

fn check_metrics(expected: &Metrics, answer: &answers::Answer<'_>, is_head: bool) {
    assert_eq!(answer.content_type.as_deref(), Some(expected.content_type));
    assert_eq!(answer.coding.as_deref(), expected.coding);
    if is_head {
        return;
    }
    let mut body = Vec::new();
    match expected.coding {
        Some("gzip") => flate2::read::GzDecoder::new(answer.body).read_to_end(&mut body),
        Some(_) => {
            let decoder = ruzstd::decoding::StreamingDecoder::new(answer.body);
            decoder.expect("it is zstd").read_to_end(&mut body)
        }
        None => (&*answer.body).read_to_end(&mut body),
    }
    .expect("it can be decompressed");
    let families = read(expected.content_type, &body);
    let (own, others): (Vec<_>, Vec<_>) =
        families.keys().partition(|name| !name.starts_with("tickmetrics_"));
    // OpenMetrics' counters have their families' names without the end.
    let is =
        |name: &str| expected.families.iter().any(|one| one.trim_end_matches("_total") == name);
    let is_all = own.len() == expected.families.len();
    assert!(is_all && own.iter().all(|name| is(name.trim_end_matches("_total"))), "{own:?}");
    assert_eq!(others.is_empty(), !expected.is_whole, "{others:?}");
}

fn read(content_type: &str, body: &[u8]) -> Families {
    if content_type.contains("protobuf") {
        return protobuf::read(body).expect("it is protobuf").0;
    }
    let is_openmetrics = content_type.contains("openmetrics");
    let dialect = if is_openmetrics { Dialect::OpenMetrics } else { Dialect::Text };
    text::read(dialect, str::from_utf8(body).expect("it is text"))
        .expect("it is as the format says")
}
