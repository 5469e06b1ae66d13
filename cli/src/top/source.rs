//! Readings of a segment or an exporter.

use super::model::{Distribution, Frame, PERCENTILES, Reading, Series, Summary};
use crate::Result;
use crate::credentials::Access;
use crate::exposition::{self, Value as Scraped, since};
use crate::failure::Failure;
use crate::people::PrintablePath;
use crate::quantile::{native_quantile, quantile};
use crate::scrape_url::Client;
use crate::segment;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Instant, SystemTime};
use tickmetrics::{HistogramSnapshot, Snapshot, Value};
use tickmetrics_collector::__cli::{Ago, LeftOut, Process, Segment, Target};
use tickmetrics_exporter::encode::label_text;
use tickmetrics_exporter::parse::Histogram;

/// The source of readings.
pub(crate) enum Source {
    Segment(Box<OfSegment>),
    Exporter(Box<OfExporter>),
}

pub(crate) struct OfSegment {
    path: PathBuf,
    segment: Segment,
    before: Option<Snapshot>,
}

pub(crate) struct OfExporter {
    client: Client,
    /// The histograms of the previous reading, by title.
    before: HashMap<Arc<str>, Box<Histogram>>,
}

impl Source {
    pub(crate) fn open(target: &OsStr, access: &Access) -> Result<Self> {
        let client = match Target::of(target) {
            Target::Segment(path) if is_missing_name(&path) => {
                return Err(Failure::told(format!(
                    "{} can't be read: No such file or directory; an exporter is HOST:PORT",
                    PrintablePath(&path)
                )));
            }
            Target::Segment(path) if !access.settings().is_empty() => {
                return Err(Failure::told(format!(
                    "{} is a file: --user, --bearer-file, --ca-file, --cert-file, --insecure and their \
                     like are for exporters",
                    PrintablePath(&path)
                )));
            }
            Target::Segment(path) => {
                let segment = segment::open(&path)?;
                return Ok(Self::Segment(Box::new(OfSegment { path, segment, before: None })));
            }
            Target::Url(url) => Client::new(&url, access)?,
            Target::Socket(path) => Client::of_socket(path, access)?,
        };
        Ok(Self::Exporter(Box::new(OfExporter { client, before: HashMap::new() })))
    }

    /// The report about metrics that the last reading left out.
    pub(crate) fn left_out(&self) -> Option<String> {
        match self {
            Self::Segment(source) => source.left_out(),
            Self::Exporter(_) => None,
        }
    }

    /// The present reading.
    pub(crate) fn frame(&mut self) -> Result<Frame> {
        match self {
            Self::Segment(source) => source.frame(),
            Self::Exporter(source) => source.frame(),
        }
    }
}

/// Whether a path is of no file, and may be meant as the host or the port of an exporter.
fn is_missing_name(path: &Path) -> bool {
    let is_path = path.is_absolute() || path.starts_with(".") || path.starts_with("..");
    !is_path && fs::metadata(path).is_err_and(|error| error.kind() == ErrorKind::NotFound)
}

impl OfSegment {
    /// The sentence about metrics that the last reading left out.
    fn left_out(&self) -> Option<String> {
        let left_out = self.segment.left_out()?;
        Some(format!("{}: {left_out}", PrintablePath(&self.path)))
    }

    fn frame(&mut self) -> Result<Frame> {
        // A restarted process writes another file. The old one stays on the screen while the new
        // one can't be read, and if the file is gone.
        if !self.segment.is_current()
            && let Ok(segment) = segment::open(&self.path)
        {
            (self.segment, self.before) = (segment, None);
        }
        let process = self.segment.process()?;
        let snapshot = self.segment.snapshot()?;
        let at = Instant::now();
        let interval = self.before.as_ref().map(|before| snapshot.since(before));
        let series = series_of(&snapshot, interval.as_ref());
        self.before = Some(snapshot);
        let target = PrintablePath(&self.path).to_string();
        let state = match self.segment.left_out() {
            Some(LeftOut(count)) => format!("{}, {count} left out", state(process)),
            None => state(process),
        };
        Ok(Frame { at, target, state, is_over: !process.alive, series })
    }
}

/// A short description.
fn state(process: Process) -> String {
    let Process { pid, start, alive } = process;
    if !alive {
        return format!("pid {pid} DEAD");
    }
    let since = SystemTime::now().duration_since(start).unwrap_or_default();
    format!("pid {pid} alive {}", Ago(since.as_secs()))
}

/// The series of a snapshot, with the values since the previous one.
pub(super) fn series_of(snapshot: &Snapshot, interval: Option<&Snapshot>) -> Vec<Series> {
    let mut series = Vec::new();
    for family in snapshot.families() {
        // The difference has the same families, with the same series in the same order.
        let mut differences = interval
            .and_then(|interval| interval.family(family.name()))
            .map(|family| family.series());
        let (unit, help): (Arc<str>, Arc<str>) = (family.unit().into(), family.help().into());
        for one in family.series() {
            let difference = differences.as_mut().and_then(Iterator::next).map(|it| it.value());
            let reading = match one.value() {
                Value::Counter(value) => Reading::Counter(value as f64),
                Value::Quantity(value) => Reading::Counter(value),
                Value::UpDown(value) => Reading::Gauge(value as f64),
                Value::Gauge(value) => Reading::Gauge(value),
                Value::Histogram(all) => Reading::Histogram(Arc::new(Distribution {
                    all: all.into(),
                    interval: match difference {
                        Some(Value::Histogram(interval)) => Some(interval.into()),
                        _ => None,
                    },
                })),
                _ => continue,
            };
            series.push(Series {
                title: Series::title(family.name(), &label_text(one)),
                unit: unit.clone(),
                help: help.clone(),
                reading,
            });
        }
    }
    series
}

impl From<&HistogramSnapshot> for Summary {
    fn from(histogram: &HistogramSnapshot) -> Self {
        Self {
            count: histogram.count() as f64,
            sum: histogram.sum(),
            min: histogram.min(),
            max: histogram.max(),
            percentiles: PERCENTILES.map(|q| histogram.quantile(q)),
        }
    }
}

impl OfExporter {
    fn frame(&mut self) -> Result<Frame> {
        let answer = self.client.get()?;
        let at = Instant::now();
        let target = self.client.target();
        let scraped = exposition::parse(&answer.body, answer.content_type.as_deref())
            .map_err(|wrong| Failure::told(format!("{target} {wrong}")))?;
        let before = std::mem::take(&mut self.before);
        let series = scraped.into_iter().map(|one| {
            let title = Series::title(&one.name, &one.labels);
            let reading = match one.value {
                Scraped::Counter(value) => Reading::Counter(value),
                Scraped::Gauge(value) => Reading::Gauge(value),
                Scraped::Histogram(now) => {
                    let interval = before.get(&title).map(|then| match since(&now, then) {
                        Some(interval) => Summary::from(&*interval),
                        None => Summary::from(&*now),
                    });
                    let all = Summary::from(&*now);
                    self.before.insert(title.clone(), now);
                    Reading::Histogram(Arc::new(Distribution { all, interval }))
                }
            };
            let unit = if one.unit.is_empty() { unit(&one.name).into() } else { one.unit };
            Series { title, unit, help: one.help, reading }
        });
        let series = series.collect();
        let state = if self.client.is_insecure() { "certificate not checked" } else { "" };
        Ok(Frame { at, target: target.into(), state: state.into(), is_over: false, series })
    }
}

impl From<&Histogram> for Summary {
    fn from(histogram: &Histogram) -> Self {
        let percentiles = PERCENTILES.map(|q| match &histogram.native {
            Some(native) => native_quantile(q, native),
            None => quantile(q, &histogram.buckets),
        });
        let sum = histogram.sum.unwrap_or(f64::NAN);
        Self { count: histogram.count, sum, min: None, max: None, percentiles }
    }
}

/// The unit in a name: the text format has no line for it.
fn unit(name: &str) -> &'static str {
    let name = name.strip_suffix("_total").unwrap_or(name);
    let name = name.strip_suffix("_sum").unwrap_or(name);
    let units = [
        ("_seconds", "seconds"),
        ("_milliseconds", "milliseconds"),
        ("_ms", "milliseconds"),
        ("_microseconds", "microseconds"),
        ("_us", "microseconds"),
        ("_nanoseconds", "nanoseconds"),
        ("_ns", "nanoseconds"),
        ("_bytes", "bytes"),
        ("_ratio", "ratio"),
    ];
    let unit = units.iter().find(|(suffix, _)| name.ends_with(suffix));
    unit.map_or("", |(_, unit)| unit)
}

#[cfg(test)]
mod tests {
    use super::{series_of, unit};
    use crate::top::model::{Frame, Reading, rows};
    use std::time::{Duration, Instant};
    use tickmetrics::{Counter, Description, Histogram, Registry};

    #[test]
    fn percentiles_are_of_the_interval() {
        let registry = Registry::new();
        let wait: Histogram =
            registry.register(&Description::new("wait", "Waited.").sigfigs(3)).unwrap();
        let ticks: Counter = registry.register(&Description::new("ticks_total", "Ticks.")).unwrap();
        wait.record(1_000_000);
        ticks.add(7);
        let (start, first) = (Instant::now(), registry.snapshot());
        (1..=100).for_each(|value| wait.record(value));
        ticks.add(5);
        let second = registry.snapshot();
        let frame = |at, series| Frame {
            at,
            target: String::new(),
            state: String::new(),
            is_over: false,
            series,
        };
        let before = frame(start, series_of(&first, None));
        let at = start + Duration::from_secs(2);
        let now = frame(at, series_of(&second, Some(&second.since(&first))));
        let rows = rows(Some(&before), &now);
        let [ticks, wait] = &rows[..] else { panic!("{rows:?}") };
        assert_eq!((ticks.value, ticks.rate), (12.0, Some(2.5)));
        assert_eq!((wait.value, wait.rate), (101.0, Some(50.0)));
        let interval = *wait.summary(false).unwrap();
        assert_eq!(interval.percentiles, [Some(50.0), Some(99.0), Some(100.0)]);
        assert_eq!((interval.count, interval.sum), (100.0, 5050.0));
        assert_eq!(wait.summary(true).unwrap().max, Some(1_000_000.0));
        assert!(
            matches!(&before.series[1].reading, Reading::Histogram(it) if it.interval.is_none())
        );
    }

    #[test]
    fn units_of_names() {
        for (name, expected) in [
            ("wait_seconds", "seconds"),
            ("wait_seconds_total", "seconds"),
            ("go_gc_seconds_sum", "seconds"),
            ("latency_ms", "milliseconds"),
            ("memory_bytes", "bytes"),
            ("seconds", ""),
            ("wait_milliseconds", "milliseconds"),
            ("up", ""),
        ] {
            assert_eq!(unit(name), expected, "{name}");
        }
    }
}
