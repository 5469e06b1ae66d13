//! Where panels are on Grafana's grid of 24 columns.

use super::model::{Panel, Row};

/// Columns of the grid.
pub(super) const COLUMNS: u32 = 24;
/// The height of a row's title.
pub(super) const TITLE_HEIGHT: u32 = 1;

const STAT_HEIGHT: u32 = 4;
/// The columns of numbers beside graphs, and the most columns of a number.
const STAT_WIDTH: u32 = 6;
const MOST_STAT_WIDTH: u32 = 8;
/// The most numbers beside graphs.
const MOST_BESIDE: usize = 2;
const GRAPH_HEIGHT: u32 = 8;
/// The most numbers on a line.
const MOST_STATS: usize = 6;

/// A place on the grid, from the top of the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) width: u32,
    pub(super) height: u32,
}

/// The panels of a row with their places, and the height of all of them.
pub(super) fn placed(row: &Row) -> (Vec<(Cell, &Panel)>, u32) {
    let (mut cells, mut y) = (Vec::with_capacity(row.panels.len()), 0);
    let mut rest = &row.panels[..];
    while !rest.is_empty() {
        let stats = count(rest, |panel| panel.visual.is_stat());
        let graphs = rest.get(stats..).map_or(0, graphs);
        let line = |x: u32| Cell { x, y, width: COLUMNS - x, height: GRAPH_HEIGHT };
        let (length, height) = if stats == 0 {
            let length = graphs_on_line(rest);
            even(rest.get(..length).unwrap_or(rest), line(0), &mut cells);
            (length, GRAPH_HEIGHT)
        } else if stats <= MOST_BESIDE && graphs > 0 {
            // The next line must not have one graph alone.
            let beside = if graphs == 3 { 1 } else { graphs.min(2) };
            let (numbers, graphs) = rest.split_at(stats);
            stacked(numbers, y, &mut cells);
            even(graphs.get(..beside).unwrap_or(graphs), line(STAT_WIDTH), &mut cells);
            (stats + beside, GRAPH_HEIGHT)
        } else {
            // Lines of equal length.
            let length = stats.div_ceil(stats.div_ceil(MOST_STATS));
            let width = COLUMNS.min(MOST_STAT_WIDTH * columns(length));
            let line = Cell { width, height: STAT_HEIGHT, ..line(0) };
            even(rest.get(..length).unwrap_or(rest), line, &mut cells);
            (length, STAT_HEIGHT)
        };
        rest = rest.get(length..).unwrap_or_default();
        y += height;
    }
    (cells, y)
}

/// Numbers above each other, at the left of graphs.
fn stacked<'a>(numbers: &'a [Panel], y: u32, cells: &mut Vec<(Cell, &'a Panel)>) {
    let height = GRAPH_HEIGHT / columns(numbers.len());
    for (panel, at) in numbers.iter().zip(0..) {
        cells.push((Cell { x: 0, y: y + at * height, width: STAT_WIDTH, height }, panel));
    }
}

/// Panels of equal width beside each other.
fn even<'a>(panels: &'a [Panel], whole: Cell, cells: &mut Vec<(Cell, &'a Panel)>) {
    let width = whole.width / columns(panels.len());
    for (panel, at) in panels.iter().zip(0..) {
        cells.push((Cell { x: whole.x + at * width, width, ..whole }, panel));
    }
}

/// A number of panels, at least 1.
fn columns(panels: usize) -> u32 {
    u32::try_from(panels).unwrap_or(COLUMNS).max(1)
}

/// How many graphs are on the next line.
fn graphs_on_line(panels: &[Panel]) -> usize {
    if panels.get(1).is_some_and(|panel| panel.visual.is_heatmap()) {
        return 2;
    }
    match graphs(panels) {
        0 | 1 => 1,
        2 | 4 => 2,
        _ => 3,
    }
}

/// The graphs before the next pair or number.
fn graphs(panels: &[Panel]) -> usize {
    let graphs = count(panels, |panel| !panel.visual.is_stat() && !panel.visual.is_heatmap());
    let has_pair = panels.get(graphs).is_some_and(|panel| panel.visual.is_heatmap());
    graphs - usize::from(has_pair && graphs > 0)
}

fn count(panels: &[Panel], is: impl Fn(&Panel) -> bool) -> usize {
    panels.iter().take_while(|panel| is(panel)).count()
}

#[cfg(test)]
mod tests {
    use super::{Cell, placed};
    use crate::dashboard::model::{Panel, Row, Visual};

    #[test]
    fn each_line_is_full_and_pairs_stay_together() {
        let of = |visual: Visual| Panel::new("", visual, "", Vec::new());
        let mut panels = vec![of(Visual::BIG); 7];
        panels.extend(vec![of(Visual::Lines); 4]);
        panels.extend([
            of(Visual::LogLines),
            of(Visual::Heatmap { is_native: false }),
            of(Visual::Lines),
        ]);
        let row = Row { title: String::new(), is_collapsed: false, panels };
        let (cells, height) = placed(&row);
        let widths: Vec<_> = cells.iter().map(|(cell, _)| cell.width).collect();
        assert_eq!(widths, [6, 6, 6, 6, 8, 8, 8, 12, 12, 12, 12, 12, 12, 24]);
        assert_eq!(cells[7].0, Cell { x: 0, y: 8, width: 12, height: 8 });
        assert_eq!(height, 2 * 4 + 4 * 8);

        let mut panels = vec![of(Visual::BIG); 2];
        panels.extend(vec![of(Visual::Lines); 3]);
        let row = Row { title: String::new(), is_collapsed: false, panels };
        let (cells, height) = placed(&row);
        let cells: Vec<_> = cells
            .iter()
            .map(|(Cell { x, y, width, height }, _)| [*x, *y, *width, *height])
            .collect();
        let expected = [[0, 0, 6, 4], [0, 4, 6, 4], [6, 0, 18, 8], [0, 8, 12, 8], [12, 8, 12, 8]];
        assert_eq!((&cells[..], height), (&expected[..], 16));
    }
}
