//! `serve`: any number of processes, one exporter.

mod about;
mod left_out;
mod length;

use crate::Result;
use crate::args::Serve;
use crate::failure::Failure;
use crate::people::{self, PrintablePath};
use crate::segment;
use crate::stop::Stop;
use left_out::{LeftOut, Reason};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::error::Error;
use std::io::Write as _;
use std::time::SystemTime;
use tickmetrics::__text::report;
use tickmetrics::{Escaping, ExternalLabels, Family, Snapshot};
use tickmetrics_collector::__cli::{
    Change, Form, LeftOut as Metrics, Limits, Process, Rank, Shares, Trust, Watch,
};
use tickmetrics_exporter::{Exporter, Limits as ClientLimits, LocalAddr, Source};

/// The most snapshots that responses hold at one time: each can be as large as `--max-memory`
/// allows.
const RENDERS: usize = 4;

pub(crate) fn run(args: &Serve) -> Result<()> {
    let stop = Stop::install()?;
    let mut served = Served::new(args)?;
    // Problems with the files are reported at once, not at the first scrape.
    served.look();
    if served.watch.is_empty() {
        report(format_args!("there is no segment yet; {} will be served", args.paths.join(", ")));
    }
    let mut builder = Exporter::builder()
        .listen(&args.listen)
        .source(served)
        // They would describe this process, among the metrics of the others.
        .process_metrics(false)
        .created(args.created)
        .limits(ClientLimits { renders: RENDERS, ..ClientLimits::default() });
    if let Some(path) = &args.web_config {
        builder = builder.web_config(path);
    }
    let exporter = builder.start().map_err(|error| Failure::of_exporter(&error))?;
    let mut stdout = std::io::stdout().lock();
    match exporter.local_addrs() {
        [address @ LocalAddr::Unix(_)] => {
            writeln!(stdout, "{}", people::Printable(address.to_string()))?;
        }
        addresses => {
            let scheme = exporter.scheme();
            addresses.iter().try_for_each(|it| writeln!(stdout, "{scheme}://{it}/metrics"))?;
        }
    }
    stdout.flush()?;
    stop.wait_for_it();
    exporter.shutdown();
    Ok(())
}

/// All processes as one source of metrics.
struct Served {
    watch: Watch,
    /// The label that distinguishes processes.
    label: String,
    /// The labels of each process, kept since they remember the snapshots that they were added to.
    labels: HashMap<String, ExternalLabels>,
    /// Bytes of the response.
    response: u64,
    left_out: LeftOut,
    /// The last report about metrics missing from a process's snapshot, by process.
    known_metrics: HashMap<String, Metrics>,
}

/// A process, without its metrics.
struct Row {
    name: String,
    rank: Rank,
    alive: bool,
    start: SystemTime,
    /// Metrics that its snapshot lacks.
    left_out: Option<Metrics>,
}

impl Served {
    fn new(args: &Serve) -> Result<Self> {
        // It would be waited for as a file.
        args.paths.iter().try_for_each(|path| segment::refuse_exporter(path.as_ref()))?;
        let bytes = |mib: u32| u64::from(mib) << 20;
        let limits = Limits {
            files: args.max_files as usize,
            memory: bytes(args.max_memory),
            of_one: args.max_file_memory.map(bytes),
            form: Form::Options,
        };
        let watch = Watch::new(&args.paths, Trust::new(&args.users), limits)?;
        Ok(Self {
            watch,
            label: args.label.clone(),
            labels: HashMap::new(),
            response: limits.memory / 4,
            left_out: LeftOut::default(),
            known_metrics: HashMap::new(),
        })
    }

    /// Looks for files that came and went, and reports them.
    fn look(&mut self) {
        let changes = self.watch.refresh();
        self.report(changes);
    }

    fn report(&mut self, changes: Vec<Change>) {
        for change in changes {
            match change {
                Change::Came { path, name } => {
                    let (path, label) = (PrintablePath(&path), &self.label);
                    report(format_args!("{path} came, served with {label}={name:?}"));
                }
                Change::Renamed { path, before, name } => {
                    self.forget(&before);
                    let (path, label) = (PrintablePath(&path), &self.label);
                    report(format_args!("{path} is served with {label}={name:?} from now on"));
                }
                Change::Went { path, name } => {
                    // Another process may have the name later.
                    self.forget(&name);
                    report(format_args!("{} went", PrintablePath(&path)));
                }
                Change::Unreadable { reason } => report(format_args!("{reason}")),
            }
        }
    }

    fn forget(&mut self, name: &str) {
        self.labels.remove(name);
        self.left_out.forget(name);
    }

    /// Reports metrics that a snapshot lacks, if that is news.
    fn report_metrics(&mut self, rows: &[Row]) {
        let now: HashMap<_, _> =
            rows.iter().filter_map(|row| Some((row.name.clone(), row.left_out?))).collect();
        for (name, left_out) in &now {
            if self.known_metrics.get(name) != Some(left_out) {
                report(format_args!("{name}: {left_out}"));
            }
        }
        self.known_metrics = now;
    }

    /// A process's metrics with its label, except for families that can't have the label or are too
    /// long. They leave the snapshot before snapshots are merged, so a family that is left out here
    /// takes no name from others.
    fn labelled(
        &mut self,
        row: &Row,
        snapshot: &Snapshot,
        shares: &mut Shares,
    ) -> Option<Snapshot> {
        let Self { label, labels, left_out, .. } = self;
        let mut kept = snapshot.only(|family| {
            let reason = reason_against(family, label);
            left_out.extend(&row.name, family.name(), reason);
            reason.is_none()
        });
        let labels = match labels.entry(row.name.clone()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(vacant) => {
                vacant.insert(ExternalLabels::new([(label.as_str(), row.name.as_str())]).ok()?)
            }
        };
        labels.add_to(&mut kept);
        Some(kept.only(|family| {
            let bytes = length::most_bytes(family);
            let fits = bytes <= shares.left(row.rank);
            if fits {
                shares.take(row.rank, bytes);
            }
            left_out.extend(&row.name, family.name(), (!fits).then_some(Reason::Length));
            fits
        }))
    }
}

impl Source for Served {
    fn snapshot(&mut self) -> Result<Snapshot, Box<dyn Error + Send + Sync>> {
        self.look();
        let mut read = Vec::new();
        let changes = self.watch.read(|name, rank, process, left_out, snapshot| {
            let Process { alive, start, .. } = process;
            read.push((Row { name: name.into(), rank, alive, start, left_out }, snapshot));
        });
        self.report(changes);
        self.left_out.begin(read.len());
        let mut shares = Shares::new(self.response);
        let (mut rows, mut snapshots) = (Vec::new(), Vec::new());
        for (row, snapshot) in read {
            snapshots.push(self.labelled(&row, &snapshot, &mut shares).unwrap_or_default());
            rows.push(row);
        }
        self.report_metrics(&rows);
        let mut all = Snapshot::default();
        for conflict in all.merge(snapshots) {
            let process = &rows[conflict.snapshot].name;
            self.left_out.extend(process, &conflict.name, Some(conflict.reason.into()));
        }
        // No other family has such a name.
        let conflicts =
            all.merge([about::snapshot(&self.label, &rows, &self.watch, &self.left_out)]);
        conflicts.iter().for_each(|conflict| report(format_args!("{conflict}")));
        Ok(all)
    }
}

/// The reason why a family can't be among those of other processes, whatever these have.
fn reason_against(family: Family<'_>, label: &str) -> Option<Reason> {
    let written = |one: Escaping, name: &str| one.label(name) == one.label(label);
    let is_label = |name: &str| Escaping::ALL.into_iter().any(|one| written(one, name));
    let is_own = |one: Escaping| one.metric(family.name()).starts_with(about::PREFIX);
    if Escaping::ALL.into_iter().any(is_own) {
        Some(Reason::Name)
    } else {
        family.label_names().any(is_label).then_some(Reason::Label)
    }
}
