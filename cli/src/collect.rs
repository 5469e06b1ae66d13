//! `collect`: exporters and segments, stored.

use crate::Result;
use crate::args::Collect;
use crate::credentials::User;
use crate::failure::Failure;
use crate::people::{self, Printable};
use crate::stop::Stop;
use std::io::Write as _;
use std::time::Duration;
use tickmetrics_collector::__cli::counted;
use tickmetrics_collector::store;
use tickmetrics_collector::{Builder, Candles, Config, Source, SourceStatus, Status};
use tickmetrics_exporter::LocalAddr;

/// The time between two looks at whether the collector has ended by itself.
const LOOK: Duration = Duration::from_millis(100);

/// The longest time for the end: more than the collector waits for its store.
const GRACE: Duration = Duration::from_secs(60);

pub(crate) fn run(args: &Collect) -> Result<()> {
    let stop = Stop::within(GRACE)?;
    let (mut builder, mut settings) = match &args.config {
        Some(path) => {
            let Config { builder, store, .. } =
                Config::read(path).map_err(|error| Failure::told(error.to_string()))?;
            (builder, store)
        }
        None => (Builder::default(), store::Settings::default()),
    };
    if args.targets.is_empty() && args.config.is_none() {
        return Err(Failure::told("there is nothing to collect: give a target, or --config FILE"));
    }
    builder = with_options(builder, args);
    if let Some(place) = &args.store {
        settings.place = Some(place.clone());
    }
    if let Some(age) = args.keep {
        settings.keep.age = Some(age);
    }
    let opened = store::open(&settings).map_err(|error| Failure::told(error.to_string()))?;
    if let Some(fallback) = &opened.fallback {
        people::tell(format_args!("warning: {fallback}"));
    }
    people::tell(format_args!("the store is {}", opened.place));
    if let Some(path) = &args.socket {
        builder = builder.socket(path);
    } else if !args.once {
        builder = builder.__own_socket(opened.place.socket());
    }
    let collector = builder
        .store(opened.store)
        .__operator(Box::new(User))
        .on_cycle(|cycle| {
            for event in &cycle.batch.events {
                let service = event.service.as_deref().unwrap_or("collector");
                people::tell(format_args!("{service}: {}: {}", event.kind.name(), event.message));
            }
        })
        .start()
        .map_err(|error| match error.__exporter() {
            Some(error) => Failure::of_exporter(error),
            None => Failure::told(error.to_string()),
        })?;
    for address in collector.local_addrs() {
        let text = match address {
            LocalAddr::Unix(_) => address.to_string(),
            _ => format!("http://{address}/metrics"),
        };
        writeln!(std::io::stdout(), "{}", Printable(text))?;
    }
    while !(collector.wait(Duration::ZERO) || stop.wait(LOOK)) {}
    let status = collector.stop().map_err(|error| Failure::told(error.to_string()))?;
    summary(&status);
    // A dead process is down, and its last values are stored nevertheless.
    let has_nothing = |source: &&SourceStatus| !source.is_up() && source.series == 0;
    let down = status.sources.iter().filter(has_nothing).count();
    if args.once && down > 0 {
        let all = status.sources.len();
        let all = counted(all as u64, "source", "sources");
        return Err(Failure::told(format!("{down} of {all} gave no metrics")));
    }
    Ok(())
}

fn with_options(mut builder: Builder, args: &Collect) -> Builder {
    for target in &args.targets {
        let (service, target) = named(target);
        let mut source = Source::new(target).__access(args.access.settings());
        if let Some(service) = service {
            source = source.service(service);
        }
        if let Some(timeout) = args.timeout {
            source = source.timeout(timeout);
        }
        if let Some(label) = &args.symbol_label {
            source = source.symbol_label(label);
        }
        source = args.allow.iter().fold(source, Source::allow);
        source = args.deny.iter().fold(source, Source::deny);
        builder = builder.source(source);
    }
    if let Some(interval) = args.interval {
        builder = builder.interval(interval);
    }
    if let Some(address) = &args.listen {
        builder = builder.listen(address);
    }
    if let Some(price) = &args.price {
        let mut candles = Candles::of(price);
        if let Some(volume) = &args.volume {
            candles = candles.volume(volume);
        }
        let candles = args.candles.iter().fold(candles, |candles, &it| candles.interval(it));
        builder = builder.candles(candles);
    }
    if args.once { builder.once() } else { builder }
}

/// Takes `SERVICE=TARGET` apart.
fn named(text: &str) -> (Option<&str>, &str) {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    match text.split_once('=') {
        Some((name, target)) if !name.is_empty() && name.chars().all(is_name) => {
            (Some(name), target)
        }
        _ => (None, text),
    }
}

fn summary(status: &Status) {
    let Status { cycles, missed_cycles, samples, candles, lost, .. } = status;
    people::tell(format_args!(
        "{} and {} of {} are stored; {} left out, and {} lost",
        counted(*samples, "sample", "samples"),
        counted(*candles, "candle", "candles"),
        counted(*cycles, "cycle", "cycles"),
        counted(*missed_cycles, "cycle was", "cycles were"),
        counted(*lost, "batch is", "batches are")
    ));
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn services_are_named() {
        for (text, expected) in [
            ("risk=127.0.0.1:9093", (Some("risk"), "127.0.0.1:9093")),
            ("a=http://b/?c=d", (Some("a"), "http://b/?c=d")),
            ("http://b/?c=d", (None, "http://b/?c=d")),
            ("/dev/shm/a=b", (None, "/dev/shm/a=b")),
            ("=a", (None, "=a")),
        ] {
            assert_eq!(named(text), expected);
        }
    }
}
