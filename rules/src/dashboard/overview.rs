//! The first row: whether the service is up, keeps its objectives, and has no alert.

use super::model::{Mapping, Panel, Rank, Row, Step, Target, Visual};
use super::panels::{Block, Maker, link, percent};
use super::queries::{INTERVAL, SHOWN, bad_share, series, target};
use super::{thresholds, units, words};
use crate::catalogue::{Catalogue, Family, Indicator, Objective};
use crate::query::Selector;

/// States that the row has at most. Others stay in their own rows.
const MOST_STATES: usize = 8;

/// The first row. States move here from the blocks of other rows.
pub(super) fn row(maker: &Maker<'_>, blocks: &mut Vec<Block>, firing: Option<&str>) -> Row {
    let catalogue = maker.catalogue;
    let mut panels = vec![up()];
    panels.extend(alerts(firing));
    panels.extend(states(blocks));
    for (family, objective) in objectives(catalogue) {
        panels.extend(objective_panels(maker, family, objective));
    }
    panels.extend(uptime(catalogue));
    panels.extend(version(catalogue));
    panels.extend(burn_rate(maker));
    Row { title: "Overview".into(), is_collapsed: false, panels }
}

fn objectives(catalogue: &Catalogue) -> impl Iterator<Item = (&Family, &Objective)> {
    let families = catalogue.families().iter();
    families.flat_map(|family| family.objectives.iter().map(move |objective| (family, objective)))
}

/// Whether Prometheus reaches each process.
fn up() -> Panel {
    let targets = vec![Target::instant(target("up").to_string(), "{{instance}}")];
    let mut panel = Panel::new("Up", Visual::STATE, "none", targets);
    panel.description =
        "Whether Prometheus reaches each process. One that service discovery no longer finds is \
         not shown."
            .into();
    panel.mappings = vec![
        Mapping { value: 0.0, text: "Down", color: "red" },
        Mapping { value: 1.0, text: "Up", color: "green" },
    ];
    panel.no_value = Some("None");
    panel.rank = Rank::P0;
    panel
}

/// The series of alerts that fire. `None` if the program declares none.
pub(super) fn firing(catalogue: &Catalogue, service: &str) -> Option<String> {
    let mut families = catalogue.families().iter();
    let declares = families.any(|it| !it.alerts.is_empty() || !it.objectives.is_empty());
    let series = Selector::new("ALERTS").equal("alertstate", "firing").equal("service", service);
    declares.then(|| series.to_string())
}

fn alerts(firing: Option<&str>) -> Option<Panel> {
    let expr = format!("count by (alertname) ({})", firing?);
    let targets = vec![Target::instant(expr, "{{alertname}}")];
    let mut panel = Panel::new("Firing alerts", Visual::STATE, "none", targets);
    panel.description = "Alerts that the program declares, if their rules are loaded.".into();
    panel.thresholds = vec![Step { from: None, color: "red" }];
    panel.no_value = Some("None");
    Some(panel)
}

/// The most urgent states. One that is declared to be in a row stays there, unless somebody is called
/// because of it.
fn states(blocks: &mut Vec<Block>) -> Vec<Panel> {
    let is_urgent = |block: &Block| block.rank <= Rank::P1;
    let is_taken = |block: &Block| block.is_state && (block.row.is_none() || is_urgent(block));
    let mut ranks: Vec<_> = blocks.iter().filter(|it| is_taken(it)).map(|it| it.rank).collect();
    ranks.sort();
    let mut left = MOST_STATES.min(ranks.len());
    let least_urgent = left.checked_sub(1).and_then(|last| ranks.get(last)).copied();
    let mut taken = Vec::new();
    blocks.retain_mut(|block| {
        let moves = is_taken(block) && left > 0 && Some(block.rank) <= least_urgent;
        if moves {
            left -= 1;
            taken.append(&mut block.panels);
        }
        !moves
    });
    taken.sort_by_key(|panel| panel.rank);
    taken
}

/// The share of good events, and what is left of the error budget.
fn objective_panels(maker: &Maker<'_>, family: &Family, objective: &Objective) -> Vec<Panel> {
    let Some(bad) = bad_share(maker.catalogue, family, objective, maker.prefers_native, SHOWN)
    else {
        return Vec::new();
    };
    let (promised, title) = (objective.objective, words::title(&objective.name));
    let good = match &objective.indicator {
        // It is one minus the share already.
        Indicator::Under(_) => bad.strip_prefix("1 - ").unwrap_or(&bad).to_owned(),
        _ => format!("1 - {bad}"),
    };
    let about = if objective.summary.is_empty() {
        format!("Metric: `{}`", family.name)
    } else {
        format!("{}\n\nMetric: `{}`", objective.summary, family.name)
    };
    let stat = |title: String, expr: String, thresholds: Vec<Step>| {
        let targets = vec![Target::instant(expr, title.clone())];
        let mut panel = Panel::new(title, Visual::BIG, units::SHARE, targets);
        panel.thresholds = thresholds;
        panel.rank = thresholds::rank(objective.priority);
        link(&mut panel, &objective.name, &objective.runbook);
        panel
    };
    let steps =
        vec![Step { from: None, color: "red" }, Step { from: Some(promised), color: "green" }];
    let promise = percent(promised);
    let mut share = stat(format!("{title} \u{2265} {promise}"), good, steps);
    share.decimals = Some(decimals(promised));
    share.description = format!(
        "The share of good events in the time that is shown. The objective is {promise}.\n\n{about}"
    );
    let steps = vec![
        Step { from: None, color: "red" },
        Step { from: Some(0.0), color: "orange" },
        Step { from: Some(0.25), color: "green" },
    ];
    let bad =
        if matches!(objective.indicator, Indicator::Under(_)) { format!("({bad})") } else { bad };
    let left = format!("1 - {bad} / {}", objective.budget());
    let mut left = stat(format!("{title}: budget left"), left, steps);
    left.decimals = Some(0);
    left.description = format!(
        "The part of the error budget that the time that is shown has left: the budget is {} of \
         its events.\n\n{about}",
        percent(objective.budget())
    );
    vec![share, left]
}

/// How fast budgets are spent.
fn burn_rate(maker: &Maker<'_>) -> Option<Panel> {
    let of = |(family, objective): (&Family, &Objective)| {
        let bad = bad_share(maker.catalogue, family, objective, maker.prefers_native, INTERVAL)?;
        let is_under = matches!(objective.indicator, Indicator::Under(_));
        let bad = if is_under { format!("({bad})") } else { bad };
        let expr = format!("{bad} / {}", objective.budget());
        Some(Target::range(expr, words::title(&objective.name)))
    };
    let targets: Vec<_> = objectives(maker.catalogue).filter_map(of).collect();
    if targets.is_empty() {
        return None;
    }
    let mut panel =
        Panel::new("Burn rate of error budgets", Visual::Lines, "suffix:\u{d7}", targets);
    panel.min = Some(0.0);
    panel.description = "1 \u{d7} spends exactly the budget. At 14.4 \u{d7}, 2 % of the budget of \
                         30 days is gone in an hour."
        .into();
    panel.thresholds = vec![
        Step { from: None, color: "green" },
        Step { from: Some(1.0), color: "orange" },
        Step { from: Some(Objective::FASTEST_BURN), color: "red" },
    ];
    Some(panel)
}

/// Decimals of a percentage: one more than those of the objective.
fn decimals(objective: f64) -> u8 {
    let text = percent(objective);
    let digits = text.split_once('.').map_or(0, |(_, rest)| rest.trim_end_matches(" %").len());
    u8::try_from(digits + 1).unwrap_or(2).min(4)
}

fn uptime(catalogue: &Catalogue) -> Option<Panel> {
    let start = catalogue.family("process_start_time_seconds")?;
    let expr = format!("time() - {}", series(start, ""));
    let targets = vec![Target::instant(expr, "{{instance}}")];
    let mut panel = Panel::new("Uptime", Visual::BIG, "s", targets);
    panel.description = "Time since each process began.".into();
    panel.decimals = Some(0);
    Some(panel)
}

/// The versions that run.
fn version(catalogue: &Catalogue) -> Option<Panel> {
    let is_build = |family: &&Family| {
        family.label("version").is_some()
            && (family.name.ends_with("build_info") || family.name == "target_info")
    };
    let family = catalogue.families().iter().find(is_build)?;
    let expr = format!("count by (version) ({})", series(family, ""));
    let mut panel =
        Panel::new("Version", Visual::NAME, "none", vec![Target::instant(expr, "{{version}}")]);
    panel.description = format!("The versions that run.\n\nMetric: `{}`", family.name);
    Some(panel)
}
