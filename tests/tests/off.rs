//! The feature `off`: recording is no instruction at all, and the library compiles on other systems.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use tests::programs::skip;

const WORKSPACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Those whose standard library is looked for: rustup's `target add` has them.
const ELSEWHERE: [&str; 2] = ["x86_64-pc-windows-gnu", "aarch64-apple-darwin"];

/// Runs cargo on a project that has the library with the feature.
fn cargo(arguments: &[&str]) -> Output {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("off");
    let core = fs::canonicalize(Path::new(WORKSPACE).join("metrics-core")).unwrap();
    fs::create_dir_all(root.join("src")).unwrap();
    let manifest = format!(
        "[package]\nname = \"off\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
         [dependencies]\ntickmetrics = {{ path = \"{}\", features = [\"off\", \"test-util\"] }}\n\
         [workspace]\n[profile.release]\ndebug = false\n",
        core.display()
    );
    fs::write(root.join("Cargo.toml"), manifest).unwrap();
    fs::write(root.join("src/main.rs"), include_str!("off/program.rs")).unwrap();
    // The versions are those of the workspace, which are on this machine already.
    fs::copy(Path::new(WORKSPACE).join("Cargo.lock"), root.join("Cargo.lock")).unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(arguments).arg("--offline").current_dir(&root).env_remove("RUSTFLAGS");
    cargo.env("CARGO_TARGET_DIR", root.join("target")).output().unwrap()
}

fn assert_done(output: &Output) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !said.contains("warning"), "{}: {said}", output.status);
}

#[test]
fn nothing_is_left_of_a_record() {
    let output = cargo(&["run", "-q", "--release"]);
    assert_done(&output);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "nothing is left\n");
}

#[test]
fn other_systems_compile_it() {
    for target in ELSEWHERE {
        let mut rustc = Command::new("rustc");
        let library = rustc.args(["--print", "target-libdir", "--target", target]);
        let library = String::from_utf8(library.output().unwrap().stdout).unwrap();
        if !Path::new(library.trim()).exists() {
            skip(&format!("`off` on {target}: rustup target add {target}"));
            continue;
        }
        assert_done(&cargo(&["check", "-q", "--target", target]));
    }
}
