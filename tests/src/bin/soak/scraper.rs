//! Ten scrapes a second, each compared with the one before it.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tickmetrics::Snapshot;

const PERIOD: Duration = Duration::from_millis(100);

/// A process's figures since the last request; numbers count from its start.
#[derive(Clone, Copy, Default)]
pub(crate) struct Figures {
    pub(crate) scrapes: u64,
    pub(crate) rounds: u64,
    pub(crate) threads: u64,
    /// The most resident memory that a scrape found: private, and of the segment's file.
    pub(crate) private_kib: u64,
    pub(crate) shared_kib: u64,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scrapes, rounds, threads, private_kib, shared_kib } = self;
        write!(f, "{scrapes} {rounds} {threads} {private_kib} {shared_kib}")
    }
}

impl Figures {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let numbers: Result<Vec<u64>, _> = text.split(' ').map(str::parse).collect();
        let [scrapes, rounds, threads, private_kib, shared_kib] = numbers.ok()?[..] else {
            return None;
        };
        Some(Self { scrapes, rounds, threads, private_kib, shared_kib })
    }
}

/// A thread that scrapes until it has to end.
pub(crate) struct Scraper {
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
}

struct Shared {
    done: AtomicBool,
    /// Or the first fault.
    figures: Mutex<Result<Figures, String>>,
}

impl Scraper {
    pub(crate) fn start(
        mut snapshot: impl FnMut() -> Result<Snapshot, String> + Send + 'static,
    ) -> Self {
        let figures = Mutex::new(Ok(Figures::default()));
        let shared = Arc::new(Shared { done: AtomicBool::new(false), figures });
        let of_thread = Arc::clone(&shared);
        let thread = thread::spawn(move || {
            let mut last = Last::default();
            while !of_thread.done.load(Ordering::Relaxed) {
                let seen = snapshot().and_then(|snapshot| last.then(&snapshot));
                let mut figures = lock(&of_thread.figures);
                match (seen, &mut *figures) {
                    (Ok(()), Ok(figures)) => last.report(figures),
                    (Err(error), figures) => *figures = Err(error),
                    (Ok(()), Err(_)) => {}
                }
                drop(figures);
                thread::sleep(PERIOD);
            }
        });
        Self { shared, thread }
    }

    /// The figures, or the fault of a scrape so far.
    pub(crate) fn figures(&self) -> Result<Figures, String> {
        if self.thread.is_finished() {
            return Err("the thread that scrapes panicked".into());
        }
        let mut figures = lock(&self.shared.figures);
        let answer = figures.clone();
        if let Ok(figures) = &mut *figures {
            (figures.private_kib, figures.shared_kib) = (0, 0);
        }
        answer
    }

    pub(crate) fn end(self) -> Result<(), String> {
        self.shared.done.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| "the thread that scrapes panicked")?;
        lock(&self.shared.figures).clone().map(|_| ())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The last scrape.
#[derive(Default)]
struct Last {
    text: String,
    values: HashMap<String, f64>,
    scrapes: u64,
}

impl Last {
    /// Takes the next one, unless it can't follow this one.
    fn then(&mut self, snapshot: &Snapshot) -> Result<(), String> {
        self.text.clear();
        tickmetrics_exporter::encode::text(snapshot, &mut self.text);
        let mut seen = 0;
        let mut infinity = None;
        for (name, value) in samples(&self.text) {
            let at = |what: &str| format!("scrape {}: {name} {what}", self.scrapes);
            if value.is_nan() {
                return Err(at("is no number"));
            }
            if name.starts_with("soak_in_flight") {
                if value < 0.0 {
                    return Err(at(&format!("is {value}")));
                }
            } else if let Some(last) = self.values.get(name)
                && value < *last
            {
                return Err(at(&format!("fell from {last} to {value}")));
            }
            if name.contains("le=\"+Inf\"") {
                infinity = Some(value);
            } else if name.split('{').next().is_some_and(|name| name.ends_with("_count"))
                && infinity.take() != Some(value)
            {
                return Err(at(&format!("is {value}, and not what the last bucket has")));
            }
            seen += 1;
            match self.values.get_mut(name) {
                Some(known) => *known = value,
                None => drop(self.values.insert(name.to_owned(), value)),
            }
        }
        if seen != self.values.len() {
            return Err(format!(
                "scrape {}: {} series, then {seen}",
                self.scrapes,
                self.values.len()
            ));
        }
        self.scrapes += 1;
        Ok(())
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts")]
    fn report(&self, figures: &mut Figures) {
        let value = |name| self.values.get(name).map_or(0, |&value| value as u64);
        let [private, shared] = resident_kib();
        *figures = Figures {
            scrapes: self.scrapes,
            rounds: value("soak_records_total"),
            threads: value("soak_threads_total"),
            private_kib: figures.private_kib.max(private),
            shared_kib: figures.shared_kib.max(shared),
        };
    }
}

/// Private memory of this process that is resident, and memory of files.
fn resident_kib() -> [u64; 2] {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    ["RssAnon:", "RssShmem:"].map(|field| {
        let value = status.lines().find_map(|line| line.strip_prefix(field));
        value.and_then(|value| value.split_whitespace().next()?.parse().ok()).unwrap_or(0)
    })
}

pub(crate) fn text(snapshot: &Snapshot) -> String {
    let mut text = String::new();
    tickmetrics_exporter::encode::text(snapshot, &mut text);
    text
}

/// Each series of a text, with its labels, and its value: NaN where it is no number.
pub(crate) fn samples(text: &str) -> impl Iterator<Item = (&str, f64)> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| {
        let (name, value) = line.rsplit_once(' ')?;
        Some((name, value.parse().unwrap_or(f64::NAN)))
    })
}
