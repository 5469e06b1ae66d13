use crate::reader::ReadErrorKind;
use crate::segment::Full;
use std::io;

/// Why nothing was taken over.
pub(crate) enum ResumeError {
    /// The file is none that can be.
    File(String),
    /// The file could be resumed, but the system refuses an operation: it should stay.
    System(io::Error),
}

impl From<io::Error> for ResumeError {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

impl From<ReadErrorKind> for ResumeError {
    fn from(why: ReadErrorKind) -> Self {
        match why {
            ReadErrorKind::Io(error) => Self::System(error),
            why => Self::File(why.at("it").to_string()),
        }
    }
}

impl From<Full> for ResumeError {
    fn from(Full { what, setting, exhausted }: Full) -> Self {
        match exhausted.refused {
            Some(error) => Self::System(error),
            None => Self::File(format!(
                "the earlier run's {what} don't fit: raise Segment::builder().{setting}()"
            )),
        }
    }
}
