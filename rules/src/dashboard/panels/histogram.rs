//! Histograms: quantiles, and the distribution over time.

use super::{Maker, describe};
use crate::catalogue::{Alert, Family, Kind, Subject};
use crate::dashboard::model::{Panel, Target, Visual};
use crate::dashboard::queries::{
    Distribution, INTERVAL, aggregated, legend, lines_by, series, sum,
};
use crate::dashboard::thresholds::{Limit, lines};
use crate::dashboard::units;
use std::collections::BTreeMap;

/// The quantiles of a panel with one line for each.
const QUANTILES: [f64; 4] = [0.5, 0.9, 0.99, 0.999];
/// The quantiles of a panel with lines for each value of a label, too.
const QUANTILES_BY: [f64; 2] = [0.5, 0.99];

pub(super) fn panels(maker: &Maker<'_>, family: &Family) -> Vec<Panel> {
    let Some(distribution) = Distribution::of(family, maker.prefers_native) else {
        if !family.quantiles.is_empty() {
            return vec![summary(maker, family, "_quantiles")];
        }
        return vec![mean(maker, family)];
    };
    let title = maker.title(family);
    let unit = units::of_value(family);
    let targets = quantiles(family, distribution);
    let mut quantiles = Panel::new(&title, Visual::LogLines, &unit, targets);
    quantiles.thresholds = lines(&limits(family));
    describe(&mut quantiles, family);

    let name = if distribution.is_native { String::new() } else { "{{le}}".to_owned() };
    let target = Target::range(distribution.heatmap(), name);
    let visual = Visual::Heatmap { is_native: distribution.is_native };
    let mut heatmap = Panel::new(format!("{title}: distribution"), visual, unit, vec![target]);
    heatmap.description.clone_from(&quantiles.description);
    let events = events(maker, family, distribution);
    events.into_iter().chain([quantiles, heatmap]).collect()
}

/// The values a second, if an alert is about them.
fn events(maker: &Maker<'_>, family: &Family, distribution: Distribution<'_>) -> Option<Panel> {
    let alert = family.alerts.iter().find(|alert| alert.of == Subject::Rate)?;
    let title = format!("{} per second", maker.title(family));
    let name = if alert.by.is_empty() { title.clone() } else { legend(&alert.by) };
    let targets = vec![Target::range(distribution.events(&alert.by), name)];
    let mut panel = Panel::new(title, Visual::Lines, "cps", targets);
    panel.min = Some(0.0);
    let is_shown = |other: &Alert| {
        (&other.of, &other.by, &other.matchers) == (&alert.of, &alert.by, &alert.matchers)
    };
    panel.thresholds = lines(&Limit::of_alerts(family, is_shown));
    describe(&mut panel, family);
    Some(panel)
}

fn quantiles(family: &Family, distribution: Distribution<'_>) -> Vec<Target> {
    let by = lines_by(family);
    let mut ranks = if by.is_empty() { QUANTILES.to_vec() } else { QUANTILES_BY.to_vec() };
    // Those that alerts compare.
    ranks.extend(family.alerts.iter().filter_map(|alert| match alert.of {
        Subject::Quantile(rank) => Some(rank),
        _ => None,
    }));
    ranks.sort_by(f64::total_cmp);
    ranks.dedup();
    let all = BTreeMap::new();
    let labels = legend(&by);
    let target = |rank: &f64| {
        let name = format!("{} {labels}", quantile_name(*rank));
        let target = Target::range(distribution.quantile(*rank, &by, &all), name.trim_end());
        // Those of the highest one are the same.
        if ranks.last() == Some(rank) { target.exemplars() } else { target }
    };
    let mut targets: Vec<_> = ranks.iter().map(target).collect();
    if family.extremes {
        let largest = aggregated("max", &by, &series(family, "_max").to_string());
        targets.push(Target::range(largest, format!("max {labels}").trim_end()));
    }
    targets
}

fn limits(family: &Family) -> Vec<Limit> {
    let is_shown =
        |alert: &Alert| matches!(alert.of, Subject::Quantile(_)) && alert.matchers.is_empty();
    let mut limits = Limit::of_alerts(family, is_shown);
    limits.extend(Limit::of_objectives(family));
    limits
}

/// `p99.9` of 0.999.
fn quantile_name(rank: f64) -> String {
    format!("p{}", (rank * 1e8).round() / 1e6)
}

/// Quantiles that the program computed. They can't be added up, so that the worst one is shown.
pub(super) fn summary(maker: &Maker<'_>, family: &Family, suffix: &str) -> Panel {
    let by: Vec<_> = std::iter::once("quantile".to_owned()).chain(lines_by(family)).collect();
    let value = aggregated("max", &by, &series(family, suffix).to_string());
    let targets = vec![Target::range(value, legend(&by))];
    let mut panel =
        Panel::new(maker.title(family), Visual::LogLines, units::of_value(family), targets);
    describe(&mut panel, family);
    panel
}

/// The mean of values without buckets.
fn mean(maker: &Maker<'_>, family: &Family) -> Panel {
    let by = lines_by(family);
    let total = |suffix| {
        let series = series(family, suffix);
        let is_present = family.kind == Kind::GaugeHistogram;
        sum(&by, &if is_present { series.to_string() } else { series.rate(INTERVAL) })
    };
    let expr = format!("{} / {}", total("_sum"), total("_count"));
    let name = format!("mean {}", legend(&by));
    let targets = vec![Target::range(expr, name.trim_end())];
    let mut panel =
        Panel::new(maker.title(family), Visual::Lines, units::of_value(family), targets);
    describe(&mut panel, family);
    panel
}
