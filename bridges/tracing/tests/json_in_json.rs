//! A value that logs while it is written. In a process of its own: only a global subscriber gets such
//! an event.

use serde_json::{Value, json};
use std::fmt;
use std::io::{Read, Seek};
use tickmetrics_tracing::JsonLogs;
use tracing::info;
use tracing_subscriber::layer::SubscriberExt;

struct Logs;

impl fmt::Debug for Logs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        info!("inner");
        f.write_str("value")?;
        Err(fmt::Error)
    }
}

#[test]
fn a_value_that_logs_has_a_line_of_its_own() {
    let folder = tests::processes::Folder::new("json-in-json");
    let path = folder.file();
    let options = std::fs::OpenOptions::new().create_new(true).read(true).append(true).open(path);
    let mut file = options.unwrap();
    let logs = JsonLogs::new().with_writer(file.try_clone().unwrap());
    let subscriber = tracing_subscriber::registry().with(logs);
    tracing::subscriber::set_global_default(subscriber).unwrap();
    tracing::info_span!("span", logs = ?Logs).in_scope(|| info!(logs = ?Logs, after = 1, "outer"));
    let mut text = String::new();
    file.rewind().unwrap();
    file.read_to_string(&mut text).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let messages: Vec<_> = lines.iter().map(|line| line["message"].as_str().unwrap()).collect();
    assert_eq!(messages, ["inner", "inner", "outer"]);
    assert_eq!(lines[2]["fields"], json!({"logs": "value", "after": 1}));
    assert_eq!(lines[2]["span"], json!({"name": "span", "fields": {"logs": "value"}}));
}
