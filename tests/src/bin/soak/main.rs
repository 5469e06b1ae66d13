//! Hours of a service's life: `soak [--minutes N]`, 30 by default, which may be a fraction.
//!
//! Threads record on all cores, some for the whole time, most for some milliseconds, at times more
//! than there are shards. Ten times a second a snapshot is taken and encoded, by this process and
//! by another one that reads the segment's file. These must hold:
//!
//! - from scrape to scrape, in both: no counter, bucket, count or sum falls, no series disappears,
//!   the bucket `+Inf` is the count, and an up-down counter whose `sub`s follow its `add`s is never
//!   negative;
//! - at the end, in both: every series equals the threads' own counts;
//! - at the end, the memory of both processes equals that after the first minutes.
//!
//! ```text
//! cargo run --release -p tests --bin soak -- --minutes 30
//! ```
//!
//! Prints figures each minute and a summary, and fails (exit code 1) if any of it does not hold. It
//! is not part of the tests for every change: these show the same in seconds, and this one shows
//! effects that need time.

mod scraper;
mod work;

use lexopt::prelude::*;
use scraper::{Figures, Scraper};
use std::collections::BTreeMap;
use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};
use tests::processes::{Folder, Other, say};
use tickmetrics::{Registry, Segment, SegmentReader};
use work::{Tally, Work};

/// Threads beyond this many share a shard. The bursts of short ones are beyond it.
const SHARDS: usize = 24;

/// How much memory a process may have more at the end. 18,000 scrapes that each leave a cache line
/// behind would be over it, and so would half a million threads that each leave a word.
const SLACK_KIB: u64 = 1024;

/// Begins a line of the other process that reports a fault.
const WRONG: &str = "wrong: ";

enum Args {
    Soak {
        minutes: f64,
    },
    /// The other process.
    Read {
        path: PathBuf,
    },
}

fn arguments() -> Result<Args, lexopt::Error> {
    let mut args = Args::Soak { minutes: 30.0 };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("minutes") => {
                let minutes: f64 = parser.value()?.parse()?;
                if !(0.05..=100_000.0).contains(&minutes) {
                    return Err("--minutes takes 0.05 to 100000".into());
                }
                args = Args::Soak { minutes };
            }
            Long("read") => args = Args::Read { path: parser.value()?.into() },
            other => return Err(other.unexpected()),
        }
    }
    Ok(args)
}

fn main() -> ExitCode {
    let done = match arguments() {
        Ok(Args::Soak { minutes }) => soak(Duration::from_secs_f64(minutes * 60.0)),
        Ok(Args::Read { path }) => read(&path).inspect_err(|error| say(&format!("{WRONG}{error}"))),
        Err(error) => Err(format!("{error}\nusage: soak [--minutes N]")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("soak: FAILED: {error}");
            ExitCode::FAILURE
        }
    }
}

fn soak(length: Duration) -> Result<(), String> {
    let folder = Folder::new("soak");
    let builder = Segment::builder().shards(SHARDS).shard_bytes(8 << 20).path(folder.file());
    builder.install().map_err(|error| error.to_string())?;
    let work = Work::start(std::thread::available_parallelism().map_or(2, usize::from));
    let inside = Scraper::start(|| Ok(Registry::global().snapshot()));
    let mut command = Command::new(std::env::current_exe().map_err(|error| error.to_string())?);
    command.arg("--read").arg(folder.file());
    let mut outside = Other::of(command);

    let begun = Instant::now();
    // Memory is compared with the second of these spans: in the first all of it comes to be used.
    let span = (length / 10).min(Duration::from_mins(1));
    let mut spans: Vec<[Figures; 2]> = Vec::new();
    while begun.elapsed() < length {
        let next = begun + span * (u32::try_from(spans.len()).unwrap_or(u32::MAX) + 1);
        std::thread::sleep(next.min(begun + length).saturating_duration_since(Instant::now()));
        outside.tell();
        let there = Figures::parse(&next_line(&mut outside)?).ok_or("figures are missing")?;
        let here = inside.figures()?;
        println!("{}", row(begun.elapsed(), here, there));
        spans.push([here, there]);
    }
    let tally = work.end();
    inside.end()?;
    drop(outside.child.stdin.take());
    let mut from_outside = String::new();
    loop {
        match next_line(&mut outside)?.as_str() {
            "end" => break,
            line => from_outside.extend([line, "\n"]),
        }
    }
    let status = outside.child.wait().map_err(|error| error.to_string())?;
    if !status.success() {
        return Err(format!("the other process ended with {status}"));
    }
    let last = scraper::text(&Registry::global().snapshot());
    for (who, text) in [("inside", last), ("outside", from_outside)] {
        check_sums(&tally, &text).map_err(|error| format!("{who}: {error}"))?;
    }
    check_memory(&spans)?;
    println!("{}", summary(&tally, spans.last(), begun.elapsed()));
    Ok(())
}

/// The next line of the other process, or the fault that it reports.
fn next_line(outside: &mut Other) -> Result<String, String> {
    let line = outside.says();
    match line.strip_prefix(WRONG) {
        Some(error) => Err(format!("outside: {error}")),
        None => Ok(line),
    }
}

/// The other process: scrapes the file, prints its figures on request, and all series at the end.
fn read(path: &Path) -> Result<(), String> {
    let mut reader = SegmentReader::open(path).map_err(|error| error.to_string())?;
    let mut last = SegmentReader::open(path).map_err(|error| error.to_string())?;
    let scraper = Scraper::start(move || reader.snapshot().map_err(|error| error.to_string()));
    for _line in std::io::stdin().lock().lines() {
        say(&scraper.figures()?.to_string());
    }
    scraper.end()?;
    let snapshot = last.snapshot().map_err(|error| error.to_string())?;
    scraper::text(&snapshot).lines().for_each(say);
    say("end");
    Ok(())
}

fn row(elapsed: Duration, here: Figures, there: Figures) -> String {
    let stats = Segment::stats().unwrap_or_else(|| unreachable!("it was installed"));
    format!(
        "{:>6.2} min  rounds {:>13}  overflow {:>11}  threads {:>8}  scrapes {:>6} {:>6}  \
         rss KiB {:>6} + {:>6} | {:>6} + {:>6}",
        elapsed.as_secs_f64() / 60.0,
        here.rounds,
        stats.overflow_records,
        here.threads,
        here.scrapes,
        there.scrapes,
        here.private_kib,
        here.shared_kib,
        there.private_kib,
        there.shared_kib,
    )
}

fn check_sums(tally: &Tally, text: &str) -> Result<(), String> {
    let of_ours = |name: &str| name.starts_with("soak_") || name.starts_with("function_calls");
    let mut found: BTreeMap<_, _> =
        scraper::samples(text).filter(|(name, _)| of_ours(name)).collect();
    let expected = tally.expected();
    for (name, value) in &expected {
        match found.remove(name.as_str()) {
            Some(found) if found == *value => {}
            found => return Err(format!("{name} is {found:?}, and {value} was counted")),
        }
    }
    match found.first_key_value() {
        None => Ok(()),
        Some((name, value)) => Err(format!("{name} is {value}, and nobody counted it")),
    }
}

fn check_memory(spans: &[[Figures; 2]]) -> Result<(), String> {
    let [_, early, .., late] = spans else { return Err("too few spans".into()) };
    for (who, early, late) in [("this", early[0], late[0]), ("the other", early[1], late[1])] {
        let (early, late) =
            (early.private_kib + early.shared_kib, late.private_kib + late.shared_kib);
        println!("memory of {who} process: {early} KiB at first, {late} KiB at the end");
        if late > early + SLACK_KIB {
            return Err(format!("the memory of {who} process grew by {} KiB", late - early));
        }
    }
    Ok(())
}

fn summary(tally: &Tally, last: Option<&[Figures; 2]>, elapsed: Duration) -> String {
    let scrapes = last.map_or([0; 2], |figures| figures.map(|figures| figures.scrapes));
    format!(
        "PASSED: {} records of {} threads in {:.1} minutes, exact in both processes; {} scrapes \
         inside and {} outside, no series ever fell; memory is flat",
        tally.records(),
        tally.threads,
        elapsed.as_secs_f64() / 60.0,
        scrapes[0],
        scrapes[1],
    )
}
