//! Gauges: values.

use super::{Maker, describe};
use crate::catalogue::{Family, Subject};
use crate::dashboard::model::{Panel, Target, Visual};
use crate::dashboard::queries::{SYMBOL, all_labels, legend, series, sum};
use crate::dashboard::thresholds::{Limit, lines};
use crate::dashboard::{units, words};

pub(super) fn panel(maker: &Maker<'_>, family: &Family) -> Panel {
    let limits = Limit::of_alerts(family, |alert| alert.of == Subject::Value);
    let labels = all_labels(family);
    // `instance` alone: one number for each process.
    let is_single = labels.len() == 1;
    let visual = match (is_single, family.label(SYMBOL).is_some() && is_price(&family.name)) {
        (true, _) if limits.is_empty() => Visual::TREND,
        // That of one symbol is thousands of times that of another.
        (_, true) => Visual::LogLines,
        _ => Visual::Lines,
    };
    let declared = family.panel.as_ref().map_or(&[][..], |panel| &panel.by);
    let value = series(family, "").to_string();
    let is_part =
        !declared.is_empty() && labels.iter().any(|it| it != "instance" && !declared.contains(it));
    let (expr, by) = if is_part { (sum(declared, &value), declared) } else { (value, &labels[..]) };
    let is_time = is_moment(&family.name);
    let expr = if is_time { format!("time() - {expr}") } else { expr };
    let target = Target::range(expr, legend(by));
    let title = maker.title(family);
    let title = if is_time { format!("Time since {}", title.to_lowercase()) } else { title };
    let mut panel = Panel::new(title, visual, units::of_value(family), vec![target]);
    panel.thresholds = lines(&limits);
    describe(&mut panel, family);
    panel
}

fn is_price(name: &str) -> bool {
    words::split(name).any(|word| word == "price")
}

/// Whether it is a time since 1970.
fn is_moment(name: &str) -> bool {
    ["_timestamp_seconds", "_start_time_seconds"].iter().any(|end| name.ends_with(end))
}
