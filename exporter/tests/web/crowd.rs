//! Clients of one address, without credentials, while one of another address asks.

use crate::support::Folder;
use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;
use tests::http::series;
use tests::processes::Other;
use tickmetrics_exporter::{Exporter, Limits};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

const TLS: &str = "tls_server_config: { cert_file: server.pem, key_file: server.key }\n";

const CROWD: [u8; 4] = [127, 0, 0, 2];
const OTHER: [u8; 4] = [127, 0, 0, 3];

/// Far more than an answer takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

fn connect(source: [u8; 4], exporter: &Exporter) -> TcpStream {
    connect_to(source, exporter.local_addr().unwrap())
}

fn connect_to(source: [u8; 4], address: SocketAddr) -> TcpStream {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::new(IpAddr::from(source), 0).into()).unwrap();
    socket.connect(&address.into()).unwrap();
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// A client that trusts the authority, before its first word.
fn client(folder: &Folder) -> ClientConnection {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(folder.path("ca.pem")).unwrap()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    let config = builder.with_root_certificates(roots).with_no_client_auth();
    ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap()
}

/// The exporter's metrics about its limits, requested over an open connection.
fn scrape(folder: &Folder, stream: TcpStream) -> String {
    let mut stream = StreamOwned::new(client(folder), stream);
    let request = "GET /metrics?name[]=tickmetrics_exporter_limited HTTP/1.1\r\nHost: a\r\n\
                   Connection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    body.to_owned()
}

fn limited(text: &str, limit: &str) -> f64 {
    series(text)[&*format!("tickmetrics_exporter_limited_total{{limit=\"{limit}\"}}")]
}

fn is_closed(stream: &mut TcpStream) -> bool {
    match stream.read(&mut [0]) {
        Ok(read) => read == 0,
        Err(error) => error.kind() == ErrorKind::ConnectionReset,
    }
}

#[test]
fn a_handshake_is_not_ended_for_an_address_that_has_more() {
    let folder = Folder::new("fair");
    let limits = Limits { connections: 4, handshakes: 100, ..Limits::default() };
    let exporter = folder.builder(TLS).limits(limits).start().unwrap();
    // It waits for longer than any of the crowd.
    let late = connect(OTHER, &exporter);
    let mut crowd: Vec<_> = (0..40).map(|_| connect(CROWD, &exporter)).collect();
    // Those that had to go are, once all are accepted.
    assert!(crowd[..37].iter_mut().all(is_closed));
    let text = scrape(&folder, late);
    assert_eq!(limited(&text, "connections"), 37.0);
}

#[test]
fn handshakes_of_one_address_make_room_for_its_own() {
    let folder = Folder::new("own");
    let limits = Limits { handshakes: 2, ..Limits::default() };
    let exporter = folder.builder(TLS).limits(limits).start().unwrap();
    let late = connect(OTHER, &exporter);
    let mut silent: Vec<_> = (0..5).map(|_| connect(CROWD, &exporter)).collect();
    assert!(silent[..3].iter_mut().all(is_closed));
    assert_eq!(limited(&scrape(&folder, late), "handshakes"), 3.0);
    // Those that are left are as good as any.
    let last = silent.pop().unwrap();
    assert_eq!(limited(&scrape(&folder, last), "handshakes"), 3.0);
    // Connections after their handshake do not count.
    for _ in 0..4 {
        let stream = connect(OTHER, &exporter);
        assert_eq!(limited(&scrape(&folder, stream), "handshakes"), 3.0);
    }
}

#[test]
fn handshakes_of_one_address_wait_for_their_time() {
    let folder = Folder::new("rate");
    let limits = Limits { handshakes_per_second: 1, ..Limits::default() };
    let exporter = folder.builder(TLS).limits(limits).start().unwrap();
    // One hello, repeated, as sent by a client that avoids all computation.
    let mut hello = Vec::new();
    client(&folder).write_tls(&mut hello).unwrap();
    let mut crowd: Vec<_> = (0..8).map(|_| connect(CROWD, &exporter)).collect();
    crowd.iter_mut().for_each(|stream| stream.write_all(&hello).unwrap());
    // Four may begin at once, and those after them take a second each. Others need not wait for that.
    assert_eq!(limited(&scrape(&folder, connect(OTHER, &exporter)), "handshakes"), 0.0);
    // They wait, and are not refused.
    assert!(crowd.iter_mut().all(|stream| stream.read(&mut [0]).unwrap() == 1));
    let text = scrape(&folder, connect(OTHER, &exporter));
    assert!(limited(&text, "handshake_rate") >= 1.0, "{text}");
}

/// A write to a client that is gone raises SIGPIPE, which ends a program that does not ignore it.
#[test]
fn clients_that_leave_end_no_program() {
    let folder = Folder::new("sigpipe");
    folder.write("web.yml", TLS);
    let mut server = Other::start("program in C", &folder.path("web.yml"));
    let address: SocketAddr = server.says().strip_prefix("ready ").unwrap().parse().unwrap();
    for at in 0..50u8 {
        // From many addresses, since one would have to wait.
        let stream = connect_to([127, 0, 1, at], address);
        let mut stream = StreamOwned::new(client(&folder), stream);
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
        // A client that ends the session announces it, and need not read the answer.
        stream.conn.send_close_notify();
        stream.flush().unwrap();
    }
    scrape(&folder, connect_to(OTHER, address));
    server.tell();
    assert!(server.child.wait().unwrap().success());
}
