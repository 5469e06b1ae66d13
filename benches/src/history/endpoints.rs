//! Endpoints with many series, whose values move at each scrape. They answer everybody with the same
//! text, and spend little on it.

use std::fmt::Write as _;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// Series of an endpoint: 40 families of counters and 10 of gauges, each of 20 symbols.
pub(super) const SERIES: usize = FAMILIES * SYMBOLS;
const FAMILIES: usize = 50;
const COUNTERS: usize = 40;
const SYMBOLS: usize = 20;

/// Digits of a value. There are leading zeros, so that values are replaced where they stand.
const DIGITS: usize = 10;

struct Page {
    text: Vec<u8>,
    /// Where the values begin, and what they are.
    values: Vec<(usize, u64)>,
    random: fastrand::Rng,
}

impl Page {
    fn new(seed: u64) -> Self {
        let mut text = String::new();
        let mut values = Vec::with_capacity(SERIES);
        for family in 0..FAMILIES {
            let (name, kind) = if family < COUNTERS {
                (format!("venue_messages_{family}_total"), "counter")
            } else {
                (format!("venue_depth_{family}"), "gauge")
            };
            let _ = writeln!(text, "# HELP {name} Measured.\n# TYPE {name} {kind}");
            for symbol in 0..SYMBOLS {
                let _ = write!(text, "{name}{{symbol=\"SYM{symbol}\",venue=\"simulated\"}} ");
                values.push((text.len(), 0));
                let _ = writeln!(text, "{:0DIGITS$}", 0);
            }
        }
        Self { text: text.into(), values, random: fastrand::Rng::with_seed(seed) }
    }

    /// The text with the next values.
    fn next(&mut self) -> &[u8] {
        for (index, (place, value)) in self.values.iter_mut().enumerate() {
            let is_counter = index < COUNTERS * SYMBOLS;
            *value = self.random.u64(..1000) + if is_counter { *value } else { 0 };
            let mut rest = *value;
            for digit in self.text[*place..*place + DIGITS].iter_mut().rev() {
                *digit = b'0' + u8::try_from(rest % 10).unwrap_or(0);
                rest /= 10;
            }
        }
        &self.text
    }
}

/// Starts endpoints, and returns their ports. They serve until the process ends.
pub(super) fn start(number: usize) -> io::Result<Vec<u16>> {
    (0..number).map(|index| one(index as u64)).collect()
}

fn one(seed: u64) -> io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = listener.local_addr()?.port();
    let page = Arc::new(Mutex::new(Page::new(seed)));
    small_thread(move || {
        for stream in listener.incoming().flatten() {
            let page = page.clone();
            // A client that goes ends its thread.
            let served = small_thread(move || drop(serve(&stream, &page)));
            drop(served);
        }
    })?;
    Ok(port)
}

fn small_thread(run: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().stack_size(128 << 10).spawn(run).map(drop)
}

fn serve(stream: &TcpStream, page: &Mutex<Page>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut reader, mut writer) = (BufReader::new(stream), stream);
    let mut line = String::new();
    loop {
        // The end of the head is an empty line.
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        if line != "\r\n" {
            continue;
        }
        let mut page = page.lock().unwrap_or_else(PoisonError::into_inner);
        let body = page.next();
        let mut answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {}\r\n\r\n",
            body.len()
        )
        .into_bytes();
        answer.extend_from_slice(body);
        drop(page);
        writer.write_all(&answer)?;
    }
}
