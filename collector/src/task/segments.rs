//! Readings of segments' files: those of a pattern, as processes come and go.

use super::context::{Reading, Report};
use crate::batch::{Event, EventKind};
use crate::filter::Filter;
use crate::health::Health;
use crate::reading::{Reader, Samples, Trouble};
use crate::series::{Interner, Room};
use crate::settings::Limits;
use crate::source::{Change, Process, Watch};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// The segments of one target.
pub(crate) struct OfSegments {
    pub(crate) number: usize,
    pub(crate) interval: Duration,
    pub(crate) watch: Watch,
    /// By the process's name.
    pub(crate) processes: HashMap<String, OfProcess>,
    /// As it was given.
    pub(crate) target: String,
    /// Whether there is any segment.
    pub(crate) health: Health,
    pub(crate) service: Option<Arc<str>>,
    pub(crate) symbol_label: String,
    pub(crate) limits: Limits,
    pub(crate) filter: Arc<Filter>,
    pub(crate) room: Arc<Room>,
}

/// A process.
pub(crate) struct OfProcess {
    reader: Reader,
    health: Health,
    path: String,
    start: Option<SystemTime>,
    /// Whether it is dead, and its last values were read.
    is_over: bool,
}

impl OfSegments {
    /// Reads all segments: of a dead process once.
    pub(crate) fn read(&mut self) -> Vec<Reading> {
        let mut readings = self.look();
        let Self { watch, processes, number, .. } = self;
        let began = Instant::now();
        let mut before = Duration::ZERO;
        let changes = {
            let processes = std::cell::RefCell::new(&mut *processes);
            watch.read_wanted(
                |name, _| processes.borrow().get(name).is_some_and(|it| !it.is_over),
                |name, _, process, _, snapshot| {
                    let mut processes = processes.borrow_mut();
                    let Some(known) = processes.get_mut(name) else { return };
                    let time = SystemTime::now();
                    let read = known.reader.snapshot(&snapshot, time);
                    let took = began.elapsed().saturating_sub(before);
                    before = began.elapsed();
                    readings.push(known.reading((*number, name.into()), read, process, time, took));
                },
            )
        };
        for change in changes {
            if let Change::Unreadable { reason } = change {
                readings.push(self.unreadable(reason));
            }
        }
        readings
    }

    /// Looks for files that came and went.
    fn look(&mut self) -> Vec<Reading> {
        let mut readings = Vec::new();
        let mut gone: HashMap<String, OfProcess> = HashMap::new();
        for change in self.watch.refresh() {
            match change {
                Change::Came { path, name } => {
                    let path = path.display().to_string();
                    // A process that was replaced keeps its series.
                    let known = gone.remove(&name);
                    let is_over = false;
                    let process = match known {
                        Some(before) => OfProcess { path, is_over, ..before },
                        None => self.process(&name, path),
                    };
                    self.processes.insert(name, process);
                }
                Change::Renamed { before, name, .. } => {
                    if let Some(known) = self.processes.remove(&before) {
                        // Its service or its label is another one.
                        let process = self.process(&name, known.path);
                        let process = OfProcess { is_over: known.is_over, ..process };
                        self.processes.insert(name, process);
                        readings.push(self.without_report(before, Vec::new()));
                    }
                }
                Change::Went { name, .. } => {
                    if let Some(process) = self.processes.remove(&name) {
                        gone.insert(name, process);
                    }
                }
                Change::Unreadable { reason } => readings.push(self.unreadable(reason)),
            }
        }
        let time = SystemTime::now();
        for (name, mut process) in gone {
            let mut events = Vec::new();
            if !process.is_over {
                let trouble = Trouble::Down("its file is gone".into());
                process.note(Err(&trouble), time, &mut events);
            }
            readings.push(self.without_report(name, events));
        }
        let mut nothing = "there is no segment".to_owned();
        if !self.target.contains(['/', '*', '?', '[']) {
            nothing.push_str(" of this name. An exporter is HOST:PORT");
        }
        let nothing = Trouble::Down(nothing);
        let is_there = if self.watch.is_empty() { Err(&nothing) } else { Ok(()) };
        let mut events = Vec::new();
        let service = self.service.clone().unwrap_or_else(|| self.target.as_str().into());
        self.health.note(&service, &self.target, is_there, time, &mut events);
        if is_there.is_err() || !events.is_empty() {
            // Processes report themselves that they are there.
            events.retain(|event| event.kind != EventKind::SourceUp);
            let mut reading = self.without_report(String::new(), events);
            reading.report = is_there.err().map(|trouble| Report {
                service,
                target: self.target.clone(),
                trouble: Some(trouble.clone()),
                series: 0,
                took: Duration::ZERO,
            });
            readings.push(reading);
        }
        readings
    }

    fn process(&self, name: &str, path: String) -> OfProcess {
        let own = self.service.as_ref().map(|_| ("process", name));
        let service = self.service.clone().unwrap_or_else(|| name.into());
        let room = self.room.clone();
        let interner = Interner::new(service, own, &self.symbol_label, self.limits, room);
        let reader = Reader::new(interner, self.filter.clone());
        OfProcess { reader, health: Health::default(), path, start: None, is_over: false }
    }

    fn without_report(&self, name: String, events: Vec<Event>) -> Reading {
        let key = (self.number, name);
        Reading { key, report: None, samples: Vec::new(), events, took: Duration::ZERO }
    }

    fn unreadable(&self, message: String) -> Reading {
        let (time, service, kind) =
            (SystemTime::now(), self.service.clone(), EventKind::ParseError);
        self.without_report(String::new(), vec![Event { time, service, kind, message }])
    }
}

impl OfProcess {
    fn note(&mut self, now: Result<(), &Trouble>, time: SystemTime, events: &mut Vec<Event>) {
        let service = self.reader.interner.service();
        self.health.note(service, &self.path, now, time, events);
    }

    fn reading(
        &mut self,
        key: super::Key,
        read: Result<Samples, Trouble>,
        process: Process,
        time: SystemTime,
        took: Duration,
    ) -> Reading {
        let mut events = Vec::new();
        let service = self.reader.interner.service().clone();
        let before = self.start.replace(process.start);
        if before.is_some_and(|before| before != process.start) {
            let message = format!("{}: process {} is another one", self.path, process.pid);
            let (service, kind) = (Some(service.clone()), EventKind::SourceRestart);
            events.push(Event { time, service, kind, message });
        }
        let (mut trouble, samples) = match read {
            // The segment's start decides, and not its counters.
            Ok(Samples { samples, .. }) => (None, samples),
            Err(trouble) => (Some(trouble), Vec::new()),
        };
        if !process.alive {
            self.is_over = true;
            trouble = trouble.or(Some(Trouble::Down(format!("process {} is dead", process.pid))));
        }
        self.note(trouble.as_ref().map_or(Ok(()), Err), time, &mut events);
        let (target, series) = (self.path.clone(), samples.len());
        let report = Some(Report { service, target, trouble, series, took });
        Reading { key, report, samples, events, took }
    }
}
