//! Linux' information about the process.
//!
//! System calls are preferred to files: they have finer units, sum up all threads, and need no file
//! descriptor, which a process in trouble may lack.

use nix::sys::resource::{Resource, UsageWho, getrlimit, getrusage};
use nix::sys::time::TimeValLike;
use nix::time::{ClockId, clock_gettime};
use nix::unistd::{SysconfVar, sysconf};
use procfs_core::FromRead;
use std::fs::{self, File};
use std::io::Seek;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The content of `/proc/self/stat`, which is kept open.
#[derive(Debug, Default)]
pub(super) struct System {
    stat: Option<File>,
}

pub(super) struct Stat {
    pub(super) resident_bytes: f64,
    pub(super) virtual_bytes: f64,
    pub(super) threads: f64,
    /// In seconds.
    pub(super) started_after_boot: f64,
}

impl System {
    pub(super) fn stat(&mut self) -> Option<Stat> {
        // After a failed read, the next one opens the file again.
        let mut file = self.stat.take().or_else(|| File::open("/proc/self/stat").ok())?;
        file.rewind().ok()?;
        let stat = procfs_core::process::Stat::from_read(&file).ok()?;
        self.stat = Some(file);
        let constant = |which| Some(sysconf(which).ok()?? as f64);
        Some(Stat {
            resident_bytes: stat.rss as f64 * constant(SysconfVar::PAGE_SIZE)?,
            virtual_bytes: stat.vsize as f64,
            threads: stat.num_threads as f64,
            started_after_boot: stat.starttime as f64 / constant(SysconfVar::CLK_TCK)?,
        })
    }
}

/// The start of the system, in seconds since 1970. It is read once, since setting the clock moves
/// it, and would move the start of the process. A forked child has its parent's value.
pub(super) fn boot_time() -> Option<f64> {
    /// The bits of the value; 0 before the first.
    static ANSWER: AtomicU64 = AtomicU64::new(0);
    // Relaxed: the value says nothing about other memory, and the first store decides for all.
    let known = ANSWER.load(Relaxed);
    if known != 0 {
        return Some(f64::from_bits(known));
    }
    let since = |clock| clock_gettime(clock).ok().map(|time| time.num_nanoseconds() as f64 / 1e9);
    let boot = since(ClockId::CLOCK_REALTIME)? - since(ClockId::CLOCK_BOOTTIME)?;
    let first = ANSWER.compare_exchange(0, boot.to_bits(), Relaxed, Relaxed);
    Some(first.map_or_else(f64::from_bits, |_| boot))
}

/// The usage of all threads, ended ones included.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Usage {
    pub(super) cpu_seconds: f64,
    pub(super) minor_faults: f64,
    pub(super) major_faults: f64,
    pub(super) voluntary_switches: f64,
    pub(super) involuntary_switches: f64,
}

impl Usage {
    /// The larger one of each value: Linux promises that they never fall, but imitations of Linux
    /// may break that.
    pub(super) fn max(self, other: Self) -> Self {
        Self {
            cpu_seconds: self.cpu_seconds.max(other.cpu_seconds),
            minor_faults: self.minor_faults.max(other.minor_faults),
            major_faults: self.major_faults.max(other.major_faults),
            voluntary_switches: self.voluntary_switches.max(other.voluntary_switches),
            involuntary_switches: self.involuntary_switches.max(other.involuntary_switches),
        }
    }
}

pub(super) fn usage() -> Option<Usage> {
    let usage = getrusage(UsageWho::RUSAGE_SELF).ok()?;
    let microseconds = usage.user_time() + usage.system_time();
    Some(Usage {
        cpu_seconds: microseconds.num_microseconds() as f64 / 1e6,
        minor_faults: usage.minor_page_faults() as f64,
        major_faults: usage.major_page_faults() as f64,
        voluntary_switches: usage.voluntary_context_switches() as f64,
        involuntary_switches: usage.involuntary_context_switches() as f64,
    })
}

pub(super) fn max_virtual_bytes() -> Option<f64> {
    Some(getrlimit(Resource::RLIMIT_AS).ok()?.0 as f64)
}

pub(super) fn max_fds() -> Option<f64> {
    Some(getrlimit(Resource::RLIMIT_NOFILE).ok()?.0 as f64)
}

pub(super) fn open_fds() -> Option<f64> {
    const FOLDER: &str = "/proc/self/fd";
    // Linux 6.2 and later report the number as the folder's size, without opening a descriptor.
    let size = fs::metadata(FOLDER).ok()?.len();
    if size > 0 {
        return Some(size as f64);
    }
    // Less the descriptor that reads the folder.
    fs::read_dir(FOLDER).ok()?.count().checked_sub(1).map(|count| count as f64)
}
