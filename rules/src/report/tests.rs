use super::*;
use crate::file::UNREADABLE;
use crate::place::{Place, Source};
use std::sync::Arc;

const CHECK: Check = Check { id: "some-check", about: "Something." };

fn finding(text: &str, place: Place) -> Finding {
    let source = Arc::new(Source::new("a.yml", text));
    Finding::error(&CHECK, &source, place, "bad")
}

fn text(finding: Finding) -> String {
    TextReport::new().of(&[finding])
}

#[test]
fn all_of_a_finding_is_shown() {
    let shown = text(
        finding("a: b\nc: d\n", Place::new(8, 9))
            .label("here")
            .also(Place::new(3, 4), "there")
            .note("it is so")
            .instead("do that"),
    );
    let expected = "\
error[some-check]: bad
 --> a.yml:2:4
  |
1 | a: b
  |    - there
2 | c: d
  |    ^ here
  |
  = note: it is so
  = help: do that
";
    assert_eq!(shown, expected);
}

#[test]
fn parts_that_are_far_apart_are_shown_each() {
    let file = format!("a: b\n{}c: d\n", "x\n".repeat(100));
    let shown = text(finding(&file, Place::new(0, 1)).also(Place::new(205, 206), "there"));
    assert!(shown.contains("--> a.yml:1:1\n"), "{shown}");
    assert!(shown.contains("::: a.yml:102:1\n"), "{shown}");
    assert!(shown.lines().count() < 12, "{shown}");
    // A part of many lines is not shown as a whole.
    let shown = text(finding(&file, Place::new(0, 200)));
    assert!(shown.lines().count() < 8, "{shown}");
}

#[test]
fn the_columns_of_a_long_line_are_those_of_the_file() {
    let file = format!("\u{feff}{}", "äbc def ".repeat(10_000));
    let at = file.match_indices("def").nth(5000).unwrap().0;
    let shown = text(finding(&file, Place::new(at, at + 3)));
    assert!(shown.contains("--> a.yml:1:40005\n"), "{shown}");
    assert!(shown.lines().all(|line| line.chars().count() < 200), "{shown}");
    let lines: Vec<&str> = shown.lines().collect();
    let carets = lines[4].find("^^^").unwrap();
    let under: String = lines[3].chars().skip(carets).take(3).collect();
    assert_eq!(under, "def");
}

#[test]
fn control_characters_are_shown_and_not_sent() {
    let bad = "\u{1b}[31m\u{7}\u{9b}\u{202e}\u{0}\r\u{7f}";
    let source = Arc::new(Source::new(format!("a{bad}.yml"), format!("k: {bad}v\n")));
    let finding = Finding::error(&CHECK, &source, Place::new(3, 5), format!("bad {bad}"))
        .label(bad)
        .also(Place::new(0, 1), bad)
        .note(bad)
        .instead(bad);
    let shown = text(finding);
    let sent = |it: char| it != '\n' && (it.is_control() || it == '\u{202e}');
    assert!(!shown.contains(sent), "{}", shown.escape_debug());
    assert!(shown.contains("bad \\u{1b}[31m"), "{shown}");
}

#[test]
fn any_place_can_be_shown() {
    for text in ["", "a", "a\n", "\u{feff}", "\u{feff}ä\r\n\r\nb", "\r\ra", "漢\t字\n\n\n"] {
        let ends: Vec<usize> = (0..=text.len()).filter(|at| text.is_char_boundary(*at)).collect();
        for start in &ends {
            for end in &ends {
                let place = Place::new(*start, *end);
                let finding = finding(text, place).also(Place::new(0, *end), "x");
                assert!(TextReport::new().of(&[finding]).contains("a.yml"));
            }
        }
    }
}

#[test]
fn colours_are_only_those_of_the_coloured_report() {
    let finding = [finding("a: b\n", Place::new(0, 1))];
    assert!(TextReport::coloured().of(&finding).contains("\u{1b}["));
    assert!(!TextReport::new().of(&finding).contains('\u{1b}'));
}

#[test]
fn the_status_is_that_of_the_worst() {
    let error = finding("a", Place::new(0, 1));
    let with = |severity| Finding { severity, ..error.clone() };
    let (note, warning) = (with(Severity::Note), with(Severity::Warning));
    let unreadable = Finding { check: &UNREADABLE, ..error.clone() };
    assert_eq!(exit_status(&[]), 0);
    assert_eq!(exit_status(std::slice::from_ref(&note)), 0);
    assert_eq!(exit_status(&[note.clone(), warning.clone()]), 1);
    assert_eq!(exit_status(std::slice::from_ref(&error)), 1);
    assert_eq!(exit_status(&[unreadable, error.clone()]), 2);
    assert_eq!(summary(&[error.clone(), note, warning, error]), "2 errors, 1 warning, 1 note");
    assert_eq!(summary(&[]), "");
}

#[test]
fn findings_have_one_order() {
    let at = |start, severity| Finding { severity, ..finding("abc", Place::new(start, 3)) };
    let mut findings = vec![
        at(2, Severity::Error),
        at(1, Severity::Note),
        at(1, Severity::Error),
        at(2, Severity::Error),
    ];
    sort(&mut findings);
    let order: Vec<_> = findings.iter().map(|it| (it.place.start, it.severity)).collect();
    assert_eq!(order, [(1, Severity::Error), (1, Severity::Note), (2, Severity::Error)]);
}
