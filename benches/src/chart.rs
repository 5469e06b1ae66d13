//! The most important figures as a picture: a dot for each library, on logarithmic scales.

use crate::machine::{CORES, CPU, RUSTC};
use crate::results::Run;
use crate::summary::{HEADLINES, Kind};
use crate::table::shown;
use std::fmt::Write as _;

const MARGIN: f64 = 22.0;
const COLUMN: f64 = 440.0;
/// The gap between the two columns.
const GAP: f64 = 34.0;
const WIDTH: f64 = 2.0 * (MARGIN + COLUMN) + GAP;
/// Within a column: names end here, values end at its right edge, and the dots are between.
const NAMES: f64 = 148.0;
const VALUES: f64 = 52.0;
const LINE: f64 = 18.0;

/// Colours for light and dark pages. The picture brings its own background, since a page may be
/// dark where the system is not.
const STYLE: &str = "\
.page{fill:#fff;stroke:#d0d7de}text{fill:#1f2328}.note{fill:#59636e}.tick{fill:#59636e;font-size:11px}\
.grid{stroke:#e3e7eb}.way{stroke:#c4ccd4;stroke-dasharray:1 3}\
.peer{fill:#7b8794}.hand{fill:#fff;stroke:#7b8794;stroke-width:1.6}\
.ours{fill:#d9480f}.head{font-weight:600;font-size:14px}.strong{font-weight:700}\
.title{font-weight:600;font-size:19px}\
@media(prefers-color-scheme:dark){\
.page{fill:#0d1117;stroke:#30363d}text{fill:#e6edf3}.note,.tick{fill:#9198a1}\
.grid{stroke:#262c34}.way{stroke:#454c55}\
.peer{fill:#9aa4af}.hand{fill:#0d1117;stroke:#9aa4af}.ours{fill:#ff8f52}}";

/// The picture, as SVG.
pub(crate) fn draw(run: &Run) -> String {
    let mut body = String::new();
    let mut y = heading(&mut body);
    for pair in HEADLINES.chunks(2) {
        let mut lowest = y;
        for (headline, x) in pair.iter().zip([MARGIN, MARGIN + COLUMN + GAP]) {
            let rows = headline.rows(&run.report);
            if !rows.is_empty() {
                lowest = f64::max(lowest, panel(&mut body, x, y, headline.title, &rows));
            }
        }
        y = lowest;
    }
    let [cpu, cores, rustc] = [CPU, CORES, RUSTC].map(|name| run.about(name));
    text(&mut body, MARGIN, y, "note", &format!("{cpu}, {cores} cores, {rustc}."));
    let height = y + MARGIN;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         width=\"{WIDTH}\" height=\"{height}\" font-size=\"13\" \
         font-family=\"system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif\">\n\
         <style>{STYLE}</style>\n\
         <rect class=\"page\" x=\".5\" y=\".5\" width=\"{}\" height=\"{}\" rx=\"8\"/>\n{body}</svg>\n",
        WIDTH - 1.0,
        height - 1.0,
    )
}

/// Draws title and key, and returns the position of the first panel.
fn heading(body: &mut String) -> f64 {
    text(body, MARGIN, 36.0, "title", "What recording costs");
    let note = "Medians of one run, the fastest of each library's ways. Further left is better. \
                Each scale is logarithmic, and its own.";
    text(body, MARGIN, 58.0, "note", note);
    let mut x = MARGIN + 5.0;
    for (kind, name, width) in [
        (Kind::Ours, "tickmetrics", 110.0),
        (Kind::Peer, "another library", 130.0),
        (Kind::ByHand, "written by hand, for comparison", 0.0),
    ] {
        dot(body, kind, x, 77.5);
        text(body, x + 11.0, 82.0, "", name);
        x += width;
    }
    120.0
}

/// Draws the rows under a title, and returns the position of the next panel.
fn panel(body: &mut String, x: f64, top: f64, title: &str, rows: &[(Kind, &str, f64)]) -> f64 {
    let scale = Scale::over(rows.iter().map(|row| row.2), x + NAMES + 12.0, x + COLUMN - VALUES);
    text(body, x, top, "head", title);
    let first = top + 24.0;
    let bottom = first + LINE * (rows.len() as f64 - 1.0) + 12.0;
    for value in scale.ticks() {
        let at = scale.at(value);
        line(body, "grid", (at, first - 12.0), (at, bottom));
        anchored(body, at, bottom + 13.0, "middle", "tick", &short(value));
    }
    let mut y = first;
    for &(kind, name, value) in rows {
        let class = if kind == Kind::Ours { "ours strong" } else { "" };
        anchored(body, x + NAMES, y + 4.5, "end", class, name);
        line(body, "way", (scale.left, y), (scale.at(value), y));
        dot(body, kind, scale.at(value), y);
        anchored(body, x + COLUMN, y + 4.5, "end", class, &shown(value));
        y += LINE;
    }
    bottom + 50.0
}

/// A logarithmic scale between two values of the row 1, 2, 5, 10, 20, …
struct Scale {
    from: f64,
    to: f64,
    left: f64,
    right: f64,
}

impl Scale {
    /// A scale for all values, with room for a dot at its left end.
    fn over(values: impl Iterator<Item = f64> + Clone, left: f64, right: f64) -> Self {
        let least = values.clone().fold(f64::INFINITY, f64::min) * 0.9;
        let most = values.fold(0.0, f64::max);
        let from = steps().filter(|step| *step <= least).last().unwrap_or(least);
        let to = steps().find(|step| *step >= most).unwrap_or(most);
        Self { from, to, left, right }
    }

    fn at(&self, value: f64) -> f64 {
        self.left + (value / self.from).ln() / (self.to / self.from).ln() * (self.right - self.left)
    }

    /// Powers of ten if there are some, otherwise the steps between them.
    fn ticks(&self) -> impl Iterator<Item = f64> {
        let (from, to) = (self.from, self.to);
        let every = to / from < 101.0;
        let shown = move |step: &f64| every || (step.log10() - step.log10().round()).abs() < 1e-9;
        steps().filter(move |step| (from..=to).contains(step)).filter(shown)
    }
}

/// 1, 2, 5 times the powers of ten.
fn steps() -> impl Iterator<Item = f64> {
    (-3..9).flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * 10_f64.powi(power)))
}

/// As short as an axis needs it: 0.5, 20, 5k.
fn short(value: f64) -> String {
    if value >= 1_000.0 { format!("{}k", value / 1_000.0) } else { format!("{value}") }
}

fn dot(body: &mut String, kind: Kind, x: f64, y: f64) {
    let (class, radius) = match kind {
        Kind::Ours => ("ours", 6.0),
        Kind::Peer => ("peer", 4.5),
        Kind::ByHand => ("hand", 4.0),
    };
    let _ =
        writeln!(body, "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\"/>");
}

fn line(body: &mut String, class: &str, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
    let _ = writeln!(
        body,
        "<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>"
    );
}

fn text(body: &mut String, x: f64, y: f64, class: &str, text: &str) {
    anchored(body, x, y, "start", class, text);
}

fn anchored(body: &mut String, x: f64, y: f64, anchor: &str, class: &str, text: &str) {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    let _ = writeln!(
        body,
        "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>"
    );
}

#[cfg(test)]
mod tests {
    use super::{Scale, short};

    #[test]
    fn a_scale_holds_its_values_and_names_its_steps() {
        let scale = |values: [f64; 2]| Scale::over(values.into_iter(), 0.0, 300.0);
        let wide = scale([0.4, 170.0]);
        assert_eq!((wide.from, wide.to), (0.2, 200.0));
        assert_eq!(wide.ticks().map(short).collect::<Vec<_>>(), ["1", "10", "100"]);
        assert!(wide.at(0.4) > 0.0 && wide.at(170.0) < 300.0);
        let narrow = scale([1_350.0, 11_000.0]);
        assert_eq!(narrow.ticks().map(short).collect::<Vec<_>>(), ["1k", "2k", "5k", "10k", "20k"]);
    }
}
