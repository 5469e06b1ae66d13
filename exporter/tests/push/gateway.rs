//! A gateway with given responses, which reports its requests.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Far more than anything takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    fn read_body(&mut self, stream: &mut impl BufRead) {
        let Self { headers, body, .. } = self;
        if let Some(length) = headers.get("content-length") {
            body.resize(length.parse().unwrap(), 0);
            stream.read_exact(body).unwrap();
        } else if headers.contains_key("transfer-encoding") {
            while {
                let mut size = String::new();
                stream.read_line(&mut size).unwrap();
                let size = usize::from_str_radix(size.trim_end(), 16).unwrap();
                let start = body.len();
                body.resize(start + size + 2, 0);
                stream.read_exact(&mut body[start..]).unwrap();
                assert_eq!(body.split_off(start + size), b"\r\n");
                size > 0
            } {}
        }
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The value of a series.
    pub(crate) fn value(&self, series: &str) -> f64 {
        tests::http::series(self.text())[series]
    }
}

#[derive(Clone, Copy)]
pub(crate) enum Answer {
    Status(u16, &'static str),
    /// Before the body is read. As Go's server does, it then waits for the client to close: a reset
    /// would overtake the answer.
    AtOnce(u16),
    /// These bytes, a few at a time, and then the end of the connection.
    Bytes(&'static str),
    /// Nothing, for as long as the client waits.
    Hang,
    /// These bytes, and then nothing.
    Hanging(&'static str),
}

pub(crate) struct Gateway {
    pub(crate) address: SocketAddr,
    requests: Receiver<Request>,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Gateway {
    /// Answers each request with the result of `answer` for its number.
    pub(crate) fn start(mut answer: impl FnMut(usize) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, requests) = channel();
        let ended = Arc::new(AtomicBool::new(false));
        let is_over = Arc::clone(&ended);
        let thread = thread::spawn(move || {
            let mut kept: Vec<TcpStream> = Vec::new();
            for (number, stream) in listener.incoming().enumerate() {
                if is_over.load(Relaxed) {
                    return;
                }
                let stream = stream.unwrap();
                stream.set_read_timeout(Some(PATIENCE)).unwrap();
                // One at a time: a request that hung was given up before this.
                for mut earlier in kept.drain(..) {
                    let closed = match earlier.read(&mut [0]) {
                        Ok(read) => read == 0,
                        Err(error) => error.kind() == ErrorKind::ConnectionReset,
                    };
                    assert!(closed, "two requests at a time");
                }
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let mut request = read_head(&mut reader);
                let answer = answer(number);
                if !matches!(answer, Answer::AtOnce(_)) {
                    request.read_body(&mut reader);
                }
                drop(reader);
                // The test may have seen enough.
                let _ = sender.send(request);
                give(answer, stream, &mut kept);
            }
        });
        Self { address, requests, ended, thread: Some(thread) }
    }

    pub(crate) fn next(&self) -> Request {
        self.requests.recv_timeout(PATIENCE).expect("there is no request")
    }

    /// All requests that nobody asked for yet.
    pub(crate) fn rest(&self) -> Vec<Request> {
        self.requests.try_iter().collect()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.ended.store(true, Relaxed);
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            assert!(thread.join().is_ok() || thread::panicking());
        }
    }
}

fn read_head(stream: &mut impl BufRead) -> Request {
    let mut line = || {
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    };
    let first = line();
    let [method, path, "HTTP/1.1"] = first.split(' ').collect::<Vec<_>>()[..] else {
        panic!("{first:?}");
    };
    let (method, path) = (method.to_owned(), path.to_owned());
    let headers = std::iter::from_fn(|| {
        let line = line();
        line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()))
    });
    Request { method, path, headers: headers.collect(), body: Vec::new() }
}

fn give(answer: Answer, mut stream: TcpStream, kept: &mut Vec<TcpStream>) {
    // Some tests concern a client that does not read any more.
    let _ = match answer {
        Answer::Status(status, body) => {
            let length = body.len();
            write!(stream, "HTTP/1.1 {status} A\r\nContent-Length: {length}\r\n\r\n{body}")
        }
        Answer::AtOnce(status) => {
            let _ = write!(stream, "HTTP/1.1 {status} A\r\nContent-Length: 0\r\n\r\n");
            std::io::copy(&mut stream, &mut std::io::sink()).map(|_| ())
        }
        Answer::Bytes(bytes) => {
            let mut pieces = bytes.as_bytes().chunks(3);
            pieces.try_for_each(|piece| stream.write_all(piece))
        }
        Answer::Hang => {
            kept.push(stream);
            Ok(())
        }
        Answer::Hanging(bytes) => {
            let written = stream.write_all(bytes.as_bytes());
            kept.push(stream);
            written
        }
    };
}
