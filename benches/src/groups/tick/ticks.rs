//! The ticks for the path: generated, or from a recording.

use super::message::{LEVELS, SYMBOLS, Tick};
use super::recording;
use crate::candidate::kept;
use crate::groups::inputs::durations;
use crate::groups::side::Side;
use std::path::Path;
use std::sync::OnceLock;

pub(super) struct Ticks {
    /// A power of two of them.
    pub(super) all: &'static [Tick],
    /// Their source, as a sentence.
    pub(super) source: String,
}

static TICKS: OnceLock<Ticks> = OnceLock::new();

/// The ticks of this process.
pub(super) fn ticks() -> &'static Ticks {
    TICKS.get_or_init(generated)
}

/// Takes the ticks of this process from a recording.
///
/// # Errors
/// If the file can't be read, or is no recording.
pub(crate) fn replay(path: &Path) -> Result<(), String> {
    let read = recording::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let used = 1 << read.len().checked_ilog2().ok_or("the recording has no quote and no trade")?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let source = format!("Ticks: the first {used} quotes and trades of {name}, replayed.");
    TICKS
        .set(Ticks { all: &kept(read)[..used], source })
        .map_err(|_| "the ticks were asked for before the recording".to_owned())
}

/// Ticks from a random walk of each symbol's price: more than a predictor learns.
fn generated() -> Ticks {
    const TICKS: usize = 8_192;
    let mut random = fastrand::Rng::with_seed(3);
    let mut prices = [1_000_000_u64; SYMBOLS];
    let delays = durations();
    let tick = |at: usize| {
        let symbol = random.usize(..SYMBOLS);
        prices[symbol] = prices[symbol] + random.u64(..5) - 2;
        let side = if random.bool() { Side::Buy } else { Side::Sell };
        let level = random.usize(..LEVELS);
        let away = 1 + level as u64 * 2;
        let price = match side {
            Side::Buy => prices[symbol] - away,
            Side::Sell => prices[symbol] + away,
        };
        let delay = delays[at % delays.len()];
        Tick { symbol, side, level, price, size: random.u64(1..1_000), delay }
    };
    let all: Vec<Tick> = (0..TICKS).map(tick).collect();
    let source = "Ticks: generated, random walks of the prices of 32 symbols.".to_owned();
    Ticks { all: kept(all), source }
}
