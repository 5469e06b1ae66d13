use super::super::app::App;
use super::super::keys;
use super::{draw, fitted, shortened, sparkline, wrapped};
use crate::args::{Args, Command};
use crate::failure::Failure;
use crate::people::is_text;
use crate::top::model::tests::frame;
use crate::top::model::{Kind, Reading};
use clap::Parser;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use std::time::Instant;

#[test]
fn nothing_on_the_screen_is_but_text() {
    const WORDS: &str = "\u{1b}[2J\n\u{9b}\u{202e}\u{200b}\u{2028}";
    let Command::Top(args) = Args::parse_from(["tickmetrics", "top", "a"]).command else {
        panic!();
    };
    let mut frame = frame(Instant::now(), &[(WORDS, Reading::Gauge(1.0))]);
    (frame.target, frame.state) = (WORDS.into(), WORDS.into());
    (frame.series[0].unit, frame.series[0].help) = (WORDS.into(), WORDS.into());
    let mut app = App::new(&args);
    app.take(Ok(frame));
    let mut terminal = Terminal::new(TestBackend::new(300, 24)).unwrap();
    let mut screen = |app: &mut App| {
        let drawn = terminal.draw(|frame| draw(frame, app)).unwrap();
        let text: String = drawn.buffer.content.iter().map(ratatui::buffer::Cell::symbol).collect();
        assert!(text.chars().all(is_text), "{text:?}");
        text.matches(r"\u{1b}[2J").count()
    };
    // In the head twice, in the table, and of the chosen series its title, unit and help.
    assert_eq!(screen(&mut app), 6);
    app.filter = WORDS.into();
    assert_eq!(screen(&mut app), 7);
    app.typing = true;
    assert_eq!(screen(&mut app), 7);
    (app.typing, app.filter) = (false, String::new());
    app.take(Err(Failure::told(WORDS)));
    assert_eq!(screen(&mut app), 7);
}

/// Each word of these is on a screen of 80 × 24, where it is not too much for any.
#[test]
fn nothing_is_cut_at_80_columns() {
    let Command::Top(args) = Args::parse_from(["tickmetrics", "top", "a"]).command else {
        panic!();
    };
    let words =
        |count: usize| (0..count).map(|at| format!("word{at:03}")).collect::<Vec<_>>().join(" ");
    let mut frame = frame(Instant::now(), &[("", Reading::Gauge(1.0))]);
    let title = format!("orders_total{{venue=\"{}\",side=\"buy\"}}", "v".repeat(100));
    (frame.series[0].title, frame.series[0].unit) = (title.as_str().into(), "lots".into());
    frame.series[0].help = words(25).into();
    let mut app = App::new(&args);
    app.take(Ok(frame));
    let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
    let mut screen = |app: &mut App| -> Vec<String> {
        let drawn = terminal.draw(|frame| draw(frame, app)).unwrap();
        let cells: Vec<_> =
            drawn.buffer.content.iter().map(ratatui::buffer::Cell::symbol).collect();
        cells.chunks(80).map(|line| line.concat().trim().to_owned()).collect()
    };
    let shown = screen(&mut app);
    assert!(shown.concat().contains(&format!("{title} [lots]")), "{shown:#?}");
    assert!(shown.join(" ").contains(&words(25)), "{shown:#?}");
    assert!(shown[23].starts_with("q quit") && shown[23].ends_with("↑↓ choose"), "{shown:#?}");
    assert!(keys::FOOT.chars().count() <= 80);

    // The typed end of a filter that is longer than the screen must be visible.
    (app.filter, app.typing) = (words(20), true);
    let shown = screen(&mut app);
    assert!(shown[23].starts_with("filter: …") && shown[23].contains("word019█"), "{shown:#?}");
    assert!(shown[23].ends_with("Enter keep  Esc clear"), "{shown:#?}");
    app.typing = false;
    let shown = screen(&mut app);
    assert!(shown[23].starts_with("/word000") && shown[23].ends_with("? keys"), "{shown:#?}");

    app.take(Err(Failure::told(words(20) + ": refused")));
    let shown = screen(&mut app);
    assert!(shown[23].starts_with("word000") && shown[23].ends_with(": refused"), "{shown:#?}");

    app.help = true;
    let shown = screen(&mut app);
    for line in keys::HELP.lines() {
        assert!(line.chars().count() <= 80, "{line}");
        assert!(shown.iter().any(|one| one == line.trim()), "{line} is not in {shown:#?}");
    }
}

#[test]
fn texts_are_broken_at_spaces() {
    for (text, width, lines, broken) in [
        ("", 5, 2, &[][..]),
        ("a bc", 5, 2, &["a bc"]),
        ("a bc de", 5, 2, &["a bc", "de"]),
        ("abcdefgh", 5, 2, &["abcde", "fgh"]),
        ("abc defg hi", 5, 2, &["abc", "defg…"]),
        ("abcde   f", 5, 2, &["abcde", "f"]),
        ("ab", 0, 1, &["…"]),
    ] {
        assert_eq!(wrapped(text, width, lines), broken, "{text}");
    }
}

#[test]
fn long_titles_lose_their_middle() {
    assert_eq!(shortened("abcdefghij", 10), "abcdefghij");
    assert_eq!(shortened("abcdefghijk", 7), "abc…ijk");
    assert_eq!(shortened("abcdefghijk", 6), "abc…jk");
    assert_eq!(shortened("ab", 1), "…");
}

#[test]
fn long_titles_keep_the_values_of_labels() {
    let title = r#"execution_calls_total{endpoint="can\"cel",status="200"}"#;
    assert_eq!(fitted(title, 80), title);
    assert_eq!(fitted(title, 40), r#"execution_calls_total{can\"cel,200}"#);
    assert_eq!(fitted(title, 28), r#"executi…_total{can\"cel,200}"#);
    assert_eq!(fitted(title, 18), r#"exe…al{can\"…,200}"#);
    for width in 3..60 {
        assert!(fitted(title, width).chars().count() <= width, "{width}");
    }
    assert_eq!(fitted("broken{", 4), "b…{}");
}

#[test]
fn bars() {
    let bars = |kind, values: &[f64]| sparkline(values.iter().map(|&it| Some(it)), kind, 5);
    assert_eq!(bars(Kind::Counter, &[0.0, 7.0]), "   ▁█");
    assert_eq!(bars(Kind::Counter, &[9.0, 1.0, 2.0, 3.0, 4.0, 7.0]), "▂▃▄▅█");
    assert_eq!(bars(Kind::Counter, &[0.0; 2]), "   ▁▁");
    assert_eq!(bars(Kind::Gauge, &[-7.0, 0.0]), "   ▁█");
    assert_eq!(bars(Kind::Gauge, &[100.0, 101.0]), "   ▁█");
    assert_eq!(bars(Kind::Gauge, &[5.0; 2]), "   ▁▁");
    let values = [None, Some(f64::NAN), Some(1.0)].into_iter();
    assert_eq!(sparkline(values, Kind::Histogram, 3), "  █");
}
