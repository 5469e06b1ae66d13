//! What keys do.

use super::app::App;
use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// The keys, as the last line of the screen tells them.
pub(super) const HELP: &str =
    " q quit  / filter  s sort  r reverse  i interval|all  p pause  ↑↓ choose";

/// Handles an event; answers whether it is the end.
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
    match key.code {
        KeyCode::Char('q') => return true,
        KeyCode::Char('/') => app.typing = true,
        KeyCode::Char('s') => app.next_sort(),
        KeyCode::Char('r') => app.reversed = !app.reversed,
        KeyCode::Char('i') => app.of_all_time = !app.of_all_time,
        KeyCode::Char('p' | ' ') => app.paused = !app.paused,
        KeyCode::Esc => app.filter.clear(),
        KeyCode::Up | KeyCode::Char('k') => app.choose(app.chosen.saturating_sub(1)),
        KeyCode::Down | KeyCode::Char('j') => app.choose(app.chosen + 1),
        KeyCode::PageUp => app.choose(app.chosen.saturating_sub(app.page)),
        KeyCode::PageDown => app.choose(app.chosen + app.page),
        KeyCode::Home | KeyCode::Char('g') => app.choose(0),
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
