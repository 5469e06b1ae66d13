//! Ctrl-C and SIGTERM as something to look at or wait for.

use crate::Result;
use crate::failure::Failure;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

/// How long a command may take to end by itself.
const GRACE: Duration = Duration::from_secs(1);

/// Told once the user or the system asks for an end.
pub(crate) struct Stop {
    asked: Receiver<()>,
}

impl Stop {
    /// Takes over Ctrl-C, SIGTERM and SIGHUP; to be called once.
    ///
    /// What has not ended after a second is ended: a terminal that is gone or takes nothing more
    /// keeps whoever reads or draws on it for ever.
    pub(crate) fn install() -> Result<Self> {
        let (ask, asked) = mpsc::channel();
        ctrlc::set_handler(move || {
            // Nobody is there any more who would have to stop.
            let _ = ask.send(());
            thread::sleep(GRACE);
            // Not the screen, which would have to be written to. Where there is none, nothing is done.
            let _ = ratatui::crossterm::terminal::disable_raw_mode();
            std::process::exit(0);
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
