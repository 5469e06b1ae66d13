//! Percentiles as text, in the form of `HdrHistogram`'s `outputPercentileDistribution`
//! (<https://github.com/HdrHistogram/HdrHistogram>), for its plotting page.

use super::Chosen;
use crate::people::Lines;

/// All figures. The standard deviation is computed from the cells' middles; the mean and the
/// largest value are exact.
pub(super) fn table(chosen: &Chosen<'_>, ticks: u32) -> Lines {
    let Chosen { histogram, hdr, .. } = chosen;
    let decimals = decimals(histogram.recorded_per_unit());
    let mut out = Lines::default();
    out.push(format_args!(
        "{:>16} {:>14} {:>10} {:>14}",
        "Value", "Percentile", "TotalCount", "1/(1-Percentile)"
    ));
    out.push(format_args!(""));
    let mut total = 0;
    for step in hdr.iter_quantiles(ticks) {
        total += step.count_since_last_iteration();
        let value = chosen.export(step.value_iterated_to());
        let quantile = step.quantile_iterated_to();
        let rest = if quantile < 1.0 {
            format!("{:14.2}", 1.0 / (1.0 - quantile))
        } else {
            format!("{:>14}", "inf")
        };
        out.push(format_args!("{value:16.decimals$} {quantile:14.12} {total:10} {rest}"));
    }
    let per_unit = histogram.recorded_per_unit();
    let mean = histogram.mean().unwrap_or(0.0);
    let deviation = hdr.stdev() / per_unit;
    let max = histogram.max().unwrap_or(0.0);
    let count = histogram.count();
    out.push(format_args!(
        "#[Mean    = {mean:12.decimals$}, StdDeviation   = {deviation:12.decimals$}]"
    ));
    out.push(format_args!("#[Max     = {max:12.decimals$}, Total count    = {count:12}]"));
    let (saturated, negative) = (histogram.saturated(), histogram.negative());
    out.push(format_args!("#[Above the maximum = {saturated}, negative = {negative}]"));
    let unit = if chosen.unit.is_empty() { String::new() } else { format!(" in {}", chosen.unit) };
    out.push(format_args!("#[{}{unit}]", chosen.title));
    out
}

/// The number of decimals of a recorded unit, so that rounding loses nothing.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 12")]
fn decimals(per_unit: f64) -> usize {
    per_unit.log10().ceil().clamp(0.0, 12.0) as usize
}
