use tickmetrics::prelude::*;

/// Metrics in addition to the exporter's own, if there is a web configuration.
#[derive(Clone, Copy, Metrics)]
#[metrics(prefix = "tickmetrics_exporter")]
pub(crate) struct WebMetrics {
    /// Requests refused for want of right credentials, or for too many wrong ones.
    pub(super) unauthorized_requests: Counter,
    /// Requests refused by `rate_limit` in the web configuration.
    pub(super) rate_limited_requests: Counter,
    /// Connections refused before any request, for want of TLS or of a client's certificate.
    pub(super) failed_handshakes: Counter,
    /// Times that the web configuration was put in force, or found wrong, because a file of it changed.
    pub(super) web_config_reloads: Counter,
    /// Times that the web configuration was read anew and the one before stayed in force.
    pub(super) web_config_failed_reloads: Counter,
    /// 1 while an earlier web configuration is in force because what the file says now is wrong.
    pub(super) web_config_stale: Gauge,
    /// Listeners that other machines may reach without encryption or a password.
    pub(super) unprotected_listeners: Gauge,
}
