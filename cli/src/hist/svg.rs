//! The usual plot of a latency distribution: value by percentile, with the same width for each
//! further nine.

use super::Chosen;
use crate::Result;
use crate::failure::Failure;
use crate::number::short;
use crate::people::Printable;
use std::fmt::Write;

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 480.0;
/// The plot itself, within the picture.
const LEFT: f64 = 84.0;
const RIGHT: f64 = WIDTH - 30.0;
const TOP: f64 = 64.0;
const BOTTOM: f64 = HEIGHT - 62.0;

/// Points for each halving of the rest: the plot looks smooth at this width.
const TICKS: u32 = 50;

/// The approximate number of horizontal lines.
const LINES: f64 = 7.0;

/// The SVG document. Fails if there is nothing to plot.
pub(super) fn plot(chosen: &Chosen<'_>) -> Result<String> {
    let Chosen { histogram, hdr, unit, .. } = chosen;
    let (Some(max), count) = (histogram.max(), histogram.count()) else {
        return Err(Failure::told(format!("{} has no values to plot yet", chosen.title)));
    };
    // One value in `count` is the largest: percentiles beyond are unknown. Each nine is a decade.
    let decades = (count as f64).log10().ceil().max(1.0);
    let x = |quantile: f64| {
        let rest = (1.0 - quantile).max(1.0 / count as f64);
        LEFT + (RIGHT - LEFT) * -rest.log10() / decades
    };
    let step = nice_step(max / LINES);
    let lines = (max / step).ceil().max(1.0);
    let y = |value: f64| BOTTOM - (BOTTOM - TOP) * value / (step * lines);

    let mut svg = String::new();
    head(&mut svg, chosen);
    let mut line = 0.0;
    while line <= lines {
        let (value, at) = (line * step, y(line * step));
        let label = escape(&short(value, unit));
        let _ = writeln!(svg, r#"<path class="grid" d="M{LEFT} {at:.1}H{RIGHT}"/>"#);
        let _ = writeln!(
            svg,
            r#"<text class="small" x="{:.1}" y="{:.1}" text-anchor="end">{label}</text>"#,
            LEFT - 8.0,
            at + 4.0
        );
        line += 1.0;
    }
    let mut nines = 0;
    while f64::from(nines) <= decades {
        let at = LEFT + (RIGHT - LEFT) * f64::from(nines) / decades;
        let _ = writeln!(svg, r#"<path class="grid" d="M{at:.1} {TOP}V{BOTTOM}"/>"#);
        let _ = writeln!(
            svg,
            r#"<text class="small" x="{at:.1}" y="{:.1}" text-anchor="middle">{}</text>"#,
            BOTTOM + 20.0,
            percentile(nines)
        );
        nines += 1;
    }
    let _ = writeln!(
        svg,
        r#"<text class="small" x="{:.1}" y="{:.1}" text-anchor="middle">percentile</text>"#,
        f64::midpoint(LEFT, RIGHT),
        BOTTOM + 46.0
    );

    let mut points = format!("M{:.1} {:.1}", x(0.0), y(histogram.min().unwrap_or(0.0)));
    for step in hdr.iter_quantiles(TICKS) {
        let (at, value) = (x(step.quantile_iterated_to()), chosen.export(step.value_iterated_to()));
        let _ = write!(points, "L{at:.1} {:.1}", y(value));
    }
    let _ = writeln!(svg, r#"<path class="line" d="{points}"/>"#);
    svg.push_str("</svg>\n");
    Ok(svg)
}

fn head(svg: &mut String, chosen: &Chosen<'_>) {
    let Chosen { histogram, unit, help, .. } = chosen;
    let value = |value: Option<f64>| value.map_or_else(|| "-".into(), |it| short(it, unit));
    let facts = format!(
        "{} values{}   median {}   99% {}   99.9% {}   max {}",
        histogram.count(),
        if unit.is_empty() { String::new() } else { format!(" in {unit}") },
        value(histogram.quantile(0.5)),
        value(histogram.quantile(0.99)),
        value(histogram.quantile(0.999)),
        value(histogram.max()),
    );
    // The author of a help text chose its line breaks.
    let help = help.replace('\n', " ");
    let (title, facts, help) = (escape(&chosen.title), escape(&facts), escape(&help));
    let _ = write!(
        svg,
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" font-family="system-ui, sans-serif">
<title>{title}</title>
<desc>{help}</desc>
<style>
.small {{ font-size: 12px; fill: #555 }}
.grid {{ stroke: #ddd; stroke-width: 1; fill: none }}
.line {{ stroke: #1f6feb; stroke-width: 2; stroke-linejoin: round; fill: none }}
</style>
<rect width="100%" height="100%" fill="#fff"/>
<text x="{LEFT}" y="26" font-size="16" font-weight="600" fill="#222">{title}</text>
<text class="small" x="{LEFT}" y="46" xml:space="preserve">{facts}</text>
"##
    );
}

/// The smallest 1, 2 or 5 times a power of ten that is not below `least`.
fn nice_step(least: f64) -> f64 {
    if least <= 0.0 {
        return 1.0;
    }
    let power = 10_f64.powf(least.log10().floor());
    let factor = [1.0, 2.0, 5.0, 10.0].into_iter().find(|factor| factor * power >= least);
    factor.unwrap_or(10.0) * power
}

/// The percentile of this many nines: 0%, 90%, 99%, 99.9%.
fn percentile(nines: u8) -> String {
    match nines {
        0 => "0%".into(),
        1 => "90%".into(),
        2 => "99%".into(),
        more => format!("99.{}%", "9".repeat(usize::from(more) - 2)),
    }
}

/// Text, legible and escaped for XML. Two of the characters that XML 1.0 forbids remain then
/// (<https://www.w3.org/TR/xml/#charsets>).
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in Printable(text).to_string().chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::{escape, nice_step, percentile};

    #[test]
    fn axes() {
        for (least, step) in [(0.9, 1.0), (1.0, 1.0), (1.1, 2.0), (3e-6, 5e-6), (70.0, 100.0)] {
            assert!((nice_step(least) / step - 1.0).abs() < 1e-9, "{least}");
        }
        let names: Vec<_> = (0..5).map(percentile).collect();
        assert_eq!(names, ["0%", "90%", "99%", "99.9%", "99.99%"]);
    }

    #[test]
    fn labels_are_other_programs_words() {
        let shown = r"&lt;a b=&quot;&amp;\u{1b}\n\u{202e}&quot;&gt;";
        assert_eq!(escape("<a b=\"&\u{1b}\n\u{202e}\">"), shown);
        assert_eq!(escape("\u{ffff}\u{0}\u{fffe}"), "\u{fffd}\\u{0}\u{fffd}");
    }
}
