//! Ticks from a recorded feed: CSV, plain or gzip, one message a line.
//!
//! Columns: local receive time in nanoseconds, stream, the exchange's event and transaction times
//! in milliseconds, price, quantity. Of the streams, `bookTicker` (the best bid) and `trade` are
//! used.

use super::message::{LEVELS, Tick};
use crate::groups::side::Side;
use flate2::bufread::GzDecoder;
use std::fs;
use std::io::Read as _;
use std::path::Path;

const HEADER: &str = "local_ts_ns,stream,event_ms,transaction_ms,price,qty";

/// The beginning of a gzip file (RFC 1952, 2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// # Errors
/// The fault of the file.
pub(super) fn read(path: &Path) -> Result<Vec<Tick>, String> {
    let bytes = fs::read(path).map_err(|error| error.to_string())?;
    parse(&if bytes.starts_with(&GZIP) { unzip(&bytes)? } else { text(bytes)? })
}

fn text(bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|error| error.to_string())
}

/// All members of a gzip file.
fn unzip(mut bytes: &[u8]) -> Result<String, String> {
    let mut unzipped = Vec::new();
    while !bytes.is_empty() {
        // flate2's own reader of several members accepts any bytes as one.
        if !bytes.starts_with(&GZIP) {
            return Err("behind the end of its gzip data there are bytes of something else".into());
        }
        let mut member = GzDecoder::new(bytes);
        member.read_to_end(&mut unzipped).map_err(|error| error.to_string())?;
        bytes = member.into_inner();
    }
    text(unzipped)
}

/// A quote or a trade as it is recorded.
struct Row {
    trade: bool,
    /// Local time less the exchange's, in nanoseconds.
    delay: i64,
    price: u64,
    size: u64,
}

fn parse(text: &str) -> Result<Vec<Tick>, String> {
    let mut lines = text.lines();
    if lines.next() != Some(HEADER) {
        return Err(format!("its first line is not \"{HEADER}\""));
    }
    let mut rows = Vec::new();
    for (line, number) in lines.zip(2..) {
        let columns: Vec<&str> = line.split(',').collect();
        let &[local, stream, event, _, price, size] = columns.as_slice() else {
            return Err(format!("line {number} does not have 6 columns"));
        };
        if ["bookTicker", "trade"].contains(&stream) {
            let row = row(stream == "trade", local, event, price, size);
            rows.push(row.ok_or_else(|| format!("line {number} has a value that is no number"))?);
        }
    }
    Ok(ticks(&rows))
}

/// Quantities are in thousandths.
fn row(trade: bool, local: &str, event: &str, price: &str, size: &str) -> Option<Row> {
    let event = event.parse::<i64>().ok()?.checked_mul(1_000_000)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
    let scaled = |text: &str, by: f64| text.parse::<f64>().ok().map(|it| (it * by).round() as u64);
    Some(Row {
        trade,
        delay: local.parse::<i64>().ok()?.checked_sub(event)?,
        price: scaled(price, 100.0)?,
        size: scaled(size, 1_000.0)?,
    })
}

fn ticks(rows: &[Row]) -> Vec<Tick> {
    // The clocks of the two ends disagree: the fastest message counts as instantaneous.
    let fastest = rows.iter().map(|row| row.delay).min().unwrap_or(0);
    let mut bid = 0;
    let mut seen = [0_usize; Side::ALL.len()];
    let tick = |row: &Row| {
        if !row.trade {
            bid = row.price;
        }
        // A buyer takes an ask, whose price is above the best bid.
        let side = if row.trade && row.price > bid { Side::Sell } else { Side::Buy };
        // Deeper levels are not recorded: a side's last prices stand for them.
        let level = seen[side as usize] % LEVELS;
        seen[side as usize] += 1;
        let delay = row.delay.abs_diff(fastest);
        Tick { symbol: 0, side, level, price: row.price, size: row.size, delay }
    };
    rows.iter().map(tick).collect()
}

#[cfg(test)]
mod tests {
    use super::{HEADER, parse, unzip};
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write as _;

    #[test]
    fn quotes_and_trades_become_ticks() {
        let rows = "\
            5000000300,bookTicker,7000,7000,61800.20,2.507\n\
            5000000400,depth@0ms,7000,7000,,\n\
            5000000700,trade,7000,7000,61800.30,0.006\n\
            5000000100,trade,7000,7000,61800.20,0.1\n";
        let ticks = parse(&format!("{HEADER}\n{rows}")).unwrap();
        let told: Vec<_> = ticks
            .iter()
            .map(|tick| (tick.side.as_str(), tick.level, tick.price, tick.size, tick.delay))
            .collect();
        assert_eq!(
            told,
            [
                ("buy", 0, 6_180_020, 2_507, 200),
                ("sell", 0, 6_180_030, 6, 600),
                ("buy", 1, 6_180_020, 100, 0),
            ]
        );
    }

    #[test]
    fn members_of_a_gzip_are_read_and_nothing_else() {
        let zipped = |text: &[u8]| {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(text).unwrap();
            encoder.finish().unwrap()
        };
        let members = [zipped("a€".as_bytes()), zipped(b""), zipped(b"b")].concat();
        assert_eq!(unzip(&members), Ok("a€b".into()));
        for garbage in [&b"\0"[..], b"\x1f", b"a line\n", &[0; 100]] {
            let told = unzip(&[&members, garbage].concat()).unwrap_err();
            assert!(told.contains("bytes of something else"), "{told}");
        }
        assert!(unzip(&members[..members.len() - 1]).is_err());
    }

    #[test]
    fn other_files_than_recordings_are_refused() {
        assert!(parse("").is_err());
        for line in ["1,trade,2,3,4", "1,trade,2,3,4,x", "1,trade,,3,4,5"] {
            assert!(parse(&format!("{HEADER}\n{line}\n")).is_err(), "{line}");
        }
    }
}
