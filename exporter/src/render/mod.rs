//! An exposition on its way to its clients.
//!
//! It is encoded as it is read: the next chunk is encoded when one of the readers has taken the one
//! before. A chunk is dropped once all readers have it. So a response never lies in memory as a
//! whole, and a slow client holds a snapshot and a chunk. Protobuf is the exception: a message is
//! kept until its length is known, which precedes it, and a family is one message.

mod writer;

use crate::query::Query;
use crate::server::Client;
use crate::sources::Sources;
use crate::sync::lock;
use http_body::{Frame, SizeHint};
use hyper::body::Bytes;
use std::collections::VecDeque;
use std::io;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Instant;
use writer::Writer;

/// One exposition, and all its readers.
pub(crate) struct Render {
    query: Query,
    sources: Arc<Mutex<Sources>>,
    state: Mutex<State>,
}

struct State {
    stage: Stage,
    /// The chunks that not all readers have yet.
    chunks: VecDeque<Bytes>,
    /// The number of chunks before these.
    dropped: usize,
    /// The number of chunks that each reader has, and its client, while the reader exists.
    readers: Vec<Option<(usize, Client)>>,
    /// When a reader took a chunk, or the first reader came.
    last_read: Instant,
}

enum Stage {
    /// No snapshot is taken yet: requests for the same exposition join.
    Open,
    Writing(Box<Writer>),
    Done,
    /// Cut off by a panic, a lack of memory for a compressor, or a limit.
    Broken,
}

impl Render {
    pub(crate) fn new(
        query: Query,
        sources: Arc<Mutex<Sources>>,
        client: Client,
    ) -> (Arc<Self>, Reader) {
        let (chunks, readers) = (VecDeque::new(), vec![Some((0, client))]);
        let last_read = Instant::now();
        let state = State { stage: Stage::Open, chunks, dropped: 0, readers, last_read };
        let all = Arc::new(Self { query, sources, state: Mutex::new(state) });
        let first = Reader { render: Arc::clone(&all), number: 0 };
        (all, first)
    }

    /// A further reader, if the query is the same and its values would not be older.
    pub(crate) fn join(self: Arc<Self>, query: &Query, client: Client) -> Option<Reader> {
        if !self.is_open_to(query) {
            return None;
        }
        let mut state = lock(&self.state);
        let number = state.readers.len();
        state.readers.push(Some((0, client)));
        drop(state);
        Some(Reader { render: self, number })
    }

    /// Whether a further reader may join.
    pub(crate) fn is_open_to(&self, query: &Query) -> bool {
        self.query == *query && matches!(lock(&self.state).stage, Stage::Open)
    }

    /// The time of the last read; `None` if nothing is left to read.
    pub(crate) fn last_read(&self) -> Option<Instant> {
        let state = lock(&self.state);
        let is_over = matches!(state.stage, Stage::Done | Stage::Broken);
        (!is_over || !state.chunks.is_empty()).then_some(state.last_read)
    }

    /// The client that it counts for: the first one that still reads.
    pub(crate) fn owner(&self) -> Option<Client> {
        lock(&self.state).readers.iter().flatten().map(|&(_, client)| client).next()
    }

    /// Drops its content. Its readers find that it was cut off.
    pub(crate) fn cut_off(&self) {
        let mut state = lock(&self.state);
        state.stage = Stage::Broken;
        let all = state.dropped + state.chunks.len();
        state.readers.iter_mut().flatten().for_each(|(have, _)| *have = all);
        state.trim();
    }
}

impl State {
    /// Encodes until a chunk is ready, but not longer than one takes.
    fn go_on(&mut self, render: &Render) {
        self.stage = match mem::replace(&mut self.stage, Stage::Broken) {
            Stage::Open => {
                Writer::new(&render.query, &render.sources).map_or(Stage::Broken, Stage::Writing)
            }
            Stage::Writing(mut writer) => match writer.write(&mut self.chunks) {
                Ok(true) => Stage::Done,
                Ok(false) => Stage::Writing(writer),
                Err(_) => Stage::Broken,
            },
            ended => ended,
        };
    }

    fn have(&self, reader: usize) -> usize {
        self.readers[reader].map(|(have, _)| have).unwrap_or_default()
    }

    /// Drops the chunks that all readers have.
    fn trim(&mut self) {
        let all_have = self.readers.iter().flatten().map(|&(have, _)| have).min();
        let surplus = all_have.map_or(self.chunks.len(), |have| have - self.dropped);
        self.chunks.drain(..surplus);
        self.dropped += surplus;
    }
}

/// One reader of an exposition: the body of a response.
pub(crate) struct Reader {
    render: Arc<Render>,
    number: usize,
}

impl Reader {
    /// Takes the snapshot and begins to encode, if no other reader did. An exposition of at most
    /// one chunk is then complete, so that its length is known.
    pub(crate) fn begin(&self) {
        let mut state = lock(&self.render.state);
        if matches!(state.stage, Stage::Open) {
            state.go_on(&self.render);
            state.go_on(&self.render);
        }
    }

    pub(crate) fn query(&self) -> &Query {
        &self.render.query
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let mut state = lock(&self.render.state);
        state.readers[self.number] = None;
        state.trim();
    }
}

impl http_body::Body for Reader {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let mut state = lock(&self.render.state);
        let have = state.have(self.number);
        if let Some(chunk) = state.chunks.get(have - state.dropped).cloned() {
            if let Some((have, _)) = &mut state.readers[self.number] {
                *have += 1;
            }
            state.last_read = Instant::now();
            state.trim();
            return Poll::Ready(Some(Ok(Frame::data(chunk))));
        }
        match state.stage {
            Stage::Done => return Poll::Ready(None),
            Stage::Broken => {
                // Otherwise the client would consider the exposition complete.
                let error = io::Error::other("the exposition was cut off");
                return Poll::Ready(Some(Err(error)));
            }
            Stage::Open | Stage::Writing(_) => state.go_on(&self.render),
        }
        // Other tasks on this thread get their turn.
        context.waker().wake_by_ref();
        Poll::Pending
    }

    fn size_hint(&self) -> SizeHint {
        let state = lock(&self.render.state);
        let have = state.have(self.number);
        let rest = state.chunks.iter().skip(have - state.dropped);
        let length = rest.map(|chunk| chunk.len() as u64).sum();
        if matches!(state.stage, Stage::Done) {
            return SizeHint::with_exact(length);
        }
        let mut hint = SizeHint::new();
        hint.set_lower(length);
        hint
    }
}

#[cfg(test)]
mod tests;
