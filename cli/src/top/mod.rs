//! `top`: one process or exporter, live.
//!
//! | module | what it is |
//! |---|---|
//! | `source` | readings of a segment or an exporter |
//! | `model` | what is shown of two readings, however they came |
//! | `app` | the state: sorting, filter, the chosen series, trends |
//! | `keys` | what keys do |
//! | `view` | the screen |
//! | `once` | plain text for scripts |

mod app;
mod keys;
mod model;
mod once;
mod source;
mod view;

use crate::Result;
use crate::args::Top;
use crate::failure::Failure;
use crate::stop::Stop;
use app::App;
use model::Frame;
use ratatui::DefaultTerminal;
use ratatui::crossterm::event;
use source::Source;
use std::io::IsTerminal;
use std::sync::mpsc::{self, Receiver, SyncSender, TryRecvError};
use std::thread;
use std::time::{Duration, Instant};

/// The longest wait of a key for a new reading, and of a reading for a key.
const POLL: Duration = Duration::from_millis(40);

pub(crate) fn run(args: &Top) -> Result<()> {
    let mut source = Source::open(&args.target, &args.access)?;
    // If the first reading fails, the error appears on the ordinary screen.
    let first = source.frame()?;
    // A dead process has no last interval.
    let args = &Top { all_time: args.all_time || first.is_over, ..args.clone() };
    if args.once {
        return once::run(args, &mut source, &first);
    }
    if !(std::io::stdout().is_terminal() && std::io::stdin().is_terminal()) {
        return Err(Failure::told("top needs a terminal; with --once it prints plain text"));
    }
    let stop = Stop::install()?;
    let mut app = App::new(args);
    app.take(Ok(first));
    let (sender, frames) = mpsc::sync_channel(1);
    let interval = args.interval;
    thread::spawn(move || read(&mut source, interval, &sender));
    let mut terminal = ratatui::try_init()?;
    let ended = watch(&mut terminal, &mut app, &frames, &stop);
    // Both errors are reported, and the earlier one is the cause of the other.
    let restored = ratatui::try_restore();
    ended?;
    restored?;
    Ok(())
}

/// Takes readings until nobody receives them any more.
fn read(source: &mut Source, interval: Duration, to: &SyncSender<Result<Frame>>) {
    let mut next = Instant::now() + interval;
    loop {
        thread::sleep(next.saturating_duration_since(Instant::now()));
        if to.send(source.frame()).is_err() {
            return;
        }
        // After a pause, such as a laptop's sleep, missed readings are skipped.
        next = (next + interval).max(Instant::now());
    }
}

fn watch(
    terminal: &mut DefaultTerminal,
    app: &mut App,
    frames: &Receiver<Result<Frame>>,
    stop: &Stop,
) -> Result<()> {
    let mut changed = true;
    loop {
        if changed {
            terminal.draw(|frame| view::draw(frame, app))?;
        }
        changed = false;
        if stop.wait(Duration::ZERO) {
            return Ok(());
        }
        // All pressed keys, before the screen is drawn once.
        let mut wait = POLL;
        while event::poll(wait)? {
            changed = true;
            wait = Duration::ZERO;
            if keys::handle(app, &event::read()?) {
                return Ok(());
            }
        }
        match frames.try_recv() {
            Ok(frame) => {
                app.take(frame);
                changed = true;
            }
            Err(TryRecvError::Empty) => {}
            Err(TryRecvError::Disconnected) => {
                return Err(Failure::told("the readings ended unexpectedly"));
            }
        }
    }
}
