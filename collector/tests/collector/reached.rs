//! Services behind a Unix socket, and behind a token.

use crate::support::{Memory, PATIENCE, Server, quick, respond};
use std::fs;
use std::io::Write as _;
use tests::processes::Folder;
use tickmetrics::prelude::*;
use tickmetrics_collector::Source;
use tickmetrics_collector::batch::EventKind::{SourceDown, SourceUp};
use tickmetrics_collector::batch::Value;
use tickmetrics_exporter::Exporter;

#[test]
fn a_service_behind_a_unix_socket_is_available_until_it_ends() {
    let folder = Folder::new("unix");
    let address = format!("unix:{}", folder.0.join("metrics").display());
    let registry = Registry::new();
    registry.register::<Counter>(&Description::new("orders_total", "Orders.")).unwrap().add(7);
    let start = || {
        let builder = Exporter::builder().registry(&registry).process_metrics(false);
        builder.listen(&*address).start().unwrap()
    };
    let exporter = start();
    let memory = Memory::default();
    let source = Source::new(&address).service("gateway").timeout(PATIENCE);
    let collector = quick(&memory).source(source).start().unwrap();
    memory.wait_for_samples("gateway", 3);
    let kinds = |count: usize| {
        memory.wait_for("change", |stored| {
            // The exporter's own counters began anew, too: that is another event.
            let mut kinds = stored.kinds("gateway");
            kinds.retain(|kind| matches!(kind, SourceUp | SourceDown));
            (kinds.len() == count).then_some(kinds)
        })
    };
    exporter.shutdown();
    assert_eq!(kinds(2), [SourceUp, SourceDown]);
    let _exporter = start();
    assert_eq!(kinds(3), [SourceUp, SourceDown, SourceUp]);
    collector.stop().unwrap();
    let last = memory.with(|stored| stored.last("gateway"));
    assert_eq!(last["counter orders_total{}"], Value::Number(7.0));
}

#[test]
fn a_service_behind_a_token_is_available_with_the_token_of_the_file() {
    let folder = Folder::new("token");
    let token = folder.0.join("token");
    fs::write(&token, "wrong\n").unwrap();
    let server = Server::new(|head, mut stream| {
        if head.to_lowercase().contains("\r\nauthorization: bearer right\r\n") {
            respond(stream, "text/plain; version=0.0.4", "depth 3\n");
        } else {
            let _ = stream.write_all(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
        }
    });
    let memory = Memory::default();
    let source = server.source("gateway").bearer_file(&token);
    let collector = quick(&memory).source(source).start().unwrap();
    let message = memory.wait_for_event(SourceDown, "401 Unauthorized");
    assert!(!message.contains("wrong"), "{message}");
    // It is read at each scrape.
    fs::write(&token, "right\n").unwrap();
    memory.wait_for_samples("gateway", 2);
    collector.stop().unwrap();
    memory.with(|stored| {
        assert_eq!(stored.kinds("gateway"), [SourceDown, SourceUp]);
        assert_eq!(stored.samples("gateway")[0].value, Value::Number(3.0));
    });
}
