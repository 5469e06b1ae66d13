//! The table of a guide that lists what changes in the exposition.

use std::collections::BTreeSet;

/// Rows of the section "What changes": the shape of a family before and after, or a label before and
/// after. A dash is for none, and a star at the end for any end. A name alone is for any type.
pub(crate) struct Changes(Vec<[Option<String>; 2]>);

impl Changes {
    pub(crate) fn of(guide: &str) -> Self {
        let (_, section) = guide.split_once("\n## What changes\n").expect("the section");
        let (section, _) = section.split_once("\n## ").unwrap_or((section, ""));
        let lines = section.lines().filter(|line| line.starts_with('|'));
        let rows = lines.skip(2).map(|line| {
            let cells: Vec<_> = line.split('|').map(str::trim).collect();
            [code(cells[1]), code(cells[2])]
        });
        Self(rows.collect())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The shape after, or `None` if the family goes away.
    pub(crate) fn target<'a>(
        &'a self,
        shape: &'a str,
        used: &mut BTreeSet<usize>,
    ) -> Option<&'a str> {
        let rows = &mut self.0.iter().enumerate();
        let Some((row, [_, after])) = rows.find(|(_, [before, _])| fits(before.as_ref(), shape))
        else {
            return Some(shape);
        };
        used.insert(row);
        after.as_deref()
    }

    /// A label after, as `name="value"`.
    pub(crate) fn renamed(&self, label: String, used: &mut BTreeSet<usize>) -> String {
        let rows = &mut self.0.iter().enumerate();
        let Some((row, [_, after])) = rows.find(|(_, [before, _])| fits(before.as_ref(), &label))
        else {
            return label;
        };
        used.insert(row);
        after.clone().expect("a label stays")
    }

    /// Whether a family is new.
    pub(crate) fn adds(&self, shape: &str, used: &mut BTreeSet<usize>) -> bool {
        let mut rows = self.0.iter().enumerate();
        let row = rows.find(|(_, [before, after])| before.is_none() && fits(after.as_ref(), shape));
        used.extend(row.map(|(row, _)| row));
        row.is_some()
    }
}

fn code(cell: &str) -> Option<String> {
    let code = cell.strip_prefix('`').and_then(|cell| cell.strip_suffix('`'));
    assert!(code.is_some() || cell == "–", "{cell}: code or a dash");
    code.map(str::to_owned)
}

fn fits(pattern: Option<&String>, text: &str) -> bool {
    let Some(pattern) = pattern else { return false };
    let Some(start) = pattern.strip_suffix('*') else { return text == pattern };
    let name = text.split_once(' ').map_or(text, |(_, name)| name);
    text.starts_with(start) || name.starts_with(start)
}
