//! The machine of a run.

use std::fs;
use std::thread::available_parallelism;

pub(crate) const CPU: &str = "cpu";
pub(crate) const CORES: &str = "cores";
pub(crate) const KERNEL: &str = "kernel";
pub(crate) const RUSTC: &str = "rustc";
pub(crate) const PROFILE: &str = "profile";
pub(crate) const TICKS: &str = "ticks per nanosecond";

/// CPU, cores, kernel and compiler, each with its name.
pub(crate) fn describe() -> Vec<(&'static str, String)> {
    let cores = available_parallelism().map_or(0, usize::from);
    vec![
        (CPU, cpu().unwrap_or_else(|| std::env::consts::ARCH.to_owned())),
        (CORES, cores.to_string()),
        (KERNEL, read("/proc/sys/kernel/osrelease")),
        (RUSTC, rustc()),
        (PROFILE, "release, no link-time optimisation".to_owned()),
        (TICKS, format!("{:.3}", ticks_per_nano())),
    ]
}

/// The same in one line, for a short report.
pub(crate) fn line() -> String {
    let facts = describe();
    let fact = |name| facts.iter().find(|(it, _)| *it == name).map_or("", |(_, value)| value);
    format!("{}, {} cores, kernel {}, {}.", fact(CPU), fact(CORES), fact(KERNEL), fact(RUSTC))
}

/// Ticks of the clock in a nanosecond.
pub(crate) fn ticks_per_nano() -> f64 {
    const TICKS: u64 = 1 << 40;
    TICKS as f64 / crate::run::clock().delta_as_nanos(0, TICKS) as f64
}

fn cpu() -> Option<String> {
    let info = read("/proc/cpuinfo");
    let field = |name| {
        let line = info.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let name = field("model name")?;
    // A hypervisor may hide the model: family and model number identify it.
    Some(format!("{name} (family {}, model {})", field("cpu family")?, field("model\t")?))
}

fn rustc() -> String {
    let output = std::process::Command::new("rustc").arg("--version").output();
    output.map_or_else(
        |_| "unknown".to_owned(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default().trim().to_owned()
}
