//! Runs an operation of the hot path: `driver OPERATION TIMES`.

use std::hint::black_box;
use std::process::ExitCode;
use tests::operations::{operation, prepared};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let operation = arguments.next().and_then(|name| operation(&name));
    let times = arguments.next().and_then(|times| times.parse().ok());
    let (Some(operation), Some(times)) = (operation, times) else {
        eprintln!("usage: driver OPERATION TIMES");
        return ExitCode::FAILURE;
    };
    let metrics = prepared();
    // All numbers of 16 bits in an order that has few new extremes (40,503 is 2^16 divided by the
    // golden ratio).
    for n in 0..times {
        black_box(operation)(metrics, (n * 40_503) & 0xffff);
    }
    ExitCode::SUCCESS
}
