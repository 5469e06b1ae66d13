//! The guides against their programs: the code that they show is the code that is compiled, and what
//! their tables list is all that changes in the exposition.

mod code;
mod exposition;
mod table;

use exposition::{Families, run};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use table::Changes;

const LIBRARIES: [&str; 4] = ["prometheus", "prometheus-client", "metrics", "opentelemetry"];

/// The text of a library's guide.
fn guide(library: &str) -> String {
    fs::read_to_string(folder().join(library).with_extension("md")).unwrap()
}

fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn each_change_is_in_the_table() {
    let after = run(&["after"]);
    for library in LIBRARIES {
        let before = run(&[library, "before"]);
        let changes = Changes::of(&guide(library));
        let mut used = BTreeSet::new();
        let mut reached = BTreeSet::new();
        for (shape, family) in &before {
            let Some(target) = changes.target(shape, &mut used) else { continue };
            let found = after.get(target).unwrap_or_else(|| panic!("{library}: {target}: missing"));
            family.assert_counts_as(found, |label| changes.renamed(label, &mut used));
            reached.insert(target);
        }
        for shape in after.keys().filter(|shape| !reached.contains(shape.as_str())) {
            assert!(changes.adds(shape, &mut used), "{library}: the table lacks {shape}");
        }
        assert_eq!(used.len(), changes.len(), "{library}: the table lists more: {used:?}");
    }
}

/// On the way, each family is as before or as after, and none is missing.
#[test]
fn a_step_changes_some_families_and_keeps_the_others() {
    let after = run(&["after"]);
    for library in LIBRARIES {
        let before = run(&[library, "before"]);
        let between = run(&[library, "between"]);
        let changes = Changes::of(&guide(library));
        for (shape, family) in &between {
            let is = |then: &Families| then.get(shape) == Some(family);
            // The exporter's own figures differ from one process to the next.
            let is_own = changes.adds(shape, &mut BTreeSet::new());
            assert!(is_own || is(&before) || is(&after), "{library}: {shape}");
        }
        for shape in before.keys() {
            let target = changes.target(shape, &mut BTreeSet::new()).unwrap_or(shape);
            let is_there = between.contains_key(shape) || between.contains_key(target);
            assert!(is_there, "{library}: {shape}: missing");
        }
        let kept = between.keys().filter(|shape| before.contains_key(*shape));
        assert!(kept.count() >= 2, "{library}: all has moved");
    }
}

#[test]
fn code_is_that_of_the_programs() {
    let mut shown = BTreeSet::new();
    for library in LIBRARIES {
        let text = guide(library);
        let now = code::filled(&text, &mut shown);
        if std::env::var_os("UPDATE_GUIDES").is_some() {
            fs::write(folder().join(library).with_extension("md"), now).unwrap();
        } else {
            assert!(text == now, "{library}: UPDATE_GUIDES=1 cargo test -p migration");
        }
        assert!(shown.contains("src/after.rs"));
    }
    assert_eq!(shown, code::programs(&folder().join("src")), "each program is in a guide");
}
