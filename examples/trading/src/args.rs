//! The command line.

use lexopt::prelude::*;
use std::path::PathBuf;
use std::time::Duration;

pub(crate) const HELP: &str = "\
Trades on a simulated or recorded feed and measures itself: three services in
one process, each with its own Prometheus endpoint on the loopback interface.

  port base + 0 (9091)  market data: the feed, order books, #[timed] functions
  port base + 1 (9092)  execution: orders, fills, the venue's answers
  port base + 2 (9093)  risk: checks, positions, gains and stops

Without a file the feed is simulated, and goes on until Ctrl-C or --seconds.

Usage: trading [OPTIONS]

Options:
  --replay FILE    read the feed from a CSV file, plain or gzip
  --speed N|max    times as fast as recorded, or as fast as possible [1]
  --symbol NAME    the symbol that the file is about [BTCUSDT]
  --hold           go on serving after the end of the file
  --seconds N      end after so many seconds
  --seed N         another simulation with each number [1]
  --port-base N    the first of the three ports [9091]
  --cost           measure what metrics add to a tick of this program, and end
  --catalogue DIR  write the metrics of each service to DIR/SERVICE.json, with
                   their objectives, alerts and panels, and end
  --version        show the version
  --help           show this
";

/// The speed of a feed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Speed {
    /// So many times faster than recorded; more than 0.
    Times(f64),
    Max,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Recording {
    pub(crate) file: PathBuf,
    pub(crate) symbol: String,
    pub(crate) hold: bool,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Args {
    /// Without a recording the feed is simulated.
    pub(crate) recording: Option<Recording>,
    pub(crate) speed: Speed,
    pub(crate) seconds: Option<Duration>,
    pub(crate) seed: u64,
    pub(crate) port_base: u16,
    pub(crate) cost: bool,
    /// The directory for the services' catalogues.
    pub(crate) catalogue: Option<PathBuf>,
    pub(crate) help: bool,
    pub(crate) version: bool,
}

impl Args {
    /// # Errors
    /// The fault of the arguments.
    pub(crate) fn parse(mut parser: lexopt::Parser) -> Result<Self, lexopt::Error> {
        let mut args = Self {
            recording: None,
            speed: Speed::Times(1.0),
            seconds: None,
            seed: 1,
            port_base: 9091,
            cost: false,
            catalogue: None,
            help: false,
            version: false,
        };
        let (mut file, mut speed, mut symbol, mut hold) = (None, None, None, false);
        while let Some(argument) = parser.next()? {
            match argument {
                Long("replay") => file = Some(PathBuf::from(parser.value()?)),
                Long("speed") => speed = Some(parser.value()?.parse_with(parse_speed)?),
                Long("symbol") => symbol = Some(parser.value()?.parse_with(parse_symbol)?),
                Long("hold") => hold = true,
                Long("seconds") => args.seconds = Some(parser.value()?.parse_with(parse_seconds)?),
                Long("seed") => args.seed = parser.value()?.parse()?,
                Long("port-base") => args.port_base = parser.value()?.parse_with(parse_port)?,
                Long("cost") => args.cost = true,
                Long("catalogue") => args.catalogue = Some(PathBuf::from(parser.value()?)),
                Long("version") | Short('V') => args.version = true,
                Long("help") | Short('h') => args.help = true,
                other => return Err(other.unexpected()),
            }
        }
        if file.is_none() && (speed.is_some() || symbol.is_some() || hold) {
            return Err("--speed, --symbol and --hold need --replay FILE".into());
        }
        args.speed = speed.unwrap_or(args.speed);
        args.recording = file.map(|file| {
            let symbol = symbol.unwrap_or_else(|| "BTCUSDT".to_owned());
            Recording { file, symbol, hold }
        });
        Ok(args)
    }
}

fn parse_speed(text: &str) -> Result<Speed, &'static str> {
    if text == "max" {
        return Ok(Speed::Max);
    }
    let times = text.parse().ok().filter(|&times: &f64| times.is_finite() && times > 0.0);
    times.map(Speed::Times).ok_or("a number more than 0, or max")
}

fn parse_symbol(text: &str) -> Result<String, &'static str> {
    let good = !text.is_empty() && text.len() <= 32 && text.chars().all(char::is_alphanumeric);
    good.then(|| text.to_owned()).ok_or("1 to 32 letters and digits")
}

fn parse_seconds(text: &str) -> Result<Duration, &'static str> {
    // Ten years, which any clock can add to now.
    const MOST: f64 = 3.2e8;
    let seconds = text.parse().ok().filter(|seconds| (0.0..=MOST).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or("a number of seconds, 0 to 320000000")
}

fn parse_port(text: &str) -> Result<u16, &'static str> {
    let port = text.parse().ok().filter(|port| (1..=u16::MAX - 2).contains(port));
    port.ok_or("a port from 1 to 65533, since the two above it are needed too")
}

#[cfg(test)]
mod tests {
    use super::{Args, HELP, Speed};
    use std::time::Duration;

    fn parse(line: &str) -> Result<Args, String> {
        let words = std::iter::once("trading").chain(line.split_whitespace());
        Args::parse(lexopt::Parser::from_iter(words)).map_err(|error| error.to_string())
    }

    #[test]
    fn arguments_take_effect() {
        let args = parse("").unwrap();
        assert_eq!((args.recording, args.seed, args.port_base), (None, 1, 9091));
        let args = parse("--replay f --speed=2.5 --hold --seconds 3 --port-base 9000").unwrap();
        assert_eq!((args.speed, args.port_base), (Speed::Times(2.5), 9000));
        assert_eq!(args.seconds, Some(Duration::from_secs(3)));
        assert!(args.recording.unwrap().hold);
        assert_eq!(parse("--catalogue a").unwrap().catalogue, Some("a".into()));
        assert_eq!(parse("--replay f --speed max").unwrap().speed, Speed::Max);
    }

    #[test]
    fn the_help_fits_80_columns() {
        assert!(HELP.lines().all(|line| line.chars().count() <= 80), "{HELP}");
    }

    #[test]
    fn invalid_arguments_are_refused() {
        for line in [
            "--speed 1",
            "--hold",
            "--replay",
            "--catalogue",
            "--replay f --speed 0",
            "--replay f --speed NaN",
            "--replay f --speed inf",
            "--replay f --symbol a\"b",
            "--seconds -1",
            "--seconds 1e30",
            "--seed x",
            "--port-base 65534",
            "--port-base 0",
            "--nonsense",
            "file",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
