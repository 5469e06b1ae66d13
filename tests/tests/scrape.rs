//! The exporter over a real socket: its responses, and its end whatever clients do.

use std::collections::HashMap;
use std::fs;
use std::io::Read;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};
use tests::http::{Client, series};
use tickmetrics::prelude::*;
use tickmetrics_exporter::{Exporter, StartError};

/// The promise is 100 ms; the rest is for a machine that does other things.
const STOPPED_WITHIN: Duration = Duration::from_secs(2);

fn start(registries: &[&Registry]) -> Exporter {
    let builder = Exporter::builder().listen("127.0.0.1:0");
    registries.iter().fold(builder, |builder, registry| builder.registry(registry)).start().unwrap()
}

fn scrape(exporter: &Exporter) -> String {
    let answer = Client::new(exporter.local_addr().unwrap()).request("GET", "/metrics");
    assert_eq!(answer.status, 200);
    answer.body
}

fn registry_with(name: &str, n: u64) -> Registry {
    let registry = Registry::new();
    let counter: Counter = registry.register(&Description::new(name, "Help.")).unwrap();
    counter.add(n);
    registry
}

#[test]
fn endpoints_answer_over_one_connection() {
    let exporter = start(&[&registry_with("ticks_total", 3)]);
    let mut client = Client::new(exporter.local_addr().unwrap());

    let metrics = client.request("GET", "/metrics");
    assert_eq!(metrics.status, 200);
    assert_eq!(metrics.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    assert!(metrics.body.starts_with("# HELP ticks_total Help.\n# TYPE ticks_total counter\n"));
    assert!(metrics.body.contains("\nticks_total 3\n"));

    for path in ["/health", "/ready"] {
        let answer = client.request("GET", path);
        assert_eq!((answer.status, &*answer.body), (200, "OK"), "{path}");
    }

    let index = client.request("GET", "/");
    assert_eq!(index.status, 200);
    assert!(index.headers["content-type"].starts_with("text/html"));
    assert!(index.body.contains("\"/metrics\"") && index.body.contains("\"/health\""));

    for path in ["/metrics/", "/metricsx", "/favicon.ico", "//metrics"] {
        assert_eq!(client.request("GET", path).status, 404, "{path}");
    }
    for (method, status) in [("POST", 405), ("PUT", 405), ("OPTIONS", 405), ("BREW", 501)] {
        let refused = client.request(method, "/metrics");
        assert_eq!((refused.status, &*refused.headers["allow"]), (status, "GET, HEAD"), "{method}");
    }
    assert_eq!(client.request("POST", "/nowhere").status, 404);
}

#[test]
fn names_choose_what_is_exposed() {
    let registry = registry_with("ticks_total", 3);
    let wait: Histogram = registry.register(&Description::new("wait", "Help.")).unwrap();
    wait.record(5);
    let exporter = start(&[&registry]);
    let mut client = Client::new(exporter.local_addr().unwrap());
    let mut families = |query: &str| {
        let answer = client.request("GET", &format!("/metrics?{query}"));
        assert_eq!(answer.status, 200, "{query}");
        let types = answer.body.lines().filter_map(|line| line.strip_prefix("# TYPE "));
        let names = types.map(|family| family.split(' ').next().unwrap().to_owned());
        names.collect::<Vec<_>>().join(" ")
    };
    for (query, expected) in [
        ("name[]=ticks_total", "ticks_total"),
        ("name%5B%5D=ticks%5Ftotal", "ticks_total"),
        ("name%5b%5d=ticks", "ticks_total"),
        ("name[]=wait_count&name[]=ticks_total", "ticks_total wait"),
        ("x=1&name[]=wait&name[]=nothing&y", "wait"),
        ("name[]=tickmetrics_exporter_scrapes_total", "tickmetrics_exporter_scrapes_total"),
        ("name[]=nothing", ""),
        ("name[]=ticks_tota", ""),
        ("name[]=", ""),
        ("name[]=%ff%00%", ""),
    ] {
        assert_eq!(families(query), expected, "{query}");
    }
    for query in ["", "name=ticks_total", "names[]=x", "collect[]=cpu", "&&=&"] {
        assert!(families(query).split(' ').count() > 10, "{query}");
    }
    client.send("GET /metrics?name[]=x HTTP/1.1\r\nHost: test\r\nAccept: application/openmetrics-text\r\n\r\n");
    let head = client.head();
    assert_eq!(client.body(&head), "# EOF\n");
}

#[test]
fn head_is_get_without_the_body() {
    let exporter = start(&[&registry_with("ticks_total", 3)]);
    let mut client = Client::new(exporter.local_addr().unwrap());
    for path in ["/health", "/", "/nowhere"] {
        let mut head = client.request("HEAD", path);
        // A body would be taken for the next head.
        let mut get = client.request("GET", path);
        let _ = (head.headers.remove("date"), get.headers.remove("date"));
        assert_eq!((head.status, head.headers), (get.status, get.headers), "{path}");
    }
    let head = client.request("HEAD", "/metrics");
    assert_eq!(head.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    assert!(head.headers["content-length"].parse::<usize>().unwrap() > 100);
    assert_eq!(client.request("GET", "/metrics").status, 200);
}

#[test]
fn labels_and_help_are_escaped() {
    let registry = Registry::new();
    let description =
        Description::new("odd", "Back\\slash, \"quotes\",\nline.").constant("v", "a\\b\"c\nd}é");
    registry.register::<Gauge>(&description).unwrap().set(0.5);
    let text = scrape(&start(&[&registry]));
    assert!(text.contains("# HELP odd Back\\\\slash, \"quotes\",\\nline.\n"), "{text}");
    assert!(text.contains("\nodd{v=\"a\\\\b\\\"c\\nd}é\"} 0.5\n"), "{text}");
}

#[test]
fn the_global_registry_is_exposed_if_none_is_named() {
    let counter: Counter =
        Registry::global().register(&Description::new("global_total", "Help.")).unwrap();
    counter.add(7);
    assert!(scrape(&start(&[])).contains("\nglobal_total 7\n"));
}

#[test]
fn a_name_of_two_registries_is_exposed_once() {
    let (first, second) = (registry_with("both_total", 1), registry_with("both_total", 2));
    let wait = |registry: &Registry, value| {
        let wait: Histogram =
            registry.register(&Description::new("clash", "Help.").max(10).buckets([5])).unwrap();
        wait.record(value);
    };
    wait(&first, 1_000);
    let counter: Counter =
        second.register(&Description::new("clash_saturated_total", "Help.")).unwrap();
    counter.add(9);
    second.register::<Counter>(&Description::new("second_total", "Help.")).unwrap();
    second.register::<Gauge>(&Description::new("tickmetrics_exporter_series", "Mine.")).unwrap();

    let exporter = start(&[&first, &second]);
    let text = scrape(&exporter);
    assert_eq!(text.matches("\nboth_total 1\n").count(), 1, "{text}");
    assert_eq!(text.matches("both_total").count(), 3, "{text}");
    assert_eq!(text.matches("\nclash_saturated_total 1\n").count(), 1, "{text}");
    assert_eq!(text.matches("# TYPE clash_saturated_total ").count(), 1, "{text}");
    assert_eq!(text.matches("# TYPE tickmetrics_exporter_series ").count(), 1, "{text}");
    assert!(text.contains("\nsecond_total 0\n"));
    assert_eq!(series(&text)["tickmetrics_exporter_left_out_families"], 3.0);
    assert_eq!(series(&scrape(&exporter))["tickmetrics_exporter_left_out_families"], 3.0);
}

#[test]
fn the_exporter_measures_itself() {
    let exporter = start(&[&registry_with("ticks_total", 3)]);
    let other = start(&[&Registry::new()]);
    scrape(&exporter);
    scrape(&other);
    let text = scrape(&exporter);
    let series = series(&text);
    assert_eq!(series["tickmetrics_exporter_scrapes_total"], 2.0);
    assert_eq!(series["tickmetrics_exporter_scrape_duration_seconds_count"], 1.0);
    assert!(series["tickmetrics_exporter_scrape_duration_seconds_sum"] > 0.0);
    // A histogram is one series, which its line `_count` stands for.
    let parts = ["_bucket{", "_sum ", "_bucket "];
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let lines = lines.filter(|line| parts.iter().all(|part| !line.contains(part)));
    assert_eq!(series["tickmetrics_exporter_series"], lines.count() as f64);
    assert!(series["tickmetrics_threads_attached"] >= 1.0);
    assert!(series["tickmetrics_shards_free"] >= 1.0);
    for total in ["overflow_records", "saturated_labels", "failed_registrations"] {
        assert!(series.contains_key(&*format!("tickmetrics_{total}_total")), "{total}");
    }
}

#[test]
fn every_series_rises_while_threads_record() {
    let registry = Registry::new();
    let count: Counter<bool> = registry.register(&Description::new("n_total", "Help.")).unwrap();
    let time: Histogram<bool> =
        registry.register(&Description::new("t_seconds", "Help.").unit("seconds")).unwrap();
    let exporter = start(&[&registry]);
    let over = AtomicBool::new(false);
    let recorded = thread::scope(|scope| {
        let writers = [false, true].map(|flag| {
            let (count, time, over) = (count.with(flag), time.with(flag), &over);
            scope.spawn(move || {
                let mut n = 0_u64;
                while !over.load(Relaxed) {
                    count.inc();
                    time.record(n % 2_000_000);
                    n += 1;
                }
                n
            })
        });
        let mut client = Client::new(exporter.local_addr().unwrap());
        let mut before = HashMap::new();
        for _ in 0..50 {
            let text = client.request("GET", "/metrics").body;
            let now: HashMap<String, f64> = series(&text)
                .into_iter()
                .filter(|(name, _)| name.starts_with("n_total") || name.starts_with("t_seconds"))
                .map(|(name, value)| (name.to_owned(), value))
                .collect();
            for flag in ["false", "true"] {
                assert_eq!(
                    now[&format!("t_seconds_bucket{{flag=\"{flag}\",le=\"+Inf\"}}")],
                    now[&format!("t_seconds_count{{flag=\"{flag}\"}}")],
                );
            }
            for (name, value) in &before {
                assert!(now[name] >= *value, "{name} fell from {value} to {}", now[name]);
            }
            before = now;
        }
        over.store(true, Relaxed);
        writers.map(|writer| writer.join().unwrap())
    });
    let text = scrape(&exporter);
    for (flag, n) in ["false", "true"].into_iter().zip(recorded) {
        assert_eq!(series(&text)[&*format!("n_total{{flag=\"{flag}\"}}")], n as f64);
        assert_eq!(series(&text)[&*format!("t_seconds_count{{flag=\"{flag}\"}}")], n as f64);
    }
}

#[test]
fn the_thread_has_its_name_and_its_core() {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let allowed = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap();
    let core = allowed.trim().split(['-', ',']).next().unwrap();
    let builder = Exporter::builder().listen("127.0.0.1:0").thread_name("fifteen-letters");
    let exporter = builder.pin_to_core(core.parse().unwrap()).start().unwrap();
    let task = task("fifteen-letters").expect("no such thread");
    let status = fs::read_to_string(task.join("status")).unwrap();
    assert!(status.contains(&format!("Cpus_allowed_list:\t{core}\n")), "{status}");
    exporter.shutdown();
    assert_eq!(self::task("fifteen-letters"), None);
}

/// The thread of this name.
fn task(name: &str) -> Option<std::path::PathBuf> {
    fs::read_dir("/proc/self/task").unwrap().map(|task| task.unwrap().path()).find(|task| {
        fs::read_to_string(task.join("comm")).is_ok_and(|comm| comm.trim_end() == name)
    })
}

#[test]
fn failed_starts_report_the_reason_and_leave_nothing() {
    // An interface of this test's own: no other socket can be given the port meanwhile.
    let first = Exporter::builder().listen("127.0.0.2:0").start().unwrap();
    let address = first.local_addr().unwrap();
    let builder = Exporter::builder().listen(address.to_string());
    let error = builder.clone().start().unwrap_err();
    assert!(matches!(error, StartError::Bind { .. }));
    let message = error.to_string();
    assert!(message.contains(&address.to_string()) && message.contains("stop it"), "{message}");
    first.shutdown();

    for core in [1_023, 1_024, usize::MAX] {
        let error = builder.clone().thread_name("no-core").pin_to_core(core).start().unwrap_err();
        assert!(error.to_string().contains(&core.to_string()), "{error}");
    }
    assert_eq!(task("no-core"), None);
    for name in ["sixteen-letters-", "a\0b"] {
        let error = builder.clone().thread_name(name).start().unwrap_err();
        assert!(matches!(error, StartError::InvalidThreadName { .. }), "{error}");
    }
    for nonsense in ["", "127.0.0.1", "127.0.0.1:port", "no such host:1"] {
        let error = Exporter::builder().listen(nonsense).start().unwrap_err();
        assert!(matches!(error, StartError::InvalidAddress { .. }), "{error}");
    }
    // The port is free for one that can start.
    assert_eq!(builder.start().unwrap().local_addr(), Some(address));
}

/// More than the sockets' buffers hold.
const LARGE: usize = 20_000_000;

/// A response at least that large.
fn large_registry() -> Registry {
    let registry = Registry::new();
    let padding = "x".repeat(1_000);
    for at in 0..2_000 {
        let description = Description::new("large", "Help.").constant("at", at.to_string());
        let labels = (0..LARGE / 2_000 / padding.len()).map(|label| format!("padding_{label}"));
        let description = labels.fold(description, |to, label| to.constant(label, &*padding));
        registry.register::<Gauge>(&description).unwrap();
    }
    registry
}

#[test]
fn no_client_delays_the_end() {
    let builder = Exporter::builder().listen("127.0.0.3:0").registry(&large_registry());
    let exporter = builder.start().unwrap();
    let address = exporter.local_addr().unwrap();
    let mut silent = Client::new(address);
    let mut idle = Client::new(address);
    assert_eq!(idle.request("GET", "/health").status, 200);
    let mut sending = Client::new(address);
    sending.send("GET /metrics HTT");
    let mut reading = Client::new(address);
    reading.send("GET /metrics HTTP/1.1\r\nHost: test\r\n\r\n");
    assert_eq!(reading.head().status, 200);

    let start = Instant::now();
    exporter.shutdown();
    let took = start.elapsed();
    assert!(took < STOPPED_WITHIN, "{took:?}");
    assert!(silent.is_closed() && idle.is_closed() && sending.is_closed());
    let mut rest = Vec::new();
    let _ = reading.stream.read_to_end(&mut rest);
    assert!(rest.len() < LARGE, "the client was to read slowly");
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn clients_that_stay_keep_no_other_out() {
    let exporter = start(&[]);
    let mut idle: Vec<_> = (0..100).map(|_| Client::new(exporter.local_addr().unwrap())).collect();
    scrape(&exporter);
    assert!(idle[0].is_closed(), "the one that waited the longest made room");
    assert_eq!(idle[99].request("GET", "/health").status, 200);
}
