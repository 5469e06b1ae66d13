//! Why there is no recorder.

use std::fmt;

/// Why [`FacadeBuilder::build`](crate::FacadeBuilder::build) or
/// [`install`](crate::FacadeBuilder::install) failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum BuildError {
    /// A setting is out of range; the text says which one.
    Setting(String),
    /// The process has a recorder already: it can have one.
    Installed,
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setting(reason) => write!(f, "the recorder is set up wrong: {reason}"),
            Self::Installed => f.write_str(
                "this process has a recorder for `metrics` already: install one, or join several by \
                 `FanoutBuilder` of metrics-util",
            ),
        }
    }
}

impl std::error::Error for BuildError {}
