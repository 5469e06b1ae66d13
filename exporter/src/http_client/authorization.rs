//! Credentials for a server.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hyper::header::HeaderValue;

/// Credentials.
#[derive(Clone)]
pub enum Authorization {
    /// A name and a password (RFC 7617).
    Basic {
        /// The name.
        user: String,
        /// The password.
        password: String,
    },
    /// A token (RFC 6750).
    Bearer(String),
}

impl Authorization {
    /// The value of the header `Authorization`, which no log repeats.
    pub(super) fn header(&self) -> Result<HeaderValue, String> {
        let text = match self {
            Self::Basic { user, password } => {
                if user.contains(':') {
                    return Err("the user's name can't have a colon, which ends it".into());
                }
                format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")))
            }
            Self::Bearer(token) => format!("Bearer {token}"),
        };
        let mut value = HeaderValue::from_str(&text).map_err(
            |_| "the bearer token has a character that no header may have, such as a line feed",
        )?;
        value.set_sensitive(true);
        Ok(value)
    }
}
