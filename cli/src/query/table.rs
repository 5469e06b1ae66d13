//! Rows for people.

use super::cell::Cell;
use crate::Result;
use crate::failure::Failure;
use crate::people::{self, Printable};
use arrow_schema::DataType;
use ratatui::text::Span;
use tickmetrics_collector::store::query::Answer;

/// No column gets narrower than this in order to fit the terminal.
const NARROWEST: usize = 8;
const GAP: usize = 2;

pub(super) fn terminal_width() -> usize {
    ratatui::crossterm::terminal::size().map_or(100, |(columns, _)| columns.into())
}

/// A header, a line, and a line for each row; cut to a width, if there is one.
pub(super) fn table(answer: &Answer, width: Option<usize>) -> Result<String> {
    let fields = answer.schema.fields();
    let mut lines = vec![fields.iter().map(|it| printable(it.name())).collect::<Vec<_>>()];
    for rows in &answer.rows {
        for row in 0..rows.num_rows() {
            let cells = rows.columns().iter().map(|column| Cell::of(&**column, row));
            let texts = cells.map(|cell| cell.map(|it| printable(&it.line())));
            lines.push(texts.collect::<Result<_, _>>().map_err(Failure::told)?);
        }
    }
    let mut widths: Vec<usize> = (0..fields.len())
        .map(|column| lines.iter().map(|line| wide(&line[column])).max().unwrap_or(0))
        .collect();
    if let Some(width) = width {
        let shown = shown(&widths, width);
        if shown < widths.len() {
            let left_out = widths.len() - shown;
            widths.truncate(shown);
            lines.iter_mut().for_each(|line| line.truncate(shown));
            people::tell(format_args!(
                "the terminal is too narrow for {left_out} of the columns: --format csv has them all"
            ));
        }
        fit(&mut widths, width);
    }
    let rule = widths.iter().map(|width| "-".repeat(*width)).collect();
    lines.insert(1, rule);
    let is_right: Vec<_> = fields.iter().map(|it| is_number(it.data_type())).collect();
    let mut out = String::new();
    for line in lines {
        let mut text = String::new();
        for ((cell, width), is_right) in line.iter().zip(&widths).zip(&is_right) {
            let cell = cut(cell, *width);
            let fill = " ".repeat(width.saturating_sub(wide(&cell)));
            let (before, after) = if *is_right { (&*fill, "") } else { ("", &*fill) };
            text.push_str(before);
            text.push_str(&cell);
            text.push_str(after);
            text.push_str("  ");
        }
        out.push_str(text.trim_end());
        out.push('\n');
    }
    Ok(out)
}

fn is_number(kind: &DataType) -> bool {
    kind.is_numeric()
}

fn printable(text: &str) -> String {
    Printable(text).to_string()
}

fn wide(text: &str) -> usize {
    Span::raw(text).width()
}

/// The number of columns that fit, each as narrow as it gets. The first one is always shown.
fn shown(widths: &[usize], width: usize) -> usize {
    let mut end = 0;
    let fitting = widths.iter().take_while(|column| {
        end += (**column).min(NARROWEST);
        let fits = end <= width;
        end += GAP;
        fits
    });
    fitting.count().max(1)
}

/// Makes the widest columns narrower until all fit.
fn fit(widths: &mut [usize], width: usize) {
    let gaps = GAP * widths.len().saturating_sub(1);
    let mut over = (widths.iter().sum::<usize>() + gaps).saturating_sub(width);
    while over > 0 {
        let Some(widest) = widths.iter_mut().max().filter(|it| **it > NARROWEST) else { return };
        *widest -= 1;
        over -= 1;
    }
}

fn cut(text: &str, width: usize) -> String {
    if wide(text) <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    for c in text.chars() {
        kept.push(c);
        if wide(&kept) > width.saturating_sub(1) {
            kept.pop();
            break;
        }
    }
    kept.push('…');
    kept
}

#[cfg(test)]
mod tests {
    use super::{cut, fit, shown, table};
    use arrow_array::{ArrayRef, Int64Array, RecordBatch};
    use std::sync::Arc;
    use tickmetrics_collector::store::query::Answer;

    #[test]
    fn columns_that_do_not_fit_are_left_out() {
        assert_eq!(shown(&[4, 60, 3], 18), 2);
        assert_eq!(shown(&[4, 60, 3], 19), 3);
        assert_eq!(shown(&[20], 1), 1);
        assert_eq!(shown(&[1; 200], 80), 27);
        assert_eq!(shown(&[60; 2], 18), 2);
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let column = |name: usize| {
            let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1_i64 << (name % 60)]));
            (format!("c{name}"), numbers)
        };
        let rows = RecordBatch::try_from_iter((0..200).map(column)).unwrap();
        let answer = Answer { schema: rows.schema(), rows: vec![rows], is_cut_off: false };
        for width in [30, 80, 200] {
            let table = table(&answer, Some(width)).unwrap();
            assert!(table.lines().all(|line| line.chars().count() <= width), "{table}");
        }
        assert!(table(&answer, None).unwrap().lines().next().unwrap().ends_with("c199"));
    }

    #[test]
    fn the_widest_columns_shrink() {
        let mut widths = [10, 60, 30];
        fit(&mut widths, 74);
        assert_eq!(widths.iter().sum::<usize>() + 4, 74);
        assert!(widths[0] == 10 && widths[2] == 30, "{widths:?}");
        let mut narrow = [4, 9];
        fit(&mut narrow, 3);
        assert_eq!(narrow, [4, 8]);
        assert_eq!((cut("abcdef", 4), cut("abcd", 4)), ("abc…".into(), "abcd".into()));
        assert_eq!(cut("日本語", 4), "日…");
    }
}
