//! Settings from the program's operator.

use crate::memory;
use crate::report::report;
use std::path::PathBuf;

/// The variable with the file of a segment whose program names none.
pub(super) const VARIABLE: &str = "TICKMETRICS_SEGMENT";
/// The variable that resumes any segment in a file, with one of the values [`ON`].
const RESUME: &str = "TICKMETRICS_SEGMENT_RESUME";
const ON: [&str; 4] = ["1", "true", "yes", "on"];
const OFF: [&str; 4] = ["0", "false", "no", "off"];

/// The path given by the program's operator. A program with more rights than its user (set user id)
/// does not let its user choose where it writes.
pub(super) fn path() -> Option<PathBuf> {
    let path = std::env::var_os(VARIABLE).filter(|path| !path.is_empty())?;
    (!memory::is_privileged()).then(|| path.into())
}

/// Whether the operator asks for it, with the same exception.
pub(super) fn resume() -> bool {
    let Some(value) = std::env::var_os(RESUME).filter(|_| !memory::is_privileged()) else {
        return false;
    };
    let is = |words: [&str; 4]| words.iter().any(|word| value.eq_ignore_ascii_case(word));
    if !is(ON) && !is(OFF) && !value.is_empty() {
        report(format_args!(
            "{RESUME} is {:?}, and the segment is not resumed: {} resumes it, {} does not",
            value.to_string_lossy(),
            ON.join(" or "),
            OFF.join(" or ")
        ));
    }
    is(ON)
}
