//! After a `fork` the exporter is still the parent's. Alone in its file, since the child has only the
//! thread that forked.

use std::io::{Read, Write};
use std::net::TcpStream;
use tickmetrics_exporter::Exporter;

#[test]
fn a_child_drops_what_is_not_its_own() {
    let exporter = Exporter::builder().listen("127.0.0.1:0").start().unwrap();
    let address = exporter.local_addr().unwrap();
    // SAFETY: the child frees memory, which glibc allows after a fork, and ends.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0, "{}", std::io::Error::last_os_error());
    if pid == 0 {
        // SAFETY: ends the child, with a status that is seen below, if it waits for a thread that
        // it does not have.
        unsafe { libc::alarm(10) };
        drop(exporter);
        // SAFETY: ends the child without running the exit handlers of the parent.
        unsafe { libc::_exit(0) };
    }
    let mut status = 0;
    // SAFETY: waits for the child made above.
    assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
    assert_eq!(status, 0, "the child ended with status {status:#x}");

    let mut client = TcpStream::connect(address).unwrap();
    client.write_all(b"GET /health HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with("\r\n\r\nOK"), "{answer}");
}
