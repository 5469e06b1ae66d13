use crate::builder::{RequestLayerBuilder, Settings, TraceSettings};
use crate::end::{Protocol, Side};
use crate::families::{Entry, Families};
use crate::route;
use crate::service::RequestService;
use crate::slots::{Slots, hash};
use http::Request;
use std::fmt;
use std::sync::{Arc, OnceLock};
use tickmetrics::RegisterError;
use tower_layer::Layer;

/// The labels of a request that matched no route.
const UNMATCHED: &str = "unmatched";
/// The labels of a route beyond the most that are told apart.
const OTHER: &str = "other";

/// Counts, times and traces the requests of a server or a client: a tower layer.
///
/// A clone counts in the same series.
#[derive(Clone)]
pub struct RequestLayer {
    shared: Arc<Shared>,
}

/// What the services of a layer share.
pub(crate) struct Shared {
    families: Arc<Families>,
    entries: Slots<Arc<Entry>>,
    /// Of all gRPC requests for unknown methods.
    unmatched: OnceLock<Arc<Entry>>,
    other: OnceLock<Arc<Entry>>,
    unknown: Unknown,
    pub(crate) traces: Option<TraceSettings>,
}

/// What becomes of a name that has no entry yet.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unknown {
    /// It is the program's own.
    Added,
    /// It is a stranger's until the service has answered for it.
    Learned,
    /// All names are known.
    Unmatched,
}

impl RequestLayer {
    /// For HTTP servers.
    ///
    /// | metric | labels | |
    /// |---|---|---|
    /// | `http_requests_total` | `method`, `path`, `status` | requests that ended; status `none` without a response |
    /// | `http_request_duration_seconds` | `method`, `path` | from the request to the end of the response's body |
    /// | `http_errors_total` | `method`, `path`, `error` | `status` (5xx), `service`, `body` (they returned an error), `panic` |
    /// | `http_requests_cancelled_total` | `method`, `path` | the future or the body was dropped before its end |
    /// | `http_requests_in_flight` | `method`, `path` | requests that have not ended |
    pub fn http_server() -> RequestLayerBuilder {
        RequestLayerBuilder::new(Protocol::Http, Side::Server)
    }

    /// For HTTP clients. The metrics are those of a server, as `http_client_…`. The errors of `status`
    /// are 4xx and 5xx.
    pub fn http_client() -> RequestLayerBuilder {
        RequestLayerBuilder::new(Protocol::Http, Side::Client)
    }

    /// For gRPC servers. Names and codes are those of Go's gRPC middleware, so that dashboards and
    /// alerts made for it work.
    ///
    /// | metric | labels | |
    /// |---|---|---|
    /// | `grpc_server_handled_total` | `grpc_service`, `grpc_method`, `grpc_code` | requests that ended |
    /// | `grpc_server_handling_seconds` | `grpc_service`, `grpc_method` | from the request to the end of the response's body |
    /// | `grpc_server_in_flight` | `grpc_service`, `grpc_method` | requests that have not ended |
    pub fn grpc_server() -> RequestLayerBuilder {
        RequestLayerBuilder::new(Protocol::Grpc, Side::Server)
    }

    /// For gRPC clients: the metrics of a server, as `grpc_client_…`.
    pub fn grpc_client() -> RequestLayerBuilder {
        RequestLayerBuilder::new(Protocol::Grpc, Side::Client)
    }

    pub(crate) fn of(settings: Settings) -> Result<Self, RegisterError> {
        let families = Arc::new(Families::register(&settings)?);
        let unknown = match (settings.protocol, settings.side, &settings.methods) {
            (Protocol::Grpc, Side::Server, None) => Unknown::Learned,
            (Protocol::Grpc, Side::Server, Some(_)) => Unknown::Unmatched,
            _ => Unknown::Added,
        };
        let shared = Shared {
            entries: Slots::new(settings.max_series),
            unmatched: OnceLock::new(),
            other: OnceLock::new(),
            unknown,
            traces: settings.traces,
            families,
        };
        for path in settings.methods.iter().flatten() {
            if let Some((service, method)) = route::service_and_method(path) {
                shared.add([service, method]);
            }
        }
        Ok(Self { shared: Arc::new(shared) })
    }
}

impl Shared {
    /// The handles of a request's route, and whether its path is to be learned.
    pub(crate) fn entry<B>(&self, request: &Request<B>) -> (&Arc<Entry>, bool) {
        let labels = match self.families.protocol {
            Protocol::Http => {
                let pattern = route::pattern(request.extensions()).unwrap_or(UNMATCHED);
                [route::method(request.method()), pattern]
            }
            Protocol::Grpc => match route::service_and_method(request.uri().path()) {
                Some((service, method)) => [service, method],
                None => return (self.unmatched(), false),
            },
        };
        match (self.find(labels), self.unknown) {
            (Some(entry), _) => (entry, false),
            (None, Unknown::Added) => (self.add(labels), false),
            (None, unknown) => (self.unmatched(), unknown == Unknown::Learned),
        }
    }

    /// The handles of a gRPC path, which its service has answered for.
    pub(crate) fn learn(&self, path: &str) -> &Arc<Entry> {
        match route::service_and_method(path) {
            Some((service, method)) => self.add([service, method]),
            None => self.unmatched(),
        }
    }

    fn find(&self, labels: [&str; 2]) -> Option<&Arc<Entry>> {
        self.entries.find(hash_of(labels), |entry| entry.is(labels))
    }

    fn add(&self, labels: [&str; 2]) -> &Arc<Entry> {
        let make = || Arc::new(Entry::new(&self.families, labels));
        let found = self.entries.find_or_add(hash_of(labels), |entry| entry.is(labels), make);
        found.unwrap_or_else(|| self.one(&self.other, OTHER))
    }

    fn unmatched(&self) -> &Arc<Entry> {
        self.one(&self.unmatched, UNMATCHED)
    }

    fn one<'a>(&self, slot: &'a OnceLock<Arc<Entry>>, label: &str) -> &'a Arc<Entry> {
        slot.get_or_init(|| Arc::new(Entry::new(&self.families, [label, label])))
    }
}

fn hash_of([first, second]: [&str; 2]) -> u64 {
    hash(hash(0, first), second)
}

impl<S> Layer<S> for RequestLayer {
    type Service = RequestService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RequestService::new(inner, Arc::clone(&self.shared))
    }
}

impl fmt::Debug for RequestLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestLayer").finish_non_exhaustive()
    }
}
