//! The format of a response, over a real socket and without one.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use tickmetrics::prelude::*;
use tickmetrics_exporter::Exporter;
use tickmetrics_exporter::encode::Format;

struct Answer {
    /// Names in lower case.
    headers: HashMap<String, String>,
    body: Vec<u8>,
}

/// Asks for `/metrics` with these headers, each with its line end.
fn get(exporter: &Exporter, headers: &str) -> Answer {
    let mut client = TcpStream::connect(exporter.local_addr().unwrap()).unwrap();
    let request = format!("GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{headers}\r\n");
    client.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    let mut lines = head.lines();
    assert_eq!(lines.next(), Some("HTTP/1.1 200 OK"));
    let headers = lines.map(|line| line.split_once(": ").unwrap());
    let headers = headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
    Answer { headers, body: answer.split_off(end + 4) }
}

fn start(registries: &[&Registry]) -> Exporter {
    let builder = Exporter::builder().listen("127.0.0.1:0");
    registries.iter().fold(builder, |builder, registry| builder.registry(registry)).start().unwrap()
}

fn register<M: tickmetrics::Metric>(registry: &Registry, name: &str) -> M {
    registry.register(&Description::new(name, "Help.")).unwrap()
}

#[test]
fn clients_get_what_they_ask_for() {
    let registry = Registry::new();
    register::<Counter>(&registry, "ticks_total").add(3);
    let exporter = start(&[&registry]);
    let text = "# HELP ticks_total Help.\n# TYPE ticks_total counter\nticks_total 3\n";
    let openmetrics = "# HELP ticks Help.\n# TYPE ticks counter\nticks_total 3\n";
    for (accept, format, start) in [
        ("", Format::Text, text),
        ("Accept: */*\r\n", Format::Text, text),
        ("Accept: application/openmetrics-text\r\n", Format::OpenMetrics, openmetrics),
        // One list in two lines, of which one is not even ASCII.
        (
            "Accept: text/plain;q=0.1\r\nAccept: \u{fc}\r\nACCEPT: application/openmetrics-text\r\n",
            Format::OpenMetrics,
            openmetrics,
        ),
    ] {
        let Answer { headers, body } = get(&exporter, accept);
        let body = String::from_utf8(body).unwrap();
        assert_eq!(headers["content-type"], format.content_type(), "{accept}");
        assert_eq!(headers["vary"], "accept, accept-encoding");
        assert!(body.starts_with(start), "{accept}: {body}");
        let end = body.find("# EOF\n").map(|at| body.len() - at);
        assert_eq!(end, (format == Format::OpenMetrics).then_some(6), "{accept}");
    }
}

#[test]
fn protobuf_for_who_asks_for_it() {
    let registry = Registry::new();
    register::<Counter>(&registry, "ticks_total").add(3);
    let exporter = start(&[&registry]);
    let accept = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;\
                  encoding=delimited;q=0.5,application/openmetrics-text;q=0.4";
    let Answer { headers, body } = get(&exporter, &format!("Accept: {accept}\r\n"));
    assert_eq!(headers["content-type"], Format::Protobuf.content_type());
    let mut ticks = Vec::new();
    tickmetrics_exporter::encode::protobuf(&registry.snapshot(), &mut ticks);
    // The rest is the exporter's own.
    assert!(body.starts_with(&ticks) && body.len() > ticks.len());
    let rendered = tickmetrics_exporter::encode::render(&registry.snapshot(), Some(accept));
    assert_eq!(rendered, (Format::Protobuf.content_type(), ticks));
}

/// The output of the program `gzip` for it.
fn unzipped(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = Command::new("gzip");
    let gzip = gzip.arg("-dc").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut gzip = gzip.expect("gzip is part of every Linux system");
    // It fits into the pipe.
    gzip.stdin.take().unwrap().write_all(bytes).unwrap();
    let output = gzip.wait_with_output().unwrap();
    assert!(output.status.success());
    output.stdout
}

#[test]
fn compressed_for_who_accepts_it() {
    let registry = Registry::new();
    register::<Counter>(&registry, "ticks_total").add(3);
    let builder = Exporter::builder().registry(&registry).listen("127.0.0.1:0");
    let zipping = builder.compress(true).start().unwrap();
    for accept in ["Accept-Encoding: gzip\r\n", "accept-encoding: br\r\naccept-encoding: gzip\r\n"]
    {
        let Answer { headers, body } = get(&zipping, accept);
        assert_eq!(headers["content-encoding"], "gzip", "{accept}");
        assert_eq!(headers["content-type"], Format::Text.content_type());
        assert_eq!(headers["content-length"], body.len().to_string());
        let text = String::from_utf8(unzipped(&body)).unwrap();
        assert!(text.starts_with("# HELP ticks_total Help.\n") && text.ends_with('\n'), "{text}");
    }
    #[cfg(feature = "zstd")]
    for accept in ["zstd", "gzip, deflate, br, zstd", "gzip;q=0.5, zstd;q=0.6"] {
        let Answer { headers, body } = get(&zipping, &format!("Accept-Encoding: {accept}\r\n"));
        assert_eq!(headers["content-encoding"], "zstd", "{accept}");
        let mut text = String::new();
        let mut decoder = ruzstd::decoding::StreamingDecoder::new(&*body).unwrap();
        decoder.read_to_string(&mut text).unwrap();
        assert!(text.starts_with("# HELP ticks_total Help.\n") && text.ends_with('\n'), "{text}");
    }
    let plain = start(&[&registry]);
    for (exporter, headers) in [
        (&zipping, ""),
        (&zipping, "Accept-Encoding: identity\r\n"),
        (&zipping, "Accept-Encoding: *, gzip;q=0, zstd;q=0\r\n"),
        // On loopback, unless it is asked for.
        (&plain, "Accept-Encoding: gzip, zstd\r\n"),
    ] {
        let answer = get(exporter, headers);
        assert!(!answer.headers.contains_key("content-encoding"), "{headers}");
        assert!(answer.body.starts_with(b"# HELP ticks_total Help.\n"), "{headers}");
    }
}

#[test]
fn a_snapshot_is_rendered_as_it_is_asked_for() {
    let registry = Registry::new();
    register::<Counter>(&registry, "ticks_total").add(3);
    let snapshot = registry.snapshot();
    let mut text = String::new();
    tickmetrics_exporter::encode::text(&snapshot, &mut text);
    assert_eq!(
        tickmetrics_exporter::encode::render(&snapshot, None),
        (Format::Text.content_type(), text.into())
    );
    let mut text = String::new();
    tickmetrics_exporter::encode::openmetrics(&snapshot, &mut text);
    let rendered =
        tickmetrics_exporter::encode::render(&snapshot, Some("application/openmetrics-text"));
    assert_eq!(rendered, (Format::OpenMetrics.content_type(), text.into()));
}

/// In OpenMetrics a counter's family can get the name of another family, or of a part of one: here
/// in another registry, before and after it.
#[test]
fn names_are_told_apart_across_registries() {
    let (first, second) = (Registry::new(), Registry::new());
    register::<Counter>(&first, "queue_total").add(5);
    register::<Gauge>(&first, "job").set(1.0);
    register::<Counter>(&first, "wait_count_total").add(3);
    register::<Gauge>(&second, "queue").set(6.0);
    register::<Counter>(&second, "job_total").add(7);
    register::<Histogram>(&second, "wait");
    let exporter = start(&[&first, &second]);
    let body = get(&exporter, "Accept: application/openmetrics-text\r\n").body;
    let body = String::from_utf8(body).unwrap();
    for line in [
        "# TYPE queue_total unknown\nqueue_total 5\n",
        "# TYPE queue gauge\nqueue 6\n",
        "# TYPE job gauge\njob 1\n",
        "# TYPE job_total unknown\njob_total 7\n",
        "# TYPE wait_count_total unknown\nwait_count_total 3\n",
        "# TYPE wait histogram\nwait_bucket{",
        "# TYPE tickmetrics_exporter_scrapes counter\ntickmetrics_exporter_scrapes_total 1\n",
    ] {
        assert!(body.contains(line), "{line} is not in {body}");
    }
}

/// In several chunks, as any parser of JSON reads it.
#[cfg(feature = "json")]
#[test]
fn json_has_every_series() {
    #[derive(Clone, Copy, Label)]
    #[label(capacity = 4096)]
    struct Session(LabelId);

    let registry = Registry::new();
    let orders: Counter<Session> = register(&registry, "orders.sent_total");
    let name = |number: u64| format!("session \"{number}\"\n");
    for number in 0..4000 {
        orders.with(Session::intern(&name(number))).add(number + 1);
    }
    register::<Histogram>(&registry, "wait").record(7);
    let exporter = start(&[&registry]);

    let mut client = tests::http::Client::new(exporter.local_addr().unwrap());
    let answer = client.request("GET", "/metrics?format=json");
    assert_eq!(answer.headers["content-type"], "application/json");
    assert!(answer.body.len() > 100_000, "{}", answer.body.len());
    let document: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    let metrics = document["metrics"].as_array().unwrap();
    let family = |name: &str| metrics.iter().find(|family| family["name"] == name).unwrap();
    let series = family("orders.sent_total")["series"].as_array().unwrap();
    assert_eq!(series.len(), 4000);
    for (number, series) in (0..).zip(series) {
        assert_eq!(series["labels"]["session"], name(number));
        assert_eq!(series["value"], number + 1);
    }
    assert_eq!(family("wait")["series"][0]["count"], 1);
    assert_eq!(family("tickmetrics_exporter_scrapes_total")["series"][0]["value"], 1);
}
