//! The start of an exporter with its thread, and of one without.

use super::ExporterBuilder;
use crate::error::StartError;
use crate::process::ProcessMetrics;
use crate::push::Target;
use crate::respond::Responder;
use crate::scrape::Scraper;
use crate::server::{self, Bound, Entrance, Exporter, LocalAddr, Pushing};
use crate::service::MetricsService;
use crate::source::Shared;
#[cfg(feature = "web-config")]
use crate::web::Web;
use tickmetrics::__text::report;
use tickmetrics::{ExternalLabels, Registry};

impl ExporterBuilder {
    /// Listens, and starts the thread. The exporter answers requests once this returns.
    ///
    /// # Errors
    /// Every variant of [`StartError`]; nothing was started then.
    pub fn start(self) -> Result<Exporter, StartError> {
        let scraper = self.scraper();
        let Self {
            addresses, nowhere, unix_mode, limits, push, core, compress, thread_name, ..
        } = self;
        let invalid =
            |reason| Err(StartError::InvalidThreadName { name: thread_name.clone(), reason });
        if thread_name.len() > Self::MAX_THREAD_NAME {
            return invalid("the system keeps 15 bytes; give a shorter one");
        }
        if thread_name.contains('\0') {
            return invalid("it has a NUL; leave it out");
        }
        #[cfg(not(feature = "web-config"))]
        if self.web_config.is_some() {
            return Err(StartError::MissingFeature {
                setting: ".web_config(..)",
                feature: "web-config",
            });
        }
        limits.check()?;
        let target = push.as_ref().map(Target::new).transpose();
        let target = target.map_err(|reason| StartError::InvalidPush { reason })?;
        let addresses = match (addresses.is_empty(), nowhere) {
            (true, true) if push.is_none() => return Err(StartError::NothingToDo),
            (true, false) => vec![Self::DEFAULT_ADDRESS.into()],
            _ => addresses,
        };
        let bound = addresses.iter().map(|address| Bound::new(address, unix_mode));
        let bound: Vec<_> = bound.collect::<Result<_, _>>()?;
        let leaves = bound.iter().filter(|bound| bound.address.leaves_the_machine());
        let leaves: Vec<_> = leaves.map(|bound| bound.address.clone()).collect();
        let scraper = scraper()?;
        let pushing = match push.zip(target) {
            Some((settings, target)) => {
                let metrics = scraper.register().map_err(StartError::Register)?;
                Some(Pushing { target, settings, metrics })
            }
            None => None,
        };
        #[cfg(feature = "web-config")]
        let entrance = match self.web_config {
            Some(path) => {
                let metrics = scraper.register().map_err(StartError::Register)?;
                let web = Web::load(&path, metrics, leaves.len())?;
                Some(Box::new(web) as Box<dyn Entrance>)
            }
            None => None,
        };
        #[cfg(not(feature = "web-config"))]
        let entrance: Option<Box<dyn Entrance>> = None;
        let responder =
            Responder::new(scraper, compress.unwrap_or(!leaves.is_empty()), limits.renders);
        let is_protected = entrance.as_ref().is_some_and(|entrance| entrance.protects());
        if !is_protected {
            responder.about().exporter_unprotected_listeners.set(leaves.len() as f64);
        }
        let exporter =
            server::start(bound, responder, entrance, limits, pushing, thread_name, core)?;
        if !is_protected {
            warn_of(&leaves);
        }
        Ok(exporter)
    }

    /// The same responses as a service, for a program with an HTTP server of its own: any server
    /// that accepts a [`tower_service::Service`], such as axum. It is ready when this returns.
    ///
    /// Of the [`Limits`](crate::Limits), only `renders` applies. The server is responsible for
    /// connections, headers, time, encryption and access. Nothing is compressed unless
    /// [`compress`](Self::compress) is set.
    ///
    /// ```
    /// use tickmetrics_exporter::Exporter;
    /// use tickmetrics::{ExternalLabels, Registry};
    ///
    /// let metrics = Exporter::builder().registry(&Registry::new()).service()?;
    /// let app: axum::Router = axum::Router::new()
    ///     .route_service("/metrics", metrics.clone())
    ///     .nest_service("/internal", metrics); // /internal/metrics, /internal/health, ...
    /// # Ok::<(), tickmetrics_exporter::StartError>(())
    /// ```
    ///
    /// # Errors
    /// [`NotForAService`](StartError::NotForAService): a setting was given that needs an exporter
    /// with its own thread.
    /// - [`InvalidLimit`](StartError::InvalidLimit), [`Register`](StartError::Register).
    pub fn service(self) -> Result<MetricsService, StartError> {
        let settings = [
            ("web_config", self.web_config.is_some()),
            ("push", self.push.is_some()),
            ("listen", !self.addresses.is_empty()),
            ("pin_to_core", self.core.is_some()),
        ];
        if let Some(&(setting, _)) = settings.iter().find(|(_, is_set)| *is_set) {
            return Err(StartError::NotForAService { setting });
        }
        self.limits.check()?;
        let compress = self.compress.unwrap_or(false);
        let responder = Responder::new(self.scraper()()?, compress, self.limits.renders);
        responder.warm_up();
        Ok(MetricsService::new(responder))
    }

    /// Makes the scraper.
    fn scraper(&self) -> impl FnOnce() -> Result<Scraper, StartError> + use<> {
        let mut sources = self.sources.clone();
        if sources.is_empty() {
            sources.push(Shared::new(Registry::global().clone()));
        }
        if self.process_metrics {
            // The last one, so that a program's own metrics of these names take precedence.
            sources.push(Shared::giving_way(ProcessMetrics::new()));
        }
        let (interval, more) = (self.interval, self.more);
        let labels = ExternalLabels::new(self.labels.clone());
        move || {
            let labels = labels.map_err(StartError::InvalidLabel)?;
            let scraper = Scraper::new(sources, interval).map_err(StartError::Register)?;
            Ok(scraper.with_more(more).with_labels(&labels))
        }
    }
}

/// Reports once on standard error that other machines may reach these addresses.
fn warn_of(unprotected: &[LocalAddr]) {
    if unprotected.is_empty() {
        return;
    }
    let addresses: Vec<_> = unprotected.iter().map(ToString::to_string).collect();
    report(format_args!(
        "any client that reaches {} can read all metrics, without encryption or a password: listen on \
         127.0.0.1 or a Unix socket if that is not intended",
        addresses.join(", ")
    ));
}
