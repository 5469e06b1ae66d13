//! Files that are made of catalogues, written or compared.

use crate::Result;
use crate::failure::Failure;
use crate::people::{Lines, PrintablePath};
use std::path::Path;
use tickmetrics_rules::output::{self, Output};

/// Writes files below a folder. With `check`, nothing is written, and the paths of files that are not
/// current are printed.
pub(crate) fn finish(folder: &Path, outputs: &[Output], check: bool) -> Result<()> {
    if !check {
        return output::write(folder, outputs).map_err(|(path, error)| {
            Failure::Trouble(format!("{} can't be written: {error}", PrintablePath(&path)))
        });
    }
    let stale = output::stale(folder, outputs);
    let mut lines = Lines::default();
    for output in &stale {
        lines.push(format_args!("{}", folder.join(&output.path).display()));
    }
    lines.print()?;
    match stale.len() {
        0 => Ok(()),
        1 => Err(Failure::told("1 file is not current: run this command without --check")),
        files => Err(Failure::told(format!(
            "{files} files are not current: run this command without --check"
        ))),
    }
}
