//! Lines of logs, as Python reads them.

use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::{fmt, io};
use tickmetrics::exemplar::Scope;
use tickmetrics_tracing::{JsonLogs, otel};
use tracing::field::Empty;
use tracing::{debug, error, info, info_span, warn};
use tracing_subscriber::layer::SubscriberExt;

/// Reads each line, refuses keys that are there twice and numbers that JSON does not have, and
/// answers with all of them as one list.
const READER: &str = r"
import datetime, json, sys
def once(pairs):
    keys = [key for key, _ in pairs]
    assert len(keys) == len(set(keys)), keys
    return dict(pairs)
def no(name):
    raise ValueError(name)
text = sys.stdin.buffer.read().decode('utf-8')
assert not text or text.endswith('\n')
lines = text.splitlines()
assert len(lines) == text.count('\n'), 'a line that some readers see as two'
read = [json.loads(line, object_pairs_hook=once, parse_constant=no) for line in lines]
for line in read:
    datetime.datetime.strptime(line.pop('timestamp'), '%Y-%m-%dT%H:%M:%S.%fZ')
json.dump(read, sys.stdout)
";

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a program logs, as Python reads it. `None` without Python.
fn logged(program: impl FnOnce()) -> Option<Vec<Value>> {
    let lines = Lines::default();
    let writer = lines.clone();
    let logs = JsonLogs::new().with_writer(move || writer.clone());
    tracing::subscriber::with_default(tracing_subscriber::registry().with(logs), program);
    let text = lines.0.lock().unwrap().clone();
    let mut command = Command::new("python3");
    command.args(["-c", READER]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let Ok(mut reader) = command.spawn() else {
        tests::programs::skip("python3 is not installed (apt-get install python3)");
        return None;
    };
    reader.stdin.take().unwrap().write_all(&text).unwrap();
    let output = reader.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&text));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn a_line_has_the_event_its_span_and_its_trace() {
    let Some(lines) = logged(|| {
        info!("started");
        let _scope = Scope::enter(0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736, 0x00f0_67aa_0ba9_02b7);
        let span = info_span!("submit", venue = "xnas", order = Empty, never = Empty);
        span.record("order", 6);
        span.record("order", 7);
        span.in_scope(|| warn!(target: "gateway", late_by = 1.5, retry = true, "late by {}", 1.5));
        let _scope = Scope::enter(1, 0);
        debug!(parent: &span, nothing = Empty);
    }) else {
        return;
    };
    let module = module_path!();
    assert_eq!(
        lines,
        [
            json!({"level": "INFO", "target": module, "message": "started"}),
            json!({
                "level": "WARN", "target": "gateway", "message": "late by 1.5",
                "fields": {"late_by": 1.5, "retry": true},
                "span": {"name": "submit", "fields": {"venue": "xnas", "order": 7}},
                "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736", "span_id": "00f067aa0ba902b7",
            }),
            json!({
                "level": "DEBUG", "target": module,
                "span": {"name": "submit", "fields": {"venue": "xnas", "order": 7}},
                "trace_id": "00000000000000000000000000000001",
            }),
        ]
    );
}

/// As `tracing-log` gives them.
#[test]
fn a_record_of_log_has_its_own_target() {
    let Some(lines) = logged(|| {
        info!(target: "log", { "log.target" = "limi\"ts" }, "refused");
        info!(target: "log", { "log.target" = 5 }, "of another make");
        info!(target: "gateway", { "log.target" = "limits" }, "an event");
    }) else {
        return;
    };
    let targets: Vec<_> = lines.iter().map(|line| line["target"].as_str().unwrap()).collect();
    assert_eq!(targets, ["limi\"ts", "log", "gateway"]);
}

/// All of Unicode that is special somewhere.
const HOSTILE: &str = "\"}\n{\"level\":\"ERROR\"\r\\u0041\\\u{0}\u{1b}[31m\u{7f}\u{85}\u{2028}\u{2029}\u{1F980}\u{feff}";

#[test]
fn hostile_texts_are_values() {
    #[derive(Debug)]
    struct Sourced(&'static str, Option<Box<Sourced>>);
    impl fmt::Display for Sourced {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }
    impl std::error::Error for Sourced {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            self.1.as_deref().map(|source| source as _)
        }
    }
    let Some(lines) = logged(|| {
        info_span!("span", "na\"me\n\u{2028}" = HOSTILE).in_scope(|| {
            let error = Sourced("outer\n", Some(Box::new(Sourced("inner\"", None))));
            let error = &error as &(dyn std::error::Error + 'static);
            info!(
                "fie\"ld\u{0}" = HOSTILE,
                debug = ?HOSTILE,
                display = %HOSTILE,
                error,
                nan = f64::NAN,
                infinite = f64::NEG_INFINITY,
                tiny = f64::MIN_POSITIVE,
                most = u64::MAX,
                least = i64::MIN,
                wide = u128::MAX,
                whole = 1.0,
                "{HOSTILE}"
            );
        });
    }) else {
        return;
    };
    let fields = json!({
        "fie\"ld\u{0}": HOSTILE,
        "debug": format!("{HOSTILE:?}"),
        "display": HOSTILE,
        "error": "outer\n: inner\"",
        "nan": "NaN",
        "infinite": "-inf",
        "tiny": f64::MIN_POSITIVE,
        "most": u64::MAX,
        "least": i64::MIN,
        "wide": lines[0]["fields"]["wide"],
        "whole": 1.0,
    });
    assert_eq!(lines[0]["fields"], fields);
    assert_eq!(lines[0]["message"], HOSTILE);
    assert_eq!(lines[0]["span"], json!({"name": "span", "fields": {"na\"me\n\u{2028}": HOSTILE}}));
}

#[test]
fn no_key_is_there_twice() {
    let Some(lines) = logged(|| {
        info_span!("a", name = 1, fields = 2, name = 3).in_scope(|| {
            info!(level = "x", target = "y", trace_id = "z", span = 1, a = 1, a = 2, "message");
            error!(message = "first", "second");
        });
    }) else {
        return;
    };
    let fields = json!({"level": "x", "target": "y", "trace_id": "z", "span": 1, "a": 1});
    assert_eq!(lines[0]["fields"], fields);
    assert_eq!((&lines[0]["level"], &lines[0]["message"]), (&json!("INFO"), &json!("message")));
    assert_eq!(lines[0]["span"]["fields"], json!({"name": 3, "fields": 2}));
    assert!(lines[1]["message"] == "first" || lines[1]["message"] == "second");
}

#[test]
fn lines_of_threads_do_not_mix() {
    let Some(lines) = logged(|| {
        let dispatch = tracing::dispatcher::get_default(Clone::clone);
        std::thread::scope(|threads| {
            for thread in 1..=4_u64 {
                let dispatch = &dispatch;
                threads.spawn(move || {
                    tracing::dispatcher::with_default(dispatch, || {
                        let _scope = Scope::enter(thread.into(), thread);
                        (0..500).for_each(|n| info!(n, thread));
                    });
                });
            }
        });
    }) else {
        return;
    };
    assert_eq!(lines.len(), 2_000);
    for line in &lines {
        let thread = line["fields"]["thread"].as_u64().unwrap();
        assert_eq!(line["trace_id"], format!("{thread:032x}"));
        assert_eq!(line["span_id"], format!("{thread:016x}"));
    }
}

#[test]
fn a_line_has_the_ids_of_opentelemetry() {
    use opentelemetry::trace::TracerProvider;
    let exporter = opentelemetry_sdk::trace::InMemorySpanExporter::default();
    let provider = opentelemetry_sdk::trace::SdkTracerProvider::builder()
        .with_simple_exporter(exporter.clone())
        .build();
    let telemetry = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    let lines = Lines::default();
    let writer = lines.clone();
    let logs = JsonLogs::new().with_writer(move || writer.clone()).trace_ids(otel::any);
    let subscriber = tracing_subscriber::registry().with(telemetry).with(logs);
    tracing::subscriber::with_default(subscriber, || {
        info_span!("call").in_scope(|| info!("inside"));
    });
    let text = lines.0.lock().unwrap().clone();
    let line: Value = serde_json::from_slice(&text).unwrap();
    let spans = exporter.get_finished_spans().unwrap();
    // OpenTelemetry writes its ids in the same form.
    assert_eq!(line["trace_id"], spans[0].span_context.trace_id().to_string());
    assert_eq!(line["span_id"], spans[0].span_context.span_id().to_string());
}
