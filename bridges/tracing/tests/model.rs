//! Times of spans against a naive model: random entries, exits and ends from several threads, one
//! after the other, with a clock that the test moves.

use fastrand::Rng;
use quanta::{Clock, Mock};
use std::collections::BTreeMap;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;
use tickmetrics::Registry;
use tracing::{Dispatch, Span, dispatcher, info_span};
use tracing_subscriber::layer::SubscriberExt;

type Job = Box<dyn FnOnce() + Send>;

/// A thread that runs one job at a time.
struct Worker {
    jobs: mpsc::Sender<Job>,
    done: mpsc::Receiver<()>,
}

impl Worker {
    fn start(dispatch: &Dispatch, clock: &Clock) -> Self {
        let (jobs, todo) = mpsc::channel::<Job>();
        let (ended, done) = mpsc::channel();
        let (dispatch, clock) = (dispatch.clone(), clock.clone());
        thread::spawn(move || {
            dispatcher::with_default(&dispatch, || {
                quanta::with_clock(&clock, || {
                    for job in todo {
                        job();
                        ended.send(()).unwrap();
                    }
                });
            });
        });
        Self { jobs, done }
    }

    fn run(&self, job: impl FnOnce() + Send + 'static) {
        self.jobs.send(Box::new(job)).unwrap();
        self.done.recv().unwrap();
    }
}

/// A span that is open, and what happened to it.
struct Open {
    span: Span,
    series: Vec<(&'static str, String)>,
    /// Nanoseconds, and 1 for an entry or -1 for an exit.
    changes: Vec<(u64, i32)>,
    opened: u64,
    /// The threads of entries that have not ended.
    entries: Vec<usize>,
}

/// Count, and the whole, busy and idle nanoseconds.
type Totals = BTreeMap<Vec<(&'static str, String)>, (u64, u64, u64, u64)>;

fn add(totals: &mut Totals, open: &Open, closed: u64) {
    let (mut depth, mut since, mut busy) = (0, open.opened, 0);
    for &(at, change) in open.changes.iter().chain([&(closed, 0)]) {
        if depth > 0 {
            busy += at - since;
        }
        (depth, since) = (depth + change, at);
    }
    let whole = closed - open.opened;
    let total = totals.entry(open.series.clone()).or_default();
    *total = (total.0 + 1, total.1 + whole, total.2 + busy, total.3 + whole - busy);
}

/// A span and its labels. It has no parent: a span ends after its children.
fn make(rng: &mut Rng) -> (Span, Vec<(&'static str, String)>) {
    let venue = rng.u8(..3);
    let name = |name: &str| ("span", name.to_owned());
    match rng.u8(..4) {
        0 => (info_span!(parent: None, "plain"), vec![name("plain")]),
        1 => (info_span!(parent: None, "other", order = 7), vec![name("other")]),
        2 => {
            let series = vec![name("submit"), ("venue", venue.to_string())];
            (info_span!(parent: None, "submit", venue, order = 7), series)
        }
        _ => {
            let span = info_span!(parent: None, "late", venue = tracing::field::Empty);
            span.record("venue", "first");
            span.record("venue", venue);
            (span, vec![name("late"), ("venue", venue.to_string())])
        }
    }
}

fn run(seed: u64) {
    let mut rng = Rng::with_seed(seed);
    let registry = Registry::new();
    let layer = tickmetrics_tracing::layer()
        .most_spans(20)
        .most_events(1)
        .fields(["venue"])
        .registry(&registry)
        .build()
        .unwrap();
    let dispatch = Dispatch::new(tracing_subscriber::registry().with(layer));
    let (clock, mock): (Clock, Arc<Mock>) = Clock::mock();
    let workers: Vec<_> = (0..3).map(|_| Worker::start(&dispatch, &clock)).collect();
    let (mut now, mut open, mut totals) = (0, Vec::<Open>::new(), Totals::new());
    for _ in 0..600 {
        let step = rng.u64(..1_000);
        mock.increment(step);
        now += step;
        let worker = rng.usize(..workers.len());
        let at = (!open.is_empty()).then(|| rng.usize(..open.len()));
        match (rng.u8(..8), at) {
            (0 | 1, _) | (_, None) if open.len() < 6 => {
                let (sender, made) = mpsc::channel();
                let mut seeded = rng.fork();
                workers[worker].run(move || sender.send(make(&mut seeded)).unwrap());
                let (span, series) = made.recv().unwrap();
                let (changes, entries) = (Vec::new(), Vec::new());
                open.push(Open { span, series, changes, opened: now, entries });
            }
            (2 | 3, Some(at)) => {
                let one = &mut open[at];
                let span = one.span.clone();
                workers[worker].run(move || {
                    span.with_subscriber(|(id, dispatch)| dispatch.enter(id));
                });
                one.entries.push(worker);
                one.changes.push((now, 1));
            }
            (4 | 5, Some(at)) if !open[at].entries.is_empty() => {
                let one = &mut open[at];
                let entry = rng.usize(..one.entries.len());
                let worker = one.entries.swap_remove(entry);
                let span = one.span.clone();
                workers[worker].run(move || {
                    span.with_subscriber(|(id, dispatch)| dispatch.exit(id));
                });
                one.changes.push((now, -1));
            }
            (_, Some(at)) if open[at].entries.is_empty() => {
                let one = open.swap_remove(at);
                add(&mut totals, &one, now);
                workers[worker].run(move || drop(one.span));
            }
            _ => {}
        }
    }
    let snapshot = registry.snapshot();
    let nanos = |seconds: f64| Duration::from_secs_f64(seconds).as_nanos();
    let mut read = Totals::new();
    for series in totals.keys() {
        let labels: Vec<_> = series.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let of = |name: &str| {
            let one = snapshot.histogram(name, &labels).unwrap();
            (one.count(), u64::try_from(nanos(one.sum())).unwrap())
        };
        let (count, whole) = of("tracing_span_duration_seconds");
        let (busy, idle) = (of("tracing_span_busy_seconds"), of("tracing_span_idle_seconds"));
        assert_eq!((busy.0, idle.0), (count, count));
        read.insert(series.clone(), (count, whole, busy.1, idle.1));
    }
    assert_eq!(read, totals, "seed {seed}");
    assert!(totals.len() > 4, "few spans ended: {totals:?}");
    let counted: u64 = snapshot
        .families()
        .filter(|family| family.name() == "tracing_span_busy_seconds")
        .flat_map(|family| family.series())
        .filter_map(|series| match series.value() {
            tickmetrics::Value::Histogram(one) => Some(one.count()),
            _ => None,
        })
        .sum();
    assert_eq!(counted, totals.values().map(|total| total.0).sum::<u64>(), "no other series");
}

#[test]
fn times_are_those_of_the_model() {
    (0..30).for_each(run);
}
