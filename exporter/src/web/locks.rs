//! The protection against strangers, and whether another configuration protects less.

use super::clients::Shown;
use super::error::Wrong;

/// The demands of a configuration. A truncated file demands less than the whole one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Locks {
    pub(super) tls: bool,
    /// The certificate that a client must have.
    pub(super) shown: Shown,
    /// Whether it must have one of some names.
    pub(super) names: bool,
    /// Whether a password or a token is needed.
    pub(super) credentials: bool,
}

impl Locks {
    /// # Errors
    /// If a lock in force is not among these.
    pub(super) fn replace(self, in_force: Self) -> Result<(), Wrong> {
        let (key, what) = if in_force.tls && !self.tls {
            ("tls_server_config", "TLS")
        } else if in_force.shown > self.shown {
            ("tls_server_config.client_auth_type", in_force.shown.what())
        } else if in_force.names && !self.names {
            ("tls_server_config.client_allowed_sans", "certificates of certain names")
        } else if in_force.credentials && !self.credentials {
            ("basic_auth_users", "passwords or tokens")
        } else {
            return Ok(());
        };
        let reason = format!(
            "the configuration in force asks for {what}, and this one does not: it may have been \
             cut. Write it whole, or add the line allow_less_protection: true if it is meant so"
        );
        Err(Wrong::new(key, reason))
    }
}
