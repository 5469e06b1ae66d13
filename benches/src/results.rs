//! The results of a run, in a file and in Markdown.

use crate::goals::{self, Outcome};
use crate::machine;
use crate::table::{Report, Table};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// The facts about the machine and the run, in this order.
pub(crate) const ABOUT: [&str; 10] = [
    machine::CPU,
    machine::CORES,
    machine::KERNEL,
    machine::RUSTC,
    machine::PROFILE,
    machine::TICKS,
    "processes",
    "seconds",
    "batches kept",
    "batches discarded",
];

/// The results of a run.
#[derive(Debug)]
pub(crate) struct Run {
    /// Facts, each with its name of [`ABOUT`].
    pub(crate) about: Vec<(&'static str, String)>,
    pub(crate) report: Report,
    pub(crate) goals: Vec<Outcome>,
}

impl Run {
    /// Reads a file that [`to_json`](Self::to_json) wrote.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let error = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let text = fs::read_to_string(path).map_err(|it| error(&it))?;
        let json: Value = serde_json::from_str(&text).map_err(|it| error(&it))?;
        let report = Report::from_json(&json).ok_or_else(|| error(&"not a report"))?;
        let about = |name| Some((name, json["machine"][name].as_str()?.to_owned()));
        Ok(Self {
            about: ABOUT.into_iter().filter_map(about).collect(),
            goals: goals::from_json(&json["goals"]),
            report,
        })
    }

    /// The run that the repository's figures are from.
    #[cfg(test)]
    pub(crate) fn last() -> Self {
        Self::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("overhead.json")).unwrap()
    }

    /// The text of the file.
    pub(crate) fn to_json(&self) -> String {
        let about: serde_json::Map<String, Value> =
            self.about.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let mut json = self.report.to_json();
        json["machine"] = about.into();
        json["goals"] = self.goals.iter().copied().map(Outcome::to_json).collect();
        serde_json::to_string_pretty(&json).unwrap_or_default() + "\n"
    }

    /// The fact about the machine with a name.
    pub(crate) fn about(&self, name: &str) -> &str {
        self.about.iter().find(|(one, _)| *one == name).map_or("", |(_, value)| value.as_str())
    }

    pub(crate) fn machine_lines(&self) -> String {
        let lines: Vec<_> =
            self.about.iter().map(|(name, value)| format!("- {name}: {value}")).collect();
        lines.join("\n")
    }

    pub(crate) fn tables(&self) -> String {
        let tables: Vec<_> = self.report.tables.iter().map(Table::render).collect();
        tables.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::Run;

    #[test]
    fn a_file_is_written_as_it_was_read() {
        let (written, read) = (Run::last().to_json(), include_str!("../overhead.json"));
        assert_eq!(written.lines().count(), read.lines().count());
        for (written, read) in written.lines().zip(read.lines()) {
            let number =
                |line: &str| line.trim_matches([' ', ',']).rsplit(' ').next()?.parse().ok();
            // serde_json may read another last digit than it wrote.
            let is_same = match (number(written), number(read)) {
                (Some(a), Some(b)) => f64::abs(a - b) <= 1e-12 * f64::abs(b),
                _ => written == read,
            };
            assert!(is_same, "{written}, not {read}");
        }
    }
}
