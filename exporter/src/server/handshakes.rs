//! The start of handshakes, since these need asymmetric cryptography.

use super::allowances::Allowances;
use super::client::Client;
use crate::rate::Rate;
use crate::sync::lock;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use tokio::sync::{Mutex as Turns, MutexGuard as Turn};
use tokio::task::yield_now;
use tokio::time::sleep;

/// Handshakes that a quiet client may begin at once.
const AT_ONCE: u32 = 4;

/// The requested handshakes, each at its time.
pub(crate) struct Handshakes {
    allowances: Mutex<Allowances>,
    turns: Turns<()>,
}

impl Handshakes {
    pub(crate) fn new(per_second: u32) -> Self {
        let allowances = Allowances::new(Rate::per_second(per_second, AT_ONCE));
        Self { allowances: Mutex::new(allowances), turns: Turns::const_new(()) }
    }
}

/// The condition for a client's handshake.
pub(crate) struct Begin<'a> {
    pub(crate) handshakes: &'a Handshakes,
    pub(crate) client: Client,
    /// Called if it has to wait for its rate.
    pub(crate) limited: &'a (dyn Fn() + Sync),
}

impl<'a> Begin<'a> {
    /// Waits until the client may have one more, and its turn has come. The caller limits the time.
    pub(crate) async fn turn(&self) -> impl Future<Output = ()> + use<'a> {
        let mut is_limited = false;
        while let Err(wait) = self.admit() {
            if !std::mem::replace(&mut is_limited, true) {
                (self.limited)();
            }
            sleep(wait).await;
        }
        let turn = self.handshakes.turns.lock().await;
        end(turn)
    }

    fn admit(&self) -> Result<(), Duration> {
        lock(&self.handshakes.allowances).admit(self.client, Instant::now())
    }
}

/// Awaited when the cryptography is done: all other ready work comes before the next one.
async fn end(turn: Turn<'_, ()>) {
    yield_now().await;
    drop(turn);
}
