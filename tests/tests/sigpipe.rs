//! A program that does not ignore SIGPIPE, like those in C, survives whatever others close.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tests::processes::{Folder, Other, command, role, say, wait};
use tickmetrics::prelude::*;
use tickmetrics_exporter::{Exporter, Push};

/// Series that together are more than the sockets' buffers hold.
const SERIES: usize = 4_000;

/// Clients that leave in the midst of an answer. Whether the next write fails or raises a signal
/// depends on the bytes that were on their way.
const LEAVE: usize = 50;

#[derive(Clone, Copy, Label)]
#[label(capacity = 4096)]
struct Session(LabelId);

fn large() -> Registry {
    let registry = Registry::new();
    let large: Gauge<Session> = registry.register(&Description::new("large", "Help.")).unwrap();
    let padding = "x".repeat(1_000);
    for at in 0..SERIES {
        large.with(Session::intern(&format!("{at}{padding}"))).set(1.0);
    }
    registry
}

#[test]
fn in_another_process() {
    let Some((role, file)) = role() else { return };
    // SAFETY: no other thread of this process sets a handler.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    let builder = Exporter::builder().registry(&large());
    match role.as_str() {
        "serve" => {
            let builder = builder.listen("127.0.0.1:0").listen(format!("unix:{}", file.display()));
            let exporter = builder.compress(true).start().unwrap();
            say(&exporter.local_addr().unwrap().to_string());
            wait();
            exporter.shutdown();
        }
        "push" => {
            let address = std::fs::read_to_string(file).unwrap();
            let push = Push::new(format!("http://{address}"), "job");
            let exporter = builder.listen_nowhere().push(push).start().unwrap();
            for _ in 0..LEAVE {
                exporter.push_now(Duration::from_millis(50)).unwrap_err();
            }
            say("outlived them");
        }
        "report" => {
            // Where a report waits for a reader, it does so for ever.
            // SAFETY: a call without a pointer.
            unsafe { libc::alarm(60) };
            // Until nobody reads standard error.
            wait();
            let exporter = builder.listen("0.0.0.0:0").start().unwrap();
            exporter.shutdown();
            // Core reports metrics that can't be registered.
            let global = Registry::global();
            global.register::<Counter>(&Description::new("twice_total", "Once.")).unwrap();
            Twice::global();
            say("outlived them");
        }
        other => panic!("{other}"),
    }
}

#[derive(Metrics)]
struct Twice {
    /// Of another type.
    #[metric(name = "twice_total")]
    #[expect(dead_code, reason = "it can't be registered")]
    twice: Gauge,
}

/// Asks for all metrics, reads a little, and leaves.
fn leave(mut stream: impl Read + Write, headers: &str) {
    let request = format!("GET /metrics HTTP/1.1\r\nHost: a\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    stream.read_exact(&mut [0; 1_000]).unwrap();
}

#[test]
fn clients_that_leave_end_no_program() {
    let folder = Folder::new("sigpipe");
    let socket = folder.0.join("socket");
    let mut server = Other::start("serve", &socket);
    let address = server.says();
    for headers in ["", "Accept-Encoding: gzip\r\n", "Accept-Encoding: zstd\r\n"] {
        for _ in 0..LEAVE {
            leave(UnixStream::connect(&socket).unwrap(), headers);
            leave(TcpStream::connect(&address).unwrap(), headers);
        }
    }
    // One that is answered whole.
    let mut stream = UnixStream::connect(&socket).unwrap();
    let request = b"GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    stream.write_all(request).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with("OK"), "{answer}");
    server.tell();
    assert!(server.child.wait().unwrap().success());
}

#[test]
fn a_gateway_that_leaves_ends_no_program() {
    let folder = Folder::new("sigpipe-push");
    let gateway = TcpListener::bind("127.0.0.1:0").unwrap();
    let file = folder.0.join("address");
    std::fs::write(&file, gateway.local_addr().unwrap().to_string()).unwrap();
    // Ends with the test.
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = gateway.accept() {
            // It refuses, and leaves with most of the body unread.
            let _ = stream.read_exact(&mut [0; 1_000]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 9\r\n\r\n");
            let _ = stream.shutdown(std::net::Shutdown::Write);
            let _ = stream.read_exact(&mut vec![0; 100_000]);
        }
    });
    assert_eq!(Other::start("push", &file).says(), "outlived them");
}

#[test]
fn a_report_that_nobody_reads_ends_no_program() {
    let mut command = command(&[], "report", Path::new(""));
    command.stderr(Stdio::piped());
    let mut other = Other::of(command);
    drop(other.child.stderr.take());
    other.tell();
    assert_eq!(other.says(), "outlived them");
}

/// As with a parent that does not read its child's output, or with a journal that is stuck. Nothing
/// of ours waits for that, the end of the program least of all.
#[test]
fn a_report_waits_for_no_reader() {
    let (reader, writer) = std::io::pipe().unwrap();
    let flags = |flags: i32| {
        // SAFETY: a call without a pointer, on a descriptor that is open.
        assert_eq!(unsafe { libc::fcntl(writer.as_raw_fd(), libc::F_SETFL, flags) }, 0);
    };
    flags(libc::O_NONBLOCK);
    while (&writer).write(&[b'x'; 4096]).is_ok() {}
    flags(0);
    let mut command = command(&[], "report", Path::new(""));
    command.stderr(writer.try_clone().unwrap());
    let mut other = Other::of(command);
    other.tell();
    assert_eq!(other.says(), "outlived them");
    drop(reader);
}
