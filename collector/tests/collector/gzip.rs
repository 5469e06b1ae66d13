//! Compressed answers.

use crate::hostile::wrong;
use crate::support::{Memory, Server, quick};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use tests::programs::skip;
use tickmetrics_collector::batch::EventKind::SourceDown;

fn text() -> String {
    let lines: Vec<_> = (0..2_000).map(|it| format!("depth{{level=\"{it}\"}} {it}\n")).collect();
    lines.concat()
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn send(mut stream: TcpStream, coding: &str, body: &[u8]) {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Encoding: {coding}\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
}

/// What the program gzip makes of a text.
fn by_gzip(text: &str) -> Option<Vec<u8>> {
    let child = Command::new("gzip").arg("-c").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut child) = child else {
        skip("answers that gzip compressed (it is not installed)");
        return None;
    };
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut compressed = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(text.as_bytes()).unwrap());
        stdout.read_to_end(&mut compressed).unwrap();
    });
    assert!(child.wait().unwrap().success());
    Some(compressed)
}

#[test]
fn a_compressed_answer_is_asked_for_and_has_the_same_samples() {
    let text = text();
    let (begin, end) = text.split_at(1_000);
    let halves = [gzip(begin.as_bytes()), gzip(end.as_bytes())].concat();
    for body in [Some(gzip(text.as_bytes())), Some(halves), by_gzip(&text)].into_iter().flatten() {
        let heads = Arc::new(Mutex::new(String::new()));
        let (memory, seen) = (Memory::default(), heads.clone());
        let server = Server::new(move |head, stream| {
            *seen.lock().unwrap() = head.to_lowercase();
            send(stream, "gzip", &body);
        });
        let source = server.source("a").gzip(true);
        let collector = quick(&memory).source(source).start().unwrap();
        memory.wait_for_samples("a", 2_000);
        collector.stop().unwrap();
        assert!(heads.lock().unwrap().contains("\r\naccept-encoding: gzip\r\n"));
        let plain = Memory::default();
        let server = Server::of_text(text.clone());
        let collector = quick(&plain).source(server.source("a")).start().unwrap();
        plain.wait_for_samples("a", 2_000);
        collector.stop().unwrap();
        let last = memory.with(|stored| stored.last("a"));
        assert_eq!(last.len(), 2_000);
        assert!(last == plain.with(|stored| stored.last("a")));
    }
}

#[test]
fn an_exporter_of_this_library_compresses() {
    use tickmetrics::prelude::*;

    let registry = Registry::new();
    let description = Description::new("orders_total", "Help.");
    registry.register::<Counter>(&description).unwrap().add(7);
    let exporter = tickmetrics_exporter::Exporter::builder()
        .registry(&registry)
        .listen("127.0.0.1:0")
        .start()
        .unwrap();
    let memory = Memory::default();
    let source = tickmetrics_collector::Source::new(exporter.local_addrs()[0].to_string());
    let collector = quick(&memory).source(source.service("a").gzip(true)).start().unwrap();
    memory.wait_for_samples("a", 2);
    collector.stop().unwrap();
    assert!(memory.with(|stored| stored.last("a").contains_key("counter orders_total{}")));
}

#[test]
fn a_target_on_this_machine_is_not_asked_to_compress() {
    let heads = Arc::new(Mutex::new(String::new()));
    let (memory, seen) = (Memory::default(), heads.clone());
    // It compresses nevertheless.
    let body = gzip(b"up 1\n");
    let server = Server::new(move |head, stream| {
        *seen.lock().unwrap() = head.to_lowercase();
        send(stream, "x-gzip", &body);
    });
    let collector = quick(&memory).source(server.source("a")).start().unwrap();
    memory.wait_for_samples("a", 1);
    collector.stop().unwrap();
    assert!(!heads.lock().unwrap().contains("accept-encoding"));
}

#[test]
fn answers_that_grow_are_refused() {
    // 100 MB, and the limit is 100 kB.
    let bomb = gzip(&vec![b'#'; 100_000_000]);
    assert!(bomb.len() < 1_000_000);
    let small = bomb[..50_000].to_vec();
    wrong(
        "bomb",
        move |_, stream| send(stream, "gzip", &small),
        &[SourceDown],
        "longer than 100000 bytes",
    );
    // Nothing but blocks without content.
    let mut empty = gzip(b"")[..10].to_vec();
    empty.extend([0, 0, 0, 0xff, 0xff].repeat(100_000));
    wrong(
        "empty blocks",
        move |_, stream| send(stream, "gzip", &empty),
        &[SourceDown],
        "longer than 100000 bytes",
    );
}

#[test]
fn damaged_answers_are_refused() {
    let whole = gzip(b"up 1\n");
    let cut = whole[..whole.len() - 3].to_vec();
    let mut damaged = whole.clone();
    let sum = damaged.len() - 8;
    damaged[sum] ^= 1;
    let behind = [&whole[..], b"up 1\n"].concat();
    for (name, coding, body, reason) in [
        ("cut off", "gzip", cut, "is damaged or cut off"),
        ("sum", "gzip", damaged, "is damaged"),
        ("behind", "gzip", behind, "is damaged"),
        ("plain", "gzip", b"up 1\n".to_vec(), "is damaged"),
        ("other", "br", whole.clone(), "compressed as \"br\""),
        ("twice", "gzip, gzip", whole, "compressed as \"gzip, gzip\""),
    ] {
        wrong(name, move |_, stream| send(stream, coding, &body), &[SourceDown], reason);
    }
}
