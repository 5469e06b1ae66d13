//! The whole run: several processes that measure, and its output.

use crate::ask::ask_with;
use crate::results::{ABOUT, Run};
use crate::run::Effort;
use crate::table::Report;
use crate::{chart, goals, groups, machine, readme, summary};
use std::fs;
use std::path::PathBuf;
use std::time::Instant;

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
    let run = options.from.as_ref().map_or_else(|| measure(options), |file| Run::read(file))?;
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
        write("overhead.json", run.to_json())?;
    }
    write("overhead.svg", chart::draw(&run))?;
    options.readmes.iter().try_for_each(|path| readme::update(path, "overhead", &parts(&run)))
}

/// The generated parts of a README, each with its name.
fn parts(run: &Run) -> [(&'static str, String); 4] {
    [
        ("machine", run.machine_lines()),
        ("tables", run.tables()),
        ("goals", goals::render(&run.goals)),
        ("summary", summary::render(run)),
    ]
}

fn measure(options: &Options) -> Result<Run, String> {
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
    let mut about = machine::describe();
    let seconds = format!("{:.0}", start.elapsed().as_secs_f64());
    let counts = [processes.to_string(), seconds]
        .into_iter()
        .chain([report.kept, report.discarded].map(|batches| batches.to_string()));
    about.extend(ABOUT[about.len()..].iter().copied().zip(counts));
    Ok(Run { about, report, goals })
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
        groups::tick::ticks::replay(recording)?;
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

#[cfg(test)]
mod tests {
    use super::parts;
    use crate::chart;
    use crate::results::Run;

    #[test]
    fn the_readmes_and_the_picture_are_those_of_the_last_run() {
        let run = Run::last();
        let readmes = [include_str!("../README.md"), include_str!("../../README.md")];
        for (name, part) in parts(&run) {
            let generated =
                format!("<!-- overhead: {name} -->\n\n{}\n\n<!-- overhead: end -->", part.trim());
            let marked = |readme: &&&str| readme.contains(&format!("<!-- overhead: {name} -->"));
            assert!(readmes.iter().any(|readme| marked(&readme)), "{name} is in no README");
            for readme in readmes.iter().filter(marked) {
                assert!(readme.contains(&generated), "{name} is not as it is generated");
            }
        }
        assert!(chart::draw(&run) == include_str!("../overhead.svg"));
    }
}
