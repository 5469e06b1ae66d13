//! Words of other programs, on their way to people: none of them moves a cursor, forges a line or
//! hides.

use crate::remote::Remote;
use crate::serve::Serving;
use crate::support::{Folder, Writer, output, run, text, tickmetrics};
use crate::terminal::Terminal;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

/// The title of a terminal's window, a line that looks like another one, C1's clear, a change of
/// direction, ends of lines that Unicode knows, and invisible characters.
pub(crate) const HOSTILE: &str = "\u{1b}]0;owned\u{7}\u{1b}[2J\r\ntickmetrics: forged\u{9b}2J\u{202e}\
                                  \u{2066}\u{200f}\u{2028}\u{2029}\u{85}\u{200b}\u{feff}\u{7f}";

/// The same as people see it.
pub(crate) const SHOWN: &str = concat!(
    r"\u{1b}]0;owned\u{7}\u{1b}[2J\r\ntickmetrics: forged\u{9b}2J\u{202e}",
    r"\u{2066}\u{200f}\u{2028}\u{2029}\u{85}\u{200b}\u{feff}\u{7f}"
);

/// A text of visible characters and line ends only: those that Rust's `Debug` leaves unchanged.
#[track_caller]
fn legible(bytes: Vec<u8>) -> String {
    let text = String::from_utf8(bytes).unwrap();
    let wrong = |c: &char| *c != '\n' && c.escape_debug().to_string().starts_with(['\\']);
    let wrong: Vec<_> = text.chars().filter(|c| wrong(c) && !"'\"\\".contains(*c)).collect();
    assert!(wrong.is_empty(), "{text:?}: {wrong:?}");
    text
}

fn hostile_file(folder: &Folder) -> PathBuf {
    let mut name = HOSTILE.as_bytes().to_vec();
    name.extend(b"\xff.metrics");
    folder.path().join(OsString::from_vec(name))
}

#[test]
fn on_standard_error() {
    let folder = Folder::new("words-errors");
    let file = hostile_file(&folder);
    let shown = format!("{SHOWN}\\xff.metrics");
    let said = |arguments: &[&OsStr]| {
        let output = tickmetrics().args(arguments).output().unwrap();
        legible(output.stderr)
    };
    let words = |path: &Path, words: &[&str]| {
        let mut arguments: Vec<OsString> = words.iter().map(OsString::from).collect();
        arguments.insert(1, path.into());
        let arguments: Vec<_> = arguments.iter().map(AsRef::as_ref).collect();
        said(&arguments)
    };
    for command in [&["dump"][..], &["hist", "a"], &["top", "--once"]] {
        let told = words(&file, command);
        assert!(told.contains("No such file") && told.contains(&shown), "{told}");
        assert_eq!(told.lines().count(), 1, "{told}");
    }
    let _writer = Writer::start("gateway", &file);
    let told = words(&file, &["dump"]);
    assert!(told.contains(&shown) && told.lines().count() == 1, "{told}");
    let told = words(&file, &["hist", HOSTILE]);
    assert!(told.contains(SHOWN) && told.lines().count() == 1, "{told}");
    let nowhere = folder.path().join("none").join(HOSTILE);
    let told = words(
        &file,
        &["hist", "decode_seconds", "--labels", "symbol=AAPL", "--svg", text(&nowhere)],
    );
    assert!(told.contains("can't write") && told.lines().count() == 1, "{told}");
    // Arguments that clap repeats.
    let file: &OsStr = file.as_ref();
    for arguments in [
        [file, file].map(OsString::from).to_vec(),
        vec!["dump".into(), file.into(), file.into()],
        vec!["dump".into(), file.into(), "--format".into(), HOSTILE.into()],
        vec!["top".into(), file.into(), "--interval".into(), HOSTILE.into()],
        vec!["serve".into(), file.into()],
    ] {
        let arguments: Vec<_> = arguments.iter().map(AsRef::as_ref).collect();
        let told = said(&arguments);
        assert!(!told.lines().any(|line| line.starts_with("tickmetrics: forged")), "{told}");
        assert!(told.contains("error: "), "{told}");
    }
}

#[test]
fn of_files_that_are_served() {
    let folder = Folder::new("words-serve");
    let file = hostile_file(&folder);
    let bad = folder.file(&format!("bad{HOSTILE}.metrics"));
    fs::write(&bad, "no segment").unwrap();
    let writer = Writer::start("gateway", &file);
    let serving = Serving::start(&[text(folder.path()), text(&bad)]);
    serving.scrape();
    drop(writer);
    fs::remove_file(&file).unwrap();
    serving.scrape();
    let said = legible(serving.end().into_bytes());
    let lines: Vec<_> = said.lines().collect();
    let [came, bad, went] = lines[..] else { panic!("{lines:?}") };
    for (line, what) in [(came, "came, served with"), (bad, "is not a segment"), (went, "went")] {
        assert!(line.starts_with("tickmetrics: ") && line.contains(SHOWN), "{line}");
        assert!(line.contains(what), "{line}");
    }
}

#[test]
fn in_tables_plots_and_logs() {
    let folder = Folder::new("words-tables");
    let file = folder.file("feed.metrics");
    let _writer = Writer::start("hostile", &file);
    let of = |arguments: &[&str]| {
        let output = run(arguments);
        assert!(output.status.success(), "{output:?}");
        (output.stdout, output.stderr)
    };
    let once = legible(of(&["top", text(&file), "--once", "--interval", "10ms"]).0);
    assert_eq!(once.lines().count(), 2 + 1, "{once}");
    assert!(once.contains(&format!("  {SHOWN}  hostile_")), "{once}");

    let hist = ["hist", text(&file), "hostile_wait"];
    let table = legible(of(&hist).0);
    let last = table.lines().last().unwrap();
    assert!(last.starts_with("#[hostile_wait{") && last.contains(SHOWN), "{last}");
    assert!(last.ends_with(&format!(" in {SHOWN}]")), "{last}");

    let [plot, log] = ["a.svg", "a.hlog"].map(|name| folder.file(name));
    of(&[&hist[..], &["--svg", text(&plot), "--hlog", text(&log)]].concat());
    let plot = legible(fs::read(&plot).unwrap());
    assert!(plot.contains(SHOWN) && plot.contains("<desc>Waited, and waited.</desc>"), "{plot}");
    let log = legible(fs::read(&log).unwrap());
    let about: Vec<_> = log.lines().filter(|line| line.contains("owned")).collect();
    assert!(matches!(about[..], [line] if line.starts_with("#[hostile_wait{")), "{log}");

    // Data is data, but to a terminal.
    let dump = output(&["dump", text(&file)]);
    assert!(dump.contains('\u{202e}') && dump.contains("\u{1b}]0;owned\u{7}"));
    let json = output(&["dump", text(&file), "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["metrics"][0]["series"][0]["labels"]["session"], HOSTILE);
    for format in ["text", "openmetrics", "json"] {
        let terminal = Terminal::start(&["dump", text(&file), "--format", format]);
        let written = String::from_utf8(terminal.ended_well()).unwrap().replace("\r\n", "\n");
        assert!(written.contains("forged"), "{written}");
        legible(written.into_bytes());
    }
}

#[test]
fn of_a_remote_exporter() {
    let line = HOSTILE.replace(['\n', '\u{85}', '\u{2028}', '\u{2029}'], "");
    let remote = Remote::start(format!("fine 1\n{line}\n"));
    let failed = run(&["top", &remote.url(), "--once"]);
    let told = legible(failed.stderr);
    assert!(told.contains("line 2") && told.lines().count() == 1, "{told}");
    assert!(told.contains(r"\u{1b}]0;owned"), "{told}");
}

#[test]
fn on_the_screen() {
    let folder = Folder::new("words-screen");
    let file = folder.file(HOSTILE);
    let _writer = Writer::start("hostile", &file);
    let mut terminal = Terminal::start(&["top", text(&file), "--interval", "100ms"]);
    let screen = terminal.wait_for(|screen| screen.contains("Waited, and waited."));
    assert!(screen.contains(r"hostile_") && screen.contains(r"\u{1b}"), "{screen}");
    legible(screen.into_bytes());
    terminal.press("/\u{202e}");
    let screen = terminal.wait_for(|screen| screen.contains(r"filter: \u{202e}"));
    legible(screen.into_bytes());
    terminal.press("\u{1b}");
    terminal.wait_for(|screen| screen.contains("q quit"));
    terminal.press("q");
    let written = terminal.ended_well();
    for what in ["\u{1b}]0;", "\u{202e}", "\u{9b}", "\u{2066}", "\u{2028}", "\u{200b}", "\u{feff}"]
    {
        let bytes = what.as_bytes();
        assert!(!written.windows(bytes.len()).any(|it| it == bytes), "{what:?} was written");
    }
}
