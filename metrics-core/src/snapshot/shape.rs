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
    /// The exposed quantiles of an interval, and the text of each.
    pub(super) quantiles: Vec<(f64, String)>,
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
    /// Its text, which equals Prometheus' own text for it if it is sent as a number, so that a
    /// series is the same in every format.
    pub(super) le: String,
}

impl Shape {
    /// `None` if the entry can't be a histogram's.
    pub(super) fn new(metric: &directory::MetricEntry) -> Option<Self> {
        let distribution = metric.distribution.as_ref()?;
        let Distribution { table, max, sigfigs, native, edges, extremes, quantiles } = distribution;
        let grid = Grid::new(*max, *sigfigs)?;
        let scale = Scale::new(metric.scale);
        let edge = |&recorded: &u64| {
            let upper = scale.export(recorded);
            Edge { cell: grid.index(recorded), upper, le: canonical(upper) }
        };
        let edges = edges.iter().map(edge).collect();
        let quantile = |&bits: &u64| {
            let quantile = f64::from_bits(bits);
            (quantile, canonical(quantile))
        };
        Some(Self {
            grid,
            scale,
            edges,
            quantiles: quantiles.iter().map(quantile).collect(),
            extremes: *extremes,
            native: *native,
            native_cells: OnceLock::new(),
            table: *table,
        })
    }

    /// The cells of each native bucket; `None` without native buckets.
    pub(super) fn native(&self) -> Option<&Native> {
        let schema = self.native?;
        Some(self.native_cells.get_or_init(|| Native::new(schema, self.grid, self.scale)))
    }
}

/// `OpenMetrics`' canonical form of a number
/// (<https://prometheus.io/docs/specs/om/open_metrics_spec/#considerations-canonical-numbers>): the
/// shortest that reads back the same, with an exponent of two digits below 10^-4 and from 10^6 on,
/// and else with a decimal point.
fn canonical(number: f64) -> String {
    let scientific = format!("{number:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return scientific };
    match exponent.parse().unwrap_or(0) {
        -4..6 => {
            let plain = number.to_string();
            if plain.contains('.') { plain } else { plain + ".0" }
        }
        exponent if exponent < 0 => format!("{digits}e-{:02}", -exponent),
        exponent => format!("{digits}e+{exponent:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::canonical;

    /// The powers of ten from the specification's list, and numbers between.
    #[test]
    fn numbers_are_written_as_openmetrics_does() {
        for text in [
            "1e-10",
            "1e-09",
            "1e-05",
            "0.0001",
            "0.001",
            "0.1",
            "1.0",
            "10.0",
            "100000.0",
            "1e+06",
            "1e+10",
            "1e-07",
            "2.5e-07",
            "0.00025",
            "2.5",
            "123456.5",
            "1.234567e+06",
            "0.5",
            "123456.789",
            "1.5e+100",
            "1e-300",
            "0.0",
            "99999.0",
        ] {
            assert_eq!(canonical(text.parse().unwrap()), text);
        }
    }

    #[test]
    fn every_magnitude_reads_back_the_same() {
        for exponent in -300..300 {
            for digits in ["1", "2.5", "1.0000000000000002", "9.999999999999998"] {
                let number: f64 = format!("{digits}e{exponent}").parse().unwrap();
                assert_eq!(canonical(number).parse::<f64>().unwrap().to_bits(), number.to_bits());
            }
        }
    }
}
