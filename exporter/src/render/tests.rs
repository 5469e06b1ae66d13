use super::writer::CHUNK;
use super::{Bytes, Reader, Stage};
use crate::coding::Coding;
use crate::encode::negotiate::Format;
use crate::query::Query;
use crate::scrape::Scraper;
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
    for format in [
        Format::Text,
        Format::OpenMetrics,
        Format::Protobuf,
        #[cfg(feature = "json")]
        Format::Json,
    ] {
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
        let (_, whole) = crate::encode::render(&registry.snapshot(), Some(format.content_type()));
        assert!(all == whole, "{format:?}");
    }
}

#[test]
fn requests_before_the_snapshot_share_it() {
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
fn an_exposition_of_one_chunk_has_a_length() {
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
fn compressed_content_is_the_same() {
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
fn a_client_that_reads_nothing_makes_room() {
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
    // An exposition that was read to its end holds nothing, even while its readers exist.
    assert!(!rest(&mut active).is_empty());
    assert!(!rest(&mut joined).is_empty());
    assert!(scraper.open_within(1, filtered, ONE).is_some());
}

#[test]
fn the_client_with_the_most_makes_room_for_others() {
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
fn a_cut_off_exposition_has_no_end() {
    let mut scraper = scraper(&registry());
    let mut reader = scraper.open(text(), ONE);
    assert!(next(&mut reader).is_some());
    lock(&reader.render.state).stage = Stage::Broken;
    let frame = Pin::new(&mut reader).poll_frame(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(frame, Poll::Ready(Some(Err(_)))));
}
