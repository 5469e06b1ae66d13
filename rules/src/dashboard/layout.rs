//! Where panels are on Grafana's grid of 24 columns.

use super::model::{Panel, Row};

/// Columns of the grid.
pub(super) const COLUMNS: u32 = 24;
/// The height of a row's title.
pub(super) const TITLE_HEIGHT: u32 = 1;

const STAT_HEIGHT: u32 = 4;
/// The most columns of a number.
const STAT_WIDTH: u32 = 8;
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
    let mut cells = Vec::with_capacity(row.panels.len());
    let mut y = 0;
    for line in lines(&row.panels) {
        let is_stat = line.first().is_some_and(|panel| panel.visual.is_stat());
        let height = if is_stat { STAT_HEIGHT } else { GRAPH_HEIGHT };
        let even = COLUMNS / u32::try_from(line.len()).unwrap_or(COLUMNS).max(1);
        let width = if is_stat { even.min(STAT_WIDTH) } else { even };
        let mut x = 0;
        for panel in line {
            cells.push((Cell { x, y, width, height }, panel));
            x += width;
        }
        y += height;
    }
    (cells, y)
}

/// The panels of each line.
fn lines(mut panels: &[Panel]) -> Vec<&[Panel]> {
    let mut lines = Vec::new();
    while !panels.is_empty() {
        let stats = count(panels, |panel| panel.visual.is_stat());
        let pairs = panels.get(1).is_some_and(|panel| panel.visual.is_heatmap());
        let length = if stats > 0 {
            // Lines of equal length.
            stats.div_ceil(stats.div_ceil(MOST_STATS))
        } else if pairs {
            2
        } else {
            match graphs(panels) {
                1 => 1,
                2 | 4 => 2,
                _ => 3,
            }
        };
        let (line, rest) = panels.split_at(length.min(panels.len()));
        lines.push(line);
        panels = rest;
    }
    lines
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
    }
}
