use crate::error::StartError;
use crate::process::ProcessMetrics;
use crate::scrape::Scraper;
use crate::server::{self, Exporter};
use metrics_core::Registry;
use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};

/// The settings of an [`Exporter`].
///
/// ```
/// use exporter::Exporter;
/// use metrics_core::Registry;
///
/// let (feed, execution) = (Registry::new(), Registry::new());
/// let exporter = Exporter::builder()
///     .registry(&feed)
///     .registry(&execution)
///     .listen("127.0.0.1:0") // a port that the system chooses
///     .pin_to_core(0)
///     .thread_name("exporter")
///     .start()?;
/// assert_ne!(exporter.local_addr().port(), 0);
/// # Ok::<(), exporter::StartError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is served before .start()"]
pub struct ExporterBuilder {
    registries: Vec<Registry>,
    address: String,
    core: Option<usize>,
    compress: Option<bool>,
    process_metrics: bool,
    thread_name: String,
}

impl Default for ExporterBuilder {
    fn default() -> Self {
        Self {
            registries: Vec::new(),
            address: Self::DEFAULT_ADDRESS.into(),
            core: None,
            compress: None,
            process_metrics: true,
            thread_name: Self::DEFAULT_THREAD_NAME.into(),
        }
    }
}

impl ExporterBuilder {
    /// Loopback only, on the port that OpenTelemetry's exporters for Prometheus use.
    pub const DEFAULT_ADDRESS: &str = "127.0.0.1:9464";
    /// The name of the exporter's thread.
    pub const DEFAULT_THREAD_NAME: &str = "metrics-export";
    /// The bytes of a thread's name that Linux keeps (`TASK_COMM_LEN` less the final NUL).
    pub const MAX_THREAD_NAME: usize = 15;

    /// Exposes a registry; several may be added. Without any, [`Registry::global`] is.
    ///
    /// Names are exposed once. A metric whose name another registry exposes already, or one added
    /// before this in the same response, is left out and counted in
    /// `tickmetrics_exporter_left_out_families`.
    pub fn registry(mut self, registry: &Registry) -> Self {
        self.registries.push(registry.clone());
        self
    }

    /// The address, as `host:port`. Port 0 is one that the system chooses, told by
    /// [`Exporter::local_addr`]. Without it, [`DEFAULT_ADDRESS`](Self::DEFAULT_ADDRESS).
    ///
    /// Whoever reaches the address reads all metrics: think before it is not loopback.
    pub fn listen(mut self, address: impl Into<String>) -> Self {
        self.address = address.into();
        self
    }

    /// The core that the thread runs on, numbered from 0 as the system does. Without it, the thread
    /// may run where the thread that starts it may: if that one is pinned, on the same core.
    pub fn pin_to_core(mut self, core: usize) -> Self {
        self.core = Some(core);
        self
    }

    /// Whether metrics are compressed by gzip for clients that accept it, as Prometheus does.
    /// Without this they are if the address is not loopback: on one machine it would only cost time,
    /// two to five times what encoding does.
    pub fn compress(mut self, compress: bool) -> Self {
        self.compress = Some(compress);
        self
    }

    /// Whether the [`ProcessMetrics`] are exposed: processor time, memory, file descriptors, start
    /// time. Without this they are, since graphs and alerts for any program look for these names,
    /// as Prometheus' own libraries export them unasked. They take some 30 microseconds of the
    /// exporter's thread at each scrape. Where a program has several exporters, one is enough.
    ///
    /// A metric of the program's own under one of the names goes before, as an earlier registry's
    /// does.
    pub fn process_metrics(mut self, exposed: bool) -> Self {
        self.process_metrics = exposed;
        self
    }

    /// The name of the thread, as `top -H` shows it: at most
    /// [`MAX_THREAD_NAME`](Self::MAX_THREAD_NAME) bytes, without NUL.
    pub fn thread_name(mut self, name: impl Into<String>) -> Self {
        self.thread_name = name.into();
        self
    }

    /// Listens, and starts the thread. When this returns, the exporter answers.
    ///
    /// # Errors
    /// Every variant of [`StartError`]; nothing was started then.
    pub fn start(self) -> Result<Exporter, StartError> {
        let mut registries = self.registries.clone();
        if registries.is_empty() {
            registries.push(Registry::global().clone());
        }
        let process = self.process_metrics;
        self.start_with(|| {
            let scraper = Scraper::new(registries).map_err(StartError::Register)?;
            Ok(if process { scraper.with_process(ProcessMetrics::new()) } else { scraper })
        })
    }

    /// Starts with what is scraped, made once the address is known to be free.
    pub(crate) fn start_with(
        self,
        scraper: impl FnOnce() -> Result<Scraper, StartError>,
    ) -> Result<Exporter, StartError> {
        let Self { address, core, compress, thread_name, .. } = self;
        let invalid =
            |reason| Err(StartError::InvalidThreadName { name: thread_name.clone(), reason });
        if thread_name.len() > Self::MAX_THREAD_NAME {
            return invalid("the system keeps 15 bytes; give a shorter one");
        }
        if thread_name.contains('\0') {
            return invalid("it has a NUL; leave it out");
        }
        let listener = bind(address)?;
        let compress = compress.unwrap_or_else(|| leaves_the_machine(&listener.local_addr()));
        server::start(listener, scraper()?, thread_name, core, compress)
    }
}

/// Whether clients may be elsewhere. Where the system can't tell, a scrape costs more time.
fn leaves_the_machine(address: &io::Result<SocketAddr>) -> bool {
    !address.as_ref().is_ok_and(|address| address.ip().is_loopback())
}

fn bind(address: String) -> Result<TcpListener, StartError> {
    let addresses: Vec<_> = match address.to_socket_addrs() {
        Ok(addresses) => addresses.collect(),
        Err(error) => return Err(StartError::InvalidAddress { address, error }),
    };
    TcpListener::bind(&*addresses).map_err(|error| StartError::Bind { address, error })
}

#[cfg(test)]
mod tests {
    use super::leaves_the_machine;
    use std::net::SocketAddr;

    #[test]
    fn loopback_stays_on_the_machine() {
        for (address, leaves) in [
            ("127.0.0.1:1", false),
            ("127.8.8.8:1", false),
            ("[::1]:1", false),
            ("0.0.0.0:1", true),
            ("[::]:1", true),
            ("192.0.2.1:1", true),
        ] {
            let address: SocketAddr = address.parse().unwrap();
            assert_eq!(leaves_the_machine(&Ok(address)), leaves, "{address}");
        }
    }
}
