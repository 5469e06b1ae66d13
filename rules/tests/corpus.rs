//! Files of others: all below the folders that `TICKMETRICS_RULES_CORPUS` names, with a colon between
//! them. None of them is in the repository.

use std::path::{Path, PathBuf};
use std::process::Command;
use tests::programs::skip;
use tickmetrics_rules::Text;
use tickmetrics_rules::file::{File, UNREADABLE};

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let (path, kind) = (entry.path(), entry.file_type().unwrap());
        let extension = path.extension().map(|it| it.to_string_lossy().into_owned());
        if kind.is_dir() {
            files(&path, found);
        } else if matches!(extension.as_deref(), Some("yml" | "yaml" | "rules" | "json")) {
            found.push(path);
        }
    }
}

/// Each word of a value is in the file where the value has it.
fn check(source: &str, text: &Text) -> bool {
    let word = |it: char| it.is_ascii_alphanumeric() || it == '_';
    let words = text.split(|it| !word(it)).filter(|word| !word.is_empty());
    words.into_iter().all(|word| {
        let at = word.as_ptr() as usize - text.as_ptr() as usize;
        source.get(text.part(at..at + word.len()).range()) == Some(word)
    })
}

/// The number of rules that promtool counts, if it accepts the file.
fn counted(program: &str, path: &Path) -> Option<usize> {
    let output =
        Command::new(program).args(["check", "rules", "--lint=none"]).arg(path).output().ok()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let (_, rest) = said.split_once("SUCCESS: ")?;
    rest.split(' ').next()?.parse().ok()
}

#[test]
fn files_of_others_are_read() {
    let Ok(folders) = std::env::var("TICKMETRICS_RULES_CORPUS") else {
        return skip("files of others: TICKMETRICS_RULES_CORPUS does not name their folder");
    };
    let promtool = std::env::var("PROMTOOL").unwrap_or_else(|_| "promtool".into());
    let mut paths = Vec::new();
    folders.split(':').for_each(|folder| files(Path::new(folder), &mut paths));
    paths.sort();
    let (mut rule_files, mut groups, mut rules, mut counts) = (0, 0, 0, 0);
    let (mut dashboards, mut panels, mut queries, mut unknown) = (0, 0, 0, 0);
    let mut wrong = Vec::new();
    for path in &paths {
        let file = File::open(path);
        let unreadable = file.findings().iter().any(|finding| finding.check.id == UNREADABLE.id);
        let name = path.display();
        match &file {
            File::Rules(file) => {
                let count = file.rule_count();
                let accepted = counted(&promtool, path);
                counts += usize::from(accepted.is_some_and(|count| count > 0));
                let refused = file
                    .findings
                    .iter()
                    .find(|it| it.severity > tickmetrics_rules::report::Severity::Warning);
                let first = file.findings.first().map(|it| (&it.message, it.start()));
                if accepted.is_some_and(|accepted| accepted > 0 && accepted != count) {
                    wrong.push(format!(
                        "{name}: {count} rules, {accepted:?} by promtool, {first:?}"
                    ));
                }
                if accepted.is_some() && refused.is_some() {
                    wrong.push(format!("{name}: refused, not by promtool: {first:?}"));
                }
                if count == 0 {
                    continue;
                }
                (rule_files, groups, rules) =
                    (rule_files + 1, groups + file.groups.len(), rules + count);
                for rule in file.groups.iter().flat_map(|group| &group.rules) {
                    if !check(file.source.text(), &rule.expr) {
                        wrong.push(format!("{name}: places in {:?}", rule.expr.as_str()));
                    }
                }
            }
            File::Dashboard(file) => {
                if unreadable {
                    continue;
                }
                dashboards += 1;
                panels += file.panels.len();
                queries += file.queries().count();
                unknown += file.queries().filter(|query| query.is_prometheus.is_none()).count();
                let text = file.source.text();
                let written =
                    text.matches("\"expr\"").count() - text.matches("\"expr\": \"\"").count();
                if file.queries().count() != written {
                    wrong.push(format!(
                        "{name}: {} of {written} expressions",
                        file.queries().count()
                    ));
                }
                if let Some(query) = file.queries().find(|query| !check(text, &query.expr)) {
                    wrong.push(format!("{name}: places in {:?}", query.expr.as_str()));
                }
            }
        }
    }
    println!("{} files", paths.len());
    println!(
        "{rule_files} rule files, {groups} groups, {rules} rules; {counts} counted by promtool"
    );
    println!(
        "{dashboards} dashboards, {panels} panels, {queries} queries, {unknown} of unknown sources"
    );
    wrong.iter().for_each(|line| println!("{line}"));
    assert!(rules > 0 && queries > 0);
}
