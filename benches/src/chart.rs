//! The tables that matter most as one picture: bars on a logarithmic scale.

use crate::groups::OURS;
use crate::table::{Report, Table, shown};
use std::fmt::Write as _;

/// The tables drawn, the column of each, and what it says.
const PANELS: [(&str, usize, &str); 6] = [
    ("counter", 2, "Count, eight counters in rotation (ns)"),
    ("counter threads", 1, "Count, one counter from two threads (ns)"),
    ("histogram", 0, "Record a value (ns)"),
    ("histogram threads", 1, "Record into one histogram from two threads (ns)"),
    ("tick", 1, "Added to a tick with 9 records and 2 timings (ns)"),
    ("scrape counters", 2, "Scrape, 100,000 counter series (ns each)"),
];

const WIDTH: f64 = 860.0;
const LABELS: f64 = 300.0;
const LINE: f64 = 18.0;

/// The picture, as SVG.
pub(crate) fn draw(report: &Report, machine: &[(&str, String)]) -> String {
    let mut body = String::new();
    let mut y = 24.0;
    for (id, column, title) in PANELS {
        if let Some(table) = report.tables.iter().find(|table| table.id == id) {
            panel(&mut body, &mut y, table, column, title);
        }
    }
    let about = ["cpu", "cores", "rustc"].map(|name| {
        machine.iter().find(|(one, _)| *one == name).map_or("", |(_, value)| value.as_str())
    });
    let about = format!("{}, {} cores, {}. Logarithmic scale.", about[0], about[1], about[2]);
    text(&mut body, 10.0, y, "start", "note", &about);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" \
         viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <style>rect{{fill:#9aa5b1}}.ours{{fill:#d9480f}}text{{fill:#222}}.head{{font-weight:bold}}\
         .note{{fill:#666}}</style>\n\
         <rect width=\"100%\" height=\"100%\" style=\"fill:#fff\"/>\n{body}</svg>\n",
        height = y + 14.0,
    )
}

fn panel(body: &mut String, y: &mut f64, table: &Table, column: usize, title: &str) {
    let mut rows: Vec<(&str, f64)> = table
        .rows
        .iter()
        .filter_map(|(name, values)| Some((name.as_str(), *values.get(column)?)))
        .filter(|(_, value)| *value > 0.0)
        .collect();
    rows.sort_by(|a, b| a.1.total_cmp(&b.1));
    let (Some(least), Some(most)) = (rows.first(), rows.last()) else { return };
    // A bar for the least value, too.
    let start = (least.1 / 2.0).ln();
    let span = most.1.ln() - start;
    text(body, 10.0, *y, "start", "head", title);
    *y += LINE;
    for (name, value) in rows {
        let length = (value.ln() - start) / span * (WIDTH - LABELS - 80.0);
        let class = if name == OURS { "ours" } else { "peer" };
        text(body, LABELS - 8.0, *y, "end", "name", name);
        let _ = writeln!(
            body,
            "<rect class=\"{class}\" x=\"{LABELS}\" y=\"{:.1}\" width=\"{length:.1}\" height=\"12\"/>",
            *y - 10.0
        );
        text(body, LABELS + length + 6.0, *y, "start", "value", &shown(value));
        *y += LINE;
    }
    *y += LINE;
}

fn text(body: &mut String, x: f64, y: f64, anchor: &str, class: &str, text: &str) {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    let _ = writeln!(
        body,
        "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>"
    );
}
