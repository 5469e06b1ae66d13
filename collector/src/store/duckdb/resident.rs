//! The memory of this process.

use std::fs;

/// Bytes of memory that no file backs. `None` where the system does not report them.
pub(super) fn resident() -> Option<u64> {
    // https://man7.org/linux/man-pages/man5/proc_pid_status.5.html
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib << 10)
}
