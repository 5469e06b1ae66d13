//! Quantiles of buckets, as Prometheus computes them.

use tickmetrics_exporter::parse::Native;

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

/// The quantile `q` of native buckets, interpolated exponentially within its bucket, as
/// `histogram_quantile` computes it in Prometheus 3
/// (<https://prometheus.io/docs/specs/native_histograms/#interpolation-within-a-bucket>). Within the
/// zero bucket it is linear. `None` if there is no value.
pub(crate) fn native_quantile(q: f64, native: &Native) -> Option<f64> {
    let edges = |index: i32| (native.upper(index.saturating_sub(1)), native.upper(index));
    let negative = native.negative.iter().rev().map(|&(index, count)| {
        let (lower, upper) = edges(index);
        (-upper, -lower, count)
    });
    let positive = native.positive.iter().map(|&(index, count)| {
        let (lower, upper) = edges(index);
        (lower, upper, count)
    });
    // Without values of a sign, zero is its end.
    let end = |buckets: &[(i32, f64)]| if buckets.is_empty() { 0.0 } else { native.zero_threshold };
    let zero = match (&*native.negative, &*native.positive) {
        ([], []) => (-native.zero_threshold, native.zero_threshold),
        (below, above) => (-end(below), end(above)),
    };
    let zero = std::iter::once((zero.0, zero.1, native.zero_count));
    let all = negative.chain(zero).chain(positive);
    let total: f64 = all.clone().map(|(_, _, count)| count).sum();
    let rank = q * total;
    let mut below = 0.0;
    let mut found = None;
    for (lower, upper, count) in all.filter(|bucket| bucket.2 > 0.0) {
        let part = ((rank - below) / count).clamp(0.0, 1.0);
        found = Some((lower, upper, part));
        below += count;
        if below >= rank {
            break;
        }
    }
    let (lower, upper, part) = found?;
    let is_zero = lower <= 0.0 && upper >= 0.0;
    Some(if is_zero { lower + (upper - lower) * part } else { lower * (upper / lower).powf(part) })
}

#[cfg(test)]
mod tests {
    use super::{native_quantile, quantile};
    use tickmetrics_exporter::parse::{self, Limits, Value};

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

    /// Of a histogram of schema 0, whose buckets end at powers of two: the case of Prometheus'
    /// documentation, that in the middle of a bucket is its geometric mean.
    #[test]
    fn native_buckets_are_interpolated_exponentially() {
        let of = |positive: &[u8], negative: &[u8], zeros: u8| {
            // A histogram with a count, schema 0, a zero threshold of 2^-128, spans from index 1,
            // and deltas.
            let mut histogram =
                vec![8, 9, 0x28, 0, 0x31, 0, 0, 0, 0, 0, 0, 0xf0, 0x37, 0x38, zeros];
            for (span, deltas, side) in [(0x62, 0x6a, positive), (0x4a, 0x52, negative)] {
                let length = u8::try_from(side.len()).unwrap();
                if length > 0 {
                    histogram.extend([span, 4, 8, 2, 16, length, deltas, length]);
                    histogram.extend(side);
                }
            }
            let wrap = |tag: u8, mut message: Vec<u8>| {
                let mut out = vec![tag, u8::try_from(message.len()).unwrap()];
                out.append(&mut message);
                out
            };
            let metric = wrap(0x22, wrap(0x3a, histogram));
            let family = [&[0x0a, 1, b'a', 0x18, 4][..], &metric].concat();
            let mut body = vec![u8::try_from(family.len()).unwrap()];
            body.extend(family);
            let parsed = parse::protobuf(&body, &Limits::default()).unwrap();
            let Value::Histogram(histogram) = &parsed.families[0].series[0].value else {
                panic!("{parsed:?}")
            };
            histogram.native.clone().unwrap()
        };
        // Deltas of 2 and 0: two values in (1, 2], two in (2, 4].
        let both = of(&[4, 0], &[], 0);
        for (q, expected) in
            [(0.0, 1.0), (0.25, 2_f64.sqrt()), (0.5, 2.0), (0.75, 8_f64.sqrt()), (1.0, 4.0)]
        {
            let answer = native_quantile(q, &both).unwrap();
            assert!((answer - expected).abs() < 1e-12, "{q}: {answer}");
        }
        // The same below zero.
        let negative = of(&[], &[4, 0], 0);
        let answer = native_quantile(0.25, &negative).unwrap();
        assert!((answer + 8_f64.sqrt()).abs() < 1e-12, "{answer}");
        // Half of the values are zero.
        let zeros = of(&[4], &[], 2);
        assert!(native_quantile(0.5, &zeros).unwrap() <= zeros.zero_threshold);
        assert!(native_quantile(0.6, &zeros).unwrap() > 1.0);
        assert_eq!(native_quantile(0.5, &of(&[], &[], 0)), None);
    }
}
