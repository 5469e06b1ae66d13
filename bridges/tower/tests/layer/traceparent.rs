//! The header `traceparent` against a reference in Python, written from W3C's text.

use http::{HeaderMap, HeaderValue};
use std::fmt::Write as _;
use tickmetrics_tower::TraceContext;

const VALID: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn read(values: &[&[u8]]) -> Option<TraceContext> {
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append("traceparent", HeaderValue::from_bytes(value).ok()?);
    }
    TraceContext::read(&headers)
}

/// A valid header with a few changes.
fn header(random: &mut fastrand::Rng) -> String {
    let mut hex = |digits: usize| -> String {
        let zeros = random.u8(..12) == 0;
        (0..digits).map(|_| if zeros { '0' } else { random.digit(16) }).collect()
    };
    let ids = [hex(32), hex(16), hex(2)];
    let version = ["00", "00", "01", "cc", "fe", "ff", "0", "000"][random.usize(..8)];
    let mut text = format!("{version}-{}-{}-{}", ids[0], ids[1], ids[2]);
    if random.u8(..3) == 0 {
        text.push_str(["-", "-more", "more", "-what-the-future-adds", " ", "_"][random.usize(..6)]);
    }
    for _ in 0..random.usize(..3).saturating_sub(random.usize(..3)) {
        let at = random.usize(..text.len());
        match random.u8(..5) {
            0 => drop(text.remove(at)),
            1 => text.insert(at, ['-', 'A', 'f', '0', 'g', ' '][random.usize(..6)]),
            2 => text.truncate(at),
            3 => text = text.to_uppercase(),
            _ => text.replace_range(at..=at, ["-", "F", "x", "0", "_"][random.usize(..5)]),
        }
    }
    text
}

#[test]
fn random_headers_are_read_as_the_reference_reads_them() {
    let mut random = fastrand::Rng::with_seed(42);
    let headers: Vec<_> = (0..10_000).map(|_| header(&mut random)).collect();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/layer/traceparent.py");
    let Some(output) = tests::programs::feed("python3", &[script], &headers.join("\n")) else {
        return tests::programs::skip("python3 is not installed (apt-get install python3)");
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut ours = String::new();
    for header in &headers {
        match read(&[header.as_bytes()]) {
            Some(context) => writeln!(
                ours,
                "{:032x} {:016x} {}",
                context.trace_id(),
                context.span_id(),
                u8::from(context.is_sampled())
            )
            .unwrap(),
            None => ours.push_str("new\n"),
        }
    }
    let theirs = String::from_utf8(output.stdout).unwrap();
    for (header, (ours, theirs)) in headers.iter().zip(ours.lines().zip(theirs.lines())) {
        assert_eq!(ours, theirs, "{header:?}");
    }
    let valid = ours.lines().filter(|line| *line != "new").count();
    assert!((2_000..8_000).contains(&valid), "{valid} of 10,000 are valid: too few of a kind");
    assert_eq!(ours.lines().count(), theirs.lines().count());
}

#[test]
fn several_headers_start_a_new_trace() {
    assert!(read(&[VALID.as_bytes()]).is_some());
    assert_eq!(read(&[VALID.as_bytes(), VALID.as_bytes()]), None);
    assert_eq!(read(&[VALID.as_bytes(), b""]), None);
    assert_eq!(read(&[b"", VALID.as_bytes()]), None);
    assert_eq!(read(&[format!("{VALID},{VALID}").as_bytes()]), None);
    assert_eq!(read(&[]), None);
}

#[test]
fn bytes_that_are_no_text_start_a_new_trace() {
    for at in 0..VALID.len() {
        for byte in [0x80, 0xff, b'\t'] {
            let mut bytes = VALID.as_bytes().to_vec();
            bytes[at] = byte;
            assert_eq!(read(&[&bytes]), None, "{byte:#x} at {at}");
        }
    }
}

#[test]
fn a_later_version_is_passed_on_as_version_0() {
    let later = VALID.replacen("00", "a9", 1) + "-new-part";
    let context = read(&[later.as_bytes()]).unwrap();
    assert_eq!(context.to_string(), VALID);
    let mut headers = HeaderMap::new();
    headers.insert("tracestate", "old=1".parse().unwrap());
    context.write(&mut headers);
    assert_eq!(headers["traceparent"], VALID);
    assert!(!headers.contains_key("tracestate"), "it was of another trace");
}

#[test]
fn invalid_ids_make_no_context() {
    assert!(TraceContext::new(0, 1, true).is_none());
    assert!(TraceContext::new(1, 0, true).is_none());
    let context = TraceContext::new(1, 1, false).unwrap();
    assert_eq!((context.is_sampled(), context.flags(), context.state()), (false, 0, None));
    assert_ne!(TraceContext::start(true).trace_id(), TraceContext::start(true).trace_id());
}
