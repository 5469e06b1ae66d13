//! The thread that answers, in the collector.
//!
//! It shares nothing with the writer but the database: a query has a connection of its own there, and
//! its rows are complete before the first is sent. So neither a slow query nor a slow client holds up
//! a batch.

use super::chunks::Chunks;
use super::limits::{LONGEST, PATIENCE, QUERIES};
use super::request::Request;
use crate::store::Reader;
use crate::store::query::{Answer, Limits, QueryError};
use serde_json::json;
use std::io;
use std::os::unix::net::UnixListener as StdListener;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tickmetrics_exporter::__cli::{SocketFile, bind_socket};
use tokio::net::{UnixListener, UnixStream};
use tokio::runtime;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::task::{LocalSet, spawn_blocking, spawn_local};
use tokio::time::{sleep, timeout};

/// Only the user of the collector asks.
const MODE: u32 = 0o600;

/// Connections at one time. More are refused.
const CONNECTIONS: usize = 16;

/// The longest time to send an answer.
const SENDING: Duration = Duration::from_secs(60);

/// The longest wait for queries at the end.
const GRACE: Duration = Duration::from_secs(1);

/// The longest wait for the end of a query that is over its time. DuckDB computes constants, and the
/// rows of one chunk, before it looks whether it is to stop.
const LATE: Duration = Duration::from_millis(100);

/// The pause after a connection that could not be accepted.
const PAUSE: Duration = Duration::from_millis(100);

/// The state as one JSON object.
type Status = Box<dyn Fn() -> serde_json::Value + Send>;

/// A running server. Its drop ends it, its queries and its socket.
pub(crate) struct Server {
    end: Arc<End>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct End {
    /// Relaxed: queries look at it again and again.
    is_here: AtomicBool,
    notify: Notify,
}

impl Server {
    /// Listens on a socket.
    ///
    /// # Errors
    /// Why it can't, in one line.
    pub(crate) fn start(
        path: &Path,
        reader: Option<Reader>,
        status: Status,
    ) -> Result<Self, String> {
        let bound = bind_socket(path, MODE, 16).map_err(|error| unbound(path, &error))?;
        let runtime = runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .max_blocking_threads(QUERIES)
            .build()
            .map_err(|error| format!("questions can't be answered: {error}"))?;
        let end = Arc::new(End::default());
        let ending = end.clone();
        let thread = thread::Builder::new()
            .name("collector-ask".into())
            .spawn(move || {
                let (connections, queries) = (Semaphore::new(CONNECTIONS), Semaphore::new(QUERIES));
                let answering = Answering {
                    reader,
                    status,
                    connections: connections.into(),
                    queries: queries.into(),
                    end: ending.clone(),
                };
                let local = LocalSet::new();
                local.spawn_local(listen(bound, Rc::new(answering)));
                local.block_on(&runtime, ending.notify.notified());
                drop(local);
                runtime.shutdown_timeout(GRACE);
            })
            .map_err(|error| format!("a thread can't be started: {error}"))?;
        Ok(Self { end, thread: Some(thread) })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end.is_here.store(true, Relaxed);
        self.end.notify.notify_one();
        if let Some(thread) = self.thread.take() {
            // After a panic, there is nobody to answer and nothing to do.
            let _ = thread.join();
        }
    }
}

fn unbound(path: &Path, error: &io::Error) -> String {
    let path = path.display();
    let reason = match error.kind() {
        io::ErrorKind::AddrInUse => "another process listens there".to_owned(),
        io::ErrorKind::AlreadyExists => "another kind of file is there".to_owned(),
        _ => error.to_string(),
    };
    format!("queries can't be answered on the socket {path}: {reason}. Name another socket")
}

/// What connections share.
struct Answering {
    reader: Option<Reader>,
    status: Status,
    connections: Arc<Semaphore>,
    queries: Arc<Semaphore>,
    end: Arc<End>,
}

/// The file is dropped, and removed, before the listener.
async fn listen((listener, file): (StdListener, SocketFile), answering: Rc<Answering>) {
    let listener = listener.set_nonblocking(true).and_then(|()| UnixListener::from_std(listener));
    // It fails only where the runtime is ending.
    let Ok(listener) = listener else { return };
    let _file = file;
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            sleep(PAUSE).await;
            continue;
        };
        let Ok(permit) = answering.connections.clone().try_acquire_owned() else {
            // What does not fit is not worth a wait.
            let _ = stream.try_write(error("Too many clients ask. Try again").as_bytes());
            continue;
        };
        let answering = answering.clone();
        spawn_local(async move {
            answering.answer(stream).await;
            drop(permit);
        });
    }
}

fn error(reason: &str) -> String {
    format!("{}\n", json!({ "error": reason }))
}

impl Answering {
    async fn answer(&self, stream: UnixStream) {
        let Ok(Some(line)) = timeout(PATIENCE, read_line(&stream)).await else { return };
        let stream = Rc::new(stream);
        let result = match line.and_then(|line| Request::read(&line)) {
            Err(reason) => Err(reason),
            Ok(Request::Status) => {
                let status = format!("{}\n", (self.status)());
                let _ = timeout(SENDING, write(&stream, status.as_bytes())).await;
                return;
            }
            Ok(Request::Query { sql, limits }) => self.query(&stream, sql, limits).await,
        };
        match result {
            // The place for a query is free again when the rows are sent, since they take memory.
            Ok((answer, permit)) => {
                // The client sees that the end is missing.
                let _ = timeout(SENDING, send(&stream, answer)).await;
                drop(permit);
            }
            Err(reason) => {
                let _ = timeout(PATIENCE, write(&stream, error(&reason).as_bytes())).await;
            }
        }
    }

    async fn query(
        &self,
        stream: &Rc<UnixStream>,
        sql: String,
        limits: Limits,
    ) -> Result<(Answer, OwnedSemaphorePermit), String> {
        let no_queries = "This store has no queries while it is written";
        let reader = self.reader.clone().ok_or(no_queries)?;
        let permit = self.queries.clone().try_acquire_owned();
        let permit = permit.map_err(|_| format!("{QUERIES} queries run already. Try again"))?;
        let is_gone = Arc::new(AtomicBool::new(false));
        let (stream, gone, end) = (stream.clone(), is_gone.clone(), self.end.clone());
        let (given_up, time) = (is_gone.clone(), limits.time);
        let watch = spawn_local(async move {
            until_closed(&stream).await;
            // Relaxed: the query looks at it again and again.
            gone.store(true, Relaxed);
        });
        let query = spawn_blocking(move || {
            let is_wanted = || !(is_gone.load(Relaxed) || end.is_here.load(Relaxed));
            (reader.query_while(&sql, &limits, &is_wanted), permit)
        });
        let done = timeout(time + LATE, query).await;
        watch.abort();
        let Ok(done) = done else {
            // It keeps its place among the queries until it has ended.
            given_up.store(true, Relaxed);
            return Err(QueryError::TooSlow(time).to_string());
        };
        let (answer, permit) = done.map_err(|_| "The query could not be run".to_owned())?;
        Ok((answer.map_err(|error: QueryError| error.to_string())?, permit))
    }
}

/// The first line, without its end. `None` if the client goes before.
async fn read_line(stream: &UnixStream) -> Option<Result<Vec<u8>, String>> {
    let mut line = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        stream.readable().await.ok()?;
        let read = match stream.try_read(&mut buffer) {
            Ok(0) => return None,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(_) => return None,
        };
        line.extend(&buffer[..read]);
        if line.len() > LONGEST {
            return Some(Err(format!("The question is longer than {LONGEST} bytes")));
        }
        match line.iter().position(|byte| *byte == b'\n') {
            None => {}
            Some(end) if end + 1 == line.len() => {
                line.truncate(end);
                return Some(Ok(line));
            }
            Some(_) => return Some(Err("A connection is for one question".to_owned())),
        }
    }
}

/// Waits until the client closes its side, or sends something that nobody asked for.
async fn until_closed(stream: &UnixStream) {
    loop {
        if stream.readable().await.is_err() {
            return;
        }
        match stream.try_read(&mut [0]) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            _ => return,
        }
    }
}

async fn send(stream: &UnixStream, answer: Answer) -> io::Result<()> {
    let rows: usize = answer.rows.iter().map(arrow_array::RecordBatch::num_rows).sum();
    let head = format!("{}\n", json!({"rows": rows, "is_cut_off": answer.is_cut_off}));
    let mut chunks = match Chunks::new(answer) {
        Ok(chunks) => chunks,
        Err(reason) => {
            let reason = format!("The rows can't be sent: {reason}");
            return write(stream, error(&reason).as_bytes()).await;
        }
    };
    write(stream, head.as_bytes()).await?;
    while let Some(chunk) = chunks.next().map_err(io::Error::other)? {
        timeout(PATIENCE, write(stream, &chunk)).await??;
    }
    Ok(())
}

async fn write(stream: &UnixStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        stream.writable().await?;
        match stream.try_write(bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
