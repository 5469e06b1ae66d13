use crate::counting::CountingLog;
use log::{Log, Record};
use tickmetrics::{Counter, Description, Dynamic, Label, RegisterError, Registry};

/// What to count, before a logger is wrapped.
#[derive(Debug)]
pub struct LogCounts<'r> {
    registry: &'r Registry,
    targets: Option<usize>,
    modules: Option<usize>,
}

impl<'r> LogCounts<'r> {
    /// Counts by level, in this registry.
    pub fn new(registry: &'r Registry) -> Self {
        Self { registry, targets: None, modules: None }
    }

    /// Counts by level and target, too, with at most so many series, 1 to 2^24. A target can have
    /// five, one for each level.
    #[must_use]
    pub fn by_target(mut self, most_series: usize) -> Self {
        self.targets = Some(most_series);
        self
    }

    /// Counts errors by the module that logs them, too, with at most so many series, 1 to 2^24. A
    /// record without a module has an empty one.
    #[must_use]
    pub fn errors_by_module(mut self, most_series: usize) -> Self {
        self.modules = Some(most_series);
        self
    }

    /// Registers the metrics, and wraps a logger. Several loggers of a registry count together.
    ///
    /// # Errors
    /// Those of [`Registry::register`] and [`Registry::register_dynamic`]: another metric has one of
    /// the names, or a number of series is out of range.
    pub fn wrap<L: Log>(self, inner: L) -> Result<CountingLog<L>, RegisterError> {
        let Self { registry, targets, modules } = self;
        let dynamic = |name, help, most: Option<usize>| {
            let register = |most| registry.register_dynamic(&Description::new(name, help), most);
            most.map(register).transpose()
        };
        let by_level = Description::new("log_records_total", "Log records, by level.");
        let counters = Counters {
            levels: registry.register(&by_level)?,
            targets: dynamic(
                "log_target_records_total",
                "Log records, by level and target.",
                targets,
            )?,
            error_modules: dynamic(
                "log_errors_total",
                "Log records of level error, by module.",
                modules,
            )?,
        };
        Ok(CountingLog::new(inner, counters))
    }
}

/// The counters of records.
#[derive(Debug)]
pub(crate) struct Counters {
    levels: Counter<Level>,
    targets: Option<Dynamic<Counter>>,
    error_modules: Option<Dynamic<Counter>>,
}

impl Counters {
    #[inline]
    pub(crate) fn count(&self, record: &Record<'_>) {
        self.levels.with(record.level().into()).inc();
        if let Some(targets) = &self.targets {
            let level = name(record.level());
            targets.with(&[("level", level), ("target", record.target())]).inc();
        }
        if let (Some(modules), log::Level::Error) = (&self.error_modules, record.level()) {
            modules.with(&[("module", record.module_path().unwrap_or_default())]).inc();
        }
    }
}

#[derive(Clone, Copy, Debug, Label)]
enum Level {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl From<log::Level> for Level {
    #[inline]
    fn from(level: log::Level) -> Self {
        match level {
            log::Level::Error => Self::Error,
            log::Level::Warn => Self::Warn,
            log::Level::Info => Self::Info,
            log::Level::Debug => Self::Debug,
            log::Level::Trace => Self::Trace,
        }
    }
}

/// The label's value, as [`Level`] has it.
fn name(level: log::Level) -> &'static str {
    match level {
        log::Level::Error => "error",
        log::Level::Warn => "warn",
        log::Level::Info => "info",
        log::Level::Debug => "debug",
        log::Level::Trace => "trace",
    }
}
