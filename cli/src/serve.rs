//! `serve`: any number of processes, one response.

use crate::Result;
use crate::args::Serve;
use crate::failure::Failure;
use crate::people::{self, PrintablePath};
use crate::segment::{LeftOut as Metrics, Process};
use crate::stop::Stop;
use crate::trust::{Rank, Trust};
use crate::watch::{Change, Limits, Shares, Watch};
use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};
use tickmetrics::__text::report;
use tickmetrics_exporter::__cli::{LeftOut, bind_advice, merge, process_label, serve};
use tickmetrics_exporter::{Exporter, LocalAddr, StartError};

pub(crate) fn run(args: &Serve) -> Result<()> {
    let stop = Stop::install()?;
    let mut served = Served::new(args)?;
    // What is wrong with the files is told at once, not at the first scrape.
    served.look();
    if served.watch.is_empty() {
        tell(format_args!("no segment is there yet; {} will be served", args.paths.join(", ")));
    }
    let mut builder = Exporter::builder().listen(&args.listen);
    if let Some(path) = &args.web_config {
        builder = builder.web_config(path);
    }
    let exporter = serve(builder, move |out| served.write(out)).map_err(|error| failure(&error))?;
    let mut stdout = std::io::stdout().lock();
    match exporter.local_addrs() {
        [address @ LocalAddr::Unix(_)] => {
            writeln!(stdout, "{}", people::Printable(address.to_string()))?;
        }
        _ => writeln!(stdout, "{}://{}/metrics", exporter.scheme(), exporter.local_addr())?,
    }
    stdout.flush()?;
    stop.wait_for_it();
    exporter.shutdown();
    Ok(())
}

/// The library's words are about its builder; these are about the command line.
fn failure(error: &StartError) -> Failure {
    Failure::told(match error {
        StartError::InvalidAddress { address, error } => {
            format!(
                "{address:?} is no address to listen on ({error}): give --listen HOST:PORT or \
                 --listen unix:/path"
            )
        }
        StartError::Bind { address, error } => {
            let advice = bind_advice(address, error, "--listen");
            format!("can't listen on {address} ({error}): {advice}")
        }
        StartError::WebConfig(error) => format!("--web.config.file {error}"),
        other => other.to_string(),
    })
}

/// The most families left out that the response and standard error name.
const MOST_TOLD: usize = 100;

struct Served {
    watch: Watch,
    label: String,
    /// Bytes of the response.
    response: u64,
    /// What was told of families that are left out, by process.
    told: HashSet<(String, String, LeftOut)>,
    /// What was told of metrics that are not in a process's snapshot, by process.
    told_metrics: HashMap<String, Metrics>,
}

/// What is told of a process beside its metrics.
struct Row {
    name: String,
    rank: Rank,
    alive: bool,
    start: SystemTime,
    /// Metrics that its snapshot does not have.
    left_out: Option<Metrics>,
}

impl Served {
    fn new(args: &Serve) -> Result<Self> {
        let bytes = |mib: u32| u64::from(mib) << 20;
        let limits = Limits {
            files: args.max_files as usize,
            memory: bytes(args.max_memory),
            of_one: args.max_file_memory.map(bytes),
        };
        let watch = Watch::new(&args.paths, Trust::new(&args.users), limits)?;
        let (label, response) = (args.label.clone(), limits.memory / 4);
        Ok(Self { watch, label, response, told: HashSet::new(), told_metrics: HashMap::new() })
    }

    /// Looks for files that came and went, and tells which.
    fn look(&mut self) {
        let changes = self.watch.refresh();
        self.tell(changes);
    }

    fn tell(&mut self, changes: Vec<Change>) {
        for change in changes {
            match change {
                Change::Came { path, name } => {
                    let label = process_label(&self.label, &name);
                    let path = PrintablePath(&path);
                    tell(format_args!("{path} came, served with {label}"));
                }
                Change::Renamed { path, before, name } => {
                    self.told.retain(|(process, ..)| *process != before);
                    let label = process_label(&self.label, &name);
                    let path = PrintablePath(&path);
                    tell(format_args!("{path} is served with {label} from now on"));
                }
                Change::Went { path, name } => {
                    // Another process may have the name later.
                    self.told.retain(|(process, ..)| *process != name);
                    tell(format_args!("{} went", PrintablePath(&path)));
                }
                Change::Unreadable { reason } => tell(format_args!("{reason}")),
            }
        }
    }

    /// Tells of metrics that are not in a snapshot, where it is news.
    fn tell_metrics(&mut self, rows: &[Row]) {
        let now: HashMap<_, _> =
            rows.iter().filter_map(|row| Some((row.name.clone(), row.left_out?))).collect();
        for (name, left_out) in &now {
            if self.told_metrics.get(name) != Some(left_out) {
                tell(format_args!("{name}: {left_out}"));
            }
        }
        self.told_metrics = now;
    }

    /// One scrape.
    fn write(&mut self, out: &mut String) {
        self.look();
        let (mut rows, mut snapshots) = (Vec::new(), Vec::new());
        let changes = self.watch.read(|name, rank, process, left_out, snapshot| {
            let Process { alive, start, .. } = process;
            rows.push(Row { name: name.into(), rank, alive, start, left_out });
            snapshots.push(snapshot);
        });
        self.tell(changes);
        self.tell_metrics(&rows);
        let names = rows.iter().map(|row| &*row.name);
        let processes: Vec<_> = names.zip(&snapshots).collect();
        let (mut left_out, mut which) = (0, Vec::new());
        let mut shares = Shares::new(self.response);
        let fits = |at: usize, bytes: u64| {
            let rank = rows[at].rank;
            let fits = bytes <= shares.left(rank);
            if fits {
                shares.take(rank, bytes);
            }
            fits
        };
        merge(&self.label, &processes, out, fits, |at, family, reason| {
            left_out += 1;
            let process = processes[at].0;
            if which.len() < MOST_TOLD {
                which.push((process, family.to_owned(), reason));
            }
            let is_known = self.told.contains(&(process.into(), family.into(), reason));
            if !is_known && self.told.len() < MOST_TOLD * rows.len() {
                self.told.insert((process.into(), family.into(), reason));
                tell(format_args!("{family} of {process} is left out: {}", why(reason)));
            }
        });
        self.write_about(&rows, left_out, out);
        let help = "Which families these are, as far as they are few.";
        head(out, "left_out", help);
        for (process, family, reason) in which {
            let labels = [
                process_label(&self.label, process),
                process_label("family", &family),
                process_label("reason", reason_label(reason)),
            ];
            let _ = writeln!(out, "tickmetrics_serve_left_out{{{}}} 1", labels.join(","));
        }
    }

    fn write_about(&self, rows: &[Row], left_out: usize, out: &mut String) {
        let of_all = [
            ("segments", "Segments that are served.", rows.len()),
            (
                "unreadable_segments",
                "Files that should be served and are not.",
                self.watch.unreadable(),
            ),
            (
                "refused_segments",
                "Segments that are not served for their owner, their folder or their number.",
                self.watch.refused(),
            ),
            ("left_out_families", "Families that would clash with another process's.", left_out),
        ];
        for (name, help, value) in of_all {
            head(out, name, help);
            let _ = writeln!(out, "tickmetrics_serve_{name} {value}");
        }
        self.of_each(rows, out, "alive", "Whether the process lives.", |row| {
            f64::from(u8::from(row.alive))
        });
        let help = "When the process started, since 1970.";
        self.of_each(rows, out, "start_time_seconds", help, |row| {
            row.start.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
        });
        let help = "Metrics of a name that another registry of the process registered first.";
        self.of_each(rows, out, "left_out_metrics", help, |row| {
            row.left_out.map_or(0.0, |Metrics(count)| count.get() as f64)
        });
    }

    fn of_each(
        &self,
        rows: &[Row],
        out: &mut String,
        name: &str,
        help: &str,
        value: impl Fn(&Row) -> f64,
    ) {
        head(out, name, help);
        for row in rows {
            let labels = process_label(&self.label, &row.name);
            let _ = writeln!(out, "tickmetrics_serve_{name}{{{labels}}} {}", value(row));
        }
    }
}

fn head(out: &mut String, name: &str, help: &str) {
    let _ = writeln!(out, "# HELP tickmetrics_serve_{name} {help}");
    let _ = writeln!(out, "# TYPE tickmetrics_serve_{name} gauge");
}

fn why(reason: LeftOut) -> &'static str {
    match reason {
        LeftOut::OtherType => "another process has that name with another type",
        LeftOut::NameTaken => "a family of another name is exposed under one of its names",
        LeftOut::LabelTaken => "it has that label itself; choose another with --label",
        LeftOut::TooLong => "the response would be too long; raise --max-memory",
    }
}

fn reason_label(reason: LeftOut) -> &'static str {
    match reason {
        LeftOut::OtherType => "type",
        LeftOut::NameTaken => "name",
        LeftOut::LabelTaken => "label",
        LeftOut::TooLong => "length",
    }
}

fn tell(what: std::fmt::Arguments<'_>) {
    report(what);
}
