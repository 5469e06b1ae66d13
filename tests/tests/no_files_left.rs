//! A process without a free file descriptor, which is why this test has a process of its own.

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::fd::AsRawFd;
use std::thread;
use std::time::Duration;
use tickmetrics_exporter::Exporter;

fn limit() -> libc::rlimit {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is writable for the call.
    assert_eq!(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) }, 0);
    limit
}

fn set_limit(limit: libc::rlimit) {
    // SAFETY: `limit` is readable for the call.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) }, 0);
}

/// The processor time of all threads together.
fn processor_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is writable for the call.
    let rc = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    assert_eq!(rc, 0);
    Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
}

#[test]
fn the_exporter_waits_quietly_and_goes_on() {
    let exporter = Exporter::builder().listen("127.0.0.1:0").start().unwrap();
    let usual = limit();
    let next = u64::try_from(File::open("/dev/null").unwrap().as_raw_fd()).unwrap();
    // One more: the client's end of the connection. The exporter's does not fit.
    set_limit(libc::rlimit { rlim_cur: next + 1, ..usual });
    let mut client = TcpStream::connect(exporter.local_addr().unwrap()).unwrap();
    assert!(File::open("/dev/null").is_err());
    client.write_all(b"GET /health HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").unwrap();

    let before = processor_time();
    thread::sleep(Duration::from_millis(500));
    let used = processor_time().saturating_sub(before);
    assert!(used < Duration::from_millis(100), "{used:?} of 500 ms spent on retries");

    set_limit(usual);
    client.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with("\r\n\r\nOK"), "{answer}");
}
