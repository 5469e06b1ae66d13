//! Several copies of the crate in one process: each counts in cells of its own, however it was
//! loaded. Small projects are built from the workspace, without a network, and linked or loaded.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tests::programs::skip;

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/copies");
const WORKSPACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// A folder with the projects: the libraries `one` and `two`, and `user`, which has the crate from
/// the dylib `shared`. Each test has its own, and all build into the same one.
fn projects(test: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("copies").join(test);
    let write = |path: &str, text: &str| {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let source = |file: &str| fs::read_to_string(Path::new(SOURCES).join(file)).unwrap();
    let core = fs::canonicalize(Path::new(WORKSPACE).join("metrics-core")).unwrap();
    let package = |name: &str, kind: &str, dependency: &str| {
        let manifest = format!(
            "[package]\nname = {name:?}\nversion = \"0.0.0\"\nedition = \"2024\"\n{kind}\n\
             [dependencies]\n{dependency}\n"
        );
        write(&format!("{name}/Cargo.toml"), &manifest);
    };
    let on_core = format!("tickmetrics = {{ path = \"{}\" }}", core.display());
    let features = "[features]\nloadable = [\"tickmetrics/loadable\"]\n";
    for name in ["one", "two"] {
        package(name, features, &on_core);
        write(&format!("{name}/src/lib.rs"), &source("library.rs").replace("NAME", name));
    }
    package("shared", &format!("{features}[lib]\ncrate-type = [\"dylib\"]\n"), &on_core);
    write("shared/src/lib.rs", "pub use tickmetrics;\n");
    package("user", "", "shared = { path = \"../shared\", features = [\"loadable\"] }");
    write("user/src/main.rs", &source("user.rs"));
    let settings = "[workspace]\nresolver = \"3\"\nmembers = [\"one\", \"two\", \"shared\", \"user\"]\n\
                    [profile.dev]\ndebug = false\n[profile.release]\ndebug = false\n";
    write("Cargo.toml", settings);
    // The versions are those of the workspace, which are on this machine already.
    fs::copy(Path::new(WORKSPACE).join("Cargo.lock"), root.join("Cargo.lock")).unwrap();
    root
}

fn cargo(root: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO"))
        .args(arguments)
        .arg("--offline")
        .current_dir(root)
        .env("CARGO_TARGET_DIR", target())
        .env_remove("RUSTFLAGS")
        .output()
        .unwrap()
}

fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("copies/target")
}

/// Runs a command, which must succeed, and returns its output.
fn done(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert_done(&output);
    String::from_utf8(output.stdout).unwrap()
}

fn assert_done(output: &Output) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {said}", output.status);
}

/// Builds a library as one of the kinds that other languages take, and puts it into the project's
/// folder under a name of its own.
fn library(root: &Path, name: &str, kind: &str, profile: &str, features: &[&str]) -> PathBuf {
    let mut arguments = vec!["rustc", "-q", "--lib", "-p", name, "--profile", profile];
    arguments.extend(["--crate-type", kind]);
    arguments.extend(features);
    assert_done(&cargo(root, &arguments));
    let extension = if kind == "staticlib" { "a" } else { "so" };
    let folder = if profile == "dev" { "debug" } else { profile };
    let built = target().join(folder).join(format!("lib{name}.{extension}"));
    let kept = root.join(format!("lib{name}.{extension}"));
    let _ = fs::remove_file(&kept);
    fs::copy(built, &kept).unwrap();
    kept
}

const LOADABLE: [&str; 2] = ["--features", "loadable"];

/// Answers false, loudly, where a program that a test runs is not there.
fn have(programs: &[&str]) -> bool {
    programs.iter().all(|program| {
        let there = Command::new(program).arg("--version").output().is_ok();
        if !there {
            skip(&format!("{program} is not installed: copies of the crate in one process"));
        }
        there
    })
}

/// Loads libraries into one process, and holds each to the counts of its own.
fn load(mode: &str, libraries: &[(&str, PathBuf)]) {
    let mut python = Command::new("python3");
    python.arg(Path::new(SOURCES).join("load.py")).arg(mode);
    python.args(libraries.iter().map(|(name, file)| format!("{name}={}", file.display())));
    // A shared object that takes thread-locals of the space for those of the program would be
    // refused by the loader as soon as that is used up.
    assert_eq!(done(&mut python), "4 0\n".repeat(libraries.len()), "counts, and records astray");
}

#[test]
fn two_static_libraries_in_one_program() {
    if !have(&["cc"]) {
        return;
    }
    let root = projects("static");
    let one = library(&root, "one", "staticlib", "dev", &[]);
    let two = library(&root, "two", "staticlib", "release", &[]);
    let program = root.join("program");
    let source = Path::new(SOURCES).join("program.c");
    done(Command::new("cc").arg(source).args([one, two]).args(["-lm", "-o"]).arg(&program));
    assert_eq!(done(&mut Command::new(program)), "2 3 0\n");
}

#[test]
fn two_shared_objects_from_static_libraries_of_other_profiles() {
    if !have(&["cc", "python3"]) {
        return;
    }
    let root = projects("shared-objects");
    let object = |name: &'static str, profile| {
        let library = library(&root, name, "staticlib", profile, &LOADABLE);
        let object = root.join(format!("lib{name}.so"));
        let mut cc = Command::new("cc");
        // All of it, and all its names visible.
        cc.args(["-shared", "-Wl,--whole-archive"]).arg(library).arg("-Wl,--no-whole-archive");
        done(cc.args(["-lm", "-o"]).arg(&object));
        (name, object)
    };
    let objects = [object("one", "dev"), object("two", "release")];
    load("local", &objects);
    load("global", &objects);
}

/// The space for thread-locals of objects that are loaded is 512 bytes, and the library has 8 KiB.
#[test]
fn twenty_plugins_with_large_thread_locals() {
    if !have(&["python3"]) {
        return;
    }
    let root = projects("plugins");
    let plugin = library(&root, "one", "cdylib", "release", &LOADABLE);
    let copies = (0..20).map(|number| {
        let copy = root.join(format!("plugin{number}.so"));
        fs::copy(&plugin, &copy).unwrap();
        ("one", copy)
    });
    let copies: Vec<_> = copies.collect();
    load("local", &copies);
    load("global", &copies);
}

/// Each load has the file, which the one before has left, and nothing of that is there any more.
#[test]
fn a_library_is_unloaded_and_loaded_again() {
    if !have(&["python3"]) {
        return;
    }
    let root = projects("unload");
    let library = library(&root, "two", "cdylib", "release", &LOADABLE);
    for in_a_file in [false, true] {
        let mut python = Command::new("python3");
        python.arg(Path::new(SOURCES).join("unload.py")).arg("two").arg(&library).arg("10");
        if in_a_file {
            python.env("TICKMETRICS_SEGMENT", root.join("segment"));
        }
        let output = python.output().unwrap();
        assert_done(&output);
        // Loads that stayed, GiB, descriptors, and the end of a child.
        assert_eq!(String::from_utf8_lossy(&output.stdout), "0 0 0 0\n", "in a file: {in_a_file}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    }
}

/// `{pid}` distinguishes processes, and not copies in one.
#[test]
fn a_second_copy_has_no_part_in_the_file_of_the_first() {
    if !have(&["python3"]) {
        return;
    }
    let root = projects("one-file");
    let plugin = library(&root, "one", "cdylib", "release", &LOADABLE);
    let second = root.join("second.so");
    fs::copy(&plugin, &second).unwrap();
    let mut python = Command::new("python3");
    python.arg(Path::new(SOURCES).join("load.py")).arg("local");
    python.args([plugin, second].map(|file| format!("one={}", file.display())));
    python.env("TICKMETRICS_SEGMENT", root.join("{pid}.metrics"));
    let process = python.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let file = root.join(format!("{}.metrics", process.id()));
    let output = process.wait_with_output().unwrap();
    assert_done(&output);
    fs::remove_file(file).unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "4 0\n4 0\n");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(said.matches("TICKMETRICS_SEGMENT: ").count(), 1, "{said}");
    for part in [
        "another copy of this library",
        "another path, or none",
        "metrics are counted, and in no file",
    ] {
        assert!(said.contains(part), "{said}");
    }
}

/// The actions of an unload are not taken at the end of a process, where other threads continue.
#[test]
fn a_process_ends_while_threads_of_a_library_count() {
    if !have(&["python3"]) {
        return;
    }
    let root = projects("end");
    let library = library(&root, "two", "cdylib", "release", &LOADABLE);
    for _ in 0..20 {
        let script = Path::new(SOURCES).join("end.py");
        done(Command::new("python3").arg(script).arg("two").arg(&library));
    }
}

/// However it ends, also in the midst of the library's set-up, or with an unload on the way.
#[test]
fn a_library_counts_until_its_process_is_gone() {
    if !have(&["cc"]) {
        return;
    }
    let root = projects("ways-to-end");
    let library = library(&root, "two", "cdylib", "release", &LOADABLE);
    let program = root.join("program");
    let source = Path::new(SOURCES).join("end.c");
    let mut cc = Command::new("cc");
    cc.args(["-rdynamic", "-pthread"]).arg(source).args(["-ldl", "-o"]).arg(&program);
    done(&mut cc);
    for way in ["return", "exit", "quick_exit", "begun", "closed"] {
        done(Command::new(&program).arg(way).arg(&library));
    }
}

#[test]
fn a_dylib_whose_user_inlines_a_record() {
    let root = projects("dylib");
    for profile in ["dev", "release"] {
        assert_done(&cargo(&root, &["build", "-q", "-p", "user", "--profile", profile]));
        let folder = target().join(if profile == "dev" { "debug" } else { profile });
        let libraries = done(Command::new("rustc").args(["--print", "target-libdir"]));
        let path = format!("{0}:{0}/deps:{1}", folder.display(), libraries.trim());
        let user = folder.join("user");
        assert_eq!(done(Command::new(user).env("LD_LIBRARY_PATH", path)), "2000 0\n", "{profile}");
    }
}

/// Rather than one that counts wrong, or that a program can't load on some days.
#[test]
#[cfg(all(target_arch = "x86_64", target_env = "gnu"))]
fn without_the_feature_no_shared_library_is_made_and_the_linker_names_the_feature() {
    let root = projects("refused");
    let arguments = ["rustc", "-q", "--lib", "-p", "one", "--crate-type", "cdylib"];
    let output = cargo(&root, &arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    let named = "in_a_shared_library_tickmetrics_needs_its_feature_loadable";
    assert!(said.contains(named), "{said}");
}
