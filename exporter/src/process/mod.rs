//! Metrics of the process itself, from the system.

mod system;

use system::{System, Usage};
use tickmetrics::{Description, Snapshot};

/// The process metrics of Prometheus' own libraries, under the same names
/// (<https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics>), with page
/// faults and context switches besides.
///
/// | metric | what it is |
/// |---|---|
/// | `process_cpu_seconds_total` | processor time of all threads, in user code and in the kernel, to a microsecond |
/// | `process_resident_memory_bytes` | resident memory, with an error of some pages for each core |
/// | `process_virtual_memory_bytes` | address space, of which a [segment](tickmetrics::Segment) reserves 1 TiB by default |
/// | `process_virtual_memory_max_bytes` | its limit; 2^64 - 1 without one, as in Prometheus' library for Go |
/// | `process_open_fds`, `process_max_fds` | file descriptors and their limit (`ulimit -n`) |
/// | `process_start_time_seconds` | its start, since 1970, to 0.01 s; constant for the life of the process, even if the clock is set |
/// | `process_threads` | threads |
/// | `process_page_faults_total{type}` | page faults: `minor`, or `major` with a read from a disk |
/// | `process_context_switches_total{type}` | how often a thread left its core: `voluntary` to wait, or `involuntary` |
///
/// Values that the system does not report (for example in a sandbox without `/proc`) are left out.
/// Counts never fall, and are those of all threads, ended ones included. In a forked child they are
/// the child's.
///
/// An [`Exporter`](crate::Exporter) exposes them by default
/// ([`process_metrics`](crate::ExporterBuilder::process_metrics)). This type is for programs with a
/// server of their own.
///
/// ```
/// use tickmetrics_exporter::ProcessMetrics;
/// use tickmetrics::Registry;
///
/// let mut process = ProcessMetrics::new(); // keep it: it holds an open file
/// let mut snapshot = Registry::new().snapshot();
/// process.add_to(&mut snapshot);
/// assert!(snapshot.gauge("process_threads", &[]).unwrap() >= 1.0);
/// ```
#[derive(Debug)]
pub struct ProcessMetrics {
    /// The process of the other fields.
    process: u32,
    system: System,
    /// The last counts.
    seen: Usage,
}

impl Default for ProcessMetrics {
    fn default() -> Self {
        Self::new()
    }
}

impl ProcessMetrics {
    /// The metrics of this process.
    pub fn new() -> Self {
        let process = std::process::id();
        Self { process, system: System::default(), seen: Usage::default() }
    }

    /// Adds the system's present values. Values that the snapshot has under the same names stay.
    pub fn add_to(&mut self, snapshot: &mut Snapshot) {
        if self.process != std::process::id() {
            *self = Self::new();
        }
        let mut adding = Adding(snapshot);
        if let Some(usage) = system::usage() {
            self.seen = self.seen.max(usage);
            adding.counts(self.seen);
        }
        if let Some(stat) = self.system.stat() {
            let (name, help) = ("process_resident_memory_bytes", "Memory that is resident.");
            adding.gauge(name, "bytes", help, stat.resident_bytes);
            let (name, help) = ("process_virtual_memory_bytes", "Address space in use.");
            adding.gauge(name, "bytes", help, stat.virtual_bytes);
            adding.gauge("process_threads", "", "Threads.", stat.threads);
            if let Some(boot) = system::boot_time() {
                let (name, help) =
                    ("process_start_time_seconds", "Start of the process, since 1970.");
                adding.gauge(name, "seconds", help, hundredths(boot + stat.started_after_boot));
            }
        }
        if let Some(limit) = system::max_virtual_bytes() {
            let (name, help) = ("process_virtual_memory_max_bytes", "Limit on address space.");
            adding.gauge(name, "bytes", help, limit);
        }
        if let Some(open) = system::open_fds() {
            adding.gauge("process_open_fds", "", "Open file descriptors.", open);
        }
        if let Some(limit) = system::max_fds() {
            adding.gauge("process_max_fds", "", "Limit on open file descriptors.", limit);
        }
    }
}

/// The system has no more digits.
fn hundredths(seconds: f64) -> f64 {
    (seconds * 100.0).round() / 100.0
}

/// A metric whose name is taken is left out. No other error is possible, so errors are not
/// reported.
struct Adding<'a>(&'a mut Snapshot);

impl Adding<'_> {
    fn gauge(&mut self, name: &str, unit: &str, help: &str, value: f64) {
        let _ = self.0.add_gauge(&Description::new(name, help).unit(unit), value);
    }

    fn counts(&mut self, usage: Usage) {
        let cpu = Description::new(
            "process_cpu_seconds_total",
            "Processor time of all threads, in user code and in the kernel.",
        );
        let _ = self.0.add_counter(&cpu.unit("seconds"), usage.cpu_seconds);
        for (name, help, kinds) in [
            (
                "process_page_faults_total",
                "Page faults, major ones with a read from a disk.",
                [("minor", usage.minor_faults), ("major", usage.major_faults)],
            ),
            (
                "process_context_switches_total",
                "How often a thread left its core, voluntarily to wait.",
                [
                    ("voluntary", usage.voluntary_switches),
                    ("involuntary", usage.involuntary_switches),
                ],
            ),
        ] {
            for (kind, count) in kinds {
                let description = Description::new(name, help).constant("type", kind);
                let _ = self.0.add_counter(&description, count);
            }
        }
    }
}
