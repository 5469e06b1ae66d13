//! Servers that answer what a test wants, and a store in memory.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};
use tickmetrics_collector::batch::{Batch, Event, EventKind, Sample, Value};
use tickmetrics_collector::store::{Store, StoreError};
use tickmetrics_collector::{Builder, Collector, Source};

/// Whatever is waited for comes much sooner; the rest is for a machine that does other things.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A server that gives each connection to a function, after the head of its request.
pub(crate) struct Server {
    address: SocketAddr,
    is_over: Arc<AtomicBool>,
}

impl Server {
    pub(crate) fn new(answer: impl Fn(&str, TcpStream) + Send + Sync + 'static) -> Self {
        Self::at("127.0.0.1:0", answer)
    }

    pub(crate) fn at(
        address: &str,
        answer: impl Fn(&str, TcpStream) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let is_over = Arc::new(AtomicBool::new(false));
        let (over, answer) = (is_over.clone(), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming() {
                if over.load(Relaxed) {
                    return;
                }
                let (stream, answer) = (stream.unwrap(), answer.clone());
                thread::spawn(move || {
                    let mut head = String::new();
                    let mut reader = BufReader::new(&stream);
                    while !head.ends_with("\r\n\r\n") {
                        if reader.read_line(&mut head).unwrap_or(0) == 0 {
                            return;
                        }
                    }
                    drop(reader);
                    answer(&head, stream);
                });
            }
        });
        Self { address, is_over }
    }

    /// One that answers 200 with this text.
    pub(crate) fn of_text(text: impl Into<String>) -> Self {
        let text = text.into();
        Self::new(move |_, stream| respond(stream, "text/plain; version=0.0.4", &text))
    }

    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    pub(crate) fn source(&self, service: &str) -> Source {
        let source = Source::new(format!("http://{}/metrics", self.address)).service(service);
        source.timeout(PATIENCE)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.is_over.store(true, Relaxed);
        let _ = TcpStream::connect(self.address);
    }
}

pub(crate) fn respond(stream: TcpStream, content_type: &str, text: &str) {
    respond_bytes(stream, content_type, text.as_bytes());
}

pub(crate) fn respond_bytes(mut stream: TcpStream, content_type: &str, body: &[u8]) {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n"
    );
    // The client may have gone.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
}

/// A store in memory.
#[derive(Clone, Default)]
pub(crate) struct Memory(Arc<(Mutex<Stored>, Condvar)>);

#[derive(Default)]
pub(crate) struct Stored {
    pub(crate) batches: Vec<Batch>,
    /// Results of the next tries, before they succeed.
    pub(crate) errors: Vec<StoreError>,
    /// Whether a write waits.
    pub(crate) is_blocked: bool,
    pub(crate) tries: usize,
    pub(crate) is_closed: bool,
    pub(crate) maintained: usize,
}

impl Memory {
    pub(crate) fn with<T>(&self, look: impl FnOnce(&mut Stored) -> T) -> T {
        let result = look(&mut self.0.0.lock().unwrap());
        self.0.1.notify_all();
        result
    }

    /// Waits for something stored.
    pub(crate) fn wait_for<T>(&self, what: &str, look: impl Fn(&Stored) -> Option<T>) -> T {
        let (stored, changed) = &*self.0;
        let end = Instant::now() + PATIENCE;
        let mut stored = stored.lock().unwrap();
        loop {
            if let Some(found) = look(&stored) {
                return found;
            }
            let left = end.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "there is no {what} in {:#?}", stored.events());
            stored = changed.wait_timeout(stored, left).unwrap().0;
        }
    }

    /// Waits for an event of a kind whose message has a text, and returns the message.
    pub(crate) fn wait_for_event(&self, kind: EventKind, text: &str) -> String {
        self.wait_for(&format!("{kind:?} {text:?}"), |stored| {
            let events = stored.events();
            let found = events.iter().find(|it| it.kind == kind && it.message.contains(text));
            found.map(|it| it.message.clone())
        })
    }

    /// Waits for a number of samples of a service.
    pub(crate) fn wait_for_samples(&self, service: &str, count: usize) {
        self.wait_for(&format!("{count} samples of {service}"), |stored| {
            (stored.samples(service).len() >= count).then_some(())
        });
    }
}

impl Stored {
    pub(crate) fn events(&self) -> Vec<&Event> {
        self.batches.iter().flat_map(|batch| &batch.events).collect()
    }

    pub(crate) fn kinds(&self, service: &str) -> Vec<EventKind> {
        let events = self.events().into_iter();
        events.filter(|it| it.service.as_deref() == Some(service)).map(|it| it.kind).collect()
    }

    pub(crate) fn samples(&self, service: &str) -> Vec<&Sample> {
        let all = self.batches.iter().flat_map(|batch| &batch.samples);
        all.filter(|it| &*it.series.service == service).collect()
    }

    /// The last value of each series of a service: name, labels, value.
    pub(crate) fn last(&self, service: &str) -> BTreeMap<String, Value> {
        let text = |sample: &Sample| {
            let labels: Vec<_> = sample
                .series
                .labels
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            format!("{} {}{{{}}}", sample.series.kind.name(), sample.series.name, labels.join(","))
        };
        self.samples(service).iter().map(|it| (text(it), it.value.clone())).collect()
    }
}

impl Store for Memory {
    fn write(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let (stored, changed) = &*self.0;
        let mut stored = stored.lock().unwrap();
        stored.tries += 1;
        changed.notify_all();
        stored = changed.wait_while(stored, |it| it.is_blocked).unwrap();
        let error = stored.errors.pop();
        if error.is_none() {
            stored.batches.push(batch.clone());
        }
        changed.notify_all();
        error.map_or(Ok(()), Err)
    }

    fn maintain(&mut self) -> Result<Vec<Event>, StoreError> {
        self.with(|stored| stored.maintained += 1);
        Ok(Vec::new())
    }

    fn close(self: Box<Self>) -> Result<(), StoreError> {
        self.with(|stored| stored.is_closed = true);
        Ok(())
    }
}

/// A collector with short cycles.
pub(crate) fn quick(memory: &Memory) -> Builder {
    Collector::builder().interval(Duration::from_millis(20)).store(Box::new(memory.clone()))
}
