//! Manual pages, as `groff` reads them.

use crate::support::{Folder, failure, output, text};
use std::fs;
use tests::programs::{feed, skip};

#[test]
fn each_command_has_a_page() {
    let parent = Folder::new("man");
    // Missing, and made.
    let folder = parent.file("share/man1");
    output(&["man", text(&folder)]);
    let mut pages: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    pages.sort_unstable();
    assert_eq!(
        pages,
        [
            "-catalogue",
            "-collect",
            "-completions",
            "-dashboard",
            "-dump",
            "-export",
            "-hist",
            "-lint",
            "-man",
            "-query",
            "-rules",
            "-serve",
            "-status",
            "-top",
            ""
        ]
        .map(|name| format!("tickmetrics{name}.1"))
    );
    for page in &pages {
        let source = fs::read_to_string(folder.join(page)).unwrap();
        let arguments = ["-man", "-Kutf8", "-Tutf8", "-ww", "-P-cbou"];
        let Some(shown) = feed("groff", &arguments, &source) else {
            return skip("groff is not installed (apt-get install groff)");
        };
        let warned = String::from_utf8(shown.stderr).unwrap();
        assert!(shown.status.success() && !warned.contains("macro"), "{page}: {warned}");
        let shown = String::from_utf8(shown.stdout).unwrap();
        assert!(shown.contains("\nEXAMPLES\n") && shown.contains("NAME\n"), "{page}: {shown}");
        // An example is one line, and no other one.
        let example = shown.lines().find(|line| line.trim_start().starts_with("tickmetrics "));
        assert!(example.is_some(), "{page}: {shown}");
    }
    let top = fs::read_to_string(folder.join("tickmetrics-top.1")).unwrap();
    assert!(top.contains(".SH KEYS\n.nf\n") && top.contains("\\-\\-password\\-file"), "{top}");
    assert_eq!(output(&["man"]), fs::read_to_string(folder.join("tickmetrics.1")).unwrap());
    let told = failure(&["man", "/dev/null"]);
    assert!(told.contains("/dev/null/tickmetrics.1 can't be written: Not a directory"), "{told}");
    let told = failure(&["man", "/dev/null/man1"]);
    assert!(told.contains("/dev/null/man1 can't be made: Not a directory"), "{told}");
}
