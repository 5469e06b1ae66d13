//! GETs of an exporter's metrics.

use crate::Result;
use crate::credentials::{Access, User};
use std::path::PathBuf;
use std::time::Duration;
use tickmetrics_collector::__cli::{Answer, Client as AsyncClient, Wanted};
use tokio::runtime::{Builder, Runtime};

/// Prometheus' own default for the timeout is 10 s, but nobody looks at a screen for that long.
/// The most bytes are more than the largest answer that Prometheus would accept.
const WANTED: Wanted<'_> = Wanted {
    // Native histograms are in protobuf alone, and have finer percentiles.
    accept: "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;\
             encoding=delimited,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    timeout: Duration::from_secs(5),
    bytes: 64 << 20,
    budget: None,
};

/// An exporter that is scraped repeatedly.
pub(crate) struct Client {
    client: AsyncClient,
    runtime: Runtime,
}

impl Client {
    /// For `http[s]://host[:port][/path]`; without a path, `/metrics`.
    pub(crate) fn new(text: &str, access: &Access) -> Result<Self> {
        Self::of(AsyncClient::new(text, &access.settings(), &User)?)
    }

    /// For the file of a socket, and `/metrics`.
    pub(crate) fn of_socket(file: PathBuf, access: &Access) -> Result<Self> {
        Self::of(AsyncClient::of_socket(file, &access.settings(), &User)?)
    }

    fn of(client: AsyncClient) -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_io().enable_time().build()?;
        Ok(Self { client, runtime })
    }

    /// The URL with its path, or the socket.
    pub(crate) fn target(&self) -> &str {
        self.client.target()
    }

    /// Whether the server's identity is unchecked.
    pub(crate) fn is_insecure(&self) -> bool {
        self.client.is_insecure()
    }

    /// The exporter's present answer.
    pub(crate) fn get(&mut self) -> Result<Answer> {
        self.get_as(WANTED.accept)
    }

    /// The same in the formats of a header `Accept`.
    pub(crate) fn get_as(&mut self, accept: &str) -> Result<Answer> {
        Ok(self.runtime.block_on(self.client.get(Wanted { accept, ..WANTED }))?)
    }
}
