//! Reports without the system calls that spare a program SIGPIPE and a reader that does not read.

use crate::printable::Printable;
use std::fmt;
use std::io::{Write, stderr};

/// Reports something in one line, whatever foreign words are in it.
pub fn report(what: fmt::Arguments<'_>) {
    // There is nobody else to report to.
    let _ = writeln!(stderr(), "tickmetrics: {}", Printable(what));
}
