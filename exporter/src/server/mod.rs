//! The exporter's thread: a runtime that runs on it alone, from its start to its end.

mod allowances;
mod client;
mod connections;
mod entrance;
#[cfg_attr(not(feature = "web-config"), expect(dead_code, reason = "nothing is encrypted"))]
mod handshakes;
#[cfg(any(test, fuzzing))]
#[cfg_attr(not(fuzzing), expect(unreachable_pub, reason = "reached by the fuzzer"))]
mod in_memory;
mod limits;
mod listen;
mod progress;
mod request;
#[cfg_attr(not(feature = "__cli"), expect(unreachable_pub, reason = "`__cli` exposes it"))]
pub(crate) mod unix;

#[cfg(feature = "web-config")]
pub(crate) use self::{entrance::Boxed, handshakes::Begin, listen::Stream};
pub(crate) use client::{Client, Most};
pub(crate) use entrance::Entrance;
#[cfg(all(test, feature = "web-config"))]
pub(crate) use handshakes::Handshakes;
#[cfg(fuzzing)]
pub use in_memory::{InMemory, Said};
pub use limits::Limits;
pub(crate) use listen::Bound;
pub use listen::LocalAddr;

use crate::error::StartError;
use crate::push::{Order, Orders, Push, PushError, PushMetrics, Pusher, Target};
use crate::respond::Responder;
use connections::Front;
use hyper_util::server::graceful::GracefulShutdown;
use listen::Listener;
use std::net::SocketAddr;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;
use tokio::runtime::{self, Runtime};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// How long an ending exporter lets responses continue: half of the 100 ms that
/// [`Exporter::shutdown`] promises.
const GRACE: Duration = Duration::from_millis(50);

/// Serves metrics over HTTP until it is dropped.
///
/// One thread does everything: it waits for connections, takes snapshots, encodes and sends them.
///
/// | path | answer |
/// |---|---|
/// | `/metrics` | all registries and the exporter's metrics about itself, in the [format](crate::encode::Format) that the client asks for |
/// | `/metrics?name[]=a&name[]=b` | of these, the families of these names, or that expose series of these names |
/// | `/metrics?format=json` | in this format, whatever the client accepts: `text`, `openmetrics`, `protobuf`, or `json` with the feature of that name |
/// | `/health` | `OK` |
/// | `/ready` | `OK` once the clock is calibrated and a first snapshot was made, before that 503 |
/// | `/` | links to them |
///
/// After a `fork` the exporter stays the parent's. In the child it answers nothing, and its drop
/// does nothing.
///
/// ```
/// use tickmetrics_exporter::Exporter;
/// use tickmetrics::Registry;
/// use std::io::{Read, Write};
///
/// let registry = Registry::new();
/// let exporter = Exporter::builder().registry(&registry).listen("127.0.0.1:0").start()?;
///
/// let mut client = std::net::TcpStream::connect(exporter.local_addr().unwrap())?;
/// client.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
/// let mut answer = String::new();
/// client.read_to_string(&mut answer)?;
/// assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("OK"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "bind it, `let _exporter = ...`; `let _ = ...` ends it at once"]
pub struct Exporter {
    addresses: Vec<LocalAddr>,
    scheme: &'static str,
    orders: Option<Orders>,
    process: u32,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Exporter {
    /// The first address of TCP, with the port that the system chose for port 0. `None` if the exporter
    /// listens nowhere, or on Unix sockets alone.
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.addresses.iter().find_map(|address| match address {
            LocalAddr::Tcp(address) => Some(*address),
            LocalAddr::Unix(_) => None,
        })
    }

    /// The scheme of its URLs: `https` if the web configuration asked for TLS at the start, else
    /// `http`.
    pub fn scheme(&self) -> &'static str {
        self.scheme
    }

    /// All addresses, in the order in which they were given to [`ExporterBuilder::listen`](crate::ExporterBuilder::listen).
    pub fn local_addrs(&self) -> &[LocalAddr] {
        &self.addresses
    }

    /// Pushes all metrics [to the gateway](crate::ExporterBuilder::push), and waits until the gateway has
    /// them: the way for a job to be sure, before it ends. A failed push is repeated as long as
    /// that may help and there is time. The end pushes once more; `.at_end(AtEnd::Nothing)` leaves
    /// that out ([`Push::at_end`]).
    ///
    /// # Errors
    /// Every variant of [`PushError`].
    pub fn push_now(&self, within: Duration) -> Result<(), PushError> {
        let orders = self.orders.as_ref().ok_or(PushError::NotConfigured)?;
        let is_own_thread =
            self.thread.as_ref().is_some_and(|it| it.thread().id() == thread::current().id());
        if is_own_thread || self.process != std::process::id() {
            return Err(PushError::NotRunning);
        }
        orders.push(within)
    }

    /// Stops the exporter, as its drop does: within 100 ms, whatever clients do. A running response
    /// has half of that to arrive, and so has the last [push](crate::ExporterBuilder::push) unless it was
    /// given [more](Push::end_within).
    ///
    /// When this returns, the thread has ended, the ports are free, and Unix sockets are removed.
    /// It waits for the thread's present step: the encoding of one chunk of a response, or a call
    /// of a [`gauge_fn`](tickmetrics::Registry::gauge_fn). A gauge function that drops the exporter
    /// itself returns first; the thread ends after it.
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

/// The contents and the destination of pushes.
pub(crate) struct Pushing {
    pub(crate) target: Target,
    pub(crate) settings: Push,
    pub(crate) metrics: PushMetrics,
}

/// Starts the thread. When this returns, it runs on the requested core, and accepts connections.
pub(crate) fn start(
    bound: Vec<Bound>,
    responder: Responder,
    entrance: Option<Box<dyn Entrance>>,
    limits: Limits,
    pushing: Option<Pushing>,
    name: String,
    core: Option<usize>,
) -> Result<Exporter, StartError> {
    let encrypts = entrance.as_ref().is_some_and(|entrance| entrance.encrypts());
    let scheme = if encrypts { "https" } else { "http" };
    let addresses = bound.iter().map(|bound| bound.address.clone()).collect();
    let (stop, stopped) = oneshot::channel();
    let (ready, is_ready) = mpsc::channel();
    let (orders, pushing) = match pushing {
        Some(pushing) => {
            let (orders, receiver) = Orders::new(pushing.target.to_string());
            (Some(orders), Some((pushing, receiver)))
        }
        None => (None, None),
    };
    let thread = thread::Builder::new().name(name).spawn(move || {
        let prepared = core.map_or(Ok(()), pin).and_then(|()| {
            // Made and dropped on this thread: the one that starts it may run a runtime of its own,
            // and tokio does not let one be dropped within another.
            prepare(bound).map_err(StartError::Thread)
        });
        match prepared {
            Ok((runtime, listeners)) => {
                if ready.send(Ok(())).is_ok() {
                    let front = Arc::new(Front::new(responder, entrance, limits));
                    runtime.block_on(serve(listeners, front, pushing, stopped));
                }
            }
            Err(error) => {
                // The waiting thread is gone only if it panicked.
                let _ = ready.send(Err(error));
            }
        }
    });
    let thread = Some(thread.map_err(StartError::Thread)?);
    // From here on a failure drops the exporter, which waits for the thread.
    let process = std::process::id();
    let exporter = Exporter { addresses, scheme, orders, process, stop: Some(stop), thread };
    match is_ready.recv() {
        Ok(prepared) => prepared.map(|()| exporter),
        Err(mpsc::RecvError) => Err(StartError::Thread(std::io::ErrorKind::Other.into())),
    }
}

fn prepare(bound: Vec<Bound>) -> std::io::Result<(Runtime, Vec<Listener>)> {
    let runtime = runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    let listeners = {
        let _context = runtime.enter();
        bound.into_iter().map(Bound::into_listener).collect::<Result<_, _>>()?
    };
    Ok((runtime, listeners))
}

async fn serve(
    listeners: Vec<Listener>,
    front: Arc<Front>,
    pushing: Option<(Pushing, UnboundedReceiver<Order>)>,
    stopped: oneshot::Receiver<()>,
) {
    let graceful = Arc::new(GracefulShutdown::new());
    let mut tasks = JoinSet::new();
    let warming = Arc::clone(&front);
    tasks.spawn(async move { warming.warm_up() });
    let looking = Arc::clone(&front);
    tasks.spawn(async move { looking.keep_looking().await });
    for listener in listeners {
        let graceful = Arc::clone(&graceful);
        tasks.spawn(Arc::clone(&front).accept(listener, move || graceful.watcher()));
    }
    let pushing = pushing.map(|(Pushing { target, settings, metrics }, orders)| {
        let (end, ended) = oneshot::channel();
        let (front, format) = (Arc::clone(&front), settings.format);
        let pusher = Pusher::new(target, settings, metrics, move || front.exposition(format));
        (end, tokio::spawn(pusher.run(orders, ended)))
    });
    // Stopped by closed channels: nothing is ever sent.
    let _ = stopped.await;
    let last_push = pushing.map(|(_end, task)| task);
    tasks.shutdown().await;
    if let Some(graceful) = Arc::into_inner(graceful) {
        // Responses that take longer end with the runtime.
        let _ = tokio::time::timeout(GRACE, graceful.shutdown()).await;
    }
    if let Some(last_push) = last_push {
        // A panic was reported.
        let _ = last_push.await;
    }
}

/// Pins the calling thread.
fn pin(core: usize) -> Result<(), StartError> {
    // Linux' `cpu_set_t` has 1,024 bits; core_affinity sets a bit without a check.
    let known = core < 1024;
    if known && core_affinity::set_for_current(core_affinity::CoreId { id: core }) {
        return Ok(());
    }
    let allowed = core_affinity::get_core_ids().unwrap_or_default();
    Err(StartError::Pin { core, allowed: allowed.iter().map(|core| core.id).collect() })
}
