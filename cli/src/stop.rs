//! Ctrl-C and SIGTERM as an event to check or wait for.

use crate::Result;
use crate::failure::Failure;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

/// The longest time for a command to end by itself.
const GRACE: Duration = Duration::from_secs(1);

/// The signal that the user or the system wants the command to end.
pub(crate) struct Stop {
    asked: Receiver<()>,
}

impl Stop {
    /// Handles Ctrl-C, SIGTERM and SIGHUP. Must be called only once.
    ///
    /// A command that has not ended after a second is ended. A closed or blocked terminal would
    /// stop a command that reads it or draws on it for ever.
    pub(crate) fn install() -> Result<Self> {
        Self::within(GRACE)
    }

    /// As [`install`](Self::install), with another time to end.
    pub(crate) fn within(grace: Duration) -> Result<Self> {
        let (ask, asked) = mpsc::channel();
        ctrlc::set_handler(move || {
            // No receiver is left to stop.
            let _ = ask.send(());
            thread::sleep(grace);
            // Without clearing the screen, which would need a write. Without a terminal this does
            // nothing.
            let _ = ratatui::crossterm::terminal::disable_raw_mode();
            std::process::exit(0);
        })
        .map_err(|error| Failure::told(format!("can't listen to signals: {error}")))?;
        Ok(Self { asked })
    }

    /// Waits for a time, or until the end is requested, and then returns true.
    pub(crate) fn wait(&self, time: Duration) -> bool {
        self.asked.recv_timeout(time).is_ok()
    }

    /// Waits until the end is requested.
    pub(crate) fn wait_for_it(&self) {
        // The sender lives as long as the handler: for ever.
        let _ = self.asked.recv();
    }
}
