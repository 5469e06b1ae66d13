//! Responses of the HTTP front, read by another parser of HTTP.

use std::str;
use std::sync::LazyLock;
use std::time::Duration;
use tickmetrics::prelude::*;
use tickmetrics_exporter::__fuzz::{InMemory, Said};

/// The served metrics: a counter, a gauge and a histogram.
static REGISTRY: LazyLock<Registry> = LazyLock::new(|| {
    let registry = Registry::new();
    let ticks = Description::new("ticks_total", "Ticks.");
    registry.register::<Counter<bool>>(&ticks).expect("there is room").with(true).add(3);
    let level = Description::new("level", "A level.");
    registry.register::<Gauge>(&level).expect("there is room").set(1.5);
    let wait = Description::new("wait", "Waited.").max(1000).sigfigs(1).buckets([1, 10]);
    registry.register::<Histogram>(&wait).expect("there is room").record(7);
    registry
});

/// A front that takes so many bytes of a request's head.
///
/// # Panics
/// Where there is no room for its own metrics.
pub fn server(header_bytes: usize) -> InMemory {
    InMemory::new(&REGISTRY, header_bytes).expect("there is room")
}

/// A user with a password, a token, and a header.
const WEB: &str = "
basic_auth_users:
  alice: $2y$04$Vg83avL5xTT.4jua0n0zKeG2alFGI66ZMZ4PGo4vxtBWxHVvGPfvW
bearer_tokens:
  robot: { sha256: 9f9f5111f7b27a781f1f1ddde5ebc2dd2b796bfc7365c9c28b548e564176929f }
http_server_config:
  headers: { X-Frame-Options: deny }
";

/// The credentials that clients send.
pub const PASSWORD: &str = "Basic YWxpY2U6Y29ycmVjdCBob3JzZQ==";
pub const TOKEN: &str = "Bearer 0123456789abcdef";

/// A front that asks for credentials. It knows the password already: no other thread hashes it once
/// more.
///
/// # Panics
/// Where there is no room for its own metrics, or for the file.
pub fn protected_server(header_bytes: usize) -> InMemory {
    let file = std::env::temp_dir().join(format!("tickmetrics-fuzz-{}.yml", std::process::id()));
    std::fs::write(&file, WEB).expect("the folder can be written to");
    let server = InMemory::with_web(&REGISTRY, header_bytes, &file).expect("there is room");
    std::fs::remove_file(&file).expect("it is there");
    let bytes = format!("GET /metrics HTTP/1.0\r\nAuthorization: {PASSWORD}\r\n\r\n");
    let said = Said { bytes: bytes.as_bytes(), piece: usize::MAX, half_closes: true };
    let answered = server.answer_after(Duration::from_secs(60), said).expect("it ends");
    assert_eq!(read(&answered, false).0.status, 200, "the password is right");
    server
}

/// One answer.
#[derive(Debug)]
pub struct Answer<'a> {
    pub status: u16,
    pub content_type: Option<String>,
    pub coding: Option<String>,
    /// Whether it has the web configuration's header.
    pub is_framed: bool,
    pub body: &'a [u8],
}

/// Reads one response, and returns the rest.
///
/// # Panics
/// Where it is no HTTP.
pub fn read(bytes: &[u8], is_head: bool) -> (Answer<'_>, &[u8]) {
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
    assert!(matches!(status, 200 | 400 | 401 | 404 | 405 | 414 | 431 | 501), "{status}");
    let mut answer = Answer {
        status,
        content_type: header("content-type").map(str::to_owned),
        coding: header("content-encoding").map(str::to_owned),
        is_framed: header("x-frame-options") == Some("deny"),
        body: &[],
    };
    let challenges = response.headers.iter().filter(|one| one.name == "www-authenticate").count();
    assert_eq!(challenges, if status == 401 { 2 } else { 0 }, "challenges of {status}");
    let rest = &bytes[end..];
    // The response to HEAD has the length of the omitted body.
    if is_head {
        return (answer, rest);
    }
    let (length, coding) = (header("content-length"), header("transfer-encoding"));
    let (body, rest) = match (length, coding) {
        (Some(length), None) => rest.split_at(length.parse().expect("it is a number")),
        // To HTTP/1.0, up to the end.
        (None, None) if header("connection") == Some("close") => (rest, &[][..]),
        (length, coding) => panic!("length {length:?}, coding {coding:?}, of {status}"),
    };
    answer.body = body;
    if answer.coding.is_none() {
        match answer.content_type.as_deref() {
            Some(kind) if kind.starts_with("application/openmetrics-text") => {
                assert!(answer.body.ends_with(b"# EOF\n"));
            }
            Some(kind) if kind.starts_with("text/") => {
                assert!(str::from_utf8(answer.body).is_ok());
            }
            kind => assert!(status != 404 && status != 405, "{kind:?}"),
        }
    }
    (answer, rest)
}
