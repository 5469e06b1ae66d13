//! The settings of a collector, checked at its start.

use crate::filter::Filter;
use crate::health::Health;
use crate::queue::Most;
use crate::reading::Reader;
use crate::series::{Interner, Room};
use crate::settings::{Candles, Source, TotalLimits};
use crate::source::{Client, Form, Limits as WatchLimits, Operator, Target, Trust, Watch};
use crate::status::Cycle;
use crate::store::Store;
use crate::task::{OfExporter, OfSegments, Task};
use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::ffi::OsStr;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tickmetrics::__text::report;
use tickmetrics_exporter::StartError as NoExporter;

/// Shorter intervals measure the collector itself.
const SHORTEST: Duration = Duration::from_millis(10);

/// Called after each cycle.
pub(crate) type OnCycle = Box<dyn FnMut(&Cycle<'_>) + Send>;

/// The settings of a [`Collector`](crate::Collector).
pub struct Builder {
    pub(crate) sources: Vec<Source>,
    pub(crate) store: Option<Box<dyn Store>>,
    pub(crate) interval: Duration,
    pub(crate) queue: Most,
    pub(crate) candles: Vec<Candles>,
    pub(crate) limits: TotalLimits,
    pub(crate) listen: Option<String>,
    pub(crate) socket: Option<PathBuf>,
    /// Taken without a named socket. Without this one, the collector starts nevertheless.
    pub(crate) own_socket: Option<PathBuf>,
    pub(crate) on_cycle: Option<OnCycle>,
    pub(crate) once: bool,
    pub(crate) grace: Duration,
    operator: Box<dyn Operator>,
}

/// What a collector is made of.
pub(crate) struct Parts {
    pub(crate) builder: Builder,
    pub(crate) store: Box<dyn Store>,
    pub(crate) tasks: Vec<Task>,
}

/// The reason why a collector can't start, in one line.
#[derive(Debug)]
pub struct StartError(Fault);

#[derive(Debug)]
enum Fault {
    Setting(String),
    Exporter(NoExporter),
}

impl StartError {
    #[doc(hidden)]
    pub fn __exporter(&self) -> Option<&NoExporter> {
        match &self.0 {
            Fault::Setting(_) => None,
            Fault::Exporter(error) => Some(error),
        }
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Fault::Setting(message) => f.write_str(message),
            Fault::Exporter(error) => error.fmt(f),
        }
    }
}

impl Error for StartError {}

impl From<String> for StartError {
    fn from(message: String) -> Self {
        Self(Fault::Setting(message))
    }
}

impl From<NoExporter> for StartError {
    fn from(error: NoExporter) -> Self {
        Self(Fault::Exporter(error))
    }
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            sources: Vec::new(),
            store: None,
            interval: Duration::from_secs(1),
            queue: Most { batches: 60, bytes: 256 << 20 },
            candles: Vec::new(),
            limits: TotalLimits::default(),
            listen: None,
            socket: None,
            own_socket: None,
            on_cycle: None,
            once: false,
            grace: Duration::from_secs(10),
            operator: Box::new(Nobody),
        }
    }
}

impl Builder {
    /// Adds a source.
    #[must_use]
    pub fn source(mut self, source: Source) -> Self {
        self.sources.push(source);
        self
    }

    /// Where batches are stored.
    #[must_use]
    pub fn store(mut self, store: Box<dyn Store>) -> Self {
        self.store = Some(store);
        self
    }

    /// The time between two cycles. Default: 1 s.
    #[must_use]
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// The most batches that wait to be written. A full queue loses its oldest one. Default: 60.
    #[must_use]
    pub fn queue(mut self, batches: usize) -> Self {
        self.queue.batches = batches;
        self
    }

    /// The most memory of batches that wait to be written. A queue with more loses its oldest ones,
    /// but not the newest. Default: 256 MiB, enough for 60 batches of 100,000 samples.
    #[must_use]
    pub fn queue_bytes(mut self, bytes: usize) -> Self {
        self.queue.bytes = bytes;
        self
    }

    /// Adds candles of a price.
    #[must_use]
    pub fn candles(mut self, candles: Candles) -> Self {
        self.candles.push(candles);
        self
    }

    /// The limits of all sources together.
    #[must_use]
    pub fn limits(mut self, limits: TotalLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Serves the collector's metrics about itself on an address: `HOST:PORT`, or `unix:PATH`.
    #[must_use]
    pub fn listen(mut self, address: impl Into<String>) -> Self {
        self.listen = Some(address.into());
        self
    }

    /// Answers queries and questions for the state on a Unix socket, for this user alone; see
    /// [`ask`](crate::ask). [`Place::socket`](crate::store::Place::socket) is where
    /// `tickmetrics query` and `tickmetrics status` look for it.
    #[must_use]
    pub fn socket(mut self, path: impl Into<PathBuf>) -> Self {
        self.socket = Some(path.into());
        self
    }

    /// The longest time between two readings of a source.
    pub(crate) fn slowest(&self) -> Duration {
        let sources = self.sources.iter().filter_map(|source| source.interval);
        sources.max().unwrap_or(self.interval)
    }

    /// Calls a function after each cycle, on the thread of the collector: one that takes long delays
    /// the next cycle.
    #[must_use]
    pub fn on_cycle(mut self, call: impl FnMut(&Cycle<'_>) + Send + 'static) -> Self {
        self.on_cycle = Some(Box::new(call));
        self
    }

    /// Reads each source once, and ends.
    #[must_use]
    pub fn once(mut self) -> Self {
        self.once = true;
        self
    }

    /// The longest wait for the store at the end. Default: 10 s.
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    #[doc(hidden)]
    #[must_use]
    pub fn __own_socket(mut self, path: PathBuf) -> Self {
        self.own_socket = Some(path);
        self
    }

    #[doc(hidden)]
    #[must_use]
    pub fn __operator(mut self, operator: Box<dyn Operator>) -> Self {
        self.operator = operator;
        self
    }

    /// The settings, if they are right.
    pub(crate) fn checked(mut self) -> Result<Parts, StartError> {
        let store = self.store.take().ok_or("no store is given".to_owned())?;
        if self.interval < SHORTEST {
            return Err(format!("an interval of {:?} is shorter than 10ms", self.interval).into());
        }
        if self.queue.batches == 0 {
            return Err("the queue needs room for at least one batch".to_owned().into());
        }
        if let Some(wrong) =
            self.candles.iter().flat_map(|it| &it.intervals).find(|it| it.is_zero())
        {
            return Err(format!("candles can't have the length {wrong:?}").into());
        }
        let tasks = self.tasks()?;
        Ok(Parts { builder: self, store, tasks })
    }

    fn tasks(&self) -> Result<Vec<Task>, StartError> {
        let count = self.sources.iter().map(|it| it.targets.len()).sum::<usize>();
        if count == 0 {
            return Err("no source is given".to_owned().into());
        }
        let most = self.limits.targets;
        if count > most {
            return Err(format!("{count} targets are more than the limit of {most}").into());
        }
        let room = Arc::new(Room::new(self.limits.series));
        let (mut tasks, mut known) = (Vec::new(), HashSet::new());
        // The segments of each service. What several patterns match is read for the first of them.
        let mut segments: HashMap<_, Vec<String>> = HashMap::new();
        for source in &self.sources {
            for target in &source.targets {
                let before = segments.entry(&source.service).or_default();
                let task = self.task(tasks.len(), source, target, before, &room)?;
                if let Task::Segments(_) = task {
                    before.push(target.clone());
                }
                // Their rows could not be distinguished.
                if !known.insert(task.identity()) {
                    let advice = "leave one out, or name another service for it";
                    return Err(format!("{target} is given twice: {advice}").into());
                }
                tasks.push(task);
            }
        }
        Ok(tasks)
    }

    fn task(
        &self,
        number: usize,
        source: &Source,
        target: &str,
        before: &[String],
        room: &Arc<Room>,
    ) -> Result<Task, StartError> {
        let interval = source.interval.unwrap_or(self.interval);
        if interval < self.interval {
            return Err(format!(
                "{target} can't be read each {interval:?}, since a cycle takes {:?}",
                self.interval
            )
            .into());
        }
        let timeout = source.timeout.unwrap_or(interval);
        if timeout.is_zero() {
            return Err(format!("the timeout of {target} is 0").into());
        }
        let Source { access, limits, .. } = source;
        let filter = Arc::new(Filter::new(&source.allow, &source.deny)?);
        let operator = &*self.operator;
        let mut client = match Target::of(OsStr::new(target)) {
            Target::Url(url) => Client::new(&url, access, operator)?,
            Target::Socket(path) => Client::of_socket(path, access, operator)?,
            Target::Segment(_) if !access.is_empty() => {
                let what = "credentials and certificates are for exporters";
                return Err(format!("{target} is a file: {what}").into());
            }
            Target::Segment(_) => {
                let files = self.limits.targets;
                let limits = WatchLimits { files, memory: 1 << 30, of_one: None, form: Form::Keys };
                let watch = Watch::new(&[target.to_owned()], Trust::new(&[]), limits)?;
                let watch = watch.without(before)?;
                return Ok(Task::Segments(Box::new(OfSegments {
                    number,
                    interval,
                    watch,
                    processes: HashMap::new(),
                    target: target.into(),
                    health: Health::default(),
                    service: source.service.as_deref().map(Into::into),
                    symbol_label: source.symbol_label.clone(),
                    limits: source.limits,
                    filter,
                    room: room.clone(),
                })));
            }
        };
        if let Some(gzip) = source.gzip {
            client = client.with_gzip(gzip);
        }
        let instance = client.instance().to_owned();
        let service: Arc<str> = source.service.as_deref().unwrap_or(&instance).into();
        let of_service = self.sources.iter().filter(|it| it.service == source.service);
        let has_others = of_service.map(|it| it.targets.len()).sum::<usize>() > 1;
        let own = (has_others && source.service.is_some()).then_some(("instance", &*instance));
        let interner =
            Interner::new(service.clone(), own, &source.symbol_label, *limits, room.clone());
        Ok(Task::Exporter(Box::new(OfExporter {
            number,
            interval,
            timeout,
            limits: *limits,
            client,
            reader: Some(Reader::new(interner, filter)),
            health: Health::default(),
            service,
        })))
    }
}

/// The operator of a program that runs by itself.
struct Nobody;

impl Operator for Nobody {
    fn warn(&self, warning: fmt::Arguments<'_>) {
        report(format_args!("warning: {warning}"));
    }

    fn password(&self, user: &str, target: &str) -> Result<String, String> {
        Err(format!("user {user} of {target} has no password: give password_file: FILE"))
    }
}
