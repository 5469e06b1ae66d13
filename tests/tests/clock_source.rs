//! The kernel's view of the time stamp counter, at the start and later. The rerun test program sees
//! another list of clock sources, by a mount of its own.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;
use tests::processes::{Folder, command, output, role, say};
use tests::programs::skip;
use tickmetrics::Segment;
use tickmetrics::prelude::*;

const LIST: &str = "/sys/devices/system/clocksource/clocksource0/available_clocksource";

/// The part of the other process. Run directly, this test does nothing.
#[test]
fn in_another_process() {
    let Some((role, list)) = role() else { return };
    let file = list.with_file_name("segment");
    Segment::builder().path(&file).install().unwrap();
    let registry = Registry::new();
    let register = |name| registry.register::<Histogram>(&Description::new(name, "T.")).unwrap();
    let (across, after) = (register("across"), register("after"));
    tickmetrics::warm_up();
    say(if reads_counter(&file) { "counter" } else { "system" });
    let timer = across.start();
    if role == "later" {
        fs::write(&list, "hpet acpi_pm \n").unwrap();
    }
    // It looks once a second.
    for _ in 0..15 {
        sleep(Duration::from_millis(100));
        registry.snapshot();
    }
    drop(timer);
    let timer = after.start();
    sleep(Duration::from_millis(10));
    drop(timer);
    let nanos = |name| registry.snapshot().histogram(name, &[]).unwrap().max().unwrap();
    say(&format!("slept {} {}", nanos("across"), nanos("after")));
}

/// Whether the segment's header has the length of the counter's ticks, as it has where that is read.
fn reads_counter(file: &Path) -> bool {
    const CLOCK_SCALE: u64 = 14;
    let mut word = [0; 8];
    fs::File::open(file).unwrap().read_exact_at(&mut word, CLOCK_SCALE * 8).unwrap();
    u64::from_ne_bytes(word) != 0
}

/// Runs this program with a list of clock sources that it can write to, and returns its output, or
/// `None` where this user may not.
fn run(role: &str, sources: &str) -> Option<String> {
    let folder = Folder::new(&format!("clock-{role}"));
    let list = folder.0.join("list");
    fs::write(&list, sources).unwrap();
    let script = r#"mount --bind "$0" "$LIST" && exec "$@""#;
    let before = ["unshare", "-rm", "sh", "-c", script, list.to_str().unwrap()];
    let able = Command::new(before[0]).args(&before[1..]).arg("true").env("LIST", LIST).output();
    if !able.is_ok_and(|output| output.status.success()) {
        skip(&format!("this user may not mount a file over {LIST}"));
        return None;
    }
    let mut command = command(&before, role, &list);
    command.env("LIST", LIST);
    let said = output(command);
    // Sleeping takes the time asked for, or longer. The rates of two clocks differ a little.
    let (_, slept) = said.split_once("says: slept ").unwrap();
    let slept = slept.lines().next().unwrap().split(' ').map(|nanos| nanos.parse::<f64>().unwrap());
    for (nanos, at_least) in slept.zip([1_500e6, 10e6]) {
        assert!((at_least * 0.99..3_600e9).contains(&nanos), "{said}");
    }
    Some(said)
}

const WARNING: &str = "tickmetrics: the kernel does not trust the processor's time stamp counter";

#[test]
fn a_counter_that_the_kernel_does_not_trust_is_not_read() {
    let Some(said) = run("untrusted", "hpet acpi_pm \n") else { return };
    assert!(said.contains("says: system") && !said.contains("tickmetrics:"), "{said}");
}

#[test]
fn a_counter_that_the_kernel_ceases_to_trust_is_left() {
    let Some(said) = run("later", "tsc hpet acpi_pm \n") else { return };
    if said.contains("says: system") {
        return skip("this processor has no counter that can be trusted");
    }
    assert_eq!(said.matches(WARNING).count(), 1, "{said}");
}

#[test]
fn a_counter_that_stays_is_not_left() {
    let Some(said) = run("stays", "tsc hpet acpi_pm \n") else { return };
    assert!(!said.contains("tickmetrics:"), "{said}");
}
