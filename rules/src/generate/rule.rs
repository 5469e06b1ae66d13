//! Rule files of Prometheus.

use super::number;
use crate::query::duration;
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize)]
pub(super) struct RuleFile {
    pub(super) groups: Vec<Group>,
}

#[derive(Serialize)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) rules: Vec<Rule>,
}

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Rule {
    Record(Record),
    Alert(Alert),
}

#[derive(Serialize)]
pub(super) struct Record {
    #[serde(rename = "record")]
    pub(super) name: String,
    pub(super) expr: String,
    pub(super) labels: BTreeMap<&'static str, String>,
}

#[derive(Serialize)]
pub(super) struct Alert {
    #[serde(rename = "alert")]
    name: String,
    expr: String,
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    lasting: Option<String>,
    labels: BTreeMap<&'static str, String>,
    annotations: BTreeMap<&'static str, String>,
}

/// An alert before it is text.
pub(super) struct AlertRule {
    pub(super) name: String,
    pub(super) expr: String,
    pub(super) for_seconds: u64,
    /// `service`, `priority`, and `slo`.
    pub(super) labels: BTreeMap<&'static str, String>,
    pub(super) annotations: Vec<Annotation>,
}

/// A text about an alert, with or without the value of its expression.
pub(super) struct Annotation {
    name: &'static str,
    before: String,
    value: Option<(Form, String)>,
}

/// How a value is written.
#[derive(Clone, Copy)]
pub(super) enum Form {
    Percentage,
    Number,
}

impl Annotation {
    /// A text without the value.
    pub(super) fn plain(name: &'static str, text: impl Into<String>) -> Self {
        Self { name, before: text.into(), value: None }
    }

    /// A text with the value between its two parts.
    pub(super) fn with_value(
        name: &'static str,
        before: impl Into<String>,
        form: Form,
        after: impl Into<String>,
    ) -> Self {
        Self { name, before: before.into(), value: Some((form, after.into())) }
    }

    fn template(&self) -> String {
        let before = escaped(&self.before);
        match &self.value {
            None => before,
            Some((form, after)) => format!("{before}{}{}", form.template(), escaped(after)),
        }
    }

    /// The text for a value.
    fn rendered(&self, value: f64) -> String {
        match &self.value {
            None => self.before.clone(),
            Some((form, after)) => format!("{}{}{after}", self.before, form.text(value)),
        }
    }
}

impl Form {
    fn template(self) -> &'static str {
        match self {
            Self::Percentage => "{{ $value | humanizePercentage }}",
            Self::Number => "{{ $value | printf \"%.4g\" }}",
        }
    }

    fn text(self, value: f64) -> String {
        match self {
            Self::Percentage => format!("{}%", number::general(value * 100.0)),
            Self::Number => number::general(value),
        }
    }
}

impl AlertRule {
    /// The annotations when it fires with this value.
    pub(super) fn annotations(&self, value: f64) -> BTreeMap<&'static str, String> {
        self.annotations.iter().map(|it| (it.name, it.rendered(value))).collect()
    }

    pub(super) fn into_rule(self) -> Rule {
        Rule::Alert(Alert {
            lasting: (self.for_seconds > 0).then(|| duration(self.for_seconds)),
            annotations: self.annotations.iter().map(|it| (it.name, it.template())).collect(),
            name: self.name,
            expr: self.expr,
            labels: self.labels,
        })
    }
}

/// A text that stands for itself in a template.
fn escaped(text: &str) -> String {
    text.replace("{{", "{{ \"{{\" }}")
}
