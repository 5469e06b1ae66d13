//! The metrics of a layer, and the handles of one route.

use crate::builder::Settings;
use crate::end::{End, Failure, Protocol, Side};
use crate::slots::Slots;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use tickmetrics::{
    Counter, Description, Dynamic, Histogram, RegisterError, Registry, UpDownCounter,
};

/// The first buckets of Prometheus' own libraries, finer below and longer above.
const EDGES_MICROS: [u64; 18] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000,
    1_000_000, 2_500_000, 5_000_000, 10_000_000, 30_000_000, 60_000_000,
];

/// Codes of one route that are found without a look-up by name. Others cost one.
const CODES: usize = 16;

/// The metrics that all routes of a layer share.
pub(crate) struct Families {
    pub(crate) protocol: Protocol,
    pub(crate) side: Side,
    in_flight: Dynamic<UpDownCounter>,
    duration: Dynamic<Histogram>,
    head: Option<Dynamic<Histogram>>,
    ended: Dynamic<Counter>,
    errors: Option<Dynamic<Counter>>,
    cancelled: Option<Dynamic<Counter>>,
}

impl Families {
    pub(crate) fn register(settings: &Settings) -> Result<Self, RegisterError> {
        let (protocol, side) = (settings.protocol, settings.side);
        let registry = settings.registry.as_ref().unwrap_or_else(|| Registry::global());
        let prefix = match (protocol, side) {
            (Protocol::Http, Side::Server) => "http",
            (Protocol::Http, Side::Client) => "http_client",
            (Protocol::Grpc, Side::Server) => "grpc_server",
            (Protocol::Grpc, Side::Client) => "grpc_client",
        };
        let describe = |name: &str, help: &str| {
            let one = Description::new(format!("{prefix}_{name}"), help);
            let constants = settings.constants.iter();
            constants.fold(one, |one, (name, value)| one.constant(name, value))
        };
        let histogram = |name: &str, help: &str| {
            let edges = settings.edges.clone();
            let edges = edges.unwrap_or_else(|| EDGES_MICROS.map(|edge| edge * 1_000).to_vec());
            let one = describe(name, help).unit("seconds").buckets(edges);
            let one = settings.native.into_iter().fold(one, Description::native);
            registry.register_dynamic(&one, settings.max_series)
        };
        let counter = |name: &str, help: &str| {
            registry.register_dynamic(&describe(name, help), settings.max_series)
        };
        let head = |name| histogram(name, "Time from a request to the head of its response.");
        let (ended, in_flight, duration, head_name) = match protocol {
            Protocol::Http => (
                counter("requests_total", "Requests that ended, by status.")?,
                "requests_in_flight",
                "request_duration_seconds",
                "response_head_seconds",
            ),
            Protocol::Grpc => (
                counter("handled_total", "Requests that ended, by code.")?,
                "in_flight",
                "handling_seconds",
                "response_head_seconds",
            ),
        };
        let http = protocol == Protocol::Http;
        Ok(Self {
            protocol,
            side,
            in_flight: registry.register_dynamic(
                &describe(in_flight, "Requests that have not ended."),
                settings.max_series,
            )?,
            duration: histogram(duration, "Time from a request to the end of its response.")?,
            head: settings.head_duration.then(|| head(head_name)).transpose()?,
            ended,
            errors: http.then(|| counter("errors_total", "Requests that failed.")).transpose()?,
            cancelled: http
                .then(|| counter("requests_cancelled_total", "Requests whose caller did not wait."))
                .transpose()?,
        })
    }

    /// The names of the labels: two of the route, and the code.
    fn labels(&self) -> ([&'static str; 2], &'static str) {
        match self.protocol {
            Protocol::Http => (["method", "path"], "status"),
            Protocol::Grpc => (["grpc_service", "grpc_method"], "grpc_code"),
        }
    }
}

/// The handles of one route: a method and a path, or a service and a method.
pub(crate) struct Entry {
    families: Arc<Families>,
    route: [Box<str>; 2],
    in_flight: UpDownCounter,
    duration: Histogram,
    head: Option<Histogram>,
    ended: Slots<(u16, Counter)>,
    errors: [OnceLock<Counter>; Failure::ERRORS],
    cancelled: OnceLock<Counter>,
}

impl Entry {
    pub(crate) fn new(families: &Arc<Families>, route: [&str; 2]) -> Self {
        let ([first, second], _) = families.labels();
        let labels = [(first, route[0]), (second, route[1])];
        Self {
            families: Arc::clone(families),
            route: route.map(Into::into),
            in_flight: families.in_flight.with(&labels),
            duration: families.duration.with(&labels),
            head: families.head.as_ref().map(|head| head.with(&labels)),
            ended: Slots::new(CODES),
            errors: [const { OnceLock::new() }; Failure::ERRORS],
            cancelled: OnceLock::new(),
        }
    }

    pub(crate) fn families(&self) -> &Families {
        &self.families
    }

    pub(crate) fn is(&self, route: [&str; 2]) -> bool {
        // The second differs more often.
        *self.route[1] == *route[1] && *self.route[0] == *route[0]
    }

    pub(crate) fn route(&self) -> [&str; 2] {
        [&self.route[0], &self.route[1]]
    }

    pub(crate) fn start(&self) {
        self.in_flight.inc();
    }

    /// The request goes on under another route.
    pub(crate) fn leave(&self) {
        self.in_flight.dec();
    }

    pub(crate) fn head(&self, started: Instant, ids: Ids) {
        if let Some(head) = &self.head {
            ids.record(head, started.elapsed());
        }
    }

    pub(crate) fn end(&self, end: End, started: Instant, ids: Ids) {
        ids.record(&self.duration, started.elapsed());
        self.ended(end.code).inc();
        if let Some(counter) = end.failure.and_then(|failure| self.failed(failure)) {
            counter.inc();
        }
        // Last: whoever sees no request in flight finds all of them counted.
        self.in_flight.dec();
    }

    /// The counter of a failure; gRPC has none, since its codes tell.
    fn failed(&self, failure: Failure) -> Option<&Counter> {
        let counter = if let Some((at, error)) = failure.error() {
            let family = self.families.errors.as_ref()?;
            let label = Some(("error", error));
            self.errors.get(at)?.get_or_init(|| self.with(family, label))
        } else {
            let family = self.families.cancelled.as_ref()?;
            self.cancelled.get_or_init(|| self.with(family, None))
        };
        Some(counter)
    }

    fn ended(&self, code: u16) -> Counter {
        let (_, label) = self.families.labels();
        let make = || {
            let text = self.families.protocol.text(code);
            self.with(&self.families.ended, Some((label, &text)))
        };
        let known =
            self.ended.find_or_add(code.into(), |(known, _)| *known == code, || (code, make()));
        known.map_or_else(make, |(_, counter)| *counter)
    }

    fn with(&self, family: &Dynamic<Counter>, label: Option<(&str, &str)>) -> Counter {
        let ([first, second], _) = self.families.labels();
        let mut labels = vec![(first, &*self.route[0]), (second, &*self.route[1])];
        labels.extend(label);
        family.with(&labels)
    }
}

/// The trace and the span of a request whose trace is sampled; 0 for others, whose exemplars would lead
/// nowhere.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ids {
    pub(crate) trace: u128,
    pub(crate) span: u64,
}

impl Ids {
    fn record(self, histogram: &Histogram, took: Duration) {
        histogram.record_duration_with_exemplar(took, self.trace, self.span);
    }
}
