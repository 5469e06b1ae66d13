//! Runs a program of the guides, and prints what it exposes.
//!
//! `cargo run -p migration prometheus before`

use migration::{after, metrics, opentelemetry, prometheus, prometheus_client};
use std::env;
use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;
use tickmetrics_exporter::Exporter;

/// The same day for each program.
macro_rules! day {
    ($gateway:expr, $sides:expr, $venue:expr) => {{
        let (gateway, [buy, sell], venue) = ($gateway, $sides, $venue);
        gateway.connected();
        gateway.connected();
        for micros in [50, 70, 250, 900, 2_500, 250_000] {
            gateway.order(buy, venue("xnas"), Duration::from_micros(micros));
        }
        gateway.order(sell, venue("xnas"), Duration::from_micros(40));
        gateway.order(sell, venue("xlon"), Duration::from_millis(30));
        gateway.rejected("price \"out of band\"");
        gateway.rejected("price \"out of band\"");
        gateway.rejected("halted");
        gateway.disconnected();
        gateway
    }};
}

const TEXTS: [&str; 2] = ["buy", "sell"];
const SIDES: [after::Side; 2] = [after::Side::Buy, after::Side::Sell];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let text = |venue: &'static str| venue;
    let intern = after::Venue::intern;
    let exposition = match arguments[..] {
        ["prometheus", "before"] => {
            day!(prometheus::before::Gateway::new()?, TEXTS, text).metrics()?
        }
        ["prometheus", "between"] => {
            scrape(&day!(prometheus::between::Gateway::new()?, SIDES, intern).serve(ANY)?)?
        }
        ["prometheus-client", "before"] => {
            use prometheus_client::before::{Gateway, Side};
            day!(Gateway::new(), [Side::Buy, Side::Sell], text).metrics()?
        }
        ["prometheus-client", "between"] => {
            scrape(&day!(prometheus_client::between::Gateway::new(), SIDES, intern).serve(ANY)?)?
        }
        ["metrics", "before"] => day!(metrics::before::Gateway::new()?, TEXTS, text).metrics(),
        ["metrics", "between"] => {
            scrape(&day!(metrics::between::Gateway::new()?, SIDES, intern).serve(ANY)?)?
        }
        ["opentelemetry", "before"] => {
            day!(opentelemetry::before::Gateway::new()?, TEXTS, text).metrics()?
        }
        ["opentelemetry", "between"] => {
            scrape(&day!(opentelemetry::between::Gateway::new()?, SIDES, intern).serve(ANY)?)?
        }
        ["after"] => scrape(&day!(after::Gateway::new()?, SIDES, intern).serve(ANY)?)?,
        _ => return Err(USAGE.into()),
    };
    print!("{exposition}");
    Ok(())
}

const ANY: &str = "127.0.0.1:0";
const USAGE: &str = "usage: migration LIBRARY before|between, or migration after. LIBRARY is prometheus, \
                     prometheus-client, metrics or opentelemetry";

/// What Prometheus would get.
fn scrape(exporter: &Exporter) -> Result<String, Box<dyn Error>> {
    let address = exporter.local_addrs().first().ok_or("no address")?;
    let mut connection = TcpStream::connect(address.to_string())?;
    connection.write_all(b"GET /metrics HTTP/1.0\r\n\r\n")?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("no answer")?;
    if head.contains(" 200 ") { Ok(body.to_owned()) } else { Err(head.into()) }
}
