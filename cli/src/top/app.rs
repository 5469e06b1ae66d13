//! The content of the screen: sorting, filter, the chosen series, trends.

use super::model::{Frame, Row, rows};
use crate::Result;
use crate::args::{Sort, Top};
use clap::ValueEnum;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

/// The most values of a trend: as many as a wide terminal shows.
pub(super) const MAX_TREND: u16 = 40;
/// The number of values for which room is made at a time.
const TREND_STEP: usize = 8;

/// The state of the screen.
#[expect(clippy::struct_excessive_bools, reason = "switches, each for itself")]
pub(crate) struct App {
    pub(crate) target: String,
    pub(crate) state: String,
    /// The error of the last reading, if it failed.
    pub(crate) error: Option<String>,
    /// All lines, sorted and filtered.
    pub(crate) rows: Vec<Row>,
    pub(crate) series: usize,
    pub(crate) interval: std::time::Duration,
    pub(crate) sort: Sort,
    pub(crate) reversed: bool,
    pub(crate) filter: String,
    /// Whether keys go to the filter.
    pub(crate) typing: bool,
    pub(crate) of_all_time: bool,
    pub(crate) paused: bool,
    /// Whether the keys are shown in place of the table.
    pub(crate) help: bool,
    /// Whether the user chose a line, which stays chosen in any order. Otherwise the first line is
    /// shown in full.
    follows: bool,
    /// Positions among the rows: the chosen row, and the first on the screen.
    pub(crate) chosen: usize,
    pub(crate) first: usize,
    /// The number of rows that the screen showed last.
    pub(crate) page: usize,
    last: Option<Frame>,
    unsorted: Vec<Row>,
    /// NaN if nothing happened.
    trends: HashMap<Arc<str>, Vec<f64>>,
}

impl App {
    pub(crate) fn new(args: &Top) -> Self {
        Self {
            target: String::new(),
            state: String::new(),
            error: None,
            rows: Vec::new(),
            series: 0,
            interval: args.interval,
            sort: args.sort,
            reversed: false,
            filter: args.filter.clone(),
            typing: false,
            of_all_time: args.all_time,
            paused: false,
            help: false,
            follows: false,
            chosen: 0,
            first: 0,
            page: 1,
            last: None,
            unsorted: Vec::new(),
            trends: HashMap::new(),
        }
    }

    /// Takes over a reading. If it failed, the last one stays.
    pub(crate) fn take(&mut self, frame: Result<Frame>) {
        if self.paused {
            return;
        }
        let frame = match frame {
            Ok(frame) => frame,
            Err(failure) => {
                self.error = Some(failure.to_string());
                return;
            }
        };
        self.error = None;
        self.unsorted = rows(self.last.as_ref(), &frame);
        let mut trends = HashMap::with_capacity(self.unsorted.len());
        for row in &self.unsorted {
            let mut trend = self.trends.remove(&row.title).unwrap_or_default();
            if trend.len() == usize::from(MAX_TREND) {
                trend.remove(0);
            } else if trend.len() == trend.capacity() {
                trend.reserve_exact(TREND_STEP);
            }
            trend.push(row.trend().unwrap_or(f64::NAN));
            trends.insert(row.title.clone(), trend);
        }
        self.trends = trends;
        self.target.clone_from(&frame.target);
        self.state.clone_from(&frame.state);
        self.series = frame.series.len();
        self.last = Some(frame);
        self.arrange();
    }

    /// Filters and sorts again. The series that the user chose stays chosen if it still exists.
    pub(crate) fn arrange(&mut self) {
        let chosen = self.rows.get(self.chosen).filter(|_| self.follows);
        let chosen = chosen.map(|row| row.title.clone());
        self.rows.clone_from(&self.unsorted);
        arrange(&mut self.rows, &self.filter, self.sort, self.reversed, self.of_all_time);
        let at = chosen.and_then(|title| self.rows.iter().position(|row| row.title == title));
        self.chosen = at.unwrap_or(self.chosen).min(self.rows.len().saturating_sub(1));
    }

    /// Chooses a line, or the last one if there are fewer.
    pub(crate) fn choose(&mut self, at: usize) {
        self.follows = true;
        self.chosen = at.min(self.rows.len().saturating_sub(1));
    }

    /// Goes to the top, and follows no series.
    pub(crate) fn go_to_top(&mut self) {
        self.follows = false;
        self.chosen = 0;
    }

    pub(crate) fn reverse(&mut self) {
        self.reversed = !self.reversed;
        self.go_to_top();
        self.arrange();
    }

    /// Moves the window so that it contains the chosen line.
    pub(crate) fn scroll(&mut self, page: usize) {
        self.page = page.max(1);
        let earliest = (self.chosen + 1).saturating_sub(self.page);
        let latest = self.rows.len().saturating_sub(self.page);
        self.first = self.first.clamp(earliest, self.chosen.max(earliest)).min(latest);
    }

    pub(crate) fn next_sort(&mut self) {
        let all = Sort::value_variants();
        let at = all.iter().position(|&sort| sort == self.sort).unwrap_or(0);
        self.sort = all[(at + 1) % all.len()];
        self.go_to_top();
        self.arrange();
    }

    /// The last values of a line's trend, oldest first; `None` for readings without events.
    pub(crate) fn trend(&self, row: &Row) -> impl Iterator<Item = Option<f64>> {
        let values = self.trends.get(&row.title).into_iter().flatten();
        values.map(|value| Some(*value).filter(|value| !value.is_nan()))
    }
}

/// Names rise and measurements fall, so that the important ones are on top.
pub(crate) fn arrange(
    rows: &mut Vec<Row>,
    filter: &str,
    sort: Sort,
    reversed: bool,
    of_all_time: bool,
) {
    if !filter.is_empty() {
        let filter = filter.to_lowercase();
        rows.retain(|row| row.title.to_lowercase().contains(&filter));
    }
    let percentile = |row: &Row, at: usize| row.summary(of_all_time)?.percentiles[at];
    let measure = |row: &Row| match sort {
        Sort::Name => None,
        Sort::Value => Some(row.value),
        Sort::Rate => row.rate,
        Sort::P50 => percentile(row, 0),
        Sort::P99 => percentile(row, 1),
        Sort::P999 => percentile(row, 2),
    };
    rows.sort_by(|a, b| {
        let order = match (measure(a), measure(b)) {
            (Some(a), Some(b)) => b.total_cmp(&a),
            // A row without such a measurement comes last in either direction.
            (Some(_), None) => return Ordering::Less,
            (None, Some(_)) => return Ordering::Greater,
            (None, None) => Ordering::Equal,
        };
        let order = order.then_with(|| a.title.cmp(&b.title));
        if reversed { order.reverse() } else { order }
    });
}

#[cfg(test)]
mod tests {
    use super::{App, arrange};
    use crate::args::{Args, Command, Sort, Top};
    use crate::top::model::tests::frame;
    use crate::top::model::{Reading, Row, rows};
    use clap::Parser;
    use std::time::{Duration, Instant};

    fn args() -> Top {
        match Args::parse_from(["tickmetrics", "top", "x"]).command {
            Command::Top(args) => args,
            other => panic!("{other:?}"),
        }
    }

    fn titles(rows: &[Row]) -> Vec<&str> {
        rows.iter().map(|row| &*row.title).collect()
    }

    #[test]
    fn sorted_and_filtered() {
        let start = Instant::now();
        let of = |a, b| {
            [
                ("b{x=\"Y\"}", Reading::Counter(b)),
                ("a", Reading::Counter(a)),
                ("gauge", Reading::Gauge(5.0)),
            ]
        };
        let before = frame(start, &of(0.0, 0.0));
        let now = frame(start + Duration::from_secs(1), &of(1.0, 9.0));
        let arranged = |filter, sort, reversed| {
            let mut rows = rows(Some(&before), &now);
            arrange(&mut rows, filter, sort, reversed, false);
            titles(&rows).join(" ")
        };
        assert_eq!(arranged("", Sort::Name, false), "a b{x=\"Y\"} gauge");
        assert_eq!(arranged("", Sort::Name, true), "gauge b{x=\"Y\"} a");
        assert_eq!(arranged("", Sort::Value, false), "b{x=\"Y\"} gauge a");
        assert_eq!(arranged("", Sort::Rate, false), "b{x=\"Y\"} a gauge");
        assert_eq!(arranged("", Sort::Rate, true), "a b{x=\"Y\"} gauge");
        assert_eq!(arranged("y", Sort::Name, false), "b{x=\"Y\"}");
    }

    #[test]
    fn the_chosen_series_stays_chosen_and_visible() {
        let mut app = App::new(&args());
        let named: Vec<String> = (10..60).map(|at| format!("s{at}")).collect();
        let series: Vec<_> =
            named.iter().map(|name| (name.as_str(), Reading::Gauge(1.0))).collect();
        app.take(Ok(frame(Instant::now(), &series)));
        app.choose(usize::MAX);
        app.scroll(20);
        assert_eq!((app.chosen, app.first), (49, 30));
        app.choose(12);
        app.scroll(20);
        assert_eq!((app.chosen, app.first), (12, 12));
        app.take(Ok(frame(Instant::now(), &series[12..])));
        app.scroll(20);
        assert_eq!(&*app.rows[app.chosen].title, "s22");
        app.take(Ok(frame(Instant::now(), &series[..3])));
        app.scroll(20);
        assert_eq!((app.rows.len(), app.first), (3, 0));
        assert!(app.chosen < 3);
        app.filter = "nothing".into();
        app.arrange();
        app.scroll(20);
        assert_eq!((app.chosen, app.first), (0, 0));
    }

    /// The largest is on top at each reading, until the user chooses a line.
    #[test]
    fn the_top_is_shown_until_a_series_is_chosen() {
        let mut app = App::new(&args());
        let read = |app: &mut App, values: [f64; 3]| {
            let series = ["a", "b", "c"].into_iter().zip(values.map(Reading::Gauge));
            app.take(Ok(frame(Instant::now(), &series.collect::<Vec<_>>())));
            app.scroll(2);
            (app.rows[app.chosen].title.to_string(), app.first)
        };
        read(&mut app, [1.0, 2.0, 3.0]);
        app.next_sort();
        assert_eq!(read(&mut app, [1.0, 2.0, 3.0]), ("c".into(), 0));
        assert_eq!(read(&mut app, [4.0, 2.0, 3.0]), ("a".into(), 0));
        app.choose(0);
        assert_eq!(read(&mut app, [1.0, 2.0, 3.0]), ("a".into(), 1));
        app.reverse();
        assert_eq!(read(&mut app, [1.0, 2.0, 3.0]), ("a".into(), 0));
        assert_eq!(read(&mut app, [4.0, 2.0, 3.0]), ("b".into(), 0));
        app.choose(2);
        app.go_to_top();
        assert_eq!(read(&mut app, [4.0, 5.0, 3.0]), ("c".into(), 0));
    }

    #[test]
    fn trends_are_kept_by_series() {
        let mut app = App::new(&args());
        let start = Instant::now();
        for (second, total) in [(0, 0.0), (1, 10.0), (2, 30.0)] {
            let at = start + Duration::from_secs(second);
            app.take(Ok(frame(at, &[("a", Reading::Counter(total))])));
        }
        let trend: Vec<_> = app.trend(&app.rows[0]).collect();
        assert_eq!(trend, [None, Some(10.0), Some(20.0)]);
    }
}
