//! Ctrl-C and SIGTERM as something to look at or wait for.

use crate::Result;
use crate::failure::Failure;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

/// Told once the user or the system asks for an end.
pub(crate) struct Stop {
    asked: Receiver<()>,
}

impl Stop {
    /// Takes over Ctrl-C, SIGTERM and SIGHUP; to be called once.
    pub(crate) fn install() -> Result<Self> {
        let (ask, asked) = mpsc::channel();
        ctrlc::set_handler(move || {
            // Nobody is there any more who would have to stop.
            let _ = ask.send(());
        })
        .map_err(|error| Failure::told(format!("can't listen to signals: {error}")))?;
        Ok(Self { asked })
    }

    /// Waits for a time, or until an end is asked for: then the answer is true.
    pub(crate) fn wait(&self, time: Duration) -> bool {
        self.asked.recv_timeout(time).is_ok()
    }

    /// Waits until an end is asked for.
    pub(crate) fn wait_for_it(&self) {
        // The other end lives as long as the handler: for ever.
        let _ = self.asked.recv();
    }
}
