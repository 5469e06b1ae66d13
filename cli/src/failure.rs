//! A command's error, in one line.

use std::fmt;
use std::io;
use tickmetrics_exporter::__cli::bind_advice;
use tickmetrics_exporter::StartError;

/// The reason why a command ends.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The output could not be written.
    Output(io::Error),
    /// A message for the user: the problem, and the remedy.
    Told(String),
    /// The output has it all. The program ends with this status.
    Found(u8),
    /// The same as `Told` for a command whose status 1 means that it found something: it could not look.
    Trouble(String),
}

impl Failure {
    pub(crate) fn told(text: impl Into<String>) -> Self {
        Self::Told(text.into())
    }

    /// As the failure of a command whose status 1 means that it found something.
    pub(crate) fn into_trouble(self) -> Self {
        match self {
            Self::Told(text) => Self::Trouble(text),
            other => other,
        }
    }

    /// The status with which the program ends.
    pub(crate) fn status(&self) -> u8 {
        match self {
            Self::Output(_) | Self::Told(_) => 1,
            Self::Trouble(_) => 2,
            Self::Found(status) => *status,
        }
    }

    /// The library's errors name its builder; these name the command line's options.
    pub(crate) fn of_exporter(error: &StartError) -> Self {
        Self::told(match error {
            StartError::InvalidAddress { address, error } => {
                format!(
                    "{address:?} is not an address to listen on ({error}): give --listen HOST:PORT \
                     or --listen unix:/path"
                )
            }
            StartError::Bind { address, error } => {
                let advice = bind_advice(address, error, "--listen");
                format!("can't listen on {address} ({error}): {advice}")
            }
            StartError::WebConfig(error) => format!("--web.config.file {error}"),
            other => other.to_string(),
        })
    }

    /// Whether the reader of the output is gone, as with `head`.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl From<String> for Failure {
    fn from(text: String) -> Self {
        Self::Told(text)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Found(_) => Ok(()),
            Self::Output(error) => write!(f, "can't write the output: {error}"),
            Self::Told(text) | Self::Trouble(text) => f.write_str(text),
        }
    }
}
