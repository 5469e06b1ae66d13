//! Passes on to `build_info!` what Cargo shows to build scripts alone: compiler, target and
//! profile. They are those of the whole build, and so of the crate that uses the macro.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // Cargo runs this again for another compiler.
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc).arg("--version").output().ok();
    let version = version.and_then(|output| String::from_utf8(output.stdout).ok());
    // "rustc 1.95.0 (59807616e 2026-04-14)"
    let version = version.as_deref().and_then(|version| version.split_whitespace().nth(1));
    for (variable, value) in [
        ("TICKMETRICS_BUILD_RUSTC", version.map(str::to_owned)),
        ("TICKMETRICS_BUILD_TARGET", env::var("TARGET").ok()),
        ("TICKMETRICS_BUILD_PROFILE", env::var("PROFILE").ok()),
    ] {
        println!("cargo::rustc-env={variable}={}", value.as_deref().unwrap_or("unknown"));
    }
}
