//! Serves metrics to Prometheus, from one thread of its own. Nothing here is on the path of a
//! recording thread: a scrape only reads.
//!
//! ```
//! use tickmetrics_exporter::Exporter;
//! use tickmetrics::prelude::*;
//!
//! let registry = Registry::new();
//! let ticks: Counter = registry.register(&Description::new("ticks_total", "Ticks seen."))?;
//! ticks.inc();
//!
//! let exporter = Exporter::builder().registry(&registry).listen("127.0.0.1:0").start()?;
//! println!("curl http://{}/metrics", exporter.local_addrs()[0]);
//! exporter.shutdown();
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # By task
//!
//! **Expose with a label for the host**, at an address that the program's operator may change:
//!
//! ```
//! use tickmetrics_exporter::Exporter;
//!
//! let builder = Exporter::builder().listen("127.0.0.1:0").label("host", "ny4-17");
//! let exporter = builder.with_environment()?.start()?;
//! # Ok::<(), tickmetrics_exporter::StartError>(())
//! ```
//!
//! **Protect it** by TLS, passwords, tokens or client certificates, as
//! [`web_config`](ExporterBuilder::web_config) describes (feature `web-config`):
//!
//! ```no_run
//! use tickmetrics_exporter::Exporter;
//!
//! let exporter = Exporter::builder().listen("0.0.0.0:9464").web_config("web.yml").start()?;
//! # Ok::<(), tickmetrics_exporter::StartError>(())
//! ```
//!
//! **Listen on a Unix socket**, which only the process's user can connect to. The web configuration
//! applies to Unix sockets as well; for a socket without a password start a second exporter.
//!
//! ```no_run
//! use tickmetrics_exporter::Exporter;
//!
//! let exporter = Exporter::builder().listen("unix:/run/trading/metrics").start()?;
//! // curl --unix-socket /run/trading/metrics http://localhost/metrics
//! # Ok::<(), tickmetrics_exporter::StartError>(())
//! ```
//!
//! **Read JSON in a script**: `curl 'http://127.0.0.1:9464/metrics?format=json'` (feature `json`).
//!
//! **Push** the last counts of a job that ends before Prometheus scrapes it:
//!
//! ```no_run
//! use tickmetrics_exporter::{Exporter, Push};
//!
//! let push = Push::new("http://gateway:9091", "end-of-day");
//! let exporter = Exporter::builder().listen_nowhere().push(push).start()?;
//! // ... the job ...
//! exporter.shutdown(); // pushes; push_now returns the outcome
//! # Ok::<(), tickmetrics_exporter::StartError>(())
//! ```
//!
//! **Serve metrics from your own server**: [`ExporterBuilder::service`] for axum and other tower
//! servers, [`negotiate`](encode::negotiate()) and [`render_as`](encode::render_as) for any other.
//!
//! **Expose values from elsewhere**: a collector that implements [`Source`].
//!
//! **Read what another exporter serves**: [`parse`].
//!
//! # Features
//!
//! | feature | what it adds | default |
//! |---|---|---|
//! | `zstd` | responses compressed by zstd; needs a C compiler | yes |
//! | `json` | `encode::json`, `/metrics?format=json` and `Accept: application/json` | no |
//! | `web-config` | [`ExporterBuilder::web_config`], [`Push::ca_file`] and pushes by https | no |
//!
//! # For contributors
//!
//! Data passes on from `tickmetrics`: snapshot → encode → serve.
//!
//! | module | what it is |
//! |---|---|
//! | [`parse`] | bytes as data: any exporter's exposition, in Prometheus' formats |
//! | [`encode`] | a snapshot as bytes: text format 0.0.4, `OpenMetrics`, protobuf, JSON (feature `json`) |
//! | `source` | sources of metrics: registries, segments of other processes, collectors |
//! | `sources` | all sources at one moment, and the exporter itself |
//! | `names` | several sources in one response: the source of each exposed name |
//! | `about` | the exporter's metrics about itself |
//! | `build_info` | the sources and tools that the program was built from |
//! | `process` | the system's figures for the process |
//! | `interval` | values of the time since an earlier scrape |
//! | `query` | the client's selection |
//! | `scrape` | the admission of clients, and the sharing of responses |
//! | `renderer` | expositions for a server of the program's own, with values of the last interval |
//! | `render` | an exposition on its way, chunk by chunk, to all clients that share it |
//! | `http_client` | requests to HTTP servers, encrypted or not |
//! | `push` | metrics sent to a Pushgateway |
//! | `coding` | the compression for a client |
//! | `respond` | the response to a request |
//! | `server` | the thread: listeners, connections and their limits, an end that does not wait for clients |
//! | `web` | TLS, passwords, tokens and headers, by a web configuration file (feature `web-config`) |
//! | `certificates` | the checks of servers' and clients' certificates, in common (feature `web-config`) |
//! | `duration` | durations as text (feature `web-config`) |
//! | `feature` | the advice for a setting whose feature is missing |
//! | `lookup` | the addresses of hosts, looked up without piling up waiting requests |
//! | `pace` | connections that let other tasks run, whatever the peer sends |
//! | `plain_file` | files that are read without waiting for anybody (feature `web-config`) |
//! | `quiet` | sockets that raise no signal |
//! | `rate` | the rate of events |
//! | `service` | the same answers for a server of the program's own |
//! | `url` | addresses of HTTP servers, checked |
//! | `builder`, `environment`, `error` | settings, and their errors |

#![cfg_attr(docsrs, feature(doc_cfg))]

mod about;
mod build_info;
mod builder;
#[cfg(feature = "web-config")]
mod certificates;
mod coding;
#[cfg(feature = "web-config")]
#[cfg_attr(not(feature = "__cli"), expect(unreachable_pub, reason = "`__cli` exposes it"))]
mod duration;
pub mod encode;
mod environment;
mod error;
mod feature;
#[cfg_attr(not(feature = "__cli"), expect(unreachable_pub, reason = "`__cli` exposes it"))]
mod http_client;
mod interval;
mod lookup;
mod names;
mod pace;
pub mod parse;
#[cfg(feature = "web-config")]
mod plain_file;
mod process;
mod push;
mod query;
mod quiet;
mod rate;
mod render;
mod renderer;
mod respond;
mod scrape;
mod server;
mod service;
mod source;
mod sources;
mod sync;
#[cfg_attr(not(feature = "__cli"), expect(unreachable_pub, reason = "`__cli` exposes it"))]
mod url;
#[cfg(feature = "web-config")]
mod web;

pub use build_info::BuildInfo;
pub use builder::ExporterBuilder;
pub use error::StartError;
pub use process::ProcessMetrics;
pub use push::{AtEnd, Push, PushError};
pub use renderer::Renderer;
pub use server::{Exporter, Limits, LocalAddr};
pub use service::{MetricsBody, MetricsService};
pub use source::{LeftOut, Source};
#[cfg(feature = "web-config")]
pub use web::WebConfigError;

/// The interface for the fuzzer. Not part of the public interface.
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod __fuzz {
    use crate::encode::Protocol;
    use crate::interval::Intervals;
    pub use crate::server::{InMemory, Said};
    use std::time::{Duration, Instant};
    use tickmetrics::Snapshot;

    /// The second response of an exporter that is scraped twice.
    pub fn render_second(first: Snapshot, second: &Snapshot, protocol: Protocol) -> Vec<u8> {
        let (mut intervals, now) = (Intervals::new(Duration::ZERO), Instant::now());
        intervals.end(now, &[first]);
        let interval = intervals.end(now, std::slice::from_ref(second));
        let mut out = Vec::new();
        crate::encode::render_beside(second, &interval[0], protocol, &mut out);
        out
    }
}

/// The interface for the program `tickmetrics`: URLs and requests, which it checks and sends like
/// pushes, durations as in the web configuration, sockets with a file, and the advice of
/// [`StartError::Bind`] for a command line. Not part of the public interface, since none of it concerns metrics.
#[cfg(feature = "__cli")]
#[doc(hidden)]
pub mod __cli {
    pub use crate::duration::parse as parse_duration;
    pub use crate::error::bind_advice;
    pub use crate::http_client::{
        Authorization, Cause, HttpClient, Identity, Refusal, Tls, Trust, Unreachable,
    };
    pub use crate::server::unix::{SocketFile, bind as bind_socket};
    pub use crate::url::{Shown, Url, WrongUrl};
}
