//! Medians of the uninterrupted batches.

/// The results of one candidate's batches, in nanoseconds for each operation.
#[derive(Clone, Debug)]
pub(crate) struct Measured {
    pub(crate) name: String,
    pub(crate) median: f64,
    pub(crate) minimum: f64,
    pub(crate) kept: usize,
    pub(crate) discarded: usize,
}

/// One batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// Nanoseconds for each operation.
    pub(crate) nanos: f64,
    /// Whether the scheduler took the processor away meanwhile.
    pub(crate) interrupted: bool,
}

/// A batch of this many times the median was interrupted too, by an event that the scheduler does
/// not count: an interrupt, or the hypervisor.
const OUTLIER: f64 = 2.0;

impl Measured {
    pub(crate) fn of(name: &str, samples: &[Sample]) -> Self {
        let whole = samples.iter().filter(|sample| !sample.interrupted);
        let mut nanos: Vec<f64> = whole.map(|sample| sample.nanos).collect();
        let limit = median(&mut nanos) * OUTLIER;
        nanos.retain(|&nanos| nanos <= limit);
        Self {
            name: name.to_owned(),
            median: median(&mut nanos),
            minimum: nanos.first().copied().unwrap_or(f64::NAN),
            kept: nanos.len(),
            discarded: samples.len() - nanos.len(),
        }
    }
}

/// Sorts the values, and returns the middle one; NaN without values.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let (low, high) = (values.len().saturating_sub(1) / 2, values.len() / 2);
    match (values.get(low), values.get(high)) {
        (Some(low), Some(high)) => f64::midpoint(*low, *high),
        _ => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::{Measured, Sample};

    #[test]
    fn interrupted_batches_and_outliers_do_not_count() {
        let sample = |nanos, interrupted| Sample { nanos, interrupted };
        let samples = [(1.0, false), (3.0, false), (2.0, false), (1.5, true), (40.0, false)];
        let measured = Measured::of("x", &samples.map(|(nanos, cut)| sample(nanos, cut)));
        assert_eq!((measured.median, measured.minimum), (2.0, 1.0));
        assert_eq!((measured.kept, measured.discarded), (3, 2));
    }
}
