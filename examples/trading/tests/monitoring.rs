//! The committed catalogues, rules and dashboards are those of the program as it is.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};
use tickmetrics_rules::Catalogue;
use tickmetrics_rules::dashboard::Settings;
use tickmetrics_rules::generate::Generator;
use tickmetrics_rules::output::{self, Output};

/// What a reader has to do where a file is not current.
const RENEW: &str = "renew it:
cd examples/trading/monitoring
cargo run --bin trading -- --catalogue catalogue
cargo run --bin tickmetrics -- rules catalogue/*.json --out rules
cargo run --bin tickmetrics -- dashboard catalogue/*.json --out grafana";

const SERVICES: [&str; 3] = ["execution", "market-data", "risk"];

fn stale(folder: &str, outputs: &[Output]) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("monitoring").join(folder);
    let stale = output::stale(&folder, outputs);
    stale.into_iter().map(|output| folder.join(&output.path)).collect()
}

#[test]
fn committed_files_are_current() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("catalogue");
    let program = env!("CARGO_BIN_EXE_trading");
    let status = Command::new(program).arg("--catalogue").arg(&folder).status().unwrap();
    assert!(status.success(), "{status}");
    let files = SERVICES.map(|service| {
        let file = format!("{service}.json");
        let text = fs::read_to_string(folder.join(&file)).unwrap();
        Output::new(file, text)
    });
    let catalogues = files.each_ref().map(|file| Catalogue::from_json(&file.text).unwrap());
    let rules = Generator::new().outputs(&catalogues).unwrap();
    let dashboards = Settings::default().files(&catalogues).unwrap();
    let all = [("catalogue", &files[..]), ("rules", &rules), ("grafana", &dashboards)];
    let stale: Vec<_> = all.iter().flat_map(|(folder, files)| stale(folder, files)).collect();
    assert!(stale.is_empty(), "{stale:#?} is not current; {RENEW}");
}
