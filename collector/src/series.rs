//! The series of one source, each there once, and forgotten when the source drops them.

use crate::batch::{Kind, Series};
use crate::settings::Limits;
use ahash::{AHashMap, AHashSet, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Names and values of labels.
type Labels = Vec<(Arc<str>, Arc<str>)>;

/// The number of series that all sources together may still have.
#[derive(Debug)]
pub(crate) struct Room(AtomicUsize);

impl Room {
    pub(crate) fn new(series: usize) -> Self {
        Self(AtomicUsize::new(series))
    }

    // Relaxed: a number of its own, of which only its sum matters.
    fn take(&self) -> bool {
        self.0.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok()
    }

    fn give_back(&self, series: usize) {
        self.0.fetch_add(series, Relaxed);
    }
}

/// The series of a source.
pub(crate) struct Interner {
    service: Arc<str>,
    /// The label that distinguishes this source from others of its service.
    own: Option<(Arc<str>, Arc<str>)>,
    symbol_label: Arc<str>,
    limits: Limits,
    room: Arc<Room>,
    hasher: RandomState,
    known: AHashMap<u64, Vec<Known>>,
    len: usize,
    /// Names and values of labels, each there once.
    texts: AHashSet<Arc<str>>,
    /// The number of the present answer.
    answer: u64,
    /// The number of its series.
    seen: usize,
    /// Whether something that only grows fell in the present answer, and which.
    fell: Option<Arc<Series>>,
}

struct Known {
    series: Arc<Series>,
    /// The first answer that had it.
    born: u64,
    /// The last answer that had it.
    seen: u64,
    /// The last value of something that only grows.
    total: f64,
}

/// Why a series is not taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    Duplicate(String),
    TooMany(String),
}

impl Interner {
    pub(crate) fn new(
        service: Arc<str>,
        own: Option<(&str, &str)>,
        symbol_label: &str,
        limits: Limits,
        room: Arc<Room>,
    ) -> Self {
        Self {
            service,
            own: own.map(|(name, value)| (name.into(), value.into())),
            symbol_label: symbol_label.into(),
            limits,
            room,
            hasher: RandomState::new(),
            known: AHashMap::new(),
            len: 0,
            texts: AHashSet::new(),
            answer: 0,
            seen: 0,
            fell: None,
        }
    }

    pub(crate) fn service(&self) -> &Arc<str> {
        &self.service
    }

    /// The number of series.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Begins an answer.
    pub(crate) fn begin(&mut self) {
        self.answer += 1;
        self.seen = 0;
        self.fell = None;
    }

    /// The series of a family with these labels. `total`: its value, if that only grows.
    pub(crate) fn get(
        &mut self,
        name: &str,
        kind: Kind,
        labels: &mut Vec<(&str, &str)>,
        total: Option<f64>,
    ) -> Result<Arc<Series>, Refused> {
        labels.sort_unstable();
        let hash = self.hasher.hash_one((name, kind, &*labels));
        let Self { known, own, .. } = self;
        let found = known.get_mut(&hash).and_then(|all| {
            all.iter_mut().find(|it| is_same(&it.series, own.as_ref(), name, kind, labels))
        });
        if let Some(found) = found {
            if found.seen == self.answer {
                return Err(Refused::Duplicate(shown(name, labels)));
            }
            found.seen = self.answer;
            self.seen += 1;
            if let Some(total) = total {
                if total < found.total {
                    self.fell.get_or_insert_with(|| found.series.clone());
                }
                found.total = total;
            }
            return Ok(found.series.clone());
        }
        self.check(name, labels)?;
        let series = Arc::new(Series {
            service: self.service.clone(),
            name: self.text(name),
            kind,
            symbol: self.symbol(labels),
            labels: self.labels(labels),
        });
        let (seen, total) = (self.answer, total.unwrap_or(f64::NAN));
        let known = Known { series: series.clone(), born: seen, seen, total };
        self.known.entry(hash).or_default().push(known);
        self.len += 1;
        self.seen += 1;
        Ok(series)
    }

    /// Ends a complete answer: forgets what it does not have. Returns a series that fell.
    pub(crate) fn end(&mut self) -> Option<Arc<Series>> {
        if self.seen < self.len {
            let answer = self.answer;
            self.keep(|it| it.seen == answer);
        }
        self.fell.take()
    }

    /// Ends an answer that is refused: what it alone has is forgotten.
    pub(crate) fn abort(&mut self) {
        let answer = self.answer;
        self.keep(|it| it.born != answer);
    }

    fn keep(&mut self, keep: impl Fn(&Known) -> bool) {
        let mut kept = 0;
        self.known.retain(|_, all| {
            all.retain(&keep);
            kept += all.len();
            !all.is_empty()
        });
        self.room.give_back(self.len - kept);
        self.len = kept;
        self.texts.retain(|text| Arc::strong_count(text) > 1);
    }

    fn check(&self, name: &str, labels: &[(&str, &str)]) -> Result<(), Refused> {
        let Limits { series, labels: most, text, .. } = self.limits;
        if self.seen >= series {
            return Err(Refused::TooMany(format!("it has more than {series} series")));
        }
        if labels.len() > most {
            let what = format!("{} has more than {most} labels", cut(name));
            return Err(Refused::TooMany(what));
        }
        let longest = labels.iter().map(|(name, value)| name.len().max(value.len())).max();
        if longest.max(Some(name.len())) > Some(text) {
            let what = format!("a name or label of {} has more than {text} bytes", cut(name));
            return Err(Refused::TooMany(what));
        }
        // Series that this answer does not have any more still count, until it has ended.
        if !self.room.take() {
            return Err(Refused::TooMany("all sources together have too many series".into()));
        }
        Ok(())
    }

    fn symbol(&mut self, labels: &[(&str, &str)]) -> Option<Arc<str>> {
        let (_, value) = labels.iter().find(|(name, _)| **name == *self.symbol_label)?;
        Some(self.text(value))
    }

    fn labels(&mut self, labels: &[(&str, &str)]) -> Labels {
        let mut all: Labels = Vec::with_capacity(labels.len() + usize::from(self.own.is_some()));
        for (name, value) in labels {
            // As Prometheus renames a label that the scrape sets itself.
            let is_taken = self.own.as_ref().is_some_and(|(own, _)| **own == **name);
            let name = if is_taken { self.text(&exported(name, labels)) } else { self.text(name) };
            let value = self.text(value);
            all.push((name, value));
        }
        if let Some((name, value)) = &self.own {
            all.push((name.clone(), value.clone()));
            all.sort_unstable();
        }
        all
    }

    fn text(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.get(text) {
            return known.clone();
        }
        let new: Arc<str> = text.into();
        self.texts.insert(new.clone());
        new
    }
}

impl Drop for Interner {
    fn drop(&mut self) {
        self.room.give_back(self.len);
    }
}

/// The new name of a label, which no other one of the series has.
fn exported(name: &str, labels: &[(&str, &str)]) -> String {
    let mut name = format!("exported_{name}");
    while labels.iter().any(|(other, _)| *other == name) {
        name.insert_str(0, "exported_");
    }
    name
}

fn is_same(
    series: &Series,
    own: Option<&(Arc<str>, Arc<str>)>,
    name: &str,
    kind: Kind,
    labels: &[(&str, &str)],
) -> bool {
    if *series.name != *name || series.kind != kind {
        return false;
    }
    let Some((own, _)) = own else {
        let pairs = series.labels.iter().map(|(name, value)| (&**name, &**value));
        return pairs.eq(labels.iter().copied());
    };
    // The source's own order may be another one, since a label is added or renamed.
    let value = |wanted: &str| {
        series.labels.iter().find(|(name, _)| **name == *wanted).map(|(_, value)| &**value)
    };
    let is_own = |name: &str| *name == **own;
    series.labels.len() == labels.len() + 1
        && labels.iter().all(|(name, it)| {
            let found = if is_own(name) { value(&exported(name, labels)) } else { value(name) };
            found == Some(it)
        })
}

/// A series for an error.
fn shown(name: &str, labels: &[(&str, &str)]) -> String {
    let labels: Vec<_> = labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
    let text =
        if labels.is_empty() { name.into() } else { format!("{name}{{{}}}", labels.join(",")) };
    cut(&text).into()
}

/// The beginning of a text.
fn cut(text: &str) -> &str {
    text.char_indices().nth(200).map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    use super::{Interner, Refused, Room};
    use crate::batch::Kind;
    use crate::settings::Limits;
    use std::sync::Arc;

    fn interner(limits: Limits, room: &Arc<Room>, own: Option<(&str, &str)>) -> Interner {
        Interner::new("gateway".into(), own, "symbol", limits, room.clone())
    }

    #[test]
    fn a_series_is_there_once_and_forgotten_when_it_is_dropped() {
        let room = Arc::new(Room::new(3));
        let mut all = interner(Limits::default(), &room, None);
        let get = |all: &mut Interner, symbol: &str| {
            let mut labels = vec![("venue", "X"), ("symbol", symbol)];
            all.get("orders_total", Kind::Counter, &mut labels, Some(1.0))
        };
        all.begin();
        let first = get(&mut all, "AAPL").unwrap();
        assert_eq!(first.symbol.as_deref(), Some("AAPL"));
        let labels: Vec<_> = first.labels.iter().map(|(name, value)| (&**name, &**value)).collect();
        assert_eq!(labels, [("symbol", "AAPL"), ("venue", "X")]);
        assert!(
            matches!(get(&mut all, "AAPL"), Err(Refused::Duplicate(it)) if it.contains("AAPL"))
        );
        get(&mut all, "MSFT").unwrap();
        all.end();
        all.begin();
        assert!(Arc::ptr_eq(&first, &get(&mut all, "AAPL").unwrap()));
        all.end();
        assert_eq!(all.len(), 1);
        // The third of all is there, a fourth is not.
        let mut others = interner(Limits::default(), &room, None);
        others.begin();
        get(&mut others, "A").unwrap();
        get(&mut others, "B").unwrap();
        assert!(matches!(get(&mut others, "C"), Err(Refused::TooMany(_))));
        others.abort();
        assert_eq!(others.len(), 0);
        drop(all);
        others.begin();
        for symbol in ["A", "B", "C"] {
            get(&mut others, symbol).unwrap();
        }
    }

    #[test]
    fn what_falls_is_noticed() {
        let room = Arc::new(Room::new(3));
        let mut all = interner(Limits::default(), &room, None);
        let mut falls = |total| {
            all.begin();
            all.get("orders_total", Kind::Counter, &mut Vec::new(), Some(total)).unwrap();
            all.end().is_some()
        };
        assert_eq!([1.0, 5.0, 5.0, 2.0, 3.0].map(&mut falls), [false, false, false, true, false]);
    }

    #[test]
    fn targets_of_a_service_are_distinguished() {
        let room = Arc::new(Room::new(10));
        let mut all = interner(Limits::default(), &room, Some(("instance", "a:1")));
        let mut before = None;
        for _ in 0..2 {
            all.begin();
            let mut labels = vec![("zone", "1"), ("instance", "b")];
            let series = all.get("up", Kind::Gauge, &mut labels, None).unwrap();
            all.end();
            let labels: Vec<_> =
                series.labels.iter().map(|(name, value)| (&**name, &**value)).collect();
            assert_eq!(labels, [("exported_instance", "b"), ("instance", "a:1"), ("zone", "1")]);
            assert!(before.is_none_or(|before| Arc::ptr_eq(&before, &series)));
            before = Some(series);
        }
    }

    #[test]
    fn limits_hold() {
        let room = Arc::new(Room::new(100));
        let limits = Limits { series: 2, labels: 1, text: 4, ..Limits::default() };
        let mut all = interner(limits, &room, None);
        all.begin();
        let mut get = |name: &str, labels: &[(&str, &str)]| {
            all.get(name, Kind::Gauge, &mut labels.to_vec(), None)
        };
        assert!(matches!(get("abcde", &[]), Err(Refused::TooMany(_))));
        assert!(matches!(get("a", &[("b", "abcde")]), Err(Refused::TooMany(_))));
        assert!(matches!(get("a", &[("b", "c"), ("d", "e")]), Err(Refused::TooMany(_))));
        get("a", &[]).unwrap();
        get("b", &[]).unwrap();
        assert!(matches!(get("c", &[]), Err(Refused::TooMany(_))));
    }

    #[test]
    fn series_of_other_kinds_and_symbols_are_others() {
        let room = Arc::new(Room::new(10));
        let limits = Limits::default();
        let mut all = Interner::new("feed".into(), None, "pair", limits, room);
        all.begin();
        let mut labels = vec![("pair", "BTC"), ("symbol", "ETH")];
        let gauge = all.get("a", Kind::Gauge, &mut labels, None).unwrap();
        let counter = all.get("a", Kind::Counter, &mut labels, None).unwrap();
        assert_eq!((gauge.kind, counter.kind), (Kind::Gauge, Kind::Counter));
        // The label that is configured.
        assert_eq!(gauge.symbol.as_deref(), Some("BTC"));
        all.end();
    }

    #[test]
    fn texts_of_series_that_are_gone_are_forgotten() {
        let room = Arc::new(Room::new(10));
        let mut all = interner(Limits::default(), &room, None);
        for answer in 0..5 {
            all.begin();
            let id = answer.to_string();
            all.get("a", Kind::Gauge, &mut vec![("id", &*id)], None).unwrap();
            all.end();
            assert_eq!(all.texts.len(), 3, "{:?}", all.texts);
        }
    }

    #[test]
    fn a_renamed_label_takes_no_other_ones_name() {
        let room = Arc::new(Room::new(10));
        let mut all = interner(Limits::default(), &room, Some(("instance", "a:1")));
        let mut get = || {
            all.begin();
            let mut labels = vec![("instance", "b"), ("exported_instance", "c")];
            let series = all.get("up", Kind::Gauge, &mut labels, None).unwrap();
            all.end();
            series
        };
        let series = get();
        let labels: Vec<_> =
            series.labels.iter().map(|(name, value)| (&**name, &**value)).collect();
        let [other, own] = [("exported_instance", "c"), ("instance", "a:1")];
        assert_eq!(labels, [("exported_exported_instance", "b"), other, own]);
        assert!(Arc::ptr_eq(&series, &get()));
    }
}
