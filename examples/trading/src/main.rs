//! A trading program that measures itself: market data, execution and risk as three services in
//! one process, each with its own registry and endpoint.
//!
//! | module | what it is |
//! |---|---|
//! | `feed` | messages of an exchange, simulated or recorded |
//! | `path` | the path from a tick to a fill, through all modules below |
//! | `market_data` | order books |
//! | `strategy` | when to buy and sell |
//! | `risk` | checks before an order leaves, positions, stops |
//! | `execution` | orders, and a simulated venue |
//! | `pace` | when messages are due |
//! | `report` | the output, from snapshots |
//! | `cost` | the path with and without metrics |
//! | `catalogue` | the metrics of each service, as files |

mod args;
mod catalogue;
mod cost;
mod execution;
mod feed;
mod market_data;
mod pace;
mod path;
#[cfg(test)]
mod recording_tests;
mod report;
mod risk;
mod strategy;
mod units;

use args::{Args, HELP, Speed};
use feed::{Feed, Replay, Simulated, Symbol};
use path::{Path, Registries};
use report::{Moment, line};
use std::io::ErrorKind;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};
use tickmetrics::Registry;
use tickmetrics_exporter::{Exporter, StartError};

/// The reason why the program ends.
enum Over {
    Interrupted,
    FeedEnded(FeedEnd),
}

/// The end of the feed.
struct FeedEnd {
    /// Skipped lines.
    damaged: u64,
    /// The reason why it could not be read to its end.
    broken: Option<String>,
}

fn main() -> ExitCode {
    let ended = Args::parse(lexopt::Parser::from_env()).map_err(|error| error.to_string());
    match ended.and_then(|args| start(&args)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("trading: {error}");
            ExitCode::FAILURE
        }
    }
}

fn start(args: &Args) -> Result<(), String> {
    if args.version {
        line(concat!("trading ", env!("CARGO_PKG_VERSION")));
        return Ok(());
    }
    if args.help {
        line(HELP);
        return Ok(());
    }
    if args.cost {
        line(cost::measure(args.seed)?);
        return Ok(());
    }
    let registries = Registries::default();
    let build = tickmetrics_exporter::build_info!().register(Registry::global());
    build.map_err(|error| error.to_string())?;
    let path = Path::new(&registries, args.seed).map_err(|error| error.to_string())?;
    if let Some(directory) = &args.catalogue {
        return catalogue::write(directory, &registries, path, args.seed);
    }
    let feed = open(args)?;
    let exporters = serve(&registries, args.port_base)?;
    let (sender, over) = channel();
    let interrupted = sender.clone();
    // Without a receiver the program is about to end anyway.
    ctrlc::set_handler(move || drop(interrupted.send(Over::Interrupted)))
        .map_err(|error| format!("can't handle Ctrl-C: {error}"))?;
    let stop = Arc::new(AtomicBool::new(false));
    let trading = trade(feed, path, args.speed, &stop, sender)?;
    let mut feed_end = watch(args, &registries, &over);
    stop.store(true, Relaxed);
    let ended = trading.join().map_err(|_| "the trading thread panicked".to_owned());
    // If the program ended for another reason, the feed's end was not received yet.
    if let Ok(Over::FeedEnded(end)) = over.try_recv() {
        tell_damaged(&end);
        feed_end = Some(end);
    }
    for exporter in exporters {
        exporter.shutdown();
    }
    ended?;
    match feed_end.and_then(|end| end.broken) {
        Some(reason) => Err(reason),
        None => Ok(()),
    }
}

fn open(args: &Args) -> Result<Box<dyn Feed>, String> {
    if let Some(recording) = &args.recording {
        let symbol = Symbol::intern(&recording.symbol);
        return Ok(Box::new(Replay::open(&recording.file, symbol)?));
    }
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let now = i64::try_from(now.as_nanos()).unwrap_or_default();
    Ok(Box::new(Simulated::new(args.seed, now)))
}

/// Three endpoints. The first one also has the `#[timed]` functions of all services, and the
/// process's metrics.
fn serve(registries: &Registries, port_base: u16) -> Result<[Exporter; 3], String> {
    let serve = |service: &str, offset: u16, registries: &[&Registry]| {
        let address = format!("127.0.0.1:{}", port_base + offset);
        let builder = Exporter::builder().listen(address).process_metrics(offset == 0);
        let builder =
            registries.iter().fold(builder, |builder, registry| builder.registry(registry));
        let exporter = builder.start().map_err(|error| {
            let hint = if is_taken(&error) { " (--port-base moves all three ports)" } else { "" };
            format!("{service}: {error}{hint}")
        })?;
        line(format_args!("{service:<12} http://{}/metrics", exporter.local_addrs()[0]));
        Ok::<_, String>(exporter)
    };
    Ok([
        serve("market data", 0, &[&registries.market_data, Registry::global()])?,
        serve("execution", 1, &[&registries.execution])?,
        serve("risk", 2, &[&registries.risk])?,
    ])
}

/// Whether other ports would help.
fn is_taken(error: &StartError) -> bool {
    let kinds = [ErrorKind::AddrInUse, ErrorKind::PermissionDenied];
    matches!(error, StartError::Bind { error, .. } if kinds.contains(&error.kind()))
}

/// Starts the thread of the tick path.
fn trade(
    mut feed: Box<dyn Feed>,
    mut path: Path,
    speed: Speed,
    stop: &Arc<AtomicBool>,
    over: Sender<Over>,
) -> Result<JoinHandle<()>, String> {
    let stop = Arc::clone(stop);
    let run = move || {
        tickmetrics::warm_up();
        path.market_data.connected(true);
        pace::run(&mut *feed, &mut path, speed, &stop);
        path.market_data.connected(false);
        // Without a receiver the program is ending for another reason.
        let broken = feed.broken().map(str::to_owned);
        let _ = over.send(Over::FeedEnded(FeedEnd { damaged: feed.damaged(), broken }));
    };
    let thread = thread::Builder::new().name("trading".into()).spawn(run);
    thread.map_err(|error| format!("the system gave no thread: {error}"))
}

fn tell_damaged(end: &FeedEnd) {
    if end.damaged > 0 {
        line(format_args!("{} damaged lines were skipped", end.damaged));
    }
}

/// Prints a line a second until the end, and then the table. Returns the end of the feed, if it
/// ended.
fn watch(args: &Args, registries: &Registries, over: &Receiver<Over>) -> Option<FeedEnd> {
    let started = Instant::now();
    let end = args.seconds.map(|seconds| started + seconds);
    let (mut seen_at, mut seen) = (started, Moment::now(registries));
    let mut ended = None;
    loop {
        let next_line = seen_at + Duration::from_secs(1);
        let wake = end.map_or(next_line, |end| end.min(next_line));
        match over.recv_timeout(wake.saturating_duration_since(Instant::now())) {
            Ok(Over::FeedEnded(end)) => {
                line(Moment::now(registries).table());
                tell_damaged(&end);
                let end = ended.insert(end);
                if !args.recording.as_ref().is_some_and(|recording| recording.hold) {
                    return ended;
                }
                // This is also the last message, after any time.
                if let Some(reason) = &end.broken {
                    eprintln!("trading: {reason}");
                }
                line("the file has ended; serving on until Ctrl-C");
            }
            Ok(Over::Interrupted) | Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) if end.is_some_and(|end| Instant::now() >= end) => break,
            Err(RecvTimeoutError::Timeout) => {
                let (now, moment) = (Instant::now(), Moment::now(registries));
                if ended.is_none() {
                    line(moment.since(&seen).interval(now - seen_at));
                }
                (seen_at, seen) = (now, moment);
            }
        }
    }
    if ended.is_none() {
        line(Moment::now(registries).table());
    }
    ended
}
