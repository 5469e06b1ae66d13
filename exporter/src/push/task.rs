//! The times of pushes: on the interval, on demand, again after a failure, and at the end.

use super::client::send;
use super::error::PushError;
use super::settings::{AtEnd, Push};
use super::target::Target;
use http_body::Body;
use http_body_util::{Either, Empty};
use hyper::Method;
use hyper::body::Bytes;
use std::error::Error;
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::sync::mpsc as blocking;
use std::task::Poll;
use std::time::{Duration, SystemTime};
use tickmetrics::__text::report;
use tickmetrics::prelude::*;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep, sleep_until};

/// The time before the second attempt, doubled with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The time that the thread may need beyond the given wait.
const SLACK: Duration = Duration::from_millis(50);

/// The exporter's metrics about its pushes.
#[derive(Metrics)]
#[metrics(prefix = "tickmetrics")]
pub(crate) struct PushMetrics {
    /// Attempts to push metrics.
    pushes: Counter,
    /// Attempts to push metrics that failed.
    push_failures: Counter,
    /// When metrics were last pushed, since 1970; 0 before that.
    #[metric(unit = "seconds")]
    push_last_success_timestamp: Gauge,
}

/// Sends requests for pushes from other threads.
#[derive(Debug)]
pub(crate) struct Orders {
    sender: mpsc::UnboundedSender<Order>,
    /// The gateway's, for errors.
    url: String,
}

/// A push with a waiting caller.
#[derive(Debug)]
pub(crate) struct Order {
    within: Duration,
    since: Instant,
    done: blocking::Sender<Result<(), PushError>>,
}

impl Orders {
    pub(crate) fn new(url: String) -> (Self, mpsc::UnboundedReceiver<Order>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self { sender, url }, receiver)
    }

    /// Waits for a push that begins after this.
    pub(crate) fn push(&self, within: Duration) -> Result<(), PushError> {
        let (done, outcome) = blocking::channel();
        let order = Order { within, since: Instant::now(), done };
        self.sender.send(order).map_err(|_| PushError::NotRunning)?;
        outcome.recv_timeout(within.saturating_add(SLACK)).unwrap_or_else(|error| {
            Err(match error {
                blocking::RecvTimeoutError::Timeout => {
                    PushError::TimedOut { url: self.url.clone() }
                }
                blocking::RecvTimeoutError::Disconnected => PushError::NotRunning,
            })
        })
    }
}

/// Pushes the content of `body`, with the values at the time of its call.
pub(crate) struct Pusher<F> {
    target: Target,
    settings: Push,
    metrics: PushMetrics,
    body: F,
}

impl<F, B> Pusher<F>
where
    F: FnMut() -> B,
    B: Body<Data = Bytes> + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    pub(crate) fn new(target: Target, settings: Push, metrics: PushMetrics, body: F) -> Self {
        Self { target, settings, metrics, body }
    }

    /// Pushes until `end` is ready, and then for the last time.
    pub(crate) async fn run(
        mut self,
        orders: mpsc::UnboundedReceiver<Order>,
        end: oneshot::Receiver<()>,
    ) {
        // A running push is dropped: its values are older than those at the end.
        first(end, self.go_on(orders)).await;
        let (method, what) = match self.settings.at_end {
            AtEnd::Push => (self.method(), "pushed"),
            AtEnd::Delete => (Method::DELETE, "deleted"),
            AtEnd::Nothing => return,
        };
        if let Err(error) = self.insist(&method, self.settings.end_within).await {
            let (target, error) = (&self.target, error.without_url());
            report(format_args!("metrics were not {what} at the end, {target}: {error}"));
        }
    }

    async fn go_on(&mut self, mut orders: mpsc::UnboundedReceiver<Order>) {
        let (mut failures, mut state) = (0, State::Working);
        let interval = self.settings.interval;
        let mut next = interval.map(|_| Instant::now());
        loop {
            let due = async {
                match next {
                    Some(next) => sleep_until(next).await,
                    None => pending().await,
                }
                self.request(&self.method(), self.settings.timeout).await
            };
            let outcome = match first(orders.recv(), due).await {
                First::A(Some(Order { within, since, done })) => {
                    let within = within.saturating_sub(since.elapsed());
                    let outcome = self.insist(&self.method(), within).await;
                    // The caller may have given up.
                    let _ = done.send(outcome.clone());
                    outcome
                }
                // No callers are left, and the end is near.
                First::A(None) => pending().await,
                First::B(outcome) => {
                    state = self.tell(state, &outcome);
                    outcome
                }
            };
            failures = if outcome.is_ok() { 0 } else { failures + 1 };
            next = interval.and_then(|interval| {
                let pause = match outcome {
                    Err(error) if !error.is_final() => pause(failures).min(interval),
                    _ => interval,
                };
                // Never, if the time is out of range.
                Instant::now().checked_add(pause)
            });
        }
    }

    fn method(&self) -> Method {
        if self.settings.replace { Method::PUT } else { Method::POST }
    }

    /// A request that is repeated as long as that may help.
    async fn insist(&mut self, method: &Method, within: Duration) -> Result<(), PushError> {
        let start = Instant::now();
        let mut failures = 0;
        loop {
            let left = within.saturating_sub(start.elapsed());
            let outcome = self.request(method, left.min(self.settings.timeout)).await;
            failures += 1;
            let pause = pause(failures);
            match outcome {
                Err(ref error)
                    if !error.is_final() && start.elapsed().saturating_add(pause) < within =>
                {
                    sleep(pause).await;
                }
                outcome => return outcome,
            }
        }
    }

    async fn request(&mut self, method: &Method, within: Duration) -> Result<(), PushError> {
        let Self { target, settings, metrics, body } = self;
        if *method == Method::DELETE {
            let none = Either::<B, _>::Right(Empty::new());
            return send(target, method.clone(), None, none, within).await;
        }
        metrics.pushes.inc();
        let content = Either::<_, Empty<Bytes>>::Left(body());
        let content_type = Some(settings.format.content_type());
        let outcome = send(target, method.clone(), content_type, content, within).await;
        if outcome.is_ok() {
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
            metrics.push_last_success_timestamp.set(now.unwrap_or_default().as_secs_f64());
        } else {
            metrics.push_failures.inc();
        }
        outcome
    }

    /// Reports a change since the last push.
    fn tell(&self, before: State, outcome: &Result<(), PushError>) -> State {
        let state = match outcome {
            Ok(()) => State::Working,
            Err(error) if error.is_final() => State::Refused,
            Err(_) => State::Failing,
        };
        match outcome {
            _ if state == before => {}
            Ok(()) => report(format_args!("metrics are pushed again, {}", self.target)),
            Err(error) => {
                let (target, error) = (&self.target, error.without_url());
                report(format_args!("metrics can't be pushed, {target}: {error}"));
            }
        }
        state
    }
}

/// The last report about pushes.
#[derive(Clone, Copy, PartialEq)]
enum State {
    Working,
    Failing,
    /// For another reason than a lost connection.
    Refused,
}

/// The pause before the attempt after so many failures. The random part spreads processes that
/// failed together.
fn pause(failures: u32) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(1 << (failures - 1).min(16)).min(LONGEST_PAUSE);
    doubled.mul_f64(0.5 + fastrand::f64() / 2.0)
}

enum First<A, B> {
    A(A),
    B(B),
}

/// The one that is ready first, `a` if both are; the other is dropped.
async fn first<A, B>(a: impl Future<Output = A>, b: impl Future<Output = B>) -> First<A, B> {
    let (mut a, mut b) = (pin!(a), pin!(b));
    poll_fn(|context| {
        if let Poll::Ready(a) = a.as_mut().poll(context) {
            return Poll::Ready(First::A(a));
        }
        b.as_mut().poll(context).map(First::B)
    })
    .await
}
