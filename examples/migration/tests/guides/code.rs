//! The code blocks of a guide.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The guide with each block as its file is. A line with a link to the file is in front of the block.
pub(crate) fn filled(guide: &str, shown: &mut BTreeSet<String>) -> String {
    let mut parts = guide.split("\n```rust\n");
    let mut text = parts.next().unwrap().to_owned();
    for part in parts {
        let (_, rest) = part.split_once("```\n").expect("a block ends");
        let link = text.trim_end().lines().last().unwrap();
        let path = link.split_once("](").and_then(|(_, path)| path.split_once(')'));
        let (path, _) = path.unwrap_or_else(|| panic!("a link before a block: {link}"));
        let code = fs::read_to_string(super::folder().join(path)).unwrap();
        shown.insert(path.to_owned());
        text = format!("{text}\n```rust\n{code}```\n{rest}");
    }
    text
}

/// The files of the programs, from `src`.
pub(crate) fn programs(folder: &Path) -> BTreeSet<String> {
    let mut files = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            files.append(&mut programs(&path));
        } else if !["lib.rs", "main.rs", "mod.rs"].contains(&name) {
            let path = path.strip_prefix(super::folder()).unwrap();
            files.insert(path.to_str().unwrap().to_owned());
        }
    }
    files
}
