//! Alertmanager's configuration: alerts are routed by their priority.

use std::fmt::Write;

/// All but the receivers.
const HEAD: &str = r#"# Made by `tickmetrics rules`. Alerts are routed by their label priority.
route:
  # Alerts without a priority are those of others: somebody is called.
  receiver: p1
  group_by: [alertname, service]
  group_wait: 30s
  group_interval: 5m
  repeat_interval: 15m
  routes:
  - receiver: p0
    matchers: ['priority="P0"']
    group_wait: 0s
    group_interval: 1m
    repeat_interval: 5m
  - receiver: p1
    matchers: ['priority="P1"']
    repeat_interval: 15m
  - receiver: p2
    matchers: ['priority="P2"']
    repeat_interval: 24h
inhibit_rules:
# What is urgent explains the rest of the service.
- source_matchers: ['priority="P0"', 'service!=""']
  target_matchers: ['priority=~"P1|P2"']
  equal: [service]
# A fast burn of an error budget is a slow one as well.
- source_matchers: ['priority="P1"', 'slo!=""']
  target_matchers: ['priority="P2"']
  equal: [service, slo]
"#;

const EMPTY: &str = "\
# They send nothing yet: give --webhook URL, or copy this file and add webhook_configs, pagerduty_configs
# or others. This one is written again.
receivers:
- name: p0
- name: p1
- name: p2
";

pub(super) fn text(webhook: Option<&str>) -> String {
    let mut text = HEAD.to_owned();
    let Some(url) = webhook else {
        text.push_str(EMPTY);
        return text;
    };
    // A string of JSON is one of YAML.
    let url = serde_json::Value::from(url);
    text.push_str("receivers:\n");
    for name in ["p0", "p1", "p2"] {
        // Into a text, which can't fail.
        let _ = write!(text, "- name: {name}\n  webhook_configs:\n  - url: {url}\n");
    }
    text
}
