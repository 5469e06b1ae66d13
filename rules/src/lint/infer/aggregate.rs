//! Groupings.

use super::Inference;
use crate::expression::Aggregate;
use crate::lint::check::Check;
use crate::lint::facts::{Bounds, Facts, Has, Labels, Nature};
use crate::lint::similar::nearest;

impl<'m, 'e> Inference<'m, 'e> {
    pub(super) fn aggregate(&mut self, aggregate: &'e Aggregate) -> Facts<'m> {
        if let Some(param) = &aggregate.param {
            self.node(param);
        }
        let facts = self.node(&aggregate.expr);
        let op = aggregate.op.value.known().map_or("", String::as_str);
        let labels = self.grouped(aggregate, &facts.labels);
        let keeps = matches!(op, "topk" | "bottomk" | "limitk" | "limit_ratio");
        if keeps {
            return facts;
        }
        let positive = facts.bounds.is_positive();
        let is_one_of = matches!(op, "min" | "max" | "avg" | "quantile");
        let (bounds, nature) = match op {
            "sum" if positive => (Bounds::POSITIVE, facts.nature),
            "sum" => (Bounds::ANY, facts.nature),
            "min" | "max" | "avg" | "quantile" => (facts.bounds, facts.nature),
            "count" | "count_values" => (Bounds { low: 1.0, ..Bounds::ANY }, Nature::Level),
            "group" => (Bounds::exactly(1.0), Nature::Level),
            "stddev" | "stdvar" => (Bounds::POSITIVE, Nature::Level),
            _ => (Bounds::ANY, Nature::Unknown),
        };
        let keeps_unit = matches!(op, "sum" | "min" | "max" | "avg" | "quantile" | "stddev");
        let unit = facts.unit.filter(|_| keeps_unit);
        let is_sum = matches!(op, "sum" | "avg" | "min" | "max") && facts.nature == Nature::Total;
        let labels = if op == "count_values" { Labels::any() } else { labels };
        let is_quantile = facts.is_quantile && is_one_of;
        let counts = matches!(op, "count" | "count_values" | "group");
        let sample = facts.sample.filter(|_| !counts);
        let declared_max = facts.declared_max.filter(|_| is_one_of);
        Facts { nature, sample, labels, bounds, unit, is_quantile, is_sum, declared_max, ..facts }
    }

    /// The labels that are left, and those that never were there.
    fn grouped(&mut self, aggregate: &Aggregate, before: &Labels) -> Labels {
        let Some(grouping) = &aggregate.grouping else { return Labels::default() };
        let mut known = Vec::new();
        for label in &grouping.labels {
            let Some(name) = label.value.known() else { return Labels::any() };
            known.push(name.clone());
            if before.has(name) == Has::No && !grouping.without && name != "__name__" {
                let instead = nearest(name, before.names());
                let what = self.text(&aggregate.expr);
                let message = if what.len() <= 60 {
                    format!("{what} has no label {name}")
                } else {
                    format!("what is aggregated has no label {name}")
                };
                self.report(Check::UnknownLabel, &label.place, message, instead);
            }
        }
        if grouping.without { before.without(&known) } else { before.only(&known) }
    }
}
