//! A registry's families, without waiting for ever.
//!
//! Collectors are any code. A thread of its own gathers, so that one that blocks holds that thread
//! alone. There is at most one such thread: while it is late, no other one starts.

use prometheus::Registry;
use prometheus::proto::MetricFamily;
use std::fmt;
use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, TryRecvError};
use std::thread;
use std::time::Duration;

/// A registry, and the thread that is late.
pub(crate) struct Gather {
    registry: Registry,
    pub(crate) limit: Duration,
    late: Option<Receiver<Vec<MetricFamily>>>,
}

/// The reason why there are no families.
#[derive(Debug)]
pub(crate) enum NoFamilies {
    /// A collector is not done in time.
    Late(Duration),
    /// A collector panicked.
    Panicked,
    /// The system starts no thread.
    NoThread(io::Error),
}

impl Gather {
    pub(crate) fn new(registry: Registry, limit: Duration) -> Self {
        Self { registry, limit, late: None }
    }

    /// The present families, sorted by name.
    pub(crate) fn families(&mut self) -> Result<Vec<MetricFamily>, NoFamilies> {
        if let Some(late) = &self.late {
            if matches!(late.try_recv(), Err(TryRecvError::Empty)) {
                return Err(NoFamilies::Late(self.limit));
            }
            // What came late is of an earlier scrape.
            self.late = None;
        }
        let (answer, answers) = mpsc::sync_channel(1);
        let registry = self.registry.clone();
        let gather = move || {
            // Nobody asks any more if the source is gone.
            let _ = answer.send(registry.gather());
        };
        let thread = thread::Builder::new().name("prometheus gather".into());
        thread.spawn(gather).map_err(NoFamilies::NoThread)?;
        match answers.recv_timeout(self.limit) {
            Ok(families) => Ok(families),
            Err(RecvTimeoutError::Disconnected) => Err(NoFamilies::Panicked),
            Err(RecvTimeoutError::Timeout) => {
                self.late = Some(answers);
                Err(NoFamilies::Late(self.limit))
            }
        }
    }
}

impl fmt::Display for NoFamilies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a registry of prometheus has no answer: ")?;
        match self {
            Self::Late(limit) => write!(
                f,
                "a collector takes more than {limit:?}; compute its values elsewhere, and keep them"
            ),
            Self::Panicked => f.write_str("a collector panicked"),
            Self::NoThread(error) => write!(f, "there is no thread to gather it ({error})"),
        }
    }
}

impl std::error::Error for NoFamilies {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NoThread(error) => Some(error),
            _ => None,
        }
    }
}
