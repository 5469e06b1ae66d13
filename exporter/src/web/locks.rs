//! What keeps strangers out, and whether another configuration keeps out less.

use super::clients::Shown;
use super::error::Wrong;

/// What a configuration asks for. A file that was cut asks for less than the whole one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Locks {
    pub(super) tls: bool,
    /// What certificate a client has to show.
    pub(super) shown: Shown,
    /// Whether it has to have one of some names.
    pub(super) names: bool,
    /// Whether a password or a token is needed.
    pub(super) credentials: bool,
}

impl Locks {
    /// # Errors
    /// Where a lock of those in force is not among these.
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
