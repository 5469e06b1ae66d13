//! Lists of metrics, added to a snapshot.

use tickmetrics::{Added, Description, RegisterError, Snapshot};

/// A metric of each `T`.
pub(crate) struct Row<T: ?Sized> {
    pub(crate) name: &'static str,
    pub(crate) help: &'static str,
    pub(crate) value: fn(&T) -> Added,
}

/// The labels of a series.
pub(crate) type Labels = Vec<(String, String)>;

/// Adds a family for each row, with a series for each of `all`.
pub(crate) fn add<T>(
    snapshot: &mut Snapshot,
    rows: &[Row<T>],
    all: &[(Labels, T)],
) -> Result<(), RegisterError> {
    for row in rows {
        let series = all.iter().map(|(labels, one)| (labels.clone(), (row.value)(one)));
        snapshot.add_family(&description(row.name, row.help), series)?;
    }
    Ok(())
}

/// The unit is the end of the name.
pub(crate) fn description(name: &str, help: &str) -> Description {
    let is_time = name.trim_end_matches("_total").ends_with("_seconds");
    Description::new(name, help).unit(if is_time { "seconds" } else { "" })
}

#[expect(clippy::cast_precision_loss, reason = "Prometheus knows no other number")]
pub(crate) fn count(count: u64) -> Added {
    Added::Counter(count as f64)
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
pub(crate) fn size(size: usize) -> Added {
    Added::Gauge(size as f64)
}
