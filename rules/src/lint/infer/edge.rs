//! Matchers on `le` and `quantile`.

use super::Inference;
use super::selector::Test;
use crate::catalogue::{Part, Sample};
use crate::expression::{MatchOp, Matcher};
use crate::lint::check::Check;
use crate::query::edge_forms;

impl Inference<'_, '_> {
    pub(super) fn edge(
        &mut self,
        Sample { family, part }: Sample<'_>,
        matcher: &Matcher,
        value: &str,
    ) {
        let numbers = if part == Part::Bucket { &family.buckets } else { &family.quantiles };
        let Some(test) = Test::new(matcher.op, value).filter(|_| !numbers.is_empty()) else {
            return;
        };
        let is_infinity = part == Part::Bucket && test.accepts("+Inf");
        let accepted = numbers
            .iter()
            .find(|number| edge_forms(**number).iter().any(|form| test.accepts(form)));
        let Some(number) = accepted else {
            if !is_infinity {
                let shown: Vec<_> = numbers.iter().map(f64::to_string).take(16).collect();
                let shown = shown.join(", ");
                let message = format!("{} has no edge {value:?}: it has {shown}", family.name);
                self.report(Check::ImpossibleValue, &matcher.value.place, message, None);
            }
            return;
        };
        let forms = edge_forms(*number);
        // Exporters in Go and Prometheus 3 write the same exponents.
        let is_settled = value.contains('e') && forms.first().is_some_and(|form| form == value);
        if matcher.op == MatchOp::Equal && forms.len() > 1 && !is_settled {
            let message = format!("the edge {number} is stored as {}", forms.join(" or as "));
            let label = part.label().unwrap_or("le");
            let instead = format!("{label}=~\"{}\"", forms.join("|").replace('+', "[+]"));
            self.report(Check::LeForm, &matcher.value.place, message, Some(instead));
        }
    }
}
