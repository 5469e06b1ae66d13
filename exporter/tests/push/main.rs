//! Pushes: to a gateway with every possible fault, and to a real one.

mod gateway;
mod real;
#[cfg(feature = "web-config")]
mod tls;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use gateway::{Answer, Gateway, PATIENCE};
use std::io::Read;
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use tests::http::series;
use tests::processes::{command, role, say, wait};
use tickmetrics::prelude::*;
use tickmetrics_exporter::encode::Format;
use tickmetrics_exporter::{AtEnd, Exporter, Push, PushError, StartError};

const OK: Answer = Answer::Status(200, "");

fn counter() -> (Registry, Counter) {
    let registry = Registry::new();
    let counter = registry.register(&Description::new("orders_total", "Orders.")).unwrap();
    (registry, counter)
}

fn to(gateway: &Gateway) -> Push {
    Push::new(format!("http://{}", gateway.address), "batch")
}

/// Only pushes.
fn start(registry: &Registry, push: Push) -> Exporter {
    let builder = Exporter::builder().registry(registry).process_metrics(false);
    builder.push(push).listen_nowhere().start().unwrap()
}

#[test]
fn a_push_has_all_metrics_and_the_last_one_their_last_values() {
    let (registry, orders) = counter();
    let gateway = Gateway::start(|_| OK);
    let exporter = start(&registry, to(&gateway).grouping("path", "/var/tmp").grouping("none", ""));
    assert_eq!(exporter.local_addr(), None);
    orders.add(3);
    exporter.push_now(PATIENCE).unwrap();
    let request = gateway.next();
    assert_eq!(request.method, "PUT");
    assert_eq!(request.path, "/metrics/job/batch/path@base64/L3Zhci90bXA/none@base64/=");
    assert_eq!(request.headers["content-type"], Format::Text.content_type());
    assert_eq!(request.headers["host"], gateway.address.to_string());
    assert!(!request.headers.contains_key("authorization"));
    assert!(
        request.text().starts_with("# HELP orders_total Orders.\n# TYPE orders_total counter\n")
    );
    assert_eq!(request.value("orders_total"), 3.0);
    // It is no scrape.
    assert_eq!(request.value("tickmetrics_exporter_scrapes_total"), 0.0);
    orders.add(4);
    exporter.shutdown();
    let last = gateway.next();
    assert_eq!((&*last.method, &last.path), ("PUT", &request.path));
    assert_eq!(last.value("orders_total"), 7.0);
    assert_eq!(last.value("tickmetrics_pushes_total"), 2.0);
    assert_eq!(last.value("tickmetrics_push_failures_total"), 0.0);
    let success = last.value("tickmetrics_push_last_success_timestamp_seconds");
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs_f64();
    assert!((now - 600.0..=now).contains(&success), "{success}");
}

#[test]
fn a_request_is_as_the_settings_say() {
    let (registry, _) = counter();
    let gateway = Gateway::start(|_| Answer::Status(202, ""));
    let push = || to(&gateway).at_end(AtEnd::Nothing);
    let pushed = |push: Push| {
        start(&registry, push).push_now(PATIENCE).unwrap();
        gateway.next()
    };
    assert_eq!(pushed(push().replace(false)).method, "POST");
    let protobuf = pushed(push().format(Format::Protobuf));
    assert_eq!(protobuf.headers["content-type"], Format::Protobuf.content_type());
    assert!(protobuf.body.windows(12).any(|bytes| bytes == b"orders_total"));
    let basic = pushed(push().basic_auth("me", "päss:word"));
    let expected = format!("Basic {}", BASE64_STANDARD.encode("me:päss:word"));
    assert_eq!(basic.headers["authorization"], expected);
    assert_eq!(pushed(push().bearer_token("abc")).headers["authorization"], "Bearer abc");

    // With a name to look up, and a path before the gateway's.
    let url = format!("http://localhost:{}/push/", gateway.address.port());
    let prefixed = pushed(Push::new(url, "batch").at_end(AtEnd::Nothing));
    assert_eq!(prefixed.path, "/push/metrics/job/batch");
    assert!(prefixed.headers["host"].starts_with("localhost:"));

    drop(start(&registry, push().at_end(AtEnd::Delete).end_within(PATIENCE)));
    let deletion = gateway.next();
    assert_eq!((&*deletion.method, deletion.body.len()), ("DELETE", 0));
    assert!(gateway.rest().is_empty());
}

/// A registry of some chunks.
fn large() -> Registry {
    #[derive(Clone, Copy, Label)]
    #[label(capacity = 20_000)]
    struct Session(LabelId);
    let registry = Registry::new();
    let description = Description::new("sessions_total", "Sessions.");
    let sessions: Counter<Session> = registry.register(&description).unwrap();
    (0..20_000).for_each(|n| sessions.with(Session::intern(&n.to_string())).add(n + 1));
    registry
}

#[test]
fn more_than_a_chunk_arrives_whole() {
    let gateway = Gateway::start(|_| OK);
    start(&large(), to(&gateway).at_end(AtEnd::Nothing)).push_now(PATIENCE).unwrap();
    let request = gateway.next();
    let values = series(request.text());
    let value = |n: u32| values[&*format!("sessions_total{{session=\"{n}\"}}")];
    assert!((0..20_000).all(|n| value(n) == f64::from(n + 1)));
}

#[test]
fn a_refusal_is_read_although_the_body_is_not_sent_yet() {
    let gateway = Gateway::start(|_| Answer::AtOnce(401));
    let exporter = start(&large(), to(&gateway).at_end(AtEnd::Nothing));
    for _ in 0..3 {
        let outcome = exporter.push_now(PATIENCE);
        assert!(matches!(outcome, Err(PushError::Refused { status: 401, .. })), "{outcome:?}");
        gateway.next();
        assert!(gateway.rest().is_empty(), "it was tried again");
    }
}

#[test]
fn failed_pushes_are_repeated_with_new_values() {
    let (registry, orders) = counter();
    let gateway = Gateway::start(move |number| {
        orders.inc();
        match number {
            0 => Answer::Status(500, "later"),
            1 => Answer::Bytes(""),
            2 => Answer::Bytes("HTTP/1.1 20"),
            // The body of a success is ignored.
            _ => Answer::Bytes("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"),
        }
    });
    let exporter = start(&registry, to(&gateway).at_end(AtEnd::Nothing));
    exporter.push_now(PATIENCE).unwrap();
    for attempt in 0..4 {
        let request = gateway.next();
        assert_eq!(request.value("orders_total"), f64::from(attempt));
        assert_eq!(request.value("tickmetrics_push_failures_total"), f64::from(attempt));
    }
    assert!(gateway.rest().is_empty());
}

#[test]
fn refusals_are_reported_at_once() {
    let (registry, _) = counter();
    let long = "no\tsuch\r\n thing\u{202e} ".repeat(100).leak();
    let gateway = Gateway::start(|number| match number {
        0 => Answer::Status(400, long),
        1 => Answer::Status(401, ""),
        _ => Answer::Status(308, ""),
    });
    let exporter = start(&registry, to(&gateway).at_end(AtEnd::Nothing));
    let refused = || match exporter.push_now(PATIENCE) {
        Err(error @ PushError::Refused { status, .. }) => (status, error.to_string()),
        other => panic!("{other:?}"),
    };
    let (status, told) = refused();
    assert_eq!(status, 400);
    // Characters that are no text are escaped.
    let shown = r"400: no such thing\u{202e} no such thing\u{202e} no";
    assert!(told.contains(shown) && told.len() < 900, "{told}");
    let (status, told) = refused();
    assert!(status == 401 && told.contains(".basic_auth(..)"), "{told}");
    let (status, told) = refused();
    assert!(status == 308 && told.contains("redirects"), "{told}");
    gateway.next();
    gateway.next();
    gateway.next();
    assert!(gateway.rest().is_empty());
}

#[test]
fn nobody_waits_longer_than_told() {
    let (registry, _) = counter();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let push = Push::new(format!("http://{free}"), "batch");
    let exporter = start(&registry, push);
    let outcome = exporter.push_now(Duration::from_secs(2));
    assert!(matches!(outcome, Err(PushError::Unreachable { .. })), "{outcome:?}");
    let told = format!("{:?}", outcome.unwrap_err());
    let begin = format!("the gateway http://{free}/metrics/job/batch can't be reached: ");
    assert!(told.starts_with(&begin), "{told}");
    drop(exporter);

    let gateway = Gateway::start(|_| Answer::Hang);
    let exporter = start(&registry, to(&gateway).interval(PATIENCE));
    // The one on the interval hangs, and is given up for this.
    gateway.next();
    let outcome = exporter.push_now(Duration::from_millis(200));
    assert!(matches!(outcome, Err(PushError::TimedOut { .. })), "{outcome:?}");
    gateway.next();
    let start = Instant::now();
    drop(exporter);
    let took = start.elapsed();
    // As in the tests of the server: far less than its wait for the gateway.
    assert!(took < Duration::from_secs(2), "{took:?}");
}

/// Responses before the response, of which there may be any number (RFC 9110, 15.2), as fast as they are
/// read.
#[test]
fn a_gateway_that_says_on_and_on_that_it_goes_on_holds_nobody() {
    use std::io::Write;
    let gateway = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = gateway.local_addr().unwrap();
    // Ends with the test.
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = gateway.accept() {
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            let on_and_on = "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n".repeat(4_000);
            let _ = stream.read(&mut [0; 1_000]);
            while stream.write_all(on_and_on.as_bytes()).is_ok() {}
        }
    });
    let (registry, _) = counter();
    let exporter = start(&registry, Push::new(format!("http://{address}"), "batch"));
    let outcome = exporter.push_now(Duration::from_millis(300));
    assert!(matches!(outcome, Err(PushError::TimedOut { .. })), "{outcome:?}");
    let start = Instant::now();
    drop(exporter);
    let took = start.elapsed();
    // Far less than half a MiB of them takes for each of 128 reads.
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[test]
fn an_interval_pushes_again_and_again() {
    let (registry, orders) = counter();
    let gateway = Gateway::start(move |number| {
        orders.inc();
        if number == 1 { Answer::Hang } else { OK }
    });
    let push = to(&gateway).interval(Push::MIN_INTERVAL).timeout(Duration::from_secs(1));
    let exporter = start(&registry, push);
    for number in 0..5 {
        assert_eq!(gateway.next().value("orders_total"), f64::from(number));
    }
    drop(exporter);
}

#[test]
fn an_interval_may_be_for_ever() {
    let (registry, _) = counter();
    let gateway = Gateway::start(|_| OK);
    let exporter = start(&registry, to(&gateway).interval(Duration::MAX).timeout(Duration::MAX));
    gateway.next();
    for _ in 0..2 {
        exporter.push_now(Duration::MAX).unwrap();
        gateway.next();
    }
}

/// The status arrives, and the reason never does.
#[test]
fn a_refusal_without_an_end_is_a_refusal() {
    let (registry, _) = counter();
    let gateway =
        Gateway::start(|_| Answer::Hanging("HTTP/1.1 401 A\r\nContent-Length: 9\r\n\r\nno"));
    let exporter = start(&registry, to(&gateway).at_end(AtEnd::Nothing));
    let outcome = exporter.push_now(Duration::from_millis(300));
    let Err(PushError::Refused { status: 401, answer, .. }) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(answer, "no");
    gateway.next();
    assert!(gateway.rest().is_empty(), "it was tried again");
}

#[test]
fn impossible_pushes_are_reported() {
    let (registry, _) = counter();
    let gateway = Gateway::start(|_| OK);
    let exporter = Exporter::builder().registry(&registry).listen("127.0.0.1:0").start().unwrap();
    assert_eq!(exporter.push_now(PATIENCE), Err(PushError::NotConfigured));

    // On its own thread, it would wait for itself.
    let own: Arc<OnceLock<Exporter>> = Arc::default();
    let asked: Arc<OnceLock<Result<(), PushError>>> = Arc::default();
    let (exporter, outcome) = (Arc::downgrade(&own), Arc::clone(&asked));
    let ask = move || {
        if let Some(own) = exporter.upgrade()
            && let Some(exporter) = own.get()
        {
            let _ = outcome.set(exporter.push_now(PATIENCE));
        }
        0.0
    };
    registry.gauge_fn("asks", "Pushes when it is read.", ask).unwrap();
    own.set(start(&registry, to(&gateway))).unwrap();
    own.get().unwrap().push_now(PATIENCE).unwrap();
    assert_eq!(asked.get(), Some(&Err(PushError::NotRunning)));
}

#[test]
fn settings_are_checked_before_anything_starts() {
    let started = |builder: tickmetrics_exporter::ExporterBuilder| builder.start().err().unwrap();
    let nothing = started(Exporter::builder().listen_nowhere());
    assert!(matches!(nothing, StartError::NothingToDo), "{nothing}");
    let push = Push::new("http://gateway", "");
    let invalid = started(Exporter::builder().push(push).listen_nowhere());
    assert!(matches!(invalid, StartError::InvalidPush { .. }), "{invalid}");
}

/// The part of the other processes. Run directly, this test does nothing.
#[test]
fn in_another_process() {
    let Some((role, gateway)) = role() else { return };
    let (registry, _) = counter();
    let push = Push::new(format!("http://{}", gateway.display()), "batch");
    match &*role {
        "interval" => {
            let push = push.interval(Push::MIN_INTERVAL).at_end(AtEnd::Nothing);
            let exporter = start(&registry, push);
            wait();
            drop(exporter);
        }
        "end" => drop(start(&registry, push)),
        "fork" => {
            let exporter = start(&registry, push.at_end(AtEnd::Nothing));
            // SAFETY: this process runs one test, whose thread holds no lock now.
            let child = unsafe { libc::fork() };
            assert!(child >= 0);
            let outcome = exporter.push_now(PATIENCE);
            if child == 0 {
                say(&format!("child {outcome:?}"));
                // SAFETY: ends the child without running the exit handlers of the parent.
                unsafe { libc::_exit(0) };
            }
            // SAFETY: waits for the child made above.
            unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) };
            say(&format!("parent {outcome:?}"));
        }
        _ => panic!("{role}"),
    }
}

/// The standard error of a process.
fn told_by(role: &str, gateway: &Gateway, requests: usize) -> Vec<String> {
    let mut command = command(&[], role, Path::new(&gateway.address.to_string()));
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap();
    (0..requests).for_each(|_| drop(gateway.next()));
    drop(child.stdin.take());
    let mut errors = String::new();
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    assert!(child.wait().unwrap().success(), "{errors}");
    let told = errors.lines().filter_map(|line| line.strip_prefix("tickmetrics: "));
    told.map(|line| line.replace(&format!("http://{}", gateway.address), "URL")).collect()
}

#[test]
fn a_change_is_said_once() {
    let answers = [200, 200, 503, 503, 200, 200, 400, 400, 503, 200, 200];
    let gateway = Gateway::start(move |number| {
        Answer::Status(answers.get(number).copied().unwrap_or(200), "why")
    });
    let told = told_by("interval", &gateway, answers.len() + 1);
    let where_to = "URL/metrics/job/batch";
    let expected = [
        format!("metrics can't be pushed, {where_to}: the gateway answered with status 503: why"),
        format!("metrics are pushed again, {where_to}"),
        format!("metrics can't be pushed, {where_to}: the gateway answered with status 400: why"),
        format!("metrics can't be pushed, {where_to}: the gateway answered with status 503: why"),
        format!("metrics are pushed again, {where_to}"),
    ];
    assert_eq!(told, expected);
}

#[test]
fn losses_at_the_end_are_reported() {
    let gateway = Gateway::start(|_| Answer::Status(400, "why"));
    let told = told_by("end", &gateway, 0);
    // On a busy machine the gateway may not even be asked in time.
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("metrics were not pushed at the end, URL/metrics/job/batch: the"));
}

#[test]
fn a_forked_child_leaves_pushing_to_its_parent() {
    let gateway = Gateway::start(|_| OK);
    let said =
        tests::processes::output(command(&[], "fork", Path::new(&gateway.address.to_string())));
    assert!(said.contains("says: child Err(the exporter's thread can't push: "), "{said}");
    assert!(said.contains("says: parent Ok(())\n"), "{said}");
    gateway.next();
    assert!(gateway.rest().is_empty());
}
