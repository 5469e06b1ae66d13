//! The help text that a derive makes from a doc comment equals rustdoc's reading.

#[path = "help_texts/fields.rs"]
#[expect(
    unreachable_pub,
    dead_code,
    clippy::doc_lazy_continuation,
    clippy::tabs_in_doc_comments,
    reason = "as rustdoc finds it"
)]
mod fields;

use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use tests::programs::skip;
use tickmetrics::prelude::*;

/// The documentation of each field in rustdoc's format for tools.
fn rustdoc() -> BTreeMap<String, String> {
    let folder = std::env::temp_dir().join(format!("tickmetrics-help-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let source = include_str!("help_texts/fields.rs")
        .replace(
            "use tickmetrics::prelude::*;",
            "pub struct Counter; impl Counter { pub fn inc() {} }",
        )
        .replace("#[derive(Metrics)]", "")
        .replace("#[metrics(prefix = ", "#[doc(alias = ");
    let file = folder.join("fields.rs");
    fs::write(&file, source).unwrap();
    let output = Command::new("rustdoc")
        .args(["-Z", "unstable-options", "--output-format", "json", "--document-hidden-items"])
        .args(["--crate-type", "lib", "--edition", "2024", "--out-dir"])
        .args([&folder, &file])
        // This format is not stable yet.
        .env("RUSTC_BOOTSTRAP", "1")
        .output();
    let fields = match output {
        Err(error) => {
            skip(&format!("rustdoc is not installed: {error}"));
            BTreeMap::new()
        }
        Ok(output) => {
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            let json = fs::read_to_string(folder.join("fields.json")).unwrap();
            let json: Value = serde_json::from_str(&json).unwrap();
            let items = json["index"].as_object().unwrap().values();
            let fields = items.filter(|item| !item["inner"]["struct_field"].is_null());
            let text = |item: &Value, key: &str| item[key].as_str().unwrap().to_owned();
            fields.map(|item| (text(item, "name"), text(item, "docs"))).collect()
        }
    };
    fs::remove_dir_all(&folder).unwrap();
    fields
}

/// Lines are joined, paragraphs are lines, and blanks do not count.
fn joined(docs: &str) -> String {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let lines: Vec<String> = docs.lines().map(words).collect();
    let paragraphs = lines.split(String::is_empty).filter(|paragraph| !paragraph.is_empty());
    paragraphs.map(|paragraph| paragraph.join(" ")).collect::<Vec<_>>().join("\n")
}

#[test]
fn help_is_what_rustdoc_reads() {
    let registry = Registry::new();
    fields::Fields::register(&registry).unwrap();
    fields::HandedOn::register(&registry).unwrap();
    let snapshot = registry.snapshot();
    let docs = rustdoc();
    for (field, docs) in &docs {
        let prefix =
            if matches!(&**field, "literal" | "expression") { "handed_on" } else { "help" };
        let family = snapshot.family(&format!("{prefix}_{field}_total")).unwrap();
        assert_eq!(family.help(), joined(docs), "{field}: {docs:?}");
    }
    assert!(docs.is_empty() || docs.len() == snapshot.families().count(), "{docs:#?}");
}
