//! Settings that make no rule.

use super::Problem;
use super::alert::SET;
use crate::generate::Generator;

/// Names that Prometheus gives to something else than a label of a series.
const NO_LABELS: [&str; 2] = ["", "__name__"];

pub(super) fn problems(generator: &Generator) -> impl Iterator<Item = Problem> {
    let labels = generator.selector.keys().chain(&generator.by);
    let label = labels.into_iter().find(|name| NO_LABELS.contains(&name.as_str()));
    let label = label.map(|name| ("labels", format!("{name:?} is no label: give one such as job")));
    let mut by = generator.by.iter();
    let set = by.find(|name| SET.contains(&name.as_str()) || *name == "slo");
    let set = set.map(|name| ("labels", format!("rules set {name}: look at others apart")));
    let url = generator.webhook.as_deref().filter(|url| !is_address(url));
    let instead = "give one such as http://localhost:8080/";
    let url = url.map(|url| ("webhook", format!("{url:?} is no address: {instead}")));
    label.into_iter().chain(set).chain(url).map(|(setting, message)| Problem {
        service: setting.to_owned(),
        family: String::new(),
        message,
    })
}

/// Whether Alertmanager can send to it.
fn is_address(url: &str) -> bool {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    let is_part = |c: char| c.is_ascii_graphic() && !"{}\"<>\\^`|".contains(c);
    rest.is_some_and(|rest| {
        rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[')
            && rest.chars().all(is_part)
    })
}
