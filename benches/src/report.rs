//! The whole run: several processes that measure, and what is printed and written of it.

use crate::goals::{self, Goal};
use crate::run::Effort;
use crate::table::Report;
use crate::{chart, groups, machine, readme};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;
use std::{env, fs};

/// What to run, and where to.
#[derive(Clone, Debug)]
pub struct Options {
    /// Fewer batches and processes: under a minute.
    pub quick: bool,
    /// The folder that `overhead.json` and `overhead.svg` are written to.
    pub out: PathBuf,
    /// A file whose generated parts to renew from the run.
    pub update_readme: Option<PathBuf>,
    /// Only the operations of this group.
    pub only: Option<String>,
}

/// Processes that measure. Where the system puts a process's memory decides which of its lines get
/// into each other's way in the caches, and that can double a figure for all of its life.
fn processes(quick: bool) -> usize {
    if quick { 3 } else { 7 }
}

/// Measures, prints the report and writes its files.
///
/// # Errors
/// A sentence, where a library counted other than what was done, or a file can't be written.
pub fn overhead(options: &Options) -> Result<(), String> {
    let start = Instant::now();
    let mut reports = Vec::new();
    let processes = processes(options.quick);
    for number in 1..=processes {
        eprintln!("process {number} of {processes}, {:.0} s", start.elapsed().as_secs_f64());
        reports.push(measured_elsewhere(options)?);
    }
    let goals = goals::of(&reports);
    let report = Report::merged(&reports);
    let mut machine = machine::describe();
    machine.push(("processes", processes.to_string()));
    machine.push(("seconds", format!("{:.0}", start.elapsed().as_secs_f64())));
    machine.push(("batches kept", report.kept.to_string()));
    machine.push(("batches discarded", report.discarded.to_string()));

    let tables: Vec<_> = report.tables.iter().map(crate::table::Table::render).collect();
    let parts =
        Parts { machine: lines(&machine), tables: tables.join("\n"), goals: goals::render(&goals) };
    println!("{}\n\n{}\n{}", parts.machine, parts.tables, parts.goals);
    fs::create_dir_all(&options.out).map_err(|error| error.to_string())?;
    let write = |name: &str, text: String| {
        let path = options.out.join(name);
        fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))
    };
    let json = json(&machine, &report, &goals);
    write("overhead.json", serde_json::to_string_pretty(&json).unwrap_or_default() + "\n")?;
    write("overhead.svg", chart::draw(&report, &machine))?;
    options.update_readme.as_ref().map_or(Ok(()), |path| readme::update(path, &parts))
}

/// What a process of its own measures.
fn measured_elsewhere(options: &Options) -> Result<Report, String> {
    let only = options.only.as_deref().unwrap_or("");
    let question = format!("measure {} {only}", if options.quick { "quick" } else { "full" });
    let text = ask(&question)?;
    let json = serde_json::from_str(&text).map_err(|error| format!("{question}: {error}"))?;
    Report::from_json(&json).ok_or_else(|| format!("{question}: not a report"))
}

/// Starts this program again with a question, and gives what it prints.
pub(crate) fn ask(question: &str) -> Result<String, String> {
    let error = |error: std::io::Error| format!("--child \"{question}\": {error}");
    let mut command = Command::new(env::current_exe().map_err(error)?);
    let command = command.args(["--child", question]).stderr(Stdio::inherit());
    let output = command.output().map_err(error)?;
    if !output.status.success() {
        return Err(format!("--child \"{question}\": {}", output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Answers a question of this program's own, in a process of its own.
///
/// # Errors
/// A sentence, where it is not one of the program's questions, or as [`overhead`].
pub fn child(question: &str) -> Result<String, String> {
    // Room for 10,000 histogram series and 256 threads.
    let segment = metrics_core::Segment::builder().shards(300).shard_bytes(1 << 30);
    segment.install().map_err(|error| error.to_string())?;
    let Some(measure) = question.strip_prefix("measure ") else { return groups::answer(question) };
    let (effort, only) = measure.split_once(' ').unwrap_or((measure, ""));
    let mut report = Report::default();
    for (name, measure) in groups::ALL {
        if only.is_empty() || only == *name {
            measure(Effort::new(effort == "quick"), &mut report)?;
        }
    }
    Ok(report.to_json().to_string())
}

/// What a README repeats of a run, in Markdown.
pub(crate) struct Parts {
    pub(crate) machine: String,
    pub(crate) tables: String,
    pub(crate) goals: String,
}

fn lines(machine: &[(&str, String)]) -> String {
    let lines: Vec<_> = machine.iter().map(|(name, value)| format!("- {name}: {value}")).collect();
    lines.join("\n")
}

fn json(machine: &[(&str, String)], report: &Report, goals: &[Goal]) -> Value {
    let goals = goals.iter().map(|goal| {
        json!({
            "what": goal.what,
            "must_be": goal.must_be(),
            "measured": goal.measured,
            "met": goal.met(),
        })
    });
    let machine: serde_json::Map<String, Value> =
        machine.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let mut json = report.to_json();
    json["machine"] = machine.into();
    json["goals"] = goals.collect();
    json
}
