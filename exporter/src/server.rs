//! The exporter's thread: a runtime that runs on it alone, connections, and the end.

use crate::builder::ExporterBuilder;
use crate::error::StartError;
use crate::respond::respond;
use crate::scrape::Scraper;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime::{self, Runtime};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

/// How long an exporter that ends lets responses go on: half of the 100 ms that
/// [`Exporter::shutdown`] promises.
const GRACE: Duration = Duration::from_millis(50);

/// How long no connection is accepted after one could not be. The usual reason, no file descriptor
/// left, does not pass sooner for being asked about.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Connections at one time. One more closes the oldest, so that clients that never finish hold
/// neither file descriptors nor responses without end, nor keep others out.
const MAX_CONNECTIONS: usize = 32;

/// Serves metrics over HTTP until it is dropped.
///
/// One thread does everything: it waits for connections, takes snapshots, encodes and sends them.
///
/// | path | answer |
/// |---|---|
/// | `/metrics` | all registries and the exporter's metrics about itself, in the [format](crate::Format) that the client asks for |
/// | `/health` | `OK` |
/// | `/` | links to both |
///
/// After a `fork` the exporter stays the parent's: in the child it answers nothing, and dropping
/// it there does nothing.
///
/// ```
/// use exporter::Exporter;
/// use metrics_core::Registry;
/// use std::io::{Read, Write};
///
/// let registry = Registry::new();
/// let exporter = Exporter::builder().registry(&registry).listen("127.0.0.1:0").start()?;
///
/// let mut client = std::net::TcpStream::connect(exporter.local_addr())?;
/// client.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
/// let mut answer = String::new();
/// client.read_to_string(&mut answer)?;
/// assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("OK"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "an exporter that is dropped stops at once"]
pub struct Exporter {
    address: SocketAddr,
    process: u32,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Exporter {
    /// An exporter with the default settings, to be changed and started.
    pub fn builder() -> ExporterBuilder {
        ExporterBuilder::default()
    }

    /// The address that it listens on, with the port that the system chose if it was asked to.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Stops it, as dropping it does: within 100 ms, whatever clients do. A response that is on its
    /// way has half of that to arrive.
    ///
    /// When this returns, the thread has ended and the port is free. What the thread is in the
    /// middle of is waited for: a scrape that is being encoded, and a
    /// [`gauge_fn`](metrics_core::Registry::gauge_fn) that is being called. A gauge function that
    /// drops the exporter itself returns first; the thread ends after it.
    pub fn shutdown(self) {
        drop(self);
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        let Some(thread) = self.thread.take() else { return };
        // A forked child has the handle but not the thread.
        if self.process != std::process::id() {
            return;
        }
        drop(self.stop.take());
        // On the exporter's own thread (in a gauge function), waiting for itself would never end.
        if thread.thread().id() != thread::current().id() {
            // A panic on that thread was reported there.
            let _ = thread.join();
        }
    }
}

/// Starts the thread. It has the core asked for, and accepts connections, when this returns.
pub(crate) fn start(
    listener: std::net::TcpListener,
    scraper: Scraper,
    name: String,
    core: Option<usize>,
    compress: bool,
) -> Result<Exporter, StartError> {
    let address = listener.local_addr().map_err(StartError::Thread)?;
    let (stop, stopped) = oneshot::channel();
    let (ready, is_ready) = mpsc::channel();
    let thread = thread::Builder::new().name(name).spawn(move || {
        let prepared = core.map_or(Ok(()), pin).and_then(|()| {
            // Made and dropped on this thread: the one that starts it may run a runtime of its own,
            // and tokio does not let one be dropped within another.
            prepare(listener).map_err(StartError::Thread)
        });
        match prepared {
            Ok((runtime, listener)) => {
                if ready.send(Ok(())).is_ok() {
                    runtime.block_on(serve(listener, scraper, compress, stopped));
                }
            }
            Err(error) => {
                // Whoever waits for it is gone only if it panicked.
                let _ = ready.send(Err(error));
            }
        }
    });
    let thread = Some(thread.map_err(StartError::Thread)?);
    // From here on a failure drops the exporter, which waits for the thread.
    let process = std::process::id();
    let exporter = Exporter { address, process, stop: Some(stop), thread };
    match is_ready.recv() {
        Ok(prepared) => prepared.map(|()| exporter),
        Err(mpsc::RecvError) => Err(StartError::Thread(std::io::ErrorKind::Other.into())),
    }
}

fn prepare(listener: std::net::TcpListener) -> std::io::Result<(Runtime, TcpListener)> {
    let runtime = runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    listener.set_nonblocking(true)?;
    let listener = {
        let _context = runtime.enter();
        TcpListener::from_std(listener)?
    };
    Ok((runtime, listener))
}

/// Pins the calling thread.
fn pin(core: usize) -> Result<(), StartError> {
    // Linux' `cpu_set_t` has 1,024 bits; core_affinity does not look before it sets one.
    let known = core < 1024;
    if known && core_affinity::set_for_current(core_affinity::CoreId { id: core }) {
        return Ok(());
    }
    let allowed = core_affinity::get_core_ids().unwrap_or_default();
    Err(StartError::Pin { core, allowed: allowed.iter().map(|core| core.id).collect() })
}

async fn serve(
    listener: TcpListener,
    scraper: Scraper,
    compress: bool,
    stopped: oneshot::Receiver<()>,
) {
    let graceful = Arc::new(GracefulShutdown::new());
    let accepting = tokio::spawn(accept(listener, scraper, compress, Arc::clone(&graceful)));
    // Stopped by a closed channel: nothing is ever sent.
    let _ = stopped.await;
    accepting.abort();
    let _ = accepting.await;
    if let Some(graceful) = Arc::into_inner(graceful) {
        // What is not through by then ends with the runtime.
        let _ = tokio::time::timeout(GRACE, graceful.shutdown()).await;
    }
}

async fn accept(
    listener: TcpListener,
    scraper: Scraper,
    compress: bool,
    graceful: Arc<GracefulShutdown>,
) {
    let scraper = Arc::new(Mutex::new(scraper));
    let mut connections: VecDeque<AbortHandle> = VecDeque::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let scraper = Arc::clone(&scraper);
        let service = service_fn(move |request| {
            let scraper = Arc::clone(&scraper);
            async move { Ok::<_, Infallible>(respond(&request, &scraper, compress).await) }
        });
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        connections.retain(|connection| !connection.is_finished());
        if connections.len() >= MAX_CONNECTIONS
            && let Some(oldest) = connections.pop_front()
        {
            oldest.abort();
        }
        let connection = graceful.watch(connection);
        let connection = tokio::spawn(async move {
            // A client that breaks off or speaks no HTTP is its own loss.
            let _ = connection.await;
        });
        connections.push_back(connection.abort_handle());
    }
}
