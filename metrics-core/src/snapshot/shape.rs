use super::native::Native;
use crate::bucket::Grid;
use crate::directory::{self, Distribution};
use crate::scale::Scale;
use crate::sync::OnceLock;

/// The properties that all series of a histogram share.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) grid: Grid,
    pub(super) scale: Scale,
    pub(super) edges: Vec<Edge>,
    /// The exposed quantiles of an interval.
    pub(super) quantiles: Vec<f64>,
    /// Whether smallest and largest value of an interval are exposed.
    pub(super) extremes: bool,
    /// The schema of its native buckets, if it has any.
    native: Option<i8>,
    /// Computed on demand: only protobuf has native buckets, and the schema of another process's
    /// file costs nothing before.
    native_cells: OnceLock<Native>,
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
}

impl Shape {
    /// `None` if the entry can't be a histogram's.
    pub(super) fn new(metric: &directory::MetricEntry) -> Option<Self> {
        let distribution = metric.distribution.as_ref()?;
        let Distribution { table, max, sigfigs, native, edges, extremes, quantiles } = distribution;
        let grid = Grid::new(*max, *sigfigs)?;
        let scale = Scale::new(metric.scale);
        let edge =
            |&recorded: &u64| Edge { cell: grid.index(recorded), upper: scale.export(recorded) };
        let edges = edges.iter().map(edge).collect();
        Some(Self {
            grid,
            scale,
            edges,
            quantiles: quantiles.iter().copied().map(f64::from_bits).collect(),
            extremes: *extremes,
            native: *native,
            native_cells: OnceLock::new(),
            table: *table,
        })
    }

    /// The schema of its native buckets, if it has any.
    pub(super) fn native_schema(&self) -> Option<i8> {
        self.native
    }

    /// The cells of each native bucket; `None` without native buckets.
    pub(super) fn native(&self) -> Option<&Native> {
        let schema = self.native?;
        Some(self.native_cells.get_or_init(|| Native::new(schema, self.grid, self.scale)))
    }
}
