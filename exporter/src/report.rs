use metrics_core::__text::Printable;
use std::fmt;
use std::io::{self, Write};

/// Reports something on standard error, in one line, whatever foreign words are in it. `eprintln!`
/// would panic where that is closed.
pub(crate) fn report(what: fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "tickmetrics: {}", Printable(what));
}
