use crate::bucket::Grid;
use crate::directory::{self, Distribution};
use crate::scale::Scale;

/// What all series of a histogram share.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) grid: Grid,
    pub(super) scale: Scale,
    pub(super) edges: Vec<Edge>,
    /// The shared cells with the first cell of each series, or 0.
    pub(super) table: u32,
}

/// The upper edge of an exposed bucket.
#[derive(Debug)]
pub(super) struct Edge {
    /// The cell that it falls into.
    pub(super) cell: u32,
    /// In the exported unit.
    pub(super) upper: f64,
    /// As text: the shortest that reads back the same, with a decimal point or an exponent, as
    /// OpenMetrics and Prometheus 3 write it.
    pub(super) le: String,
}

impl Shape {
    /// `None` where the entry can't be of a histogram.
    pub(super) fn new(metric: &directory::Metric) -> Option<Self> {
        let Distribution { table, max, sigfigs, edges } = metric.distribution.as_ref()?;
        let grid = Grid::new(*max, *sigfigs)?;
        let scale = Scale::new(metric.scale);
        let edge = |&recorded: &u64| {
            let upper = scale.export(recorded);
            Edge { cell: grid.index(recorded), upper, le: format!("{upper:?}") }
        };
        Some(Self { grid, scale, edges: edges.iter().map(edge).collect(), table: *table })
    }
}
