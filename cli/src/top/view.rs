//! The screen: a head, the table, the chosen series in full, the keys.

use super::app::{App, MAX_TREND};
use super::keys;
use super::model::{Kind, Row};
use crate::args::Sort;
use crate::exposition::closing_quote;
use crate::number::short;
use crate::people::Printable;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style, Stylize};
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::{Cell, Paragraph, Row as Line2, Table, TableState};

/// Columns of numbers, wide enough for the results of [`short`], and of the trend on a narrow
/// screen.
const NUMBER: u16 = 7;
const MIN_TREND: u16 = 10;

/// The least lines of the chosen series in full: the table should seldom move.
const DETAIL: u16 = 4;
/// The most lines of its title and of its help text.
const TITLE: usize = 3;
const ABOUT: usize = 3;

/// Text from other programs, escaped for every part of the screen.
fn shown(text: &str) -> String {
    Printable(text).to_string()
}

pub(super) fn draw(frame: &mut Frame<'_>, app: &mut App) {
    let area = frame.area();
    let lines = self::detail(app, area.width.into());
    let least = u16::try_from(lines.len()).unwrap_or(u16::MAX).max(DETAIL);
    let [head, table, detail, foot] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Min(2),
        Constraint::Length(least.min(area.height / 2)),
        Constraint::Length(1),
    ])
    .areas(area);
    frame.render_widget(self::head(app, head.width.into()), head);
    if app.help {
        let both = Rect { height: table.height + detail.height, ..table };
        frame.render_widget(Paragraph::new(keys::HELP), both);
    } else {
        draw_table(frame, app, table);
        frame.render_widget(Paragraph::new(lines), detail);
    }
    frame.render_widget(self::foot(app, foot.width.into()), foot);
}

/// The target, in the room left by its state and the number of series.
fn head(app: &App, width: usize) -> Line<'static> {
    let state =
        if app.state.is_empty() { String::new() } else { format!("  {}", shown(&app.state)) };
    let series = if app.rows.len() < app.series {
        format!("  {} of {} series", app.rows.len(), app.series)
    } else {
        format!("  {} series", app.series)
    };
    let every = format!(" every {:?}", app.interval);
    let paused = if app.paused { "  PAUSED" } else { "" };
    let others = [&state, &series, &every, paused].map(|text| text.chars().count());
    let room = width.saturating_sub(1 + others.iter().sum::<usize>()).max(1);
    Line::from(vec![
        " ".into(),
        Span::from(shortened(&shown(&app.target), room)).bold(),
        state.into(),
        series.dim(),
        every.dim(),
        paused.yellow().bold(),
    ])
}

fn draw_table(frame: &mut Frame<'_>, app: &mut App, area: Rect) {
    // One line is the table's head.
    let page = usize::from(area.height.saturating_sub(1));
    app.scroll(page);
    let columns = 5 * (NUMBER + 1);
    let free = area.width.saturating_sub(columns + 1);
    let trend = (free / 4).clamp(MIN_TREND, MAX_TREND);
    let title = usize::from(free.saturating_sub(trend)).max(1);
    let rows = app.rows.iter().skip(app.first).take(page);
    let rows = rows.map(|row| {
        let numbers = numbers(row, app.of_all_time);
        let cells = [Cell::from(fitted(&shown(&row.title), title)).style(colour(row.kind))]
            .into_iter()
            .chain(numbers.map(|text| Cell::from(Text::from(text).right_aligned())))
            .chain([Cell::from(sparkline(app.trend(row), row.kind, trend.into()).cyan())]);
        Line2::new(cells)
    });
    let widths = [Constraint::Length(u16::try_from(title).unwrap_or(u16::MAX))]
        .into_iter()
        .chain([Constraint::Length(NUMBER); 5])
        .chain([Constraint::Length(trend)]);
    let table = Table::new(rows, widths)
        .header(Line2::new(heads(app)).style(Modifier::BOLD | Modifier::UNDERLINED))
        .row_highlight_style(Modifier::REVERSED);
    let chosen = (!app.rows.is_empty()).then(|| app.chosen - app.first);
    frame.render_stateful_widget(table, area, &mut TableState::new().with_selected(chosen));
}

fn heads(app: &App) -> Vec<Text<'static>> {
    let arrow = if (app.sort == Sort::Name) == app.reversed { "▼" } else { "▲" };
    let columns = [
        ("SERIES", Some(Sort::Name)),
        ("VALUE", Some(Sort::Value)),
        ("RATE/S", Some(Sort::Rate)),
        ("P50", Some(Sort::P50)),
        ("P99", Some(Sort::P99)),
        ("P99.9", Some(Sort::P999)),
        ("TREND", None),
    ];
    let columns = columns.map(|(name, sort)| {
        let name = if sort == Some(app.sort) { format!("{name}{arrow}") } else { name.into() };
        let is_number = !matches!(sort, None | Some(Sort::Name));
        if is_number { Text::from(name).right_aligned() } else { Text::from(name) }
    });
    columns.into()
}

fn numbers(row: &Row, of_all_time: bool) -> [String; 5] {
    let percentiles = row.summary(of_all_time).map(|it| it.percentiles);
    let in_unit =
        |number: Option<f64>| number.map_or_else(|| "-".into(), |it| short(it, &row.unit));
    let [p50, p99, p999] = match row.kind {
        Kind::Histogram => percentiles.unwrap_or_default().map(in_unit),
        _ => Default::default(),
    };
    let rate = match row.kind {
        Kind::Gauge => String::new(),
        _ => row.rate.map_or_else(|| "-".into(), |rate| short(rate, "")),
    };
    [short(row.value, row.value_unit()), rate, p50, p99, p999]
}

fn colour(kind: Kind) -> Style {
    match kind {
        Kind::Counter => Style::new(),
        Kind::Gauge => Style::new().fg(Color::Green),
        Kind::Histogram => Style::new().fg(Color::Yellow),
    }
}

/// A title in `width` columns. A long title first loses its labels' names: `name{value,value}`. If
/// that is too long, it loses its middle, and the values last: they distinguish series of one name.
fn fitted(title: &str, width: usize) -> String {
    if title.chars().count() <= width {
        return title.into();
    }
    let Some((name, labels)) = title.split_once('{') else { return shortened(title, width) };
    let values = format!("{{{}}}", values(labels).join(","));
    let room = width.saturating_sub(values.chars().count());
    // Less of a name is useless.
    let least = (width / 3).min(name.chars().count());
    if room >= least {
        return shortened(name, room) + &values;
    }
    shortened(name, least) + &shortened(&values, width - least)
}

/// The texts between quotes, still escaped.
fn values(labels: &str) -> Vec<&str> {
    let (mut values, mut rest) = (Vec::new(), labels);
    while let Some((_, text)) = rest.split_once('"')
        && let Some(end) = closing_quote(text)
    {
        values.push(&text[..end]);
        rest = &text[end + 1..];
    }
    values
}

/// The beginning and the end of a text that is too long.
fn shortened(text: &str, width: usize) -> String {
    let chars: Vec<char> = text.chars().collect();
    if chars.len() <= width {
        return text.into();
    }
    let rest = width.saturating_sub(1);
    let (begin, end) = (rest.div_ceil(2), chars.len() - rest / 2);
    chars[..begin].iter().chain(&['…']).chain(&chars[end..]).collect()
}

/// The end of a text that is too long.
fn end_of(text: &str, width: usize) -> String {
    let count = text.chars().count();
    if count <= width {
        return text.into();
    }
    let end = text.chars().skip(count - width.saturating_sub(1));
    std::iter::once('…').chain(end).collect()
}

/// A text in lines of `width` columns, broken at spaces if it has any. A text that is too long for
/// `lines` lines loses its end.
fn wrapped(text: &str, width: usize, lines: usize) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut rest: Vec<char> = text.trim().chars().collect();
    while !rest.is_empty() {
        if all.len() + 1 == lines && rest.len() > width {
            rest.truncate(width.saturating_sub(1));
            rest.push('…');
        }
        let most = rest.len().min(width.max(1));
        let space = rest[..most].iter().rposition(|&c| c == ' ').filter(|&at| at > 0);
        let end = if rest.len() > most { space.unwrap_or(most) } else { most };
        all.push(rest.drain(..end).collect());
        let spaces = rest.iter().take_while(|&&c| c == ' ').count();
        rest.drain(..spaces);
    }
    all
}

/// The last values as bars: for gauges from the least to the largest, for other kinds from 0.
fn sparkline(values: impl Iterator<Item = Option<f64>>, kind: Kind, width: usize) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let values: Vec<Option<f64>> = values.map(|it| it.filter(|value| value.is_finite())).collect();
    let values = &values[values.len().saturating_sub(width)..];
    let known = || values.iter().flatten().copied();
    let zero = if kind == Kind::Gauge { known().next().unwrap_or(0.0) } else { 0.0 };
    let most = known().fold(zero, f64::max);
    let least = known().fold(zero, f64::min);
    let bar = |value: &Option<f64>| {
        let Some(value) = value else { return ' ' };
        let part = if most > least { (value - least) / (most - least) } else { 0.0 };
        // From 0 to 7; a cast moves other values to the nearest.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 7")]
        let at = (part * 7.0).round() as usize;
        BARS[at.min(BARS.len() - 1)]
    };
    let blanks = std::iter::repeat_n(' ', width - values.len());
    blanks.chain(values.iter().map(bar)).collect()
}

fn detail(app: &App, width: usize) -> Vec<Line<'static>> {
    let Some(row) = app.rows.get(app.chosen) else {
        return vec![if app.filter.is_empty() { "" } else { " nothing matches" }.into()];
    };
    let unit = if row.unit.is_empty() { String::new() } else { format!(" [{}]", shown(&row.unit)) };
    // The author of a help text chose its line breaks.
    let help = shown(&row.help.replace('\n', " "));
    // One column on each side stays free.
    let room = width.saturating_sub(2);
    let mut lines = vec![Line::from("─".repeat(width)).dim()];
    let title = wrapped(&shown(&row.title), room, TITLE);
    lines.extend(title.into_iter().map(|text| Line::from(format!(" {text}")).bold()));
    if let Some(last) = lines.last_mut().filter(|line| line.width() + unit.chars().count() < width)
    {
        last.push_span(Span::from(unit).not_bold());
    } else {
        lines.push(Line::from(unit));
    }
    let help = wrapped(&help, room, ABOUT);
    lines.extend(help.into_iter().map(|text| Line::from(format!(" {text}"))));
    if let Some(all) = row.summary(app.of_all_time) {
        let of = |number: Option<f64>| number.map_or_else(|| "-".into(), |it| short(it, &row.unit));
        let mean = (all.count > 0.0).then(|| all.sum / all.count);
        let when = if app.of_all_time { "since the start" } else { "in the last interval" };
        lines.push(Line::from(format!(
            " {} values {when}: min {}  mean {}  max {}",
            short(all.count, ""),
            of(all.min),
            of(mean),
            of(all.max)
        )));
    }
    lines
}

fn foot(app: &App, width: usize) -> Line<'static> {
    if app.help {
        return Line::from(" any key: back").dim();
    }
    // The room for a text beside others.
    let beside = |others: &[&str]| {
        width.saturating_sub(others.iter().map(|text| text.chars().count()).sum())
    };
    if app.typing {
        let (before, after) = (" filter: ", "█   Enter keep  Esc clear");
        let filter = end_of(&shown(&app.filter), beside(&[before, after]));
        let (cursor, hint) = after.split_at('█'.len_utf8());
        return Line::from(vec![format!("{before}{filter}{cursor}").bold(), hint.to_owned().dim()]);
    }
    if let Some(error) = &app.error {
        return Line::from(format!(" {}", shortened(&shown(error), beside(&[" "])))).red();
    }
    if app.filter.is_empty() {
        return Line::from(keys::FOOT.dim());
    }
    let (before, after) = (" /", "  Esc clear  q quit  ? keys");
    let filter = shortened(&shown(&app.filter), beside(&[before, after]));
    Line::from(vec![format!("{before}{filter}").yellow(), after.dim()])
}

#[cfg(test)]
mod tests;
