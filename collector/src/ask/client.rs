//! Asks a collector.

use super::chunks::Joined;
use super::limits::{LONGEST, MOST, PATIENCE};
use crate::store::query::{Answer, Limits};
use arrow_ipc::reader::StreamReader;
use serde_json::{Value, json};
use std::fmt;
use std::io::{self, BufRead, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The longest first line of an answer: the state has a line for each source.
const LONGEST_HEAD: u64 = 64 << 20;

/// Asks the collector that listens on a socket. Each question is a connection of its own.
///
/// ```no_run
/// use tickmetrics_collector::ask::{Client, MOST};
///
/// let client = Client::new("metrics.duckdb.sock");
/// let answer = client.query("FROM candles", &MOST)?;
/// println!("{} columns", answer.schema.fields().len());
/// # Ok::<(), tickmetrics_collector::ask::AskError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Client {
    path: PathBuf,
}

/// Why a question has no answer.
#[derive(Debug)]
pub enum AskError {
    /// No collector listens on the socket.
    NoCollector(PathBuf),
    /// The collector refuses it, in its words.
    Refused(String),
    /// The connection fails.
    Broken(PathBuf, io::Error),
}

impl Client {
    /// A client of the socket at a path.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The path of the socket.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Runs one `SELECT`, or what [`Reader::query`](crate::store::Reader::query) takes. The
    /// limits are at most [`MOST`]; that of bytes is always there.
    ///
    /// # Errors
    /// See [`AskError`].
    pub fn query(&self, sql: &str, limits: &Limits) -> Result<Answer, AskError> {
        let time = limits.time.min(MOST.time);
        let milliseconds = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let request = json!({"query": sql, "rows": limits.rows, "milliseconds": milliseconds});
        let (head, stream) = self.ask(&request, time)?;
        let wrong = || self.broken(io::Error::new(io::ErrorKind::InvalidData, "no answer"));
        let is_cut_off = head["is_cut_off"].as_bool().ok_or_else(wrong)?;
        let unreadable = |error| self.broken(io::Error::other(error));
        let mut reader = StreamReader::try_new(Joined::new(stream), None).map_err(unreadable)?;
        let schema = reader.schema();
        let rows = reader.by_ref().collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
        if !reader.get_mut().ends_here().map_err(|error| self.broken(error))? {
            return Err(self.broken(io::ErrorKind::UnexpectedEof.into()));
        }
        Ok(Answer { schema, rows, is_cut_off })
    }

    /// The state of the collector, as one JSON object.
    ///
    /// # Errors
    /// See [`AskError`].
    pub fn status(&self) -> Result<String, AskError> {
        Ok(self.ask(&json!({"status": true}), Duration::ZERO)?.0.to_string())
    }

    /// Sends a request, and returns the first line of the answer and what comes after it.
    fn ask(
        &self,
        request: &Value,
        time: Duration,
    ) -> Result<(Value, BufReader<UnixStream>), AskError> {
        let line = format!("{request}\n");
        if line.len() > LONGEST {
            return Err(AskError::Refused(format!("The query is longer than {LONGEST} bytes")));
        }
        let broken = |error| self.broken(error);
        let mut stream = UnixStream::connect(&self.path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
                AskError::NoCollector(self.path.clone())
            }
            _ => self.broken(error),
        })?;
        // The server notices the end of the time, and needs some to report it.
        stream.set_read_timeout(Some(time + 2 * PATIENCE)).map_err(broken)?;
        stream.set_write_timeout(Some(PATIENCE)).map_err(broken)?;
        // A server that refuses the connection answers without reading.
        let sent = stream.write_all(line.as_bytes());
        let mut stream = BufReader::new(stream);
        let mut head = Vec::new();
        let received = (&mut stream).take(LONGEST_HEAD).read_until(b'\n', &mut head);
        if head.is_empty() {
            sent.map_err(broken)?;
            received.map_err(broken)?;
            return Err(self.broken(io::ErrorKind::UnexpectedEof.into()));
        }
        let head: Value = serde_json::from_slice(&head).map_err(|error| broken(error.into()))?;
        match head["error"].as_str() {
            Some(reason) => Err(AskError::Refused(reason.to_owned())),
            None => Ok((head, stream)),
        }
    }

    fn broken(&self, error: io::Error) -> AskError {
        AskError::Broken(self.path.clone(), error)
    }
}

impl fmt::Display for AskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCollector(path) => {
                write!(f, "no collector listens on the socket {}", path.display())
            }
            Self::Refused(reason) => f.write_str(reason),
            Self::Broken(path, error) => match error.kind() {
                io::ErrorKind::WouldBlock => {
                    write!(f, "the collector at {} does not answer", path.display())
                }
                io::ErrorKind::UnexpectedEof => {
                    write!(f, "the collector at {} ended before its answer", path.display())
                }
                _ => write!(f, "the collector at {} can't be asked: {error}", path.display()),
            },
        }
    }
}

impl std::error::Error for AskError {}
