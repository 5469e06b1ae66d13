//! Reads a rule file into its structs.

use super::duration::duration;
use super::fields::{FieldNode, Reader, TEMPLATE, head, is_null};
use super::{Entry, Field, Group, Rule, RuleFile, RuleKind};
use crate::file::yaml::{self, Kind, Node};
use crate::file::{UNREAD_DOCUMENT, UNREADABLE, WRONG_WAIVER, Waiver, waiver};
use crate::place::{Place, Source, Text};
use crate::report::{Finding, sort};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

const OF_FILE: &[&str] = &["groups"];
const OF_GROUP: &[&str] = &["name", "interval", "query_offset", "limit", "labels", "rules"];
const OF_RULE: &[&str] =
    &["record", "alert", "expr", "for", "keep_firing_for", "labels", "annotations"];

pub(super) fn read(source: Arc<Source>) -> RuleFile {
    let mut file = RuleFile::empty(source);
    let mut reader = Reader::new(Arc::clone(&file.source));
    let source = Arc::clone(&file.source);
    let text = source.text();
    if text.len() > yaml::MOST_BYTES {
        let most = yaml::MOST_BYTES >> 20;
        reader.error(&UNREADABLE, Place::default(), format!("the file has more than {most} MiB"));
        file.findings = reader.findings;
        return file;
    }
    let parsed = yaml::parse(text);
    for (place, message) in parsed.errors {
        let mut finding =
            Finding::error(&UNREADABLE, &source, place, format!("this is no YAML: {message}"));
        if source.line(source.line_of(place.start)).contains("{{") {
            finding = finding.instead(TEMPLATE);
        }
        reader.push(finding);
    }
    let mut groups = Groups { groups: &mut file.groups, names: HashMap::new() };
    for (number, document) in parsed.documents.iter().enumerate() {
        let whole = if number == 0 { Place::new(0, text.len()) } else { document.place };
        reader.things.push(Place::new(document.place.start, whole.end));
        groups.document(&mut reader, document, number);
    }
    reader.things.sort_unstable();
    reader.things.dedup();
    let things = std::mem::take(&mut reader.things);
    for comment in parsed.comments {
        let said = source.part(comment).trim_start_matches('#');
        let start = comment.end - said.len();
        let part =
            |range: std::ops::Range<usize>| Place::new(start + range.start, start + range.end);
        let scope = || waiver::scope(&source, comment, &things);
        file.waivers.extend(waived(&mut reader, said, comment, part, scope));
    }
    for rule in file.groups.iter().flat_map(|group| &group.rules) {
        let expr = &rule.expr;
        for (at, said) in waiver::lines(expr) {
            // In PromQL, too, a comment begins with `#`.
            let line = expr.get(..at).unwrap_or_default().rsplit('\n').next().unwrap_or_default();
            if line.trim_end().ends_with('#') {
                let part =
                    |range: std::ops::Range<usize>| expr.part(at + range.start..at + range.end);
                let place = part(0..said.len());
                file.waivers.extend(waived(&mut reader, said, place, part, || expr.place()));
            }
        }
    }
    file.waivers.sort_by_key(|waiver| waiver.place);
    file.waivers.dedup();
    file.findings = reader.findings;
    sort(&mut file.findings);
    file
}

/// The waiver that a comment is, if it is one.
fn waived(
    reader: &mut Reader,
    said: &str,
    place: Place,
    part: impl Fn(std::ops::Range<usize>) -> Place,
    scope: impl Fn() -> Place,
) -> Option<Waiver> {
    match waiver::written(said)? {
        Ok(written) => Some(Waiver {
            check: said.get(written.check.clone())?.to_owned(),
            reason: said.get(written.reason)?.to_owned(),
            place,
            check_place: part(written.check),
            scope: scope(),
        }),
        Err(message) => {
            let finding = Finding::warning(&WRONG_WAIVER, &reader.source, place, message);
            reader.push(finding.note("it waives nothing"));
            None
        }
    }
}

struct Groups<'a> {
    groups: &'a mut Vec<Group>,
    /// The names of the present document's groups.
    names: HashMap<String, Place>,
}

impl Groups<'_> {
    fn document(&mut self, reader: &mut Reader, node: &Node, number: usize) {
        self.names.clear();
        if is_null(node) {
            return;
        }
        let Some(fields) = reader.fields(node, "a rule file") else { return };
        if fields.iter().any(|field| field.key.as_str() == "kind") {
            self.resource(reader, &fields, 0);
            return;
        }
        if number > 0 {
            let message = "Prometheus reads only the first document of a file";
            let finding = Finding::warning(&UNREAD_DOCUMENT, &reader.source, head(node), message);
            reader.push(finding.instead("put the groups into a file of their own"));
            return;
        }
        for field in fields {
            match field.key.as_str() {
                "groups" => self.read(reader, field.value),
                _ => reader.unknown(field.key, "a rule file", OF_FILE),
            }
        }
    }

    /// A resource of Kubernetes: a `PrometheusRule` or a list. Others are left alone.
    fn resource(&mut self, reader: &mut Reader, fields: &[FieldNode<'_>], depth: usize) {
        let field = |name: &str| fields.iter().find(|field| field.key.as_str() == name);
        let kind = field("kind").and_then(|kind| reader.text(kind)).map_or("", Text::as_str);
        match kind {
            "PrometheusRule" => {
                self.names.clear();
                let Some(spec) = field("spec") else { return };
                for field in reader.fields(spec.value, "the spec").unwrap_or_default() {
                    match field.key.as_str() {
                        "groups" => self.read(reader, field.value),
                        _ => reader.unknown(field.key, "the spec", OF_FILE),
                    }
                }
            }
            // A list holds no lists.
            "List" | "PrometheusRuleList" if depth == 0 => {
                let Some(items) = field("items") else { return };
                for item in reader.items(items.value, "\"items\"") {
                    reader.things.push(item.place);
                    if let Some(fields) = reader.fields(item, "an item") {
                        self.resource(reader, &fields, depth + 1);
                    }
                }
            }
            _ => {}
        }
    }

    fn read(&mut self, reader: &mut Reader, node: &Node) {
        for item in reader.items(node, "\"groups\"") {
            if !reader.step(item.place, 0) {
                return;
            }
            if reader.is_empty(item) {
                continue;
            }
            reader.things.push(item.place);
            if let Some(group) = read_group(reader, item) {
                let name = group.name.as_str();
                if let Some(first) = self.names.insert(name.to_owned(), group.name.place()) {
                    let message =
                        format!("two groups have the name {name:?}: Prometheus refuses the file");
                    let place = group.name.place();
                    let finding =
                        Finding::error(&crate::file::WRONG_FIELD, &reader.source, place, message);
                    reader.push(finding.also(first, "it is here first"));
                }
                self.groups.push(group);
            }
        }
    }
}

fn read_group(reader: &mut Reader, node: &Node) -> Option<Group> {
    let fields = reader.fields(node, "a group")?;
    let mut name = None;
    let (mut interval, mut query_offset, mut limit) = (None, None, None);
    let (mut labels, mut rules) = (Vec::new(), Vec::new());
    for field in &fields {
        match field.key.as_str() {
            "name" => name = reader.text(field).filter(|name| !name.is_empty()),
            "interval" => interval = read_duration(reader, field),
            "query_offset" => query_offset = read_duration(reader, field),
            "limit" => limit = read_limit(reader, field),
            "labels" => labels = read_entries(reader, field, "label"),
            "rules" => {
                for item in reader.items(field.value, "\"rules\"") {
                    if !reader.step(item.place, 0) {
                        break;
                    }
                    if reader.is_empty(item) {
                        continue;
                    }
                    reader.things.push(item.place);
                    rules.extend(read_rule(reader, item));
                }
            }
            _ => reader.unknown(field.key, "a group", OF_GROUP),
        }
    }
    let Some(name) = name.cloned() else {
        reader.wrong(head(node), "a group needs a name");
        return None;
    };
    Some(Group { place: node.place, name, interval, query_offset, limit, labels, rules })
}

fn read_rule(reader: &mut Reader, node: &Node) -> Option<Rule> {
    let fields = reader.fields(node, "a rule")?;
    let (mut record, mut alert, mut expr) = (None, None, None);
    let (mut lasting, mut keep_firing) = (None, None);
    let (mut labels, mut annotations) = (Vec::new(), Vec::new());
    for field in &fields {
        match field.key.as_str() {
            "record" => record = reader.text(field).filter(|text| !text.is_empty()),
            "alert" => alert = reader.text(field).filter(|text| !text.is_empty()),
            "expr" => expr = reader.text(field).filter(|text| !text.is_empty()),
            "for" => lasting = read_duration(reader, field),
            "keep_firing_for" => keep_firing = read_duration(reader, field),
            "labels" => labels = read_entries(reader, field, "label"),
            "annotations" => annotations = read_entries(reader, field, "annotation"),
            _ => reader.unknown(field.key, "a rule", OF_RULE),
        }
    }
    let (kind, name) = match (record, alert) {
        (Some(record), Some(alert)) => {
            let finding = Finding::error(
                &crate::file::WRONG_FIELD,
                &reader.source,
                alert.place(),
                "a rule is an alert or records a metric, and not both",
            );
            reader.push(finding.also(record.place(), "it records a metric here"));
            return None;
        }
        (Some(name), None) => (RuleKind::Record, name),
        (None, Some(name)) => (RuleKind::Alert, name),
        (None, None) => {
            reader.wrong(head(node), "a rule needs a name: the field \"alert\" or \"record\"");
            return None;
        }
    };
    let Some(expr) = expr.cloned() else {
        reader.wrong(name.place(), "a rule needs an expression: the field \"expr\"");
        return None;
    };
    if kind == RuleKind::Record {
        for field in &fields {
            let key = field.key.as_str();
            if matches!(key, "for" | "keep_firing_for" | "annotations") && !is_unset(field.value) {
                let message = format!("a rule that records a metric has no {key:?}");
                reader.wrong(field.key.place(), message);
            }
        }
        if name.contains(['{', '}']) {
            reader.wrong(name.place(), "the name of a recorded metric has no braces");
        }
    }
    let (name, place) = (name.clone(), node.place);
    Some(Rule { place, kind, name, expr, lasting, keep_firing, labels, annotations })
}

/// Whether Prometheus takes a value for one that is missing.
fn is_unset(node: &Node) -> bool {
    match &node.kind {
        Kind::Scalar(text, _) => is_null(node) || duration(text) == Ok(Duration::ZERO),
        Kind::Sequence(items) => items.is_empty(),
        Kind::Mapping(entries) => entries.is_empty(),
    }
}

fn read_duration(reader: &mut Reader, field: &FieldNode<'_>) -> Option<Field<Duration>> {
    let text = reader.text(field)?;
    match duration(text) {
        Ok(value) => Some(Field { value, place: text.place() }),
        Err(reason) => {
            let message = format!("{:?} is no duration", text.as_str());
            let finding =
                Finding::error(&crate::file::WRONG_FIELD, &reader.source, text.place(), message);
            reader.push(finding.note(reason));
            None
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "so does Prometheus, and a fraction is dropped"
)]
fn read_limit(reader: &mut Reader, field: &FieldNode<'_>) -> Option<Field<i64>> {
    let text = reader.text(field)?;
    let number = match text.strip_prefix("0x") {
        Some(digits) => i64::from_str_radix(digits, 16).ok(),
        None => text.replace('_', "").parse().ok(),
    };
    let number = number.or_else(|| text.parse().ok().map(|number: f64| number as i64));
    // In quotes, it is a text.
    let number = number.filter(|_| matches!(field.value.kind, Kind::Scalar(_, true)));
    if number.is_none() {
        let message = format!("{:?} is no whole number", reader.source.part(text.place()));
        reader.wrong(text.place(), message);
    }
    Some(Field { value: number?, place: text.place() })
}

fn read_entries(reader: &mut Reader, field: &FieldNode<'_>, what: &str) -> Vec<Entry> {
    let of = format!("{:?}", field.key.as_str());
    let mut entries = Vec::new();
    for field in reader.fields(field.value, &of).unwrap_or_default() {
        let name = field.key;
        if name.is_empty() || what == "label" && name.as_str() == "__name__" {
            let message = format!("{:?} can't be the name of a {what}", name.as_str());
            reader.wrong(name.place(), message);
            continue;
        }
        let value = match reader.text(&field) {
            Some(text) => text.clone(),
            None if is_null(field.value) => Text::new(String::new(), field.value.place, Vec::new()),
            None => continue,
        };
        entries.push(Entry { name: name.clone(), value });
    }
    entries
}
