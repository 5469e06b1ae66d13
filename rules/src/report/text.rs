//! Findings for people: the file, the line, the part underlined.

use super::escape::{clean, clean_lines, same_length};
use super::{Finding, Severity};
use crate::place::{Place, Source};
use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use std::fmt::Write as _;

/// A part of more lines is underlined in its first line.
const MOST_LINES: usize = 6;

/// Parts that are at most so many lines apart are shown as one.
const NEAR: usize = 12;

/// The bytes that are shown around a part. A dashboard can be one line of a megabyte.
const AROUND: usize = 1000;

/// Writes findings as text for people.
///
/// Control characters of the file and of the messages are shown, and not sent to the terminal.
#[derive(Clone, Debug)]
pub struct TextReport {
    renderer: Renderer,
}

impl Default for TextReport {
    fn default() -> Self {
        Self::new()
    }
}

impl TextReport {
    /// Without colours.
    pub fn new() -> Self {
        Self { renderer: Renderer::plain().decor_style(DecorStyle::Ascii) }
    }

    /// With colours: for a terminal.
    pub fn coloured() -> Self {
        Self { renderer: Renderer::styled().decor_style(DecorStyle::Ascii) }
    }

    /// With colours if that is a terminal, unless the user has set `NO_COLOR`.
    pub fn on(output: &impl std::io::IsTerminal) -> Self {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        if output.is_terminal() && !refused { Self::coloured() } else { Self::new() }
    }

    /// The findings, with an empty line between two of them.
    pub fn of(&self, findings: &[Finding]) -> String {
        let mut all = String::new();
        for finding in findings {
            if !all.is_empty() {
                all.push('\n');
            }
            all += &self.one(finding);
            all.push('\n');
        }
        all
    }

    fn one(&self, finding: &Finding) -> String {
        let level = match finding.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
            Severity::Note => Level::NOTE,
        };
        let source = &*finding.source;
        let title = level.primary_title(clean(&finding.message)).id(finding.check.id);
        let mut marks = vec![Mark {
            place: finding.place,
            kind: AnnotationKind::Primary,
            label: finding.label.as_deref(),
        }];
        marks.extend(finding.also.iter().map(|(place, remark)| Mark {
            place: *place,
            kind: AnnotationKind::Context,
            label: Some(remark),
        }));
        let mut group = Group::with_title(title);
        let mut columns = Vec::new();
        while !marks.is_empty() {
            // What is near the first one is shown with it.
            let window = window(source, &marks);
            let is_near = |mark: &Mark<'_>| window.contains(mark.cut(source));
            let (near, far): (Vec<_>, Vec<_>) = marks.into_iter().partition(is_near);
            marks = far;
            group = group.element(snippet(source, window, &near));
            columns.extend(near.first().and_then(|mark| column(source, window, mark.place)));
        }
        for note in &finding.notes {
            group = group.element(Level::NOTE.message(clean_lines(note)));
        }
        if let Some(instead) = &finding.instead {
            group = group.element(Level::HELP.message(clean_lines(instead)));
        }
        let mut text = self.renderer.render(&[group]);
        for (shown, is) in columns {
            text = text.replacen(&shown, &is, 1);
        }
        text
    }
}

/// The heading of a part in a line whose beginning is not shown, and what it must be: the renderer
/// counts columns in what is shown.
fn column(source: &Source, window: Place, place: Place) -> Option<(String, String)> {
    let at = source.position(place.start);
    let before = source.part(Place::new(window.start, place.start));
    let shown = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let heading = |column| format!("{}:{}:{column}", clean(source.name()), at.line);
    (shown != at.column).then(|| (heading(shown), heading(at.column)))
}

/// A part that is underlined.
struct Mark<'a> {
    place: Place,
    kind: AnnotationKind,
    label: Option<&'a str>,
}

impl Mark<'_> {
    /// What of the part is underlined: not more than a few lines, nor more than is shown.
    fn cut(&self, source: &Source) -> Place {
        let first = source.line_of(self.place.start);
        let mut end = self.place.end;
        if source.line_of(end.saturating_sub(1)) >= first + MOST_LINES {
            end = source.line_place(first).end;
        }
        Place::new(self.place.start, end.min(self.place.start + AROUND))
    }
}

/// The part of the file that is shown for the first mark, and for those that are near.
fn window(source: &Source, marks: &[Mark<'_>]) -> Place {
    let lines = |place: Place| (source.line_of(place.start), source.line_of(place.end));
    let mut all = marks.first().map_or_else(Place::default, |mark| mark.cut(source));
    for mark in marks.iter().skip(1) {
        let both = all.to(mark.cut(source));
        let (first, last) = lines(both);
        if last - first <= NEAR && both.range().len() <= NEAR * AROUND {
            all = both;
        }
    }
    let (first, last) = lines(all);
    let mut start = source.line_place(first).start.max(all.start.saturating_sub(AROUND));
    let mut end = source.line_place(last).end.max(all.end).min(all.end + AROUND);
    while !source.text().is_char_boundary(start) {
        start -= 1;
    }
    while !source.text().is_char_boundary(end) {
        end += 1;
    }
    if start == 0 && source.text().starts_with('\u{feff}') && all.start >= '\u{feff}'.len_utf8() {
        start = '\u{feff}'.len_utf8();
    }
    Place::new(start, end)
}

fn snippet<'a>(
    source: &'a Source,
    window: Place,
    marks: &[Mark<'a>],
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let mut snippet = Snippet::source(same_length(source.part(window)))
        .line_start(source.line_of(window.start))
        .path(clean(source.name()));
    for mark in marks {
        let part = mark.cut(source);
        let annotation = mark.kind.span(part.start - window.start..part.end - window.start);
        let label = mark.label.map(clean);
        snippet = snippet.annotation(annotation.label(label));
    }
    snippet
}

/// One line on how many findings there are, such as `2 errors, 1 warning`. Nothing if there are none.
pub fn summary(findings: &[Finding]) -> String {
    let mut line = String::new();
    for severity in [Severity::Error, Severity::Warning, Severity::Note] {
        let count = findings.iter().filter(|finding| finding.severity == severity).count();
        if count > 0 {
            let (comma, plural) =
                (if line.is_empty() { "" } else { ", " }, if count == 1 { "" } else { "s" });
            let _ = write!(line, "{comma}{count} {severity}{plural}");
        }
    }
    line
}
