//! `catalogue`: the metrics of a process or an exporter as JSON, or what changed in them.

use crate::Result;
use crate::args::Catalogue as Args;
use crate::exposition;
use crate::failure::Failure;
use crate::people::{self, Lines, PrintablePath};
use crate::scrape_url::Client;
use crate::segment;
use std::ffi::OsStr;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use tickmetrics_collector::__cli::Target;
use tickmetrics_rules::Catalogue;

/// The most bytes of a catalogue's file.
const MOST_BYTES: u64 = 64 << 20;

pub(crate) fn run(args: &Args) -> Result<()> {
    match print(args).map_err(Failure::into_trouble)? {
        0 => Ok(()),
        1 => Err(Failure::told("1 change, marked !, can break rules and dashboards")),
        breaking => Err(Failure::told(format!(
            "{breaking} changes, marked !, can break rules and dashboards"
        ))),
    }
}

/// Prints the catalogue or the differences, and returns how many of these can break rules.
fn print(args: &Args) -> Result<usize> {
    let mut catalogue = open(&args.target, args)?;
    if let Some(service) = &args.service {
        catalogue = catalogue.service(service);
    }
    let Some(old) = &args.diff else {
        people::print_data(&catalogue.to_json(), true)?;
        return Ok(0);
    };
    let differences = catalogue.since(&of_file(old)?);
    let mut lines = Lines::default();
    for difference in &differences {
        let mark = if difference.change.is_breaking() { '!' } else { ' ' };
        lines.push(format_args!("{mark} {difference}"));
    }
    lines.print()?;
    Ok(differences.iter().filter(|difference| difference.change.is_breaking()).count())
}

fn open(target: &OsStr, args: &Args) -> Result<Catalogue> {
    match Target::of(target) {
        Target::Segment(path) if path.extension() == Some("json".as_ref()) => of_file(&path),
        Target::Segment(path) => {
            let mut segment = segment::open(&path)?;
            let snapshot = segment.snapshot()?;
            if let Some(left_out) = segment.left_out() {
                people::tell(format_args!("{}: {left_out}", PrintablePath(&path)));
            }
            Ok(Catalogue::of_snapshot(&snapshot))
        }
        Target::Url(url) => scraped(Client::new(&url, &args.access)?),
        Target::Socket(path) => scraped(Client::of_socket(path, &args.access)?),
    }
}

/// Scrapes twice: an answer in protobuf has native buckets, and one in text has classic ones.
fn scraped(mut client: Client) -> Result<Catalogue> {
    let answers = [client.get()?, client.get_as("text/plain;version=0.0.4,*/*;q=0.1")?];
    let mut families = Vec::new();
    for answer in answers {
        let exposition = exposition::read(&answer.body, answer.content_type.as_deref())
            .map_err(|error| Failure::Told(format!("{} {error}", client.target())))?;
        families.extend_from_slice(Catalogue::of_exposition(&exposition).families());
    }
    Ok(Catalogue::new(families))
}

/// A catalogue that was written before.
pub(crate) fn of_file(path: &Path) -> Result<Catalogue> {
    with_text(path).map(|(catalogue, _)| catalogue)
}

/// A catalogue that was written before, and its text.
pub(crate) fn with_text(path: &Path) -> Result<(Catalogue, String)> {
    let shown = PrintablePath(path);
    let mut text = String::new();
    let read =
        File::open(path).and_then(|file| file.take(MOST_BYTES + 1).read_to_string(&mut text));
    read.map_err(|error| Failure::Told(format!("{shown} can't be read: {error}")))?;
    let catalogue = Catalogue::from_json(&text);
    let catalogue = catalogue.map_err(|error| Failure::Told(format!("{shown}: {error}")))?;
    Ok((catalogue, text))
}
