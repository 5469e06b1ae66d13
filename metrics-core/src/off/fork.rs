//! Nothing is half-made while the process forks.

use std::io;

#[expect(clippy::unnecessary_wraps, reason = "the system's can fail")]
pub(crate) fn prepare() -> io::Result<()> {
    Ok(())
}
