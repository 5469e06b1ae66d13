//! Quantiles of classic buckets, as Prometheus computes them.

/// A cumulative bucket: its upper edge, and the number of values not above it.
pub(crate) type Bucket = (f64, f64);

/// The quantile `q`, interpolated linearly within its bucket, as `histogram_quantile` computes it
/// (<https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile>).
///
/// `buckets` rise, and the last one's edge is infinite. For a quantile in the last bucket this
/// returns the edge before it. The first bucket begins at 0 if its edge is above 0. `None` if there
/// is no value, or only one bucket.
pub(crate) fn quantile(q: f64, buckets: &[Bucket]) -> Option<f64> {
    let (&(last_edge, total), finite) = buckets.split_last()?;
    if finite.is_empty() || last_edge != f64::INFINITY || total.is_nan() || total <= 0.0 {
        return None;
    }
    let rank = q * total;
    // Never less than in the bucket before, even if the scrape was not of one instant.
    let mut below = 0.0_f64;
    let mut start = 0.0;
    for (at, &(edge, count)) in finite.iter().enumerate() {
        let count = count.max(below);
        if count >= rank {
            if at == 0 && edge <= 0.0 {
                return Some(edge);
            }
            let part = if count > below { (rank - below) / (count - below) } else { 1.0 };
            return Some(start + (edge - start) * part);
        }
        (below, start) = (count, edge);
    }
    Some(start)
}

#[cfg(test)]
mod tests {
    use super::quantile;

    const INF: f64 = f64::INFINITY;

    /// Cases of Prometheus' own documentation and tests: `promql/quantile.go`, `testdata`.
    #[test]
    fn as_histogram_quantile() {
        let latency = [(0.1, 4.0), (0.2, 8.0), (0.4, 10.0), (INF, 12.0)];
        for (q, expected) in [(0.0, 0.0), (0.25, 0.075), (0.5, 0.15), (0.75, 0.3), (0.9, 0.4)] {
            let answer = quantile(q, &latency).unwrap();
            assert!((answer - expected).abs() < 1e-12, "{q}: {answer}");
        }
        assert_eq!(quantile(1.0, &latency), Some(0.4));
        let negative = [(-0.2, 1.0), (-0.1, 3.0), (0.3, 5.0), (INF, 5.0)];
        assert_eq!(quantile(0.1, &negative), Some(-0.2));
        assert_eq!(quantile(0.4, &negative).map(|it| (it * 1e9).round()), Some(-0.15 * 1e9));
    }

    #[test]
    fn without_an_answer() {
        assert_eq!(quantile(0.5, &[]), None);
        assert_eq!(quantile(0.5, &[(INF, 5.0)]), None);
        assert_eq!(quantile(0.5, &[(1.0, 0.0), (INF, 0.0)]), None);
        assert_eq!(quantile(0.5, &[(1.0, 1.0), (2.0, 1.0)]), None);
    }

    #[test]
    fn buckets_that_fall_are_mended() {
        assert_eq!(quantile(1.0, &[(1.0, 5.0), (2.0, 4.0), (INF, 5.0)]), Some(1.0));
    }
}
