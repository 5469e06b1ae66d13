use std::fmt;
use std::io::{self, Write};

/// Reports something on standard error. `eprintln!` would panic where that is closed.
pub(crate) fn report(what: fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "tickmetrics: {what}");
}
