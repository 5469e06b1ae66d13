//! The whole run: several processes that measure, and its output.

use crate::goals::{self, Goal};
use crate::run::Effort;
use crate::table::{Report, Table};
use crate::{chart, groups, machine, readme, summary};
use serde_json::{Value, json};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;
use std::{env, fs};

/// The settings of a run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Fewer batches and processes: under a minute.
    pub quick: bool,
    /// The folder that `overhead.json` and `overhead.svg` are written to.
    pub out: PathBuf,
    /// Only the operations of this group; nothing is written then.
    pub only: Option<String>,
    /// The recording that the tick path replays, rather than generated ticks.
    pub replay: Option<PathBuf>,
    /// The `overhead.json` of an earlier run, to write from rather than measure.
    pub from: Option<PathBuf>,
    /// Files whose generated parts to renew.
    pub readmes: Vec<PathBuf>,
}

/// The number of measuring processes. The system's placement of a process's memory decides which of
/// its lines conflict in the caches, and that can double a figure for the life of the process.
fn processes(quick: bool) -> usize {
    if quick { 3 } else { 7 }
}

/// Measures, prints the report and writes its files; or writes them from an earlier report.
///
/// # Errors
/// If a library's count differs from the number of operations, or if a file can't be read or
/// written.
pub fn overhead(options: &Options) -> Result<(), String> {
    let run =
        options.from.as_ref().map_or_else(|| Run::measure(options), |file| Run::read(file))?;
    println!("{}\n\n{}\n{}", run.machine_lines(), run.tables(), goals::render(&run.goals));
    if options.only.is_some() {
        return Ok(());
    }
    fs::create_dir_all(&options.out).map_err(|error| error.to_string())?;
    let write = |name: &str, text: String| {
        let path = options.out.join(name);
        fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))
    };
    if options.from.is_none() {
        write(
            "overhead.json",
            serde_json::to_string_pretty(&run.to_json()).unwrap_or_default() + "\n",
        )?;
    }
    write("overhead.svg", chart::draw(&run))?;
    let parts = [
        ("machine", run.machine_lines()),
        ("tables", run.tables()),
        ("goals", goals::render(&run.goals)),
        ("summary", summary::render(&run)),
    ];
    options.readmes.iter().try_for_each(|path| readme::update(path, &parts))
}

/// The results of a run.
#[derive(Debug)]
pub(crate) struct Run {
    machine: Vec<(&'static str, String)>,
    pub(crate) report: Report,
    pub(crate) goals: Vec<Goal>,
}

/// The facts about the machine and the run, in this order.
const ABOUT: [&str; 10] = [
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

impl Run {
    fn measure(options: &Options) -> Result<Self, String> {
        let start = Instant::now();
        if let Some(only) = &options.only
            && !groups::EACH.iter().chain(groups::ONCE).any(|(name, _)| name == only)
        {
            return Err(format!("{only}: not a group"));
        }
        let mut reports = Vec::new();
        let processes = processes(options.quick);
        let tell = |what: &str| eprintln!("{what}, {:.0} s", start.elapsed().as_secs_f64());
        for number in 1..=processes {
            tell(&format!("process {number} of {processes}"));
            reports.push(measured_elsewhere("each", options)?);
        }
        let mut report = Report::merged(&reports);
        tell("what is measured once");
        let once = measured_elsewhere("once", options)?;
        report.append(&once);
        reports.push(once);
        tell("all measured");
        let goals = goals::of(&reports);
        let mut machine = machine::describe();
        let seconds = format!("{:.0}", start.elapsed().as_secs_f64());
        let counts = [processes.to_string(), seconds]
            .into_iter()
            .chain([report.kept, report.discarded].map(|batches| batches.to_string()));
        machine.extend(ABOUT[machine.len()..].iter().copied().zip(counts));
        Ok(Self { machine, report, goals })
    }

    /// Reads a file that [`to_json`](Self::to_json) wrote.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let error = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let text = fs::read_to_string(path).map_err(|it| error(&it))?;
        let json: Value = serde_json::from_str(&text).map_err(|it| error(&it))?;
        let report = Report::from_json(&json).ok_or_else(|| error(&"not a report"))?;
        let machine = |name| Some((name, json["machine"][name].as_str()?.to_owned()));
        Ok(Self {
            machine: ABOUT.into_iter().filter_map(machine).collect(),
            goals: goals::from_json(&report, &json["goals"]),
            report,
        })
    }

    fn to_json(&self) -> Value {
        let machine: serde_json::Map<String, Value> =
            self.machine.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let mut json = self.report.to_json();
        json["machine"] = machine.into();
        json["goals"] = self.goals.iter().map(Goal::to_json).collect();
        json
    }

    /// The fact about the machine with a name.
    pub(crate) fn about(&self, name: &str) -> &str {
        self.machine.iter().find(|(one, _)| *one == name).map_or("", |(_, value)| value.as_str())
    }

    fn machine_lines(&self) -> String {
        let lines: Vec<_> =
            self.machine.iter().map(|(name, value)| format!("- {name}: {value}")).collect();
        lines.join("\n")
    }

    fn tables(&self) -> String {
        let tables: Vec<_> = self.report.tables.iter().map(Table::render).collect();
        tables.join("\n")
    }
}

/// The measurements of a separate process, of the groups for every process or for a single one.
fn measured_elsewhere(which: &str, options: &Options) -> Result<Report, String> {
    let only = options.only.as_deref().unwrap_or("");
    if !(only.is_empty() || groups_of(which).iter().any(|(name, _)| *name == only)) {
        return Ok(Report::default());
    }
    let effort = if options.quick { "quick" } else { "full" };
    let question = format!("measure {which} {effort} {only}");
    let replay = options.replay.iter().flat_map(|file| ["--replay".into(), file.clone().into()]);
    let text = ask_with(&question, replay)?;
    let json = serde_json::from_str(&text).map_err(|error| format!("{question}: {error}"))?;
    Report::from_json(&json).ok_or_else(|| format!("{question}: not a report"))
}

/// Starts this program again with a question, and returns the numbers of its answer.
pub(crate) fn ask_numbers(question: &str) -> Result<Vec<f64>, String> {
    let text = ask_with(question, [])?;
    let numbers: Option<Vec<f64>> = text.split_whitespace().map(|it| it.parse().ok()).collect();
    numbers.filter(|all| !all.is_empty()).ok_or_else(|| format!("{question}: {text}"))
}

fn ask_with(question: &str, options: impl IntoIterator<Item = OsString>) -> Result<String, String> {
    let error = |error: std::io::Error| format!("--child \"{question}\": {error}");
    let mut command = Command::new(env::current_exe().map_err(error)?);
    let command = command.args(["--child", question]).args(options).stderr(Stdio::inherit());
    let output = command.output().map_err(error)?;
    if !output.status.success() {
        return Err(format!("--child \"{question}\": {}", output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Answers a question of this program's own, in a process of its own.
///
/// # Errors
/// If it is not one of the program's questions, or as [`overhead`].
pub fn child(question: &str, options: &Options) -> Result<String, String> {
    // Room for 10,000 histogram series and 256 threads, or for 220,000 series and a few threads.
    let builder = tickmetrics::Segment::builder();
    let usual = || match question.strip_prefix("measure once ") {
        Some(_) => builder.shards(8).shard_bytes(16 << 30),
        None => builder.shards(300).shard_bytes(1 << 30),
    };
    let segment = groups::segment::builder(question).unwrap_or_else(usual);
    segment.install().map_err(|error| error.to_string())?;
    let Some(measure) = question.strip_prefix("measure ") else { return groups::answer(question) };
    if let Some(recording) = &options.replay {
        groups::replay(recording)?;
    }
    let mut words = measure.split(' ');
    let [which, effort, only] = [(); 3].map(|()| words.next().unwrap_or_default());
    let mut report = Report::default();
    for (name, measure) in groups_of(which) {
        if only.is_empty() || only == *name {
            measure(Effort::new(effort == "quick"), &mut report)?;
        }
    }
    Ok(report.to_json().to_string())
}

fn groups_of(which: &str) -> groups::Groups {
    if which == "once" { groups::ONCE } else { groups::EACH }
}
