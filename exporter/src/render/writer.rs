//! Writes an exposition chunk by chunk.

use crate::coding::Compressor;
use crate::encode::Exposition;
use crate::query::Query;
use crate::sources::{Scrape, Sources};
use crate::sync::lock;
use hyper::body::Bytes;
use std::collections::VecDeque;
use std::io;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// The bytes from which on a chunk is sent: encoded in some ten microseconds, and enough to justify
/// a write to the socket.
pub(super) const CHUNK: usize = 64 << 10;

/// Writes one chunk after the other.
pub(super) struct Writer {
    /// The exposed families, and how many are written.
    families: Families,
    compressor: Option<Compressor>,
}

/// The families of a scrape, and how many are written.
struct Families {
    scrape: Scrape,
    exposition: Exposition,
    /// The number of families written.
    written: usize,
    series: usize,
    spent: Duration,
}

impl Writer {
    /// Takes the snapshot.
    pub(super) fn new(query: &Query, sources: &Mutex<Sources>) -> io::Result<Box<Self>> {
        let compressor = Compressor::new(query.coding)?;
        let start = Instant::now();
        let scrape = lock(sources).scrape(query);
        let exposition = Exposition::new(query.protocol, fresh());
        let spent = start.elapsed();
        let families = Families { scrape, exposition, written: 0, series: 0, spent };
        Ok(Box::new(Self { families, compressor }))
    }

    /// Writes about one chunk, and returns whether that was the last.
    pub(super) fn write(&mut self, chunks: &mut VecDeque<Bytes>) -> io::Result<bool> {
        let Self { families, compressor } = self;
        let mut compressed = Ok(());
        let mut send = |piece: Vec<u8>| match compressor {
            Some(compressor) if compressed.is_ok() => compressed = compressor.write(&piece),
            Some(_) => {}
            None => chunks.push_back(Bytes::from(piece)),
        };
        let is_last = families.write(&mut send);
        compressed?;
        if let Some(compressor) = compressor {
            if is_last {
                compressor.end()?;
            }
            // Making these takes as long as a dozen of the others.
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
        let is_exposed = |name: &str| names.contains(name);
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
