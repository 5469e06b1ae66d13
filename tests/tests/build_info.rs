//! The labels of `build_info!` in a crate other than the exporter's own.

use std::process::Command;
use tickmetrics::Registry;

#[test]
fn it_is_this_crates_own_build() {
    let registry = Registry::new();
    let info = tickmetrics_exporter::build_info!().revision("a\"1");
    info.register(&registry).unwrap();
    info.register(&registry).unwrap();
    let mut text = String::new();
    tickmetrics_exporter::encode::text(&registry.snapshot(), &mut text);

    let rustc = Command::new("rustc").arg("-vV").output().unwrap();
    let rustc = String::from_utf8(rustc.stdout).unwrap();
    let line = |name: &str| rustc.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
    let expected = format!(
        "# HELP build_info What the program was built from.\n\
         # TYPE build_info gauge\n\
         build_info{{name=\"tests\",version=\"0.1.0\",revision=\"a\\\"1\",rustc=\"{}\",\
         target=\"{}\",profile=\"{profile}\"}} 1\n",
        line("release: "),
        line("host: "),
    );
    assert_eq!(text, expected);
}

#[test]
fn several_crates_have_theirs() {
    let registry = Registry::new();
    for revision in ["a", "b"] {
        tickmetrics_exporter::build_info!().revision(revision).register(&registry).unwrap();
    }
    assert_eq!(registry.snapshot().family("build_info").unwrap().series().count(), 2);
}
