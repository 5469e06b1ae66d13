//! Rules that are made of catalogues, checked by Prometheus' and Alertmanager's own programs.

#[path = "generate/catalogue.rs"]
mod catalogue;
#[path = "generate/invalid.rs"]
mod invalid;
#[path = "generate/mutants.rs"]
mod mutants;
#[path = "generate/tools.rs"]
mod tools;
#[path = "generate/yaml.rs"]
mod yaml;

use catalogue::{desk, engine, gateway};
use std::time::Duration;
use tickmetrics_rules::file::File;
use tickmetrics_rules::generate::Generator;
use tickmetrics_rules::lint::Linter;
use tickmetrics_rules::report::TextReport;
use tools::{Folder, amtool, promtools};

#[test]
fn rules_pass_promtool_and_their_own_tests() {
    for (name, generator) in tools::generators() {
        let folder = Folder::new(name, &generator, &[gateway(), engine(), desk()]);
        // One version is enough for the other options.
        let versions = if name == "plain" { usize::MAX } else { 1 };
        for promtool in promtools().iter().rev().take(versions) {
            for service in ["gateway", "engine", "desk"] {
                promtool.run(&folder, &["check", "rules", &format!("{service}.rules.yml")]);
                if service != "engine" || promtool.has_native_tests() {
                    promtool.run(&folder, &["test", "rules", &format!("{service}.test.yml")]);
                }
            }
        }
    }
}

#[test]
fn alerts_are_routed_by_priority() {
    for generator in [Generator::new(), Generator::new().webhook("http://localhost:8080/a?b='c'")] {
        let folder = Folder::new("routes", &generator, &[gateway()]);
        amtool(&folder, &["check-config", "alertmanager.yml"]);
        for (receiver, label) in [
            ("p0", "priority=P0"),
            ("p1", "priority=P1"),
            ("p2", "priority=P2"),
            ("p1", "severity=page"),
        ] {
            let verify = format!("--verify.receivers={receiver}");
            let file = "--config.file=alertmanager.yml";
            amtool(&folder, &["config", "routes", "test", file, &verify, label]);
        }
    }
}

#[test]
fn rules_have_no_finding() {
    let catalogues = [gateway(), engine(), desk()];
    for (name, generator) in tools::generators() {
        let folder = Folder::new(&format!("lint-{name}"), &generator, &catalogues);
        let files = ["gateway", "engine"]
            .map(|service| File::open(folder.0.join(format!("{service}.rules.yml"))));
        let linter =
            Linter::new(&catalogues).target_labels(["env"]).scrape_interval(Duration::from_secs(2));
        let findings = linter.files(&files);
        assert!(findings.is_empty(), "{}", TextReport::new().of(&findings));
    }
}
