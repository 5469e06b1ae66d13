//! Reads a dashboard into its structs.

use super::{Dashboard, Form, Query, classic, query, v2};
use crate::file::json::{self, Node, Value};
use crate::file::{DUPLICATE_KEY, MOST_FINDINGS, UNREADABLE, WRONG_WAIVER, Waiver, waiver};
use crate::place::{Place, Source, Text};
use crate::report::{Finding, sort};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

pub(super) fn read(source: &Arc<Source>) -> Dashboard {
    let mut dashboard = Dashboard {
        source: Arc::clone(source),
        form: Form::Classic,
        title: None,
        uid: None,
        panels: Vec::new(),
        variables: Vec::new(),
        annotations: Vec::new(),
        waivers: Vec::new(),
        findings: Vec::new(),
    };
    let text = source.text();
    let mut refuse = |at: usize, message: String| {
        let place = Place::new(at, at);
        dashboard.findings.push(Finding::error(&UNREADABLE, source, place, message));
    };
    if text.len() > json::MOST_BYTES {
        refuse(0, format!("the file has more than {} MiB", json::MOST_BYTES >> 20));
        return dashboard;
    }
    let root = match json::parse(text) {
        Ok(root) => root,
        Err((at, reason)) => {
            refuse(at, format!("this is no JSON: {reason}"));
            return dashboard;
        }
    };
    let Some((form, node)) = body(&root) else {
        refuse(root.place.start, "this is no dashboard: it has no panels, rows or elements".into());
        return dashboard;
    };
    twice(&mut dashboard, &root);
    dashboard.form = form;
    dashboard.title = node.text_of("title").cloned();
    dashboard.uid = node.text_of("uid").or_else(|| root.at(&["metadata", "name"])?.text()).cloned();
    if let Some(description) = node.text_of("description") {
        waivers(&mut dashboard, description, Place::new(0, text.len()));
    }
    match form {
        Form::Classic => classic::read(&mut dashboard, node),
        Form::V2 => v2::read(&mut dashboard, node),
    }
    resolve(&mut dashboard, &root);
    sort(&mut dashboard.findings);
    dashboard
}

/// The dashboard within a file, and its form.
fn body(root: &Node) -> Option<(Form, &Node)> {
    const CLASSIC: &[&str] = &["panels", "rows", "templating", "annotations", "schemaVersion"];
    let is_v2 =
        |node: &Node| node.get("elements").is_some_and(|it| matches!(it.value, Value::Object(_)));
    let wrapped = [root.get("spec"), root.get("dashboard"), Some(root)];
    // The API answers with a resource, too.
    let deeper = root.at(&["dashboard", "spec"]);
    for node in deeper.into_iter().chain(wrapped.into_iter().flatten()) {
        if is_v2(node) {
            return Some((Form::V2, node));
        }
        if CLASSIC.iter().any(|key| node.get(key).is_some()) {
            return Some((Form::Classic, node));
        }
    }
    None
}

/// Finds keys that are there twice: the last one counts, and the first one is lost when Grafana saves.
fn twice(dashboard: &mut Dashboard, root: &Node) {
    let mut nodes = vec![root];
    while let Some(node) = nodes.pop() {
        nodes.extend(node.items());
        let mut seen: HashMap<&str, Place> = HashMap::new();
        for (key, value) in node.entries() {
            nodes.push(value);
            let Some(first) = seen.insert(key, key.place()) else { continue };
            if dashboard.findings.len() < MOST_FINDINGS {
                let message =
                    format!("the key {:?} is there twice, and only this one counts", key.as_str());
                let finding =
                    Finding::warning(&DUPLICATE_KEY, &dashboard.source, key.place(), message);
                dashboard.findings.push(finding.also(first, "it is here first"));
            }
        }
    }
}

/// Reads the waivers of a description.
pub(super) fn waivers(dashboard: &mut Dashboard, description: &Text, scope: Place) {
    for (at, said) in waiver::lines(description) {
        let place = description.part(at..at + said.len());
        match waiver::written(said) {
            Some(Ok(written)) => dashboard.waivers.push(Waiver {
                check: said.get(written.check.clone()).unwrap_or_default().to_owned(),
                reason: said.get(written.reason).unwrap_or_default().to_owned(),
                place,
                check_place: description.part(at + written.check.start..at + written.check.end),
                scope,
            }),
            Some(Err(message)) if dashboard.findings.len() < MOST_FINDINGS => {
                let finding = Finding::warning(&WRONG_WAIVER, &dashboard.source, place, message);
                dashboard.findings.push(finding.note("it waives nothing"));
            }
            _ => {}
        }
    }
}

/// Finds out who answers each query, also where a variable or an input names the data source.
fn resolve(dashboard: &mut Dashboard, root: &Node) {
    let of_variables =
        dashboard.variables.iter().filter(|it| it.kind == "datasource").filter_map(|it| {
            Some((it.name.to_string(), query::is_prometheus(it.query.as_deref()?)))
        });
    // What Grafana asks for when the dashboard is imported.
    let of_inputs = root.items_of("__inputs").iter().filter_map(|input| {
        let plugin = input.text_of("pluginId")?;
        Some((input.text_of("name")?.to_string(), query::is_prometheus(plugin)))
    });
    let named: HashMap<String, bool> = of_inputs.chain(of_variables).collect();
    let answers = |datasource: Option<&super::Datasource>| {
        let datasource = datasource?;
        let kind = datasource.kind.as_deref().filter(|kind| !kind.starts_with('$'));
        kind.map(query::is_prometheus).or_else(|| named.get(datasource.variable()?).copied())
    };
    let panels = dashboard.panels.iter_mut().flat_map(|panel| &mut panel.queries);
    let each = |query: &mut Query| query.is_prometheus = answers(query.datasource.as_ref());
    panels.chain(&mut dashboard.annotations).for_each(each);
    for variable in &mut dashboard.variables {
        variable.is_prometheus = answers(variable.datasource.as_ref());
    }
    let mut seen = HashSet::new();
    dashboard.waivers.retain(|waiver| seen.insert((waiver.place, waiver.scope)));
}
