//! Folders with generated files, and the programs that check them.

use std::env::temp_dir;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};
use tests::programs::skip;
use tickmetrics_rules::Catalogue;
use tickmetrics_rules::generate::Generator;
use tickmetrics_rules::output::write;

/// Options of all kinds.
pub(crate) fn generators() -> [(&'static str, Generator); 2] {
    let selected = Generator::new().select("job", "gate").select("env", "prod").by(["env", "job"]);
    [("plain", Generator::new()), ("selected", selected)]
}

/// A folder with generated files, which is removed at the end.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(name: &str, generator: &Generator, catalogues: &[Catalogue]) -> Self {
        let path = temp_dir().join(format!("tickmetrics-generate-{name}-{}", std::process::id()));
        write(&path, &generator.outputs(catalogues).unwrap()).unwrap();
        Self(path)
    }

    pub(crate) fn read(&self, file: &str) -> String {
        fs::read_to_string(self.0.join(file)).unwrap()
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        fs::write(self.0.join(file), text).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A version of promtool.
pub(crate) struct Promtool {
    program: OsString,
    major: u32,
}

impl Promtool {
    /// Version 2.42 has no native histograms in the series of tests.
    pub(crate) fn has_native_tests(&self) -> bool {
        self.major > 2
    }

    pub(crate) fn output(&self, folder: &Folder, arguments: &[&str]) -> Output {
        Command::new(&self.program).args(arguments).current_dir(&folder.0).output().unwrap()
    }

    /// It must succeed.
    pub(crate) fn run(&self, folder: &Folder, arguments: &[&str]) {
        let output = self.output(folder, arguments);
        assert!(
            output.status.success(),
            "{} {arguments:?}: {}",
            self.program.display(),
            said(&output)
        );
    }
}

/// The system's promtool, and a newer one. The skip of one that is missing is reported.
pub(crate) fn promtools() -> Vec<Promtool> {
    let newer = std::env::var_os("PROMTOOL");
    if newer.is_none() {
        skip("no newer promtool: PROMTOOL does not name one");
    }
    let programs = [Some("promtool".into()), newer].into_iter().flatten();
    programs.filter_map(promtool).collect()
}

fn promtool(program: OsString) -> Option<Promtool> {
    let Ok(output) = Command::new(&program).arg("--version").output() else {
        skip(&format!("{} is not installed (apt-get install prometheus)", program.display()));
        return None;
    };
    let said = said(&output);
    let version = said.split_once("version ").map_or("", |(_, version)| version);
    let major = version.split('.').next().and_then(|major| major.parse().ok()).unwrap_or(2);
    Some(Promtool { program, major })
}

/// Runs amtool, which must succeed.
pub(crate) fn amtool(folder: &Folder, arguments: &[&str]) {
    match Command::new("amtool").args(arguments).current_dir(&folder.0).output() {
        Ok(output) => assert!(output.status.success(), "{arguments:?}: {}", said(&output)),
        Err(error) => {
            skip(&format!(
                "amtool is not installed (apt-get install prometheus-alertmanager): {error}"
            ));
        }
    }
}

pub(crate) fn said(output: &Output) -> String {
    let [stdout, stderr] = [&output.stdout, &output.stderr].map(|it| String::from_utf8_lossy(it));
    format!("{stdout}{stderr}")
}
