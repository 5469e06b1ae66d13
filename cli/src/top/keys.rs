//! The effects of keys.

use super::app::App;
use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// The keys, for the last line of the screen: 80 columns.
pub(super) const FOOT: &str =
    " q quit  ? keys  / filter  s sort  r reverse  i interval|all  p pause  ↑↓ choose";

/// The keys and the columns in full.
pub(super) const HELP: &str = "
 q  Ctrl-C      quit
 ?              show the keys
 /              filter by a part of names and labels: Enter keeps, Esc clears it
 s              sort by the next column, and go to the top
 r              reverse the order, and go to the top
 i              percentiles of the last interval, or of all since the start
 p  Space       pause, and resume
 ↑ ↓  k j       choose a series, which is followed when the order changes
 PgUp PgDn      choose one a page further up or down
 End  G         choose the last one
 Home  g        go to the top, and follow no series

 VALUE          a counter's total, a gauge's value, a histogram's count
 RATE/S         what came in the last interval, each second
 TREND          the last rates, the last values, or the last 99th percentiles
                Counters are plain, gauges green, histograms yellow.
";

/// Handles an event. Returns whether the program should end.
pub(super) fn handle(app: &mut App, event: &Event) -> bool {
    let Event::Key(key) = event else { return false };
    if key.kind == KeyEventKind::Release {
        return false;
    }
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return matches!(key.code, KeyCode::Char('c' | 'd'));
    }
    if app.typing {
        type_filter(app, *key);
        return false;
    }
    if app.help {
        app.help = false;
        return false;
    }
    match key.code {
        KeyCode::Char('q') => return true,
        KeyCode::Char('?') => app.help = true,
        KeyCode::Char('/') => app.typing = true,
        KeyCode::Char('s') => app.next_sort(),
        KeyCode::Char('r') => app.reverse(),
        KeyCode::Char('i') => app.of_all_time = !app.of_all_time,
        KeyCode::Char('p' | ' ') => app.paused = !app.paused,
        KeyCode::Esc => app.filter.clear(),
        KeyCode::Up | KeyCode::Char('k') => app.choose(app.chosen.saturating_sub(1)),
        KeyCode::Down | KeyCode::Char('j') => app.choose(app.chosen + 1),
        KeyCode::PageUp => app.choose(app.chosen.saturating_sub(app.page)),
        KeyCode::PageDown => app.choose(app.chosen + app.page),
        KeyCode::Home | KeyCode::Char('g') => app.go_to_top(),
        KeyCode::End | KeyCode::Char('G') => app.choose(usize::MAX),
        _ => {}
    }
    app.arrange();
    false
}

fn type_filter(app: &mut App, key: KeyEvent) {
    match key.code {
        KeyCode::Enter => app.typing = false,
        KeyCode::Esc => {
            app.typing = false;
            app.filter.clear();
        }
        KeyCode::Backspace => {
            app.filter.pop();
        }
        KeyCode::Char(c) => app.filter.push(c),
        _ => {}
    }
    app.arrange();
}
