//! An exposition on its way to those who asked for it.
//!
//! It is written as it is read: a chunk at a time, when one of the readers has taken the one before.
//! A chunk is dropped once all of them have it. So a response never lies in memory as a whole, and a
//! client that reads slowly holds a snapshot and a chunk. Protobuf is the exception: a message is
//! kept until its length is known, which stands in front of it, and a family is one message.

use crate::coding::Compressor;
use crate::encode::Exposition;
use crate::scrape::{Origin, Query, Scrape};
use crate::server::Client;
use crate::sync::lock;
use http_body::{Frame, SizeHint};
use hyper::body::Bytes;
use std::collections::VecDeque;
use std::io;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// The bytes of a chunk, from which on it is sent: encoded in some ten microseconds, and enough for a
/// write to the socket to be worth it.
const CHUNK: usize = 64 << 10;

/// One exposition, and all who read it.
pub(crate) struct Render {
    query: Query,
    origin: Arc<Mutex<Origin>>,
    state: Mutex<State>,
}

struct State {
    stage: Stage,
    /// Those that not all readers have yet.
    chunks: VecDeque<Bytes>,
    /// How many chunks there were before these.
    dropped: usize,
    /// The number of chunks that each reader has, and its client, while it is there.
    readers: Vec<Option<(usize, Client)>>,
    /// When a reader took a chunk, or the first one came.
    last_read: Instant,
}

enum Stage {
    /// No snapshot is taken yet: whoever asks the same joins.
    Open,
    Writing(Writer),
    Done,
    /// A panic cut it off, a compressor for which there is no memory, or a limit.
    Broken,
}

impl Render {
    pub(crate) fn new(
        query: Query,
        origin: Arc<Mutex<Origin>>,
        client: Client,
    ) -> (Arc<Self>, Reader) {
        let (chunks, readers) = (VecDeque::new(), vec![Some((0, client))]);
        let last_read = Instant::now();
        let state = State { stage: Stage::Open, chunks, dropped: 0, readers, last_read };
        let all = Arc::new(Self { query, origin, state: Mutex::new(state) });
        let first = Reader { render: Arc::clone(&all), number: 0 };
        (all, first)
    }

    /// A further reader, if it is what the query asks for and its values are not older.
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

    /// When it was last read from; `None` if it holds nothing that is still to be read.
    pub(crate) fn last_read(&self) -> Option<Instant> {
        let state = lock(&self.state);
        let is_over = matches!(state.stage, Stage::Done | Stage::Broken);
        (!is_over || !state.chunks.is_empty()).then_some(state.last_read)
    }

    /// For whom it is there: the first who asked for it and is still there.
    pub(crate) fn owner(&self) -> Option<Client> {
        lock(&self.state).readers.iter().flatten().map(|&(_, client)| client).next()
    }

    /// Gives up what it holds. Its readers find that it was cut off.
    pub(crate) fn cut_off(&self) {
        let mut state = lock(&self.state);
        state.stage = Stage::Broken;
        let all = state.dropped + state.chunks.len();
        state.readers.iter_mut().flatten().for_each(|(have, _)| *have = all);
        state.trim();
    }
}

impl State {
    /// Writes until a chunk is there, but not longer than one takes.
    fn go_on(&mut self, render: &Render) {
        self.stage = match mem::replace(&mut self.stage, Stage::Broken) {
            Stage::Open => Writer::new(render).map_or(Stage::Broken, Stage::Writing),
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

/// One of those who read an exposition: the body of a response.
pub(crate) struct Reader {
    render: Arc<Render>,
    number: usize,
}

impl Reader {
    /// Takes the snapshot and begins to write, if no other reader did. What is not longer than a
    /// chunk is whole then, so that its length can be told.
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
                // Without this the client would take what it has for all there is.
                let error = io::Error::other("the exposition was cut off");
                return Poll::Ready(Some(Err(error)));
            }
            Stage::Open | Stage::Writing(_) => state.go_on(&self.render),
        }
        // Others on this thread get their turn.
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

/// Writes chunks.
struct Writer {
    content: Content,
    compressor: Option<Compressor>,
}

enum Content {
    Families(Box<Families>),
    #[cfg(feature = "__cli")]
    Text(String),
}

/// The families of a scrape, as far as they are written.
struct Families {
    scrape: Scrape,
    exposition: Exposition,
    /// How many families are written.
    written: usize,
    series: usize,
    spent: Duration,
}

impl Writer {
    fn new(render: &Render) -> io::Result<Self> {
        let Render { query, origin, .. } = render;
        let compressor = Compressor::new(query.coding)?;
        let content = match &mut *lock(origin) {
            Origin::Sources(sources) => {
                let start = Instant::now();
                let scrape = sources.scrape(query);
                let exposition = Exposition::new(query.protocol, fresh());
                let spent = start.elapsed();
                let families = Families { scrape, exposition, written: 0, series: 0, spent };
                Content::Families(Box::new(families))
            }
            #[cfg(feature = "__cli")]
            Origin::Text(write) => {
                let mut text = String::new();
                write(&mut text);
                Content::Text(text)
            }
        };
        Ok(Self { content, compressor })
    }

    /// Goes on by about a chunk, and answers whether that was the last.
    fn write(&mut self, chunks: &mut VecDeque<Bytes>) -> io::Result<bool> {
        let Self { content, compressor } = self;
        let mut compressed = Ok(());
        let mut send = |piece: Vec<u8>| match compressor {
            Some(compressor) if compressed.is_ok() => compressed = compressor.write(&piece),
            Some(_) => {}
            None => chunks.push_back(Bytes::from(piece)),
        };
        let is_last = match content {
            Content::Families(families) => families.write(&mut send),
            #[cfg(feature = "__cli")]
            Content::Text(text) => {
                send(mem::take(text).into_bytes());
                true
            }
        };
        compressed?;
        if let Some(compressor) = compressor {
            if is_last {
                compressor.end()?;
            }
            // It takes as long to make these as a dozen of the others.
            if is_last || compressor.len() >= CHUNK / 4 {
                chunks.push_back(Bytes::from(compressor.take()));
            }
        }
        Ok(is_last)
    }
}

impl Families {
    fn write(&mut self, send: &mut dyn FnMut(Vec<u8>)) -> bool {
        let Self { scrape: Scrape { exposed, names, about }, exposition, .. } = self;
        let start = Instant::now();
        let names = lock(names);
        let escaping = exposition.escaping();
        let is_exposed = |name: &str| names.contains(escaping, name);
        let families = exposed.borrow_dependent();
        while let Some(&part) = families.get(self.written)
            && exposition.len() < CHUNK
        {
            if let Some(series) = exposition.push(part, &is_exposed, CHUNK) {
                self.series += series;
                self.written += 1;
            }
        }
        let is_last = self.written == families.len() && exposition.len() < CHUNK;
        if is_last {
            exposition.end();
        }
        exposition.take(if is_last { Vec::new() } else { fresh() }).for_each(send);
        self.spent += start.elapsed();
        if is_last {
            about.exporter_series.set(self.series as f64);
            about.exporter_scrape_duration.record_duration(self.spent);
        }
        is_last
    }
}

/// Memory for a chunk, and for the series that makes it full.
fn fresh() -> Vec<u8> {
    Vec::with_capacity(CHUNK + CHUNK / 16)
}

#[cfg(test)]
mod tests {
    use super::{Bytes, CHUNK, Reader, Stage};
    use crate::coding::Coding;
    use crate::negotiate::Format;
    use crate::scrape::{Query, Scraper};
    use crate::server::Client;
    use crate::source::Shared;
    use crate::sync::lock;
    use flate2::read::GzDecoder;
    use http_body::Body;
    use std::io::Read;
    use std::pin::Pin;
    use std::task::{Context, Poll, Waker};
    use std::time::Duration;
    use tickmetrics::prelude::*;

    #[derive(Clone, Copy, Label)]
    #[label(capacity = 4096)]
    struct Session(LabelId);

    const ONE: Client = Client::User(1);
    const OTHER: Client = Client::User(2);

    /// A registry of some chunks.
    fn registry() -> Registry {
        let registry = Registry::new();
        let orders: Counter<Session> =
            registry.register(&Description::new("orders_total", "Orders.")).unwrap();
        let wait: Histogram<bool> = registry.register(&Description::new("wait", "Wait.")).unwrap();
        for number in 0..4000 {
            orders.with(Session::intern(&format!("session {number}"))).add(number);
            wait.with(number % 2 == 0).record(number);
        }
        registry
    }

    fn query(format: Format, coding: Coding, names: &[&str]) -> Query {
        Query {
            protocol: format.into(),
            coding,
            names: names.iter().map(|&name| name.to_owned()).collect(),
        }
    }

    fn scraper(registry: &Registry) -> Scraper {
        Scraper::new(vec![Shared::new(registry.clone())], Duration::ZERO).unwrap()
    }

    fn text() -> Query {
        query(Format::Text, Coding::Identity, &[])
    }

    /// The next chunk; `None` at the end.
    fn next(reader: &mut Reader) -> Option<Vec<u8>> {
        loop {
            match Pin::new(&mut *reader).poll_frame(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(frame) => {
                    return frame.map(|frame| frame.unwrap().into_data().unwrap().to_vec());
                }
                Poll::Pending => {}
            }
        }
    }

    fn rest(reader: &mut Reader) -> Vec<u8> {
        std::iter::from_fn(|| next(reader)).flatten().collect()
    }

    #[test]
    fn a_reader_gets_all_in_chunks_and_holds_only_one() {
        let registry = registry();
        for format in [Format::Text, Format::OpenMetrics, Format::Protobuf] {
            let mut scraper = scraper(&registry);
            let mut reader =
                scraper.open(query(format, Coding::Identity, &["orders_total", "wait"]), ONE);
            let mut all = Vec::new();
            let mut chunks = 0;
            while let Some(chunk) = next(&mut reader) {
                assert!(chunk.len() < CHUNK + 4000, "{}", chunk.len());
                let held = lock(&reader.render.state).chunks.len();
                // Protobuf has them all once the family is whole.
                assert!(held == 0 || format == Format::Protobuf, "{held} chunks");
                all.extend(chunk);
                chunks += 1;
            }
            assert!(chunks > 2, "{chunks} chunks");
            assert_eq!(next(&mut reader), None);
            let (_, whole) = crate::render(&registry.snapshot(), Some(format.content_type()));
            assert!(all == whole, "{format:?}");
        }
    }

    #[test]
    fn who_asks_before_the_snapshot_shares_it() {
        let mut scraper = scraper(&registry());
        let mut first = scraper.open(text(), ONE);
        let mut second = scraper.open(text(), ONE);
        let other = scraper.open(query(Format::Protobuf, Coding::Identity, &[]), ONE);
        let filtered = scraper.open(query(Format::Text, Coding::Identity, &["wait"]), ONE);
        let same = |a: &Reader, b: &Reader| std::sync::Arc::ptr_eq(&a.render, &b.render);
        assert!(same(&first, &second) && !same(&first, &other) && !same(&first, &filtered));

        first.begin();
        let mut late = scraper.open(text(), ONE);
        assert!(!same(&first, &late), "its values would be older than its question");
        let all = rest(&mut first);
        // The second has nothing yet: all is kept for it.
        let held: usize = lock(&second.render.state).chunks.iter().map(Bytes::len).sum();
        assert_eq!(held, all.len());
        assert!(rest(&mut second) == all);
        assert!(rest(&mut late).len() > CHUNK);
    }

    #[test]
    fn a_reader_that_is_gone_holds_nothing_up() {
        let mut scraper = scraper(&registry());
        let mut first = scraper.open(text(), ONE);
        let gone = scraper.open(text(), ONE);
        assert!(next(&mut first).is_some());
        assert_eq!(lock(&first.render.state).chunks.len(), 1);
        drop(gone);
        assert_eq!(lock(&first.render.state).chunks.len(), 0);
        assert!(rest(&mut first).len() > CHUNK);
    }

    #[test]
    fn what_is_not_longer_than_a_chunk_has_a_length() {
        let mut scraper = scraper(&registry());
        let mut short = scraper.open(query(Format::Text, Coding::Identity, &["wait"]), ONE);
        short.begin();
        let length = short.size_hint().exact();
        assert_eq!(length, Some(rest(&mut short).len() as u64));
        let long = scraper.open(text(), ONE);
        long.begin();
        assert_eq!(long.size_hint().exact(), None);
        assert!(long.size_hint().lower() >= CHUNK as u64);
    }

    #[test]
    fn what_is_compressed_is_the_same() {
        let mut scraper = scraper(&registry());
        let names = ["orders_total", "wait"];
        let mut plain = scraper.open(query(Format::Text, Coding::Identity, &names), ONE);
        let mut gzip = scraper.open(query(Format::Text, Coding::Gzip, &names), ONE);
        let compressed = rest(&mut gzip);
        let mut text = Vec::new();
        GzDecoder::new(&*compressed).read_to_end(&mut text).unwrap();
        assert!(text == rest(&mut plain));
        assert!(compressed.len() < text.len() / 4);
    }

    #[test]
    fn names_choose_families() {
        let mut scraper = scraper(&registry());
        let mut families = |names: &[&str]| {
            let mut reader = scraper.open(query(Format::Text, Coding::Identity, names), ONE);
            let text = String::from_utf8(rest(&mut reader)).unwrap();
            let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
            types.map(|family| family.split(' ').next().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(families(&["orders_total"]), ["orders_total"]);
        assert_eq!(families(&["orders"]), ["orders_total"]);
        assert_eq!(families(&["wait_bucket", "wait_sum"]), ["wait"]);
        assert_eq!(
            families(&["tickmetrics_exporter_scrapes_total", "orders_total"]),
            ["orders_total", "tickmetrics_exporter_scrapes_total"]
        );
        assert_eq!(families(&["orders_", "wait_total", ""]), [""; 0]);
        assert!(families(&[]).len() > 5);
    }

    #[test]
    fn who_reads_nothing_makes_room() {
        let mut scraper = scraper(&registry());
        let filtered = query(Format::Text, Coding::Identity, &["wait"]);
        let protobuf = query(Format::Protobuf, Coding::Identity, &[]);
        let mut slow = scraper.open_within(2, text(), ONE).unwrap();
        assert!(next(&mut slow).is_some());
        let mut active = scraper.open_within(2, protobuf.clone(), ONE).unwrap();
        let mut joined = scraper.open_within(2, protobuf.clone(), ONE).expect("it is shared");
        assert!(next(&mut active).is_some());
        assert!(
            scraper.open_within(2, filtered.clone(), ONE).is_none(),
            "both were read from just now"
        );
        // A second later, for one of them.
        lock(&slow.render.state).last_read -= crate::scrape::STALLED;
        assert!(!rest(&mut scraper.open_within(2, filtered.clone(), ONE).unwrap()).is_empty());
        let cut_off = Pin::new(&mut slow).poll_frame(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(cut_off, Poll::Ready(Some(Err(_)))));
        // What is read to its end holds nothing, even while its readers are there.
        assert!(!rest(&mut active).is_empty());
        assert!(!rest(&mut joined).is_empty());
        assert!(scraper.open_within(1, filtered, ONE).is_some());
    }

    #[test]
    fn who_holds_the_most_makes_room_for_others() {
        let mut scraper = scraper(&registry());
        let of = |name: &str| query(Format::Text, Coding::Identity, &["orders_total", name]);
        let mut open = |number, client| scraper.open_within(3, of(number), client);
        let mut held = ["1", "2", "3"].map(|number| open(number, ONE).unwrap());
        held.iter_mut().for_each(|reader| assert!(next(reader).is_some()));
        // It reads slowly, but was never still for a second.
        assert!(next(&mut held[0]).is_some());
        let mut other = open("4", OTHER).expect("another has more");
        assert!(open("5", ONE).is_none(), "its own were read from just now");
        let [mut latest, mut cut_off, mut kept] = held;
        let frame = Pin::new(&mut cut_off).poll_frame(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(frame, Poll::Ready(Some(Err(_)))), "it was not read from for longest");
        // The second of the other's is one as many as the first has: its own would have to go.
        assert!(open("6", OTHER).is_none());
        for reader in [&mut latest, &mut kept, &mut other] {
            assert!(!rest(reader).is_empty());
        }
    }

    #[test]
    fn what_was_cut_off_is_no_end() {
        let mut scraper = scraper(&registry());
        let mut reader = scraper.open(text(), ONE);
        assert!(next(&mut reader).is_some());
        lock(&reader.render.state).stage = Stage::Broken;
        let frame = Pin::new(&mut reader).poll_frame(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(frame, Poll::Ready(Some(Err(_)))));
    }
}
