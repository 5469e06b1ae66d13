//! Counters: events a second, and shares of other counters.

use super::{Maker, describe};
use crate::catalogue::{Alert, Family, Indicator, Subject};
use crate::dashboard::model::{Panel, Target, Visual};
use crate::dashboard::queries::{INTERVAL, bad_share, legend, lines_by, series, share, sum};
use crate::dashboard::thresholds::{Limit, lines};
use crate::dashboard::{units, words};

pub(super) struct Made {
    pub(super) panels: Vec<Panel>,
    pub(super) one_line: Option<String>,
}

pub(super) fn panels(maker: &Maker<'_>, family: &Family) -> Made {
    let rate = rate(maker, family);
    let is_declared = family.panel.as_ref().is_some_and(|panel| !panel.title.is_empty());
    let is_one = lines_by(family).is_empty() && rate.thresholds.is_empty() && !is_declared;
    let panels: Vec<_> = std::iter::once(rate).chain(shares(maker, family)).collect();
    let can_share = is_one && panels.len() == 1 && panels[0].links.is_empty();
    Made { panels, one_line: can_share.then(|| maker.stem(family).to_owned()) }
}

/// The events a second.
fn rate(maker: &Maker<'_>, family: &Family) -> Panel {
    let mut by = lines_by(family);
    let alerts = || family.alerts.iter().filter(|alert| alert.of == Subject::Rate);
    // Lines that an alert compares.
    if let Some(alert) = alerts().find(|alert| !alert.by.is_empty())
        && family.panel.as_ref().is_none_or(|panel| panel.by.is_empty())
    {
        by.clone_from(&alert.by);
    }
    let title = maker.title(family);
    let name = if by.is_empty() { title.clone() } else { legend(&by) };
    let target = Target::range(sum(&by, &series(family, "").rate(INTERVAL)), name);
    let unit = units::of_rate(family, maker.stem(family));
    let mut panel = Panel::new(title, Visual::Lines, unit, vec![target]);
    panel.min = Some(0.0);
    let is_shown =
        |alert: &Alert| alert.of == Subject::Rate && alert.matchers.is_empty() && alert.by == by;
    panel.thresholds = lines(&Limit::of_alerts(family, is_shown));
    describe(&mut panel, family);
    panel
}

/// The shares that alerts and objectives are about.
fn shares(maker: &Maker<'_>, family: &Family) -> Vec<Panel> {
    let title = maker.title(family);
    let phrase = |other: &str| {
        let known = maker.catalogue.family(other).map(|other| words::phrase(maker.stem(other)));
        known.unwrap_or_else(|| words::phrase(other))
    };
    let mut panels: Vec<Panel> = Vec::new();
    let mut add = |title: String, expr: String, by: &[String], limits: &[Limit]| {
        let name = if by.is_empty() { title.clone() } else { legend(by) };
        // An objective is often about what an alert is about.
        if panels.iter().any(|panel| panel.targets.iter().any(|target| target.expr == expr)) {
            return;
        }
        let targets = vec![Target::range(expr, name)];
        let mut panel = Panel::new(title, Visual::Lines, units::SHARE, targets);
        panel.min = Some(0.0);
        panel.thresholds = lines(limits);
        describe(&mut panel, family);
        panels.push(panel);
    };
    for alert in &family.alerts {
        let Subject::ShareOf(whole) = &alert.of else { continue };
        let expr = share(maker.catalogue, family, whole, &alert.by, &alert.matchers, INTERVAL);
        let same = |other: &Alert| {
            (&other.of, &other.by, &other.matchers) == (&alert.of, &alert.by, &alert.matchers)
        };
        let limits = Limit::of_alerts(family, same);
        add(format!("{title}, share of {}", phrase(whole)), expr, &alert.by, &limits);
    }
    for objective in &family.objectives {
        let title = match &objective.indicator {
            Indicator::ErrorsOf(whole) => format!("{title}, share of {}", phrase(whole)),
            Indicator::Bad { label, values } => {
                format!("{title}, share with {} {}", words::phrase(label), values.join(", "))
            }
            Indicator::Under(_) => continue,
        };
        let shown = bad_share(maker.catalogue, family, objective, maker.prefers_native, INTERVAL);
        if let Some(expr) = shown {
            add(title, expr, &[], &[]);
        }
    }
    panels
}
