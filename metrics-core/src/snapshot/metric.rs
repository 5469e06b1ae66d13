use super::exposed::Exposed;
use super::histogram::HistogramSnapshot;
use super::info::MetricInfo;
use super::read::Data;
use crate::sync::Arc;

/// The values of a metric.
#[derive(Clone)]
pub(super) struct MetricSnapshot {
    pub(super) info: Arc<MetricInfo>,
    pub(super) exposed: Arc<Exposed>,
    pub(super) data: Arc<Data>,
    /// The start of its count, in nanoseconds since the epoch; 0 if unknown.
    pub(super) created: u64,
}

impl MetricSnapshot {
    /// The index of the series with exactly these labels.
    pub(super) fn index(&self, labels: &[(&str, &str)]) -> Option<u32> {
        let MetricInfo { metric, dimensions, .. } = &*self.info;
        if self.info.has_sets() {
            return self.index_of_set(labels);
        }
        if labels.len() != metric.constants.len() + dimensions.len() {
            return None;
        }
        let value_of =
            |name: &str| labels.iter().find(|label| label.0 == name).map(|label| label.1);
        for (name, value) in &metric.constants {
            if value_of(name)? != value {
                return None;
            }
        }
        dimensions.iter().zip(&self.exposed.values).try_fold(0_u32, |index, (dimension, values)| {
            let value = value_of(&dimension.name)?;
            let digit = values.number(value)?;
            index
                .checked_mul(u32::try_from(dimension.count).ok()?)?
                .checked_add(u32::try_from(digit).ok()?)
        })
    }

    /// As [`index`](Self::index), for a dynamic family.
    fn index_of_set(&self, labels: &[(&str, &str)]) -> Option<u32> {
        let count = self.exposed.values.first()?.len();
        // An empty value is the same as none.
        let sought = labels.iter().filter(|(_, value)| !value.is_empty()).count();
        (0..u32::try_from(count).unwrap_or(u32::MAX)).find(|&index| {
            let (mut all, mut found) = (0, 0);
            let own = self.exposed.labels(&self.info, index);
            for label in own.filter(|(_, value)| !value.is_empty()) {
                all += 1;
                found += usize::from(labels.contains(&label));
            }
            all == sought && found == all
        })
    }

    pub(super) fn since(&self, earlier: &Self) -> Self {
        let data = match (&*self.data, &*earlier.data) {
            (Data::Wide(_), _) | (_, Data::Wide(_)) => match (self.narrow(), earlier.narrow()) {
                (Some(now), Some(then)) => return now.since(&then),
                _ => Arc::clone(&self.data),
            },
            (Data::Counter(now), Data::Counter(then)) => {
                let difference =
                    |now: &u64, then: Option<&u64>| now.wrapping_sub(then.copied().unwrap_or(0));
                Arc::new(Data::Counter(self.differences(now, earlier, then, difference)))
            }
            (Data::Histogram(now), Data::Histogram(then)) => {
                let difference = |now: &HistogramSnapshot, then: Option<&HistogramSnapshot>| {
                    then.map_or_else(|| now.clone(), |then| now.since(then))
                };
                Arc::new(Data::Histogram(self.differences(now, earlier, then, difference)))
            }
            _ => Arc::clone(&self.data),
        };
        let (info, exposed) = (Arc::clone(&self.info), Arc::clone(&self.exposed));
        Self { info, exposed, data, created: self.created }
    }

    /// With the lowest 64 bits of counters, which are enough for a difference.
    fn narrow(&self) -> Option<Self> {
        #[expect(clippy::cast_possible_truncation, reason = "modulo 2^64")]
        let low = |&value: &u128| value as u64;
        let data = match &*self.data {
            Data::Counter(values) => values.clone(),
            Data::Wide(values) => values.iter().map(low).collect(),
            _ => return None,
        };
        Some(Self { data: Arc::new(Data::Counter(data)), ..self.clone() })
    }

    /// The difference of each value here to that of the same series there, if it had one.
    fn differences<T>(
        &self,
        now: &[T],
        earlier: &Self,
        then: &[T],
        difference: impl Fn(&T, Option<&T>) -> T,
    ) -> Vec<T> {
        let before = |index| earlier.exposed.position(index).and_then(|at| then.get(at));
        let series = self.exposed.all().zip(now);
        series.map(|(index, now)| difference(now, before(index))).collect()
    }
}
