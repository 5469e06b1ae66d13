//! Whether a source answers, and the events of changes.

use crate::batch::{Event, EventKind};
use crate::reading::Trouble;
use std::sync::Arc;
use std::time::SystemTime;

/// The state of a target, or of a process.
#[derive(Debug, Default)]
pub(crate) struct Health {
    /// The trouble of the last answer; `None` before the first one.
    last: Option<Result<(), Trouble>>,
}

impl Health {
    /// Whether the last answer was good.
    pub(crate) fn is_up(&self) -> bool {
        matches!(self.last, Some(Ok(())))
    }

    /// Notes the result of an answer, and adds an event for each change. A source that stays down
    /// adds none, whatever the reasons are.
    pub(crate) fn note(
        &mut self,
        service: &Arc<str>,
        target: &str,
        now: Result<(), &Trouble>,
        time: SystemTime,
        events: &mut Vec<Event>,
    ) {
        let mut add = |kind, message| {
            events.push(Event { time, service: Some(service.clone()), kind, message });
        };
        if let Err(Trouble::Wrong(reason)) = now
            && !matches!(self.last, Some(Err(Trouble::Wrong(_))))
        {
            add(EventKind::ParseError, format!("{target}: {reason}"));
        }
        if let Err(Trouble::TooMany(reason)) = now
            && !matches!(self.last, Some(Err(Trouble::TooMany(_))))
        {
            add(EventKind::TooMany, format!("{target}: {reason}"));
        }
        let was_down = matches!(self.last, Some(Err(_)));
        match now {
            Ok(()) if !self.is_up() => add(EventKind::SourceUp, format!("{target} answers")),
            Err(trouble) if !was_down => {
                add(EventKind::SourceDown, format!("{target}: {}", trouble.reason()));
            }
            _ => {}
        }
        self.last = Some(now.map_err(Clone::clone));
    }
}

impl Trouble {
    pub(crate) fn reason(&self) -> &str {
        match self {
            Self::Down(reason) | Self::Wrong(reason) | Self::TooMany(reason) => reason,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Health;
    use crate::batch::EventKind::{self, ParseError, SourceDown, SourceUp, TooMany};
    use crate::reading::Trouble;
    use std::time::SystemTime;

    #[test]
    fn each_change_is_one_event() {
        let mut health = Health::default();
        let mut events = |now: Result<(), Trouble>| -> Vec<EventKind> {
            let mut events = Vec::new();
            let now = now.as_ref().copied();
            health.note(&"a".into(), "a:1", now, SystemTime::now(), &mut events);
            events.into_iter().map(|event| event.kind).collect()
        };
        let down = |reason: &str| Err(Trouble::Down(reason.into()));
        let wrong = || Err(Trouble::Wrong("line 3".into()));
        assert_eq!(events(down("refused")), [SourceDown]);
        assert_eq!(events(down("no answer")), []);
        assert_eq!(events(Ok(())), [SourceUp]);
        assert_eq!(events(Ok(())), []);
        assert_eq!(events(wrong()), [ParseError, SourceDown]);
        assert_eq!(events(wrong()), []);
        assert_eq!(events(Err(Trouble::TooMany("series".into()))), [TooMany]);
        assert_eq!(events(down("refused")), []);
        assert_eq!(events(wrong()), [ParseError]);
        assert_eq!(events(Ok(())), [SourceUp]);
        assert_eq!(events(down("refused")), [SourceDown]);
    }
}
