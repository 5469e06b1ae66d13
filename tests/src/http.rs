//! A client that sends given bytes exactly, and reads the response.

#![expect(missing_docs, clippy::missing_panics_doc, reason = "not for users")]

use socket2::{Domain, Socket, Type};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// Far more than an answer takes on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

pub struct Client {
    pub stream: BufReader<Box<dyn Stream>>,
}

pub trait Stream: Read + Write + Send {}
impl<S: Read + Write + Send> Stream for S {}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// Names in lower case.
    pub headers: HashMap<String, String>,
    pub body: String,
}

impl Client {
    pub fn new(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { stream: BufReader::new(Box::new(stream)) }
    }

    /// One for which the system takes little that it does not read.
    pub fn with_small_buffer(address: SocketAddr) -> Self {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).unwrap();
        socket.set_recv_buffer_size(64 << 10).unwrap();
        socket.connect(&address.into()).unwrap();
        let stream = TcpStream::from(socket);
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { stream: BufReader::new(Box::new(stream)) }
    }

    /// One that comes from a certain address.
    pub fn from(source: impl Into<IpAddr>, address: SocketAddr) -> Self {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::new(source.into(), 0).into()).unwrap();
        socket.set_recv_buffer_size(64 << 10).unwrap();
        socket.connect(&address.into()).unwrap();
        let stream = TcpStream::from(socket);
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { stream: BufReader::new(Box::new(stream)) }
    }

    pub fn unix(path: impl AsRef<Path>) -> Self {
        Self::of(UnixStream::connect(path).unwrap())
    }

    pub fn of(stream: UnixStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { stream: BufReader::new(Box::new(stream)) }
    }

    pub fn send(&mut self, text: &str) {
        self.stream.get_mut().write_all(text.as_bytes()).unwrap();
    }

    pub fn request(&mut self, method: &str, path: &str) -> Answer {
        self.send(&format!("{method} {path} HTTP/1.1\r\nHost: test\r\n\r\n"));
        let mut answer = self.head();
        if method != "HEAD" {
            answer.body = self.body(&answer);
        }
        answer
    }

    pub fn head(&mut self) -> Answer {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            assert_ne!(self.stream.read_line(&mut line).unwrap(), 0, "closed after {lines:?}");
            match line.trim_end() {
                "" => break,
                line => lines.push(line.to_owned()),
            }
        }
        let status = lines[0].split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines[1..].iter().map(|line| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.to_lowercase(), value.to_owned())
        });
        Answer { status, headers: headers.collect(), body: String::new() }
    }

    pub fn body(&mut self, head: &Answer) -> String {
        let mut body = Vec::new();
        match head.headers.get("content-length") {
            Some(length) => {
                body.resize(length.parse().unwrap(), 0);
                self.stream.read_exact(&mut body).unwrap();
            }
            None => self.chunks(head, &mut body),
        }
        String::from_utf8(body).unwrap()
    }

    fn chunks(&mut self, head: &Answer, body: &mut Vec<u8>) {
        assert_eq!(head.headers["transfer-encoding"], "chunked");
        loop {
            let mut size = String::new();
            self.stream.read_line(&mut size).unwrap();
            let size = usize::from_str_radix(size.trim_end(), 16).unwrap();
            let start = body.len();
            body.resize(start + size + 2, 0);
            self.stream.read_exact(&mut body[start..]).unwrap();
            assert_eq!(body.split_off(start + size), b"\r\n");
            if size == 0 {
                return;
            }
        }
    }

    /// Whether the other side closes without another word.
    pub fn is_closed(&mut self) -> bool {
        match self.stream.read(&mut [0]) {
            Ok(read) => read == 0,
            Err(error) => error.kind() == ErrorKind::ConnectionReset,
        }
    }
}

/// Each series of a text exposition and its value.
pub fn series(text: &str) -> HashMap<&str, f64> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (series, value) = line.rsplit_once(' ').unwrap();
            (series, value.parse().unwrap())
        })
        .collect()
}
