//! Each format, of a living and of a dead process, read by parsers that know nothing of the program.

use crate::serve::Serving;
use crate::support::{
    CHECK_TEXT, Folder, PROMETHEUS_CLIENT, Writer, failure, output, promtool, python, run, text,
    tickmetrics,
};
use serde_json::{Value, json};
use std::fs;
use std::io::Read;
use std::process::Stdio;
use tests::programs::CHECK_OPENMETRICS;

/// The value of a sample in the output of the Python scripts.
fn sample(read: &Value, name: &str, labels: &Value) -> f64 {
    let samples = read["samples"].as_array().unwrap();
    let found: Vec<_> =
        samples.iter().filter(|sample| sample[0] == name && &sample[1] == labels).collect();
    assert_eq!(found.len(), 1, "{name} {labels} in {read}");
    found[0][2].as_str().unwrap().parse().unwrap()
}

fn check_samples(read: &Value) {
    for (name, labels, value) in [
        ("orders_total", json!({"side": "buy"}), 3.0),
        ("orders_total", json!({"side": "sell"}), 0.0),
        ("waited_seconds_total", json!({}), 1.5),
        ("limit", json!({}), 99.5),
        ("in_flight", json!({}), 2.0),
        ("decode_seconds_count", json!({"symbol": "AAPL"}), 1000.0),
        ("decode_seconds_sum", json!({"symbol": "AAPL"}), 0.5005),
        ("decode_seconds_sum", json!({"symbol": "MSFT"}), 7e-6),
        ("decode_seconds_bucket", json!({"symbol": "AAPL", "le": "0.0001"}), 100.0),
        ("decode_seconds_bucket", json!({"symbol": "AAPL", "le": "+Inf"}), 1000.0),
    ] {
        assert_eq!(sample(read, name, &labels), value, "{name} {labels}");
    }
}

#[test]
fn text_is_what_prometheus_reads() {
    let folder = Folder::new("dump-text");
    let file = folder.file("feed.metrics");
    let _writer = Writer::start("gateway", &file);
    let dump = output(&["dump", text(&file)]);
    promtool(&dump);
    let (module, install) = PROMETHEUS_CLIENT;
    let Some(read) = python(module, install, &[CHECK_TEXT], &dump) else { return };
    let read: Value = serde_json::from_slice(&read).unwrap();
    check_samples(&read);
    assert_eq!(read["families"]["orders_total"], json!(["counter", "Orders, \"all\" of them."]));
}

#[test]
fn openmetrics_is_what_its_parser_reads() {
    let folder = Folder::new("dump-openmetrics");
    let file = folder.file("feed.metrics");
    let _writer = Writer::start("gateway", &file);
    let dump = output(&["dump", text(&file), "--format", "openmetrics"]);
    assert!(dump.ends_with("\n# EOF\n"));
    let (module, install) = PROMETHEUS_CLIENT;
    let Some(read) = python(module, install, &CHECK_OPENMETRICS, &dump) else { return };
    let read: Value = serde_json::from_slice(&read).unwrap();
    check_samples(&read);
    let families = json!({
        "orders": ["counter", "Orders, \"all\" of them.", ""],
        "waited_seconds": ["counter", "Time spent waiting.", "seconds"],
        "limit": ["gauge", "Requests that the venue allows.", ""],
        "in_flight": ["gauge", "Orders in flight.", ""],
        "decode_seconds": ["histogram", "Time to decode.", "seconds"],
    });
    assert_eq!(read["families"], families);
}

#[test]
fn json_tells_of_the_process_and_its_quantiles() {
    let folder = Folder::new("dump-json");
    let file = folder.file("feed.metrics");
    let mut writer = Writer::start("gateway", &file);
    let read = || -> Value {
        serde_json::from_str(&output(&["dump", text(&file), "--format", "json"])).unwrap()
    };
    let alive = read();
    assert_eq!(alive["process"]["pid"], writer.pid());
    assert_eq!(alive["process"]["alive"], true);
    let metric = |name: &str| {
        let all = alive["metrics"].as_array().unwrap();
        all.iter().find(|metric| metric["name"] == name).unwrap()
    };
    assert_eq!(metric("limit")["series"], json!([{"labels": {}, "value": 99.5}]));
    assert_eq!(metric("in_flight")["kind"], "up-down counter");
    let decode = metric("decode_seconds");
    assert_eq!((&decode["unit"], &decode["help"]), (&json!("seconds"), &json!("Time to decode.")));
    let apple =
        decode["series"].as_array().unwrap().iter().find(|it| it["labels"]["symbol"] == "AAPL");
    let apple = apple.unwrap();
    let exact = [("count", 1000.0), ("sum", 0.5005), ("min", 1e-6), ("max", 1e-3)];
    for (field, value) in exact {
        assert_eq!(apple[field].as_f64(), Some(value), "{field}");
    }
    // Three significant digits: cells are narrower than 1 µs up to 2 ms.
    for (q, micros) in [("0.5", 500.0), ("0.9", 900.0), ("0.99", 990.0), ("0.9999", 1000.0)] {
        let quantile = apple["quantiles"][q].as_f64().unwrap() * 1e6;
        assert!((micros..micros + 1.0).contains(&(quantile + 1e-9)), "{q}: {quantile}");
    }
    let buckets = json!([
        {"le": 0.0001, "count": 100}, {"le": 0.0005, "count": 500}, {"le": 0.001, "count": 1000},
        {"le": "+Inf", "count": 1000}
    ]);
    assert_eq!(apple["buckets"], buckets);

    writer.kill();
    let dead = read();
    assert_eq!(dead["process"]["alive"], false);
    assert_eq!(dead["process"]["start"], alive["process"]["start"]);
    assert_eq!(dead["metrics"], alive["metrics"]);
}

#[test]
fn life_and_death_are_told_beside_the_output() {
    let folder = Folder::new("dump-death");
    let file = folder.file("feed.metrics");
    let mut writer = Writer::start("gateway", &file);
    writer.count();
    let alive = run(&["dump", text(&file)]);
    writer.kill();
    let dead = run(&["dump", text(&file)]);
    assert_eq!(alive.stdout, dead.stdout);
    let said = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let pid = writer.pid();
    assert!(said(&alive.stderr).contains(&format!("process {pid} lives")));
    assert!(said(&dead.stderr).contains(&format!("process {pid} is dead")));
    assert!(said(&dead.stdout).contains("orders_total{side=\"buy\"} 13\n"));
}

/// Another registry of the process has three of the names.
#[test]
fn metrics_that_are_left_out_are_reported() {
    let folder = Folder::new("dump-left-out");
    let file = folder.file("feed.metrics");
    let errors = |arguments: &[&str]| {
        let output = run(arguments);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let commands: [&[&str]; 4] = [
        &["dump", text(&file)],
        &["dump", text(&file), "--format", "json"],
        &["top", text(&file), "--once", "--interval", "10ms"],
        &["hist", text(&file), "decode_seconds", "--labels", "symbol=MSFT"],
    ];
    let writer = Writer::start("twice", &file);
    for command in &commands[..3] {
        let errors = errors(command);
        assert!(errors.contains("3 metrics are left out"), "{command:?}: {errors}");
        assert!(errors.contains("prefix"), "{errors}");
    }
    // The histogram of the first registry has no values: those of the second are not shown.
    let hist = String::from_utf8(run(commands[3]).stderr).unwrap();
    assert!(hist.contains("3 metrics are left out"), "{hist}");
    let serving = Serving::start(&[text(&file)]);
    let body = serving.scrape();
    assert!(body.contains("tickmetrics_serve_left_out_metrics{process=\"feed\"} 3\n"), "{body}");
    drop((serving, writer));
    let other = folder.file("other.metrics");
    let _writer = Writer::start("gateway", &other);
    for command in commands {
        let mut command = command.to_vec();
        command[1] = text(&other);
        assert!(!errors(&command).contains("left out"));
    }
}

#[test]
fn read_errors_are_one_line() {
    let folder = Folder::new("dump-errors");
    let missing = folder.file("missing");
    assert!(failure(&["dump", text(&missing)]).contains("No such file"));
    let other = folder.file("other");
    fs::write(&other, "no segment").unwrap();
    for address in ["localhost:9464", "http://me:secret@a", "me:secret@a:80", "unix:/run/a"] {
        for told in [failure(&["dump", address]), failure(&["hist", address, "a_seconds"])] {
            assert!(told.contains("tickmetrics top") && !told.contains("secret"), "{told}");
        }
    }
    assert!(failure(&["dump", text(&other)]).contains("is not a segment"));
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let folder = Folder::new("dump-pipe");
    let file = folder.file("feed.metrics");
    let _writer = Writer::start("gateway", &file);
    let mut child = tickmetrics()
        .args(["dump", text(&file)])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut errors = String::new();
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(errors.lines().count(), 1, "{errors}");
}
