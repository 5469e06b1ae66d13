//! Connections without sockets: the client's input is given in advance, and the response is kept.

use super::client::Client;
use super::connections::Front;
use super::entrance::Entrance;
use super::limits::Limits;
use super::listen::Peer;
use super::progress::Progress;
use crate::respond::Responder;
use crate::scrape::Scraper;
use crate::source::Shared;
use crate::sync::lock;
#[cfg(all(fuzzing, feature = "web-config"))]
use crate::web::Web;
use hyper_util::server::graceful::GracefulShutdown;
use std::io;
#[cfg(all(fuzzing, feature = "web-config"))]
use std::path::Path;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};
use tickmetrics::{RegisterError, Registry};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::runtime::{self, Runtime};

/// Answers as an exporter's thread does, except that time stands still, and that the rate of
/// requests is not limited.
pub struct InMemory {
    front: Arc<Front>,
    graceful: GracefulShutdown,
    /// Timers need a runtime. It never runs.
    runtime: Runtime,
}

/// A client that sends this input, and then closes its half.
#[derive(Debug, Clone, Copy)]
pub struct Said<'a> {
    /// The whole input.
    pub bytes: &'a [u8],
    /// The most bytes that one read or write takes; at least 1.
    pub piece: usize,
    /// Whether it closes its half at once, rather than once it waits for nothing more.
    pub half_closes: bool,
}

impl InMemory {
    /// For a registry and the exporter itself, with compression.
    ///
    /// # Errors
    /// If the exporter's own metrics find no room, or there is no runtime.
    pub fn new(registry: &Registry, header_bytes: usize) -> io::Result<Self> {
        Self::of(registry, header_bytes, |_| Ok(None))
    }

    /// And of a web configuration file, without TLS.
    ///
    /// # Errors
    /// As [`new`](Self::new), and where the file is wrong.
    #[cfg(all(fuzzing, feature = "web-config"))]
    pub fn with_web(registry: &Registry, header_bytes: usize, file: &Path) -> io::Result<Self> {
        Self::of(registry, header_bytes, |scraper| {
            let metrics = scraper.register().map_err(io::Error::other)?;
            let web = Web::load(file, metrics, 0).map_err(io::Error::other)?;
            Ok(Some(Box::new(web) as _))
        })
    }

    fn of(
        registry: &Registry,
        header_bytes: usize,
        entrance: impl FnOnce(&Scraper) -> io::Result<Option<Box<dyn Entrance>>>,
    ) -> io::Result<Self> {
        let scraper = |registry| Scraper::new(vec![Shared::new(registry)], Duration::ZERO);
        let scraper =
            scraper(registry.clone()).map_err(|error: RegisterError| io::Error::other(error))?;
        let entrance = entrance(&scraper)?;
        let limits = Limits { header_bytes, requests_per_second: u32::MAX, ..Limits::default() };
        Ok(Self {
            front: Arc::new(Front::new(
                Responder::new(scraper, true, limits.renders),
                entrance,
                limits,
            )),
            graceful: GracefulShutdown::new(),
            runtime: runtime::Builder::new_current_thread().enable_time().build()?,
        })
    }

    /// The whole response to a client; `None` if the connection does not end although the client
    /// did.
    pub fn answer(&self, said: Said<'_>) -> Option<Vec<u8>> {
        self.answer_after(Duration::ZERO, said)
    }

    /// As [`answer`](Self::answer), where the client waits so long for other threads: a password is
    /// hashed by one.
    pub fn answer_after(&self, patience: Duration, said: Said<'_>) -> Option<Vec<u8>> {
        let _context = self.runtime.enter();
        let wire = Arc::new(Mutex::new(Wire {
            said: said.bytes.to_vec(),
            read: 0,
            ended: said.half_closes,
            answered: Vec::new(),
            piece: said.piece.max(1),
        }));
        let stream = Box::new(Stream(Arc::clone(&wire)));
        let front = Arc::clone(&self.front);
        let peer = Peer { client: Client::Unknown, address: None };
        let mut connection =
            pin!(front.serve(stream, peer, Progress::new(false), self.graceful.watcher()));
        let woken = Arc::new(Woken(AtomicBool::new(true)));
        let waker = Waker::from(Arc::clone(&woken));
        let mut context = Context::from_waker(&waker);
        loop {
            while woken.0.swap(false, Relaxed) {
                if connection.as_mut().poll(&mut context).is_ready() {
                    return Some(std::mem::take(&mut lock(&wire).answered));
                }
            }
            let start = Instant::now();
            while !woken.0.load(Relaxed) && start.elapsed() < patience {
                thread::sleep(Duration::from_millis(1));
            }
            if woken.0.load(Relaxed) {
                continue;
            }
            // The connection waits for more input, and there is none.
            if std::mem::replace(&mut lock(&wire).ended, true) {
                return None;
            }
            woken.0.store(true, Relaxed);
        }
    }
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Relaxed);
    }
}

struct Wire {
    said: Vec<u8>,
    read: usize,
    ended: bool,
    answered: Vec<u8>,
    piece: usize,
}

/// The exporter's end of the connection. Nothing is woken: the caller polls until nothing changes.
struct Stream(Arc<Mutex<Wire>>);

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut wire = lock(&self.0);
        let rest = &wire.said[wire.read..];
        if rest.is_empty() && !wire.ended {
            return Poll::Pending;
        }
        let length = rest.len().min(buffer.remaining()).min(wire.piece);
        buffer.put_slice(&rest[..length]);
        wire.read += length;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut wire = lock(&self.0);
        // Large responses in pieces of a byte would take too long.
        let length = bytes.len().min(wire.piece.max(64));
        wire.answered.extend_from_slice(&bytes[..length]);
        Poll::Ready(Ok(length))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::{InMemory, Said};
    use proptest::prelude::*;
    use tickmetrics::{Counter, Description, Registry};

    #[test]
    fn a_connection_in_memory_is_answered_as_one_over_a_socket() {
        let registry = Registry::new();
        registry.register::<Counter>(&Description::new("ticks_total", "Ticks.")).unwrap().add(3);
        let server = InMemory::new(&registry, 1_000).unwrap();
        for (piece, half_closes) in
            [1, 7, usize::MAX].into_iter().flat_map(|piece| [(piece, false), (piece, true)])
        {
            let answer = |text: &str| {
                let said = Said { bytes: text.as_bytes(), piece, half_closes };
                String::from_utf8(server.answer(said).expect("it ends")).unwrap()
            };
            let get = "GET /metrics?name[]=ticks HTTP/1.1\r\nHost: a\r\n\r\n";
            let two = answer(&get.repeat(2));
            assert_eq!(two.matches("HTTP/1.1 200 OK\r\n").count(), 2, "{two}");
            assert_eq!(two.matches("\nticks_total 3\n").count(), 2, "{two}");
            assert!(answer("nonsense\r\n\r\n").starts_with("HTTP/1.1 400 "));
            assert!(answer(&"x".repeat(2_000)).starts_with("HTTP/1.1 431 "));
            assert_eq!(answer("GET / HT"), "");
            assert_eq!(answer(""), "");
        }
    }

    proptest! {
        /// Whatever its input was before, and in whatever pieces.
        #[test]
        fn a_client_that_closes_its_half_at_once_is_answered_the_same(
            words in proptest::collection::vec(0..WORDS.len(), 0..24),
            piece in 1usize..40,
        ) {
            let text: String = words.into_iter().map(|at| WORDS[at]).collect();
            let registry = Registry::new();
            let statuses = [false, true].map(|half_closes| {
                // Its own server: `/ready` depends on the requests before it.
                let server = InMemory::new(&registry, 1_000).unwrap();
                let said = Said { bytes: text.as_bytes(), piece, half_closes };
                let answers = server.answer(said).expect("it ends");
                let answers = String::from_utf8(answers).unwrap();
                let heads = answers.match_indices("HTTP/1.");
                heads.map(|(at, _)| answers[at + 9..at + 12].to_owned()).collect::<Vec<_>>()
            });
            prop_assert_eq!(&statuses[0], &statuses[1]);
        }
    }

    /// Parts that valid and invalid requests are made of.
    const WORDS: [&str; 20] = [
        "GET /health HTTP/1.1\r\n",
        "GET /metrics HTTP/1.1\r\n",
        "HEAD / HTTP/1.0\r\n",
        "POST /metrics HTTP/1.1\r\n",
        "OPTIONS * HTTP/1.1\r\n",
        "GET http://a/ready HTTP/1.1\r\n",
        "GET /health HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /metrics HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        "Host: a\r\n",
        "Host: a\r\n\r\n",
        "Host: a b\r\n",
        "Connection: keep-alive\r\n",
        "Connection: close\r\n",
        "Content-Length: 3\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Expect: 100-continue\r\n",
        "abc",
        "3\r\nabc\r\n",
        "0\r\n\r\n",
        "\r\n",
    ];
}
