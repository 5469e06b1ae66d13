//! The metrics by name, and what was said about them.

use crate::bounded::Bounded;
use crate::settings::{Said, Settings};
use crate::trouble::{Reason, Trouble};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tickmetrics::{Counter, DynamicMetric, Gauge, Histogram, Kind, Registry};

/// The metrics of a recorder by name.
#[derive(Default)]
pub(crate) struct Families {
    by_name: Mutex<HashMap<String, Family>>,
    said: Mutex<HashMap<String, Said>>,
}

/// A metric with series of one kind.
#[derive(Clone)]
pub(crate) enum Family {
    Counter(Arc<Bounded<Counter>>),
    Gauge(Arc<Bounded<Gauge>>),
    /// With recorded units in an exposed one.
    Histogram(Arc<Bounded<Histogram>>, f64),
    /// It could not be registered.
    Refused(Reason),
}

/// A kind of metric.
pub(crate) trait Sort: DynamicMetric {
    fn family(bounded: Arc<Bounded<Self>>, per_unit: f64) -> Family;

    /// The family, if it is of this kind, with recorded units in an exposed one.
    fn of(family: &Family) -> Option<(Arc<Bounded<Self>>, f64)>;
}

impl Sort for Counter {
    fn family(bounded: Arc<Bounded<Self>>, _: f64) -> Family {
        Family::Counter(bounded)
    }

    fn of(family: &Family) -> Option<(Arc<Bounded<Self>>, f64)> {
        if let Family::Counter(bounded) = family { Some((Arc::clone(bounded), 1.0)) } else { None }
    }
}

impl Sort for Gauge {
    fn family(bounded: Arc<Bounded<Self>>, _: f64) -> Family {
        Family::Gauge(bounded)
    }

    fn of(family: &Family) -> Option<(Arc<Bounded<Self>>, f64)> {
        if let Family::Gauge(bounded) = family { Some((Arc::clone(bounded), 1.0)) } else { None }
    }
}

impl Sort for Histogram {
    fn family(bounded: Arc<Bounded<Self>>, per_unit: f64) -> Family {
        Family::Histogram(bounded, per_unit)
    }

    fn of(family: &Family) -> Option<(Arc<Bounded<Self>>, f64)> {
        if let Family::Histogram(bounded, per_unit) = family {
            Some((Arc::clone(bounded), *per_unit))
        } else {
            None
        }
    }
}

impl Family {
    /// Tells that the family has no series of this kind.
    fn tell_clash(&self, name: &str, asked: Kind, trouble: &Trouble) {
        let there = match self {
            Self::Counter(_) => Kind::Counter,
            Self::Gauge(_) => Kind::Gauge,
            Self::Histogram(..) => Kind::Histogram,
            Self::Refused(reason) => {
                return trouble.tell(name, *reason, format_args!("it was refused before"));
            }
        };
        trouble.tell(
            name,
            Reason::Clash,
            format_args!(
                "it is a {there}, and was used as a {asked} too, which is counted nowhere: give one \
                 of them another name"
            ),
        );
    }
}

impl Families {
    /// Holds all locks.
    #[cfg(test)]
    pub(crate) fn hold(&self) -> impl Sized {
        (lock(&self.by_name), lock(&self.said))
    }

    /// What a program says about a metric. The last text before the first use counts. One that comes
    /// later is told, unless there was one before. There is a text for at most so many names.
    pub(crate) fn describe(&self, name: String, said: Said, most: usize, trouble: &Trouble) {
        // In this order: as `get` takes them.
        let by_name = lock(&self.by_name);
        let mut all = lock(&self.said);
        if !by_name.contains_key(&name) {
            if all.len() < most || all.contains_key(&name) {
                all.insert(name, said);
            }
        } else if !all.contains_key(&name) {
            drop((by_name, all));
            let what = "it was described after its first use, so its unit and help are not exposed: \
                        describe it before";
            trouble.tell(&name, Reason::Late, format_args!("{what}"));
        }
    }

    /// The family of a name, registered at its first use; `None` if it is of another kind, or can't be
    /// registered.
    pub(crate) fn get<M: Sort>(
        &self,
        name: &str,
        settings: &Settings,
        registry: &Registry,
        trouble: &Trouble,
    ) -> Option<(Arc<Bounded<M>>, f64)> {
        let mut by_name = lock(&self.by_name);
        if let Some(family) = by_name.get(name) {
            let found = M::of(family);
            if found.is_none() {
                family.tell_clash(name, M::KIND, trouble);
            }
            return found;
        }
        if by_name.len() >= settings.most {
            let what = "there are as many metrics as there may be series; it is counted nowhere";
            trouble.tell(name, Reason::Limit, format_args!("{what}"));
            return None;
        }
        let said = lock(&self.said).get(name).cloned();
        let planned = settings.plan(name, M::KIND, said.as_ref());
        let asked = Bounded::register(registry, &planned.description, settings.most_of_each);
        let family = match asked {
            Ok(bounded) => M::family(Arc::new(bounded), planned.per_unit),
            Err(error) => {
                let reason = Reason::from(&error);
                trouble.tell(name, reason, format_args!("{error}; it is counted nowhere"));
                Family::Refused(reason)
            }
        };
        let found = M::of(&family);
        by_name.insert(name.to_owned(), family);
        found
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
