//! Catalogues of processes, exporters and files, and their differences.

use crate::support::{Folder, Writer, failure, output, run, text};
use serde_json::Value;
use std::fs;
use tickmetrics::prelude::*;
use tickmetrics_exporter::Exporter;
use tickmetrics_rules::Catalogue;

#[test]
fn a_process_is_listed_and_a_change_is_found() {
    let folder = Folder::new("catalogue");
    let file = folder.file("feed.metrics");
    let mut writer = Writer::start("gateway", &file);
    let json = output(&["catalogue", text(&file), "--service", "gateway"]);
    let read: Value = serde_json::from_str(&json).unwrap();
    let family = |name: &str| {
        let mut families = read["families"].as_array().unwrap().iter();
        families.find(|family| family["name"] == name).unwrap_or_else(|| panic!("{name}: {json}"))
    };
    assert_eq!(read["service"], "gateway");
    assert_eq!(family("orders_total")["labels"][0]["values"], serde_json::json!(["buy", "sell"]));
    assert_eq!(family("decode_seconds")["labels"][0]["interned"], 8);
    assert_eq!(family("decode_seconds")["buckets"], serde_json::json!([0.0001, 0.0005, 0.001]));
    // It stays the same while the process counts, and after its death.
    writer.count();
    writer.kill();
    assert_eq!(output(&["catalogue", text(&file), "--service", "gateway"]), json);

    let old = folder.file("gateway.json");
    fs::write(&old, &json).unwrap();
    assert_eq!(output(&["catalogue", text(&old)]), json);
    assert_eq!(output(&["catalogue", text(&file), "--diff", text(&old)]), "");
    let with = json.replace("\"buy\"", "\"bought\"").replace("orders", "fills");
    let other = folder.file("other.json");
    fs::write(&other, with).unwrap();
    let differences = run(&["catalogue", text(&other), "--diff", text(&old)]);
    assert_eq!(differences.status.code(), Some(1));
    let lines = "! fills_total: renamed, was orders_total\n\
                 ! fills_total: value \"buy\" of label side is gone\n  \
                 fills_total: value \"bought\" of label side is new\n";
    assert_eq!(String::from_utf8(differences.stdout).unwrap(), lines);
    let told = "tickmetrics: 2 changes, marked !, can break rules and dashboards\n";
    assert_eq!(String::from_utf8(differences.stderr).unwrap(), told);
}

#[test]
fn an_exporter_is_listed_with_both_kinds_of_buckets() {
    let registry = Registry::new();
    let wait = Description::new("wait_seconds", "Waited.").unit("seconds");
    let wait = wait.buckets([1_000]).native(2);
    registry.register::<Histogram>(&wait).unwrap().record(7);
    let exporter = Exporter::builder().registry(&registry).listen("127.0.0.1:0").start().unwrap();
    let address = exporter.local_addr().unwrap().to_string();
    let catalogue = Catalogue::from_json(&output(&["catalogue", &address])).unwrap();
    let wait = catalogue.family("wait_seconds").unwrap();
    assert_eq!((&wait.buckets[..], wait.native), (&[1e-6][..], Some(2)));
    exporter.shutdown();
}

#[test]
fn what_is_no_catalogue_is_trouble() {
    let folder = Folder::new("catalogue-wrong");
    let wrong = folder.file("wrong.json");
    fs::write(&wrong, "{\"rules\": 1}").unwrap();
    for arguments in [
        &["catalogue", text(&wrong)][..],
        &["catalogue", "/none.json"],
        &["catalogue", "/none"],
        &["catalogue", "127.0.0.1:1"],
    ] {
        assert_eq!(run(arguments).status.code(), Some(2), "{arguments:?}");
    }
    let told = failure(&["catalogue", text(&wrong)]);
    assert!(told.contains("there is no field \"tickmetrics_catalogue\": 1"), "{told}");
}
