use crate::counts::Counters;
use log::{LevelFilter, Log, Metadata, Record, SetLoggerError};

/// A logger that counts, and passes everything on to the one that it wraps. See
/// [`LogCounts::wrap`](crate::LogCounts::wrap).
///
/// ```
/// use log::{Level, LevelFilter, Log, Metadata, Record};
/// use tickmetrics::prelude::*;
/// use tickmetrics_log::LogCounts;
///
/// struct Quiet;
///
/// impl Log for Quiet {
///     fn enabled(&self, metadata: &Metadata<'_>) -> bool {
///         metadata.level() <= Level::Warn
///     }
///
///     fn log(&self, _: &Record<'_>) {}
///
///     fn flush(&self) {}
/// }
///
/// let registry = Registry::new();
/// LogCounts::new(&registry).wrap(Quiet)?.install(LevelFilter::Trace)?;
/// log::warn!("counted");
/// log::info!("not enabled");
/// let count = |level| registry.snapshot().counter("log_records_total", &[("level", level)]);
/// assert_eq!((count("warn"), count("info")), (Some(1), Some(0)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct CountingLog<L> {
    inner: L,
    counters: Counters,
}

impl<L: Log> CountingLog<L> {
    pub(crate) fn new(inner: L, counters: Counters) -> Self {
        Self { inner, counters }
    }

    /// The wrapped logger.
    pub fn inner(&self) -> &L {
        &self.inner
    }

    /// Makes it the program's logger, for records up to this level.
    ///
    /// # Errors
    /// If the program has a logger already. The maximum level is unchanged then.
    pub fn install(self, most: LevelFilter) -> Result<(), SetLoggerError>
    where
        L: 'static,
    {
        log::set_boxed_logger(Box::new(self))?;
        log::set_max_level(most);
        Ok(())
    }
}

impl<L: Log> Log for CountingLog<L> {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.inner.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        if self.inner.enabled(record.metadata()) {
            self.counters.count(record);
        }
        self.inner.log(record);
    }

    fn flush(&self) {
        self.inner.flush();
    }
}
