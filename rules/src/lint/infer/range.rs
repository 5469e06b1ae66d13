//! The ranges of range vectors.

use super::{Inference, Purpose};
use crate::expression::{Kind, Node};
use crate::lint::check::Check;
use std::time::Duration;

/// Functions that need two samples.
const OF_TWO: [&str; 10] = [
    "rate",
    "irate",
    "increase",
    "delta",
    "idelta",
    "deriv",
    "predict_linear",
    "changes",
    "resets",
    "double_exponential_smoothing",
];

impl<'e> Inference<'_, 'e> {
    /// A range that has fewer samples than its function needs.
    pub(super) fn range(&mut self, function: &str, arg: &'e Node) {
        let Kind::Selector(selector) = &arg.unwrapped().kind else { return };
        let Some(range) = &selector.range else { return };
        let Some(length) = range.value.known() else { return };
        let interval = self.context.scrape_interval;
        let samples = if OF_TWO.contains(&function) { 2 } else { 1 };
        if *length < interval.saturating_mul(samples) {
            let message = format!(
                "the range has {}, and metrics are scraped each {}",
                shown(*length),
                shown(interval)
            );
            let instead = format!("at least [{}]", shown(interval.saturating_mul(4)));
            self.report(Check::ShortRange, &range.place, message, Some(instead));
        }
    }

    /// A range in a panel that its resolution does not move.
    pub(super) fn fixed_range(&mut self, arg: &Node) {
        if let (Purpose::Panel, Kind::Selector(selector)) = (self.context.purpose, &arg.kind)
            && let Some(range) = &selector.range
            && range.value.known().is_some()
        {
            let text = self.expression.text_of(&range.place);
            let message = format!("the range [{text}] stays the same at each zoom");
            let instead = Some("$__rate_interval".to_owned());
            self.report(Check::FixedRange, &range.place, message, instead);
        }
    }
}

/// A duration as PromQL writes it, in seconds or minutes.
fn shown(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if duration.subsec_millis() > 0 {
        format!("{}ms", duration.as_millis())
    } else if seconds >= 60 && seconds.is_multiple_of(60) {
        format!("{}m", seconds / 60)
    } else {
        format!("{seconds}s")
    }
}
