//! The command line.

use axum::http::Uri;
use lexopt::prelude::*;
use std::net::{Ipv4Addr, SocketAddr};

pub(crate) const HELP: &str = "\
Takes orders over HTTP (gateway), and matches them behind it, over gRPC
(matching). Each service shows all of its metrics on one endpoint, writes its
logs as JSON on standard output, and sends its spans by OTLP to
OTEL_EXPORTER_OTLP_ENDPOINT [http://localhost:4317].

Usage: orders matching [--listen ADDRESS] [--metrics ADDRESS]
       orders gateway [--listen ADDRESS] [--metrics ADDRESS] [--matching URL]

Options:
  --listen ADDRESS   where it is asked [gateway 127.0.0.1:8080, matching :50051]
  --metrics ADDRESS  its metrics [gateway 127.0.0.1:9464, matching :9465]
  --matching URL     where orders are matched [http://127.0.0.1:50051]
  --help             show this

Port 0 is one that the system chooses. The first line of the log has it.
";

#[derive(Debug)]
pub(crate) struct Args {
    pub(crate) service: Service,
    pub(crate) listen: SocketAddr,
    pub(crate) metrics: SocketAddr,
}

#[derive(Debug)]
pub(crate) enum Service {
    Gateway { matching: Uri },
    Matching,
}

impl Service {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Gateway { .. } => "gateway",
            Self::Matching => "matching",
        }
    }
}

impl Args {
    /// `None` if help is asked for.
    ///
    /// # Errors
    /// The fault of the arguments.
    pub(crate) fn parse(mut parser: lexopt::Parser) -> Result<Option<Self>, lexopt::Error> {
        let (mut service, mut listen, mut metrics, mut matching) = (None, None, None, None);
        while let Some(argument) = parser.next()? {
            match argument {
                Value(name) if service.is_none() => service = Some(name.string()?),
                Long("listen") => listen = Some(parser.value()?.parse()?),
                Long("metrics") => metrics = Some(parser.value()?.parse()?),
                Long("matching") => matching = Some(parser.value()?.parse()?),
                Long("help") | Short('h') => return Ok(None),
                _ => return Err(argument.unexpected()),
            }
        }
        let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let (service, ports) = match (service.as_deref(), matching) {
            (Some("gateway"), matching) => {
                let default = || Uri::from_static("http://127.0.0.1:50051");
                let matching = matching.unwrap_or_else(default);
                (Service::Gateway { matching }, [8080, 9464])
            }
            (Some("matching"), None) => (Service::Matching, [50051, 9465]),
            (Some("matching"), Some(_)) => return Err("`--matching` is for the gateway".into()),
            _ => return Err("name a service: `gateway` or `matching`".into()),
        };
        let [listen_port, metrics_port] = ports;
        Ok(Some(Self {
            service,
            listen: listen.unwrap_or_else(|| local(listen_port)),
            metrics: metrics.unwrap_or_else(|| local(metrics_port)),
        }))
    }
}
