//! Scrapes of an exporter.

use super::context::{Context, Reading, Report};
use crate::batch::{Event, EventKind};
use crate::health::Health;
use crate::metrics::Stage;
use crate::reading::{Reader, Samples, Trouble};
use crate::settings::Limits;
use crate::source::{Answer, Client, Wanted};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// The formats, the richest first.
const ACCEPT: &str = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;\
    encoding=delimited;escaping=allow-utf-8;q=0.6,\
    application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
    text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,\
    text/plain;version=0.0.4;q=0.3,*/*;q=0.1";

/// A longer answer is parsed on another thread, so that it delays no other target.
const SHORT: usize = 256 * 1024;

/// An exporter that is scraped.
pub(crate) struct OfExporter {
    pub(crate) number: usize,
    pub(crate) interval: Duration,
    pub(crate) timeout: Duration,
    pub(crate) limits: Limits,
    pub(crate) client: Client,
    /// Away while a long answer is parsed.
    pub(crate) reader: Option<Reader>,
    pub(crate) health: Health,
    pub(crate) service: Arc<str>,
}

impl OfExporter {
    /// Scrapes once. Returns `false` if that is impossible from now on.
    pub(super) async fn read(&mut self, context: &Context) -> bool {
        let start = Instant::now();
        let wanted = Wanted {
            accept: ACCEPT,
            timeout: self.timeout,
            bytes: self.limits.bytes,
            budget: Some(&context.budget),
        };
        let answer = self.client.ask(wanted).await;
        let time = SystemTime::now();
        let scraped = start.elapsed();
        let read = match answer {
            Ok(answer) => match self.parse(answer, time).await {
                Some(read) => {
                    context.metrics.stage.with(Stage::Scrape).record_duration(scraped);
                    context
                        .metrics
                        .stage
                        .with(Stage::Parse)
                        .record_duration(start.elapsed().saturating_sub(scraped));
                    read
                }
                None => return false,
            },
            Err(reason) => Err(Trouble::Down(reason)),
        };
        let took = start.elapsed();
        context.inbox.borrow_mut().push(self.reading(read, time, took));
        true
    }

    async fn parse(
        &mut self,
        answer: Answer,
        time: SystemTime,
    ) -> Option<Result<Samples, Trouble>> {
        let mut reader = self.reader.take()?;
        let limits = self.limits;
        let is_short = answer.body.len() <= SHORT;
        let parse = move || {
            let Answer { content_type, body } = answer;
            let read = reader.exposition(&body, content_type.as_deref(), limits, time);
            (reader, read)
        };
        let (reader, read) =
            if is_short { parse() } else { tokio::task::spawn_blocking(parse).await.ok()? };
        self.reader = Some(reader);
        Some(read)
    }

    fn reading(
        &mut self,
        read: Result<Samples, Trouble>,
        time: SystemTime,
        took: Duration,
    ) -> Reading {
        let Self { service, health, .. } = self;
        let target = self.client.target();
        let mut events = Vec::new();
        health.note(service, target, read.as_ref().map(|_| ()), time, &mut events);
        let (trouble, samples) = match read {
            Ok(Samples { samples, restarted }) => {
                events.extend(restarted.map(|reason| Event {
                    time,
                    service: Some(service.clone()),
                    kind: EventKind::SourceRestart,
                    message: format!("{target}: {reason}"),
                }));
                (None, samples)
            }
            Err(trouble) => (Some(trouble), Vec::new()),
        };
        let report = Report {
            service: service.clone(),
            target: target.into(),
            trouble,
            series: samples.len(),
            took,
        };
        Reading { key: (self.number, String::new()), report: Some(report), samples, events, took }
    }
}
