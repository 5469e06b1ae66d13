//! A system that gives little address space gets a smaller segment, and one that gives none an
//! error. Each case is a process of its own: this test, run again with a limit set.

use std::process::Command;
use tickmetrics::Segment;
use tickmetrics::prelude::*;

const CASE: &str = "TICKMETRICS_TEST_ADDRESS_SPACE_MIB";

fn run_with_limit(mebibytes: u64) -> (bool, String) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "within_a_limit_on_address_space", "--nocapture"])
        .env(CASE, mebibytes.to_string())
        .output()
        .unwrap();
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    (output.status.success(), text)
}

#[test]
fn within_a_limit_on_address_space() {
    let Ok(mebibytes) = std::env::var(CASE) else {
        let (works, text) = run_with_limit(8 << 10);
        assert!(works && text.contains("counted 300 on 8192 MiB"), "{text}");
        let (works, text) = run_with_limit(300);
        assert!(works && text.contains("refused: the system refused"), "{text}");
        return;
    };
    let bytes = mebibytes.parse::<u64>().unwrap() << 20;
    let limit = libc::rlimit { rlim_cur: bytes, rlim_max: bytes };
    // SAFETY: the argument is a valid limit, and this process runs one test.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const limit) }, 0);

    let registry = Registry::new();
    match registry.register::<Counter>(&Description::new("records_total", "Records.")) {
        Ok(counter) => {
            for _ in 0..3 {
                std::thread::spawn(move || (0..100).for_each(|_| counter.inc())).join().unwrap();
            }
            let count = registry.snapshot().counter("records_total", &[]).unwrap();
            println!("counted {count} on {mebibytes} MiB");
        }
        Err(error) => {
            let source = std::error::Error::source(&error).unwrap();
            println!("refused: {source}");
            assert!(Segment::stats().is_none());
        }
    }
}
