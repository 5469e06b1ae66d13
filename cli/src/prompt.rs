//! A question whose answer is typed unseen.

use crate::Result;
use crate::people;
use nix::sys::pthread::pthread_kill;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, raise};
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use ratatui::crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use std::fmt;
use std::io;
use std::os::unix::thread::JoinHandleExt;
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};

/// Reads a line of at most so many bytes without showing it, up to Enter. `None` if the user gives
/// up.
pub(crate) fn typed(question: fmt::Arguments<'_>, most: usize) -> Result<Option<String>> {
    // Before the question, or a quick answer would be visible.
    let _unseen = Unseen::new()?;
    people::ask(question);
    let mut typed = String::new();
    loop {
        let Event::Key(key) = event::read()? else { continue };
        if key.kind == KeyEventKind::Release {
            continue;
        }
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Enter => return Ok(Some(typed)),
            KeyCode::Char('c' | 'd') if control => return Ok(None),
            KeyCode::Esc => return Ok(None),
            KeyCode::Char('u') if control => typed.clear(),
            KeyCode::Backspace => {
                typed.pop();
            }
            KeyCode::Char(c) if !control && typed.len() < most => typed.push(c),
            _ => {}
        }
    }
}

/// The signals that end a program by default, and that somebody may send to this one.
const ENDING: [Signal; 4] = [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP, Signal::SIGQUIT];

/// Wakes the thread that waits for signals. No program ends by it.
const WAKE: Signal = Signal::SIGURG;

/// A terminal that does not show what is typed. It is restored at the drop, and before a signal
/// ends the program. For that a thread takes the signals, since a terminal that is gone may never
/// return from a read.
struct Unseen {
    /// The mask of signals before.
    usual: SigSet,
    over: Arc<OnceLock<()>>,
    waiter: Option<JoinHandle<()>>,
}

impl Unseen {
    /// Other threads must not run yet: a signal could choose one of them.
    fn new() -> Result<Self> {
        let mut taken: SigSet = ENDING.into_iter().collect();
        taken.add(WAKE);
        let usual = taken.thread_swap_mask(SigmaskHow::SIG_BLOCK).map_err(io::Error::from)?;
        let over = Arc::new(OnceLock::new());
        // Its drop undoes the changes that were made before an error.
        let mut unseen = Self { usual, over: Arc::clone(&over), waiter: None };
        enable_raw_mode()?;
        unseen.waiter = Some(thread::Builder::new().spawn(move || {
            while over.get().is_none() {
                if let Ok(signal) = taken.wait()
                    && signal != WAKE
                {
                    end_by(signal, usual, taken);
                }
            }
        })?);
        Ok(unseen)
    }
}

impl Drop for Unseen {
    fn drop(&mut self) {
        let _ = self.over.set(());
        if let Some(waiter) = self.waiter.take() {
            let _ = pthread_kill(waiter.as_pthread_t(), WAKE);
            let _ = waiter.join();
        }
        let _ = disable_raw_mode();
        let _ = self.usual.thread_set_mask();
    }
}

/// Restores the terminal, and lets a signal have its usual effect. If that is none, as for a
/// program under `nohup`, the question stays.
fn end_by(signal: Signal, usual: SigSet, taken: SigSet) {
    let _ = disable_raw_mode();
    let _ = usual.thread_set_mask();
    let _ = raise(signal);
    let _ = taken.thread_block();
    let _ = enable_raw_mode();
}
