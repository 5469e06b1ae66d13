//! The compiled hot path, so that a regression is noticed without a clock: the instructions of each
//! operation, counted by callgrind, and the disassembly.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use tests::programs::skip;

/// The operations of the driver, how many instructions one may take, its return included, and
/// whether it may call anything. What reads the clock does.
const OPERATIONS: [(&str, f64, bool); 22] = [
    ("op_inc", 6.0, false),
    ("op_add", 6.0, false),
    ("op_up_down", 6.0, false),
    ("op_gauge", 9.0, false),
    ("op_with_enum", 8.0, false),
    ("op_with_interned", 8.0, false),
    ("op_record", 24.0, false),
    ("op_record_interned", 44.0, true),
    ("op_record_exemplar", 56.0, true),
    ("op_record_exemplar_kept", 310.0, true),
    ("op_record_no_exemplar", 24.0, true),
    ("op_record_asking", 117.0, false),
    ("op_timed_asking", 197.0, true),
    ("op_dynamic_kept", 9.0, true),
    ("op_dynamic", 385.0, true),
    ("op_dynamic_record", 420.0, true),
    ("op_intern", 44.0, true),
    ("op_timer", 61.0, true),
    ("op_timed", 66.0, true),
    ("op_timed_sampled", 21.0, true),
    ("op_timed_outcome", 138.0, true),
    ("op_timed_future", 196.0, true),
];

fn skipped(tool: &str, package: &str) {
    skip(&format!("{tool} is not installed (apt-get install {package})"));
}

fn has(tool: &str) -> bool {
    Command::new(tool).arg("--version").output().is_ok_and(|output| output.status.success())
}

/// The driver, as a user's release build makes it.
fn driver() -> &'static PathBuf {
    static DRIVER: OnceLock<PathBuf> = OnceLock::new();
    DRIVER.get_or_init(|| {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
        let output = Command::new(env!("CARGO"))
            .args(["build", "--release", "-p", "tests", "--bin", "driver"])
            .args(["--message-format", "json"])
            .current_dir(root)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let messages = String::from_utf8(output.stdout).unwrap();
        let mut paths = messages.lines().filter_map(|line| {
            let message: serde_json::Value = serde_json::from_str(line).ok()?;
            Some(PathBuf::from(message["executable"].as_str()?))
        });
        paths.next_back().expect("cargo names the driver")
    })
}

/// Instructions that one call of an operation takes, callees included.
fn instructions(operation: &str) -> f64 {
    const TIMES: u32 = 20_000;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(format!("--toggle-collect={operation}"))
        .arg(driver())
        .args([operation, &TIMES.to_string()])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let count = said.lines().find_map(|line| line.split_once("refs:")).expect("a total").1;
    count.trim().replace(',', "").parse::<f64>().unwrap() / f64::from(TIMES)
}

#[test]
fn no_operation_takes_more_instructions_than_it_may() {
    if !has("valgrind") {
        return skipped("valgrind", "valgrind");
    }
    assert_eq!(instructions("op_nothing"), 1.0, "the method counts the operation alone");
    let over: Vec<String> = OPERATIONS
        .iter()
        .map(|&(operation, ceiling, _)| (operation, ceiling, instructions(operation)))
        .filter(|(_, ceiling, count)| count > ceiling || *count <= 1.0)
        .map(|(operation, ceiling, count)| format!("{operation}: {count}, at most {ceiling}"))
        .collect();
    assert!(over.is_empty(), "{over:#?}");
}

#[test]
fn no_operation_locks_or_calls() {
    if !has("objdump") {
        return skipped("objdump", "binutils");
    }
    let arguments = ["--disassemble", "--no-show-raw-insn"];
    let output = Command::new("objdump").args(arguments).arg(driver()).output().unwrap();
    let listing = String::from_utf8(output.stdout).unwrap();
    for (operation, _, calls) in OPERATIONS {
        let start = listing.find(&format!("<{operation}>:\n")).expect(operation);
        let body = listing[start..].split("\n\n").next().unwrap();
        let instructions: Vec<&str> =
            body.lines().skip(1).filter_map(|line| Some(line.split_once('\t')?.1)).collect();
        assert!(instructions.len() > 1, "{operation}: {body}");
        let has = |mnemonic: &str| instructions.iter().any(|i| i.starts_with(mnemonic));
        // An exchange with memory locks without saying so. One of a register with itself does nothing.
        let exchanges = instructions.iter().any(|i| i.starts_with("xchg") && i.contains('('));
        assert!(!has("lock") && !exchanges, "{operation} locks: {body}");
        // A jump out of the function, to the cold path, is no call.
        assert!(calls || !has("call"), "{operation} calls: {body}");
    }
}
