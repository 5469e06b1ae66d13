//! A module of core imports only from modules that DESIGN.md lists before it, so that none knows
//! the modules built on it.

use std::fs;
use std::path::{Path, PathBuf};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The groups of modules in their order.
fn groups() -> Vec<Vec<String>> {
    let design = fs::read_to_string(repository().join("DESIGN.md")).unwrap();
    let (_, from) = design.split_once("nearer to the hardware:").expect("DESIGN.md has the order");
    let (order, _) = from.split_once('.').unwrap();
    let group = |group: &str| group.split(',').map(|it| it.trim().to_owned()).collect();
    order.split('→').map(group).collect()
}

/// The files of a module, tests apart.
fn sources(module: &str) -> Vec<(PathBuf, String)> {
    fn collect(path: &Path, into: &mut Vec<(PathBuf, String)>) {
        if path.is_dir() {
            fs::read_dir(path).unwrap().for_each(|it| collect(&it.unwrap().path(), into));
        } else if !path.ends_with("tests.rs")
            && let Ok(text) = fs::read_to_string(path)
        {
            let code = text.split("\nmod tests {").next().unwrap_or_default();
            into.push((path.to_owned(), code.to_owned()));
        }
    }
    let root = repository().join("metrics-core/src");
    let mut all = Vec::new();
    collect(&root.join(format!("{module}.rs")), &mut all);
    collect(&root.join(module), &mut all);
    assert!(!all.is_empty(), "{module} has no file");
    all
}

/// The modules of the crate that code names, by their path from the root.
fn named(code: &str) -> impl Iterator<Item = &str> {
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    let paths = lines.flat_map(|line| line.split("crate::").skip(1));
    paths.map(|path| path.split(|c: char| c != '_' && !c.is_alphanumeric()).next().unwrap())
}

#[test]
fn each_module_imports_from_those_before_it_alone() {
    let groups = groups();
    let position =
        |module: &str| groups.iter().position(|group| group.iter().any(|it| it == module));
    let lib = fs::read_to_string(repository().join("metrics-core/src/lib.rs")).unwrap();
    let modules = lib.lines().filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'));
    let mut imports = 0;
    for module in modules.filter(|&module| module != "model") {
        let own = position(module).unwrap_or_else(|| panic!("DESIGN.md's order lacks {module}"));
        for (path, code) in sources(module) {
            for other in named(&code).filter(|&other| other != module) {
                // Names of the root are others' documentation, or a module's.
                let Some(before) = position(other) else { continue };
                imports += 1;
                assert!(before < own, "{} imports from {other}", path.display());
            }
        }
    }
    assert!(imports > 100, "{imports} imports were found");
}
