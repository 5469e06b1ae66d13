//! Mappings as Prometheus reads them: keys that it knows, each once, with what is merged into them.

use super::super::yaml::{Kind, MOST_BYTES, Node};
use super::super::{DUPLICATE_KEY, MOST_FINDINGS, UNKNOWN_KEY, UNREADABLE, WRONG_FIELD};
use crate::place::{Place, Source, Text};
use crate::report::{Check, Finding};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

/// The most keys and items that are visited. Aliases can make a file longer than it is.
const MOST_STEPS: usize = 2_000_000;

/// The most bytes of values, for the same reason.
const MOST_TEXT: usize = 2 * MOST_BYTES;

/// How deep a merged mapping can merge others.
const MOST_MERGES: usize = 16;

/// Keys that Prometheus refuses, and the programs that read them.
const OF_OTHERS: &[(&str, &str)] = &[
    ("partial_response_strategy", "Thanos"),
    ("source_tenants", "Mimir"),
    ("evaluation_delay", "Mimir"),
    ("align_evaluation_time_on_interval", "Mimir"),
    ("namespace", "Mimir's tools"),
    ("concurrency", "vmalert"),
    ("type", "vmalert"),
    ("tenant", "vmalert"),
    ("params", "vmalert"),
    ("headers", "vmalert"),
    ("notifier_headers", "vmalert"),
    ("debug", "vmalert"),
    ("eval_offset", "vmalert"),
    ("eval_delay", "vmalert"),
    ("eval_alignment", "vmalert"),
    ("update_entries_limit", "vmalert"),
    ("extra_filter_labels", "vmalert"),
];

/// What to do with braces that are not those of YAML.
pub(super) const TEMPLATE: &str =
    "a template of Prometheus needs quotes, and one of Helm must be rendered first";

/// A key of a mapping and its value.
pub(super) struct FieldNode<'a> {
    pub(super) key: &'a Text,
    pub(super) value: &'a Node,
}

#[derive(Default)]
struct Found<'a> {
    fields: Vec<FieldNode<'a>>,
    names: HashSet<&'a str>,
}

pub(super) struct Reader {
    pub(super) source: Arc<Source>,
    pub(super) findings: Vec<Finding>,
    /// What begins somewhere in the file: documents, groups, rules and fields.
    pub(super) things: Vec<Place>,
    steps: usize,
    text: usize,
}

impl Reader {
    pub(super) fn new(source: Arc<Source>) -> Self {
        Self { source, findings: Vec::new(), things: Vec::new(), steps: 0, text: 0 }
    }

    pub(super) fn push(&mut self, finding: Finding) {
        if self.findings.len() < MOST_FINDINGS {
            self.findings.push(finding);
        }
    }

    pub(super) fn error(
        &mut self,
        check: &'static Check,
        place: Place,
        message: impl Into<String>,
    ) {
        self.push(Finding::error(check, &self.source, place, message));
    }

    pub(super) fn wrong(&mut self, place: Place, message: impl Into<String>) {
        self.error(&WRONG_FIELD, place, message);
    }

    /// Counts a visit, and the bytes that are copied. False where there were too many.
    pub(super) fn step(&mut self, place: Place, bytes: usize) -> bool {
        let had = self.is_bounded();
        self.steps += 1;
        self.text += bytes;
        if had && !self.is_bounded() {
            let message = "with what its aliases repeat, the file is too large";
            // It must be there, whatever else was found.
            self.findings.insert(0, Finding::error(&UNREADABLE, &self.source, place, message));
        }
        self.is_bounded()
    }

    fn is_bounded(&self) -> bool {
        self.steps <= MOST_STEPS && self.text <= MOST_TEXT
    }

    /// The items of a sequence. A value that is missing is an empty one.
    pub(super) fn items<'a>(&mut self, node: &'a Node, what: &str) -> &'a [Rc<Node>] {
        if let Kind::Sequence(items) = &node.kind {
            return items;
        }
        if !is_null(node) {
            self.wrong(head(node), format!("{what} must be a list"));
        }
        &[]
    }

    /// Whether an item of a list is empty. Prometheus passes over it.
    pub(super) fn is_empty(&mut self, item: &Node) -> bool {
        let is_empty = is_null(item);
        if is_empty {
            let message = "this item of the list is empty";
            self.push(Finding::warning(&WRONG_FIELD, &self.source, item.place, message));
        }
        is_empty
    }

    /// The fields of a mapping, those that are merged into it behind its own. `None` if it is not a
    /// mapping. A value that is missing is an empty one.
    pub(super) fn fields<'a>(&mut self, node: &'a Node, what: &str) -> Option<Vec<FieldNode<'a>>> {
        let mut found = Found::default();
        self.collect(node, what, 0, &mut found)?;
        Some(found.fields)
    }

    fn collect<'a>(
        &mut self,
        node: &'a Node,
        what: &str,
        depth: usize,
        found: &mut Found<'a>,
    ) -> Option<()> {
        let Kind::Mapping(entries) = &node.kind else {
            if !is_null(node) {
                self.wrong(head(node), format!("{what} must be a mapping of keys to values"));
                return None;
            }
            return Some(());
        };
        let mut seen: HashMap<&str, Place> = HashMap::with_capacity(entries.len());
        let mut merged = Vec::new();
        for (key, value) in entries {
            let Kind::Scalar(name, plain) = &key.kind else {
                self.wrong(head(key), format!("a key of {what} must be a text"));
                continue;
            };
            if !self.step(key.place, name.len()) {
                return Some(());
            }
            if let Some(first) = seen.insert(name, key.place) {
                self.twice(name, first);
                continue;
            }
            self.things.push(key.place.to(value.place));
            if *plain && name.as_str() == "<<" {
                merged.push(value);
            } else if found.names.insert(name) {
                // Own fields win over merged ones, and the first merged one over later ones.
                found.fields.push(FieldNode { key: name, value });
            }
        }
        for value in merged {
            let several = match &value.kind {
                Kind::Sequence(several) => several,
                _ => std::slice::from_ref(value),
            };
            for one in several {
                if depth == MOST_MERGES {
                    self.wrong(one.place, "mappings are merged into each other too often");
                    return Some(());
                }
                self.collect(one, "what is merged", depth + 1, found)?;
            }
        }
        Some(())
    }

    fn twice(&mut self, key: &Text, first: Place) {
        let message =
            format!("the key {:?} is there twice: Prometheus refuses the file", key.as_str());
        let finding = Finding::error(&DUPLICATE_KEY, &self.source, key.place(), message);
        self.push(finding.also(first, "it is here first"));
    }

    /// A key that the reader does not know.
    pub(super) fn unknown(&mut self, key: &Text, what: &str, known: &[&str]) {
        let name = key.as_str();
        let other = OF_OTHERS.iter().find(|(other, _)| *other == name);
        let finding = if let Some((_, program)) = other {
            Finding::warning(
                &UNKNOWN_KEY,
                &self.source,
                key.place(),
                format!("only {program} reads {name:?}: Prometheus refuses a file that has it"),
            )
        } else {
            Finding::error(
                &UNKNOWN_KEY,
                &self.source,
                key.place(),
                format!("{what} has no {name:?}: Prometheus refuses the file"),
            )
            .instead(match nearest(name, known) {
                Some(known) => format!("did you mean {known:?}?"),
                None => format!("{what} has {}", known.join(", ")),
            })
        };
        self.push(finding);
    }

    /// A value that must be a text. `None` if it is missing.
    pub(super) fn text<'a>(&mut self, field: &FieldNode<'a>) -> Option<&'a Text> {
        match &field.value.kind {
            _ if is_null(field.value) => None,
            Kind::Scalar(text, _) => self.step(text.place(), text.len()).then_some(text),
            _ => {
                let place = head(field.value);
                let message = format!("{:?} must be a text", field.key.as_str());
                let mut finding = Finding::error(&WRONG_FIELD, &self.source, place, message);
                if self.source.line(self.source.line_of(place.start)).contains("{{") {
                    finding = finding.instead(TEMPLATE);
                }
                self.push(finding);
                None
            }
        }
    }
}

/// Whether a value is missing: `key:`, `~` or `null`.
pub(super) fn is_null(node: &Node) -> bool {
    let Kind::Scalar(text, true) = &node.kind else { return false };
    matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL")
}

/// Where a node begins: the first key of a mapping, a whole scalar.
pub(super) fn head(node: &Node) -> Place {
    match &node.kind {
        Kind::Mapping(entries) => entries.first().map_or(node.place, |(key, _)| key.place),
        Kind::Sequence(items) => {
            items.first().map_or(node.place, |item| Place::new(node.place.start, item.place.start))
        }
        Kind::Scalar(..) => node.place,
    }
}

/// The known name that is most like a name.
fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let lower = name.to_lowercase();
    let distance = |known: &str| strsim::damerau_levenshtein(&lower, known);
    // A file can have keys of any length.
    let found =
        known.iter().copied().filter(|_| name.len() < 64).min_by_key(|known| distance(known));
    found.filter(|known| distance(known) <= 1 + known.len() / 4)
}
