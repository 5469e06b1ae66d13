//! Stores that block or fail.

use crate::support::{Memory, PATIENCE, Server, quick};
use std::time::{Duration, Instant};
use tickmetrics_collector::batch::EventKind::{BatchLost, CycleMissed, WriteError};
use tickmetrics_collector::store::StoreError;

#[test]
fn a_store_that_blocks_loses_the_oldest_batches_and_counts_them() {
    let (server, memory) = (Server::of_text("up 1\n"), Memory::default());
    memory.with(|stored| stored.is_blocked = true);
    let collector = quick(&memory).queue(2).source(server.source("a")).start().unwrap();
    while collector.status().lost < 3 {
        std::thread::sleep(Duration::from_millis(5));
    }
    let status = collector.status();
    assert_eq!((status.queued, status.batches), (2, 0));
    let warnings = status.warnings();
    let is_told = |it: &String| it.contains(" lost in the last 5 minutes");
    assert!(warnings.iter().any(is_told), "{warnings:?}");
    memory.with(|stored| stored.is_blocked = false);
    let told = memory.wait_for_event(BatchLost, "the queue of 2 batches was full");
    assert!(told.contains("1 sample, "), "{told}");
    let status = collector.stop().unwrap();
    memory.with(|stored| {
        let batches = stored.batches.len() as u64;
        assert_eq!(status.batches, batches);
        assert!(status.cycles >= batches + status.lost);
        assert_eq!(status.samples, stored.samples("a").len() as u64);
    });
}

#[test]
fn a_store_that_blocks_takes_no_more_memory_than_is_allowed() {
    let lines: Vec<_> = (0..1000).map(|it| format!("up{{n=\"{it}\"}} {it}\n")).collect();
    let text = lines.concat();
    let (server, memory) = (Server::of_text(&text), Memory::default());
    memory.with(|stored| stored.is_blocked = true);
    // Of two batches, and not of three.
    let collector = quick(&memory).queue_bytes(100_000).source(server.source("a")).start().unwrap();
    while collector.status().lost < 3 {
        std::thread::sleep(Duration::from_millis(5));
    }
    let queued = collector.status().queued;
    assert!(queued < 10, "{queued} batches are queued");
    memory.with(|stored| stored.is_blocked = false);
    memory.wait_for_event(BatchLost, "the queue of 100000 bytes was full");
    let status = collector.stop().unwrap();
    // A cycle without an answer has no batch.
    memory.with(|stored| {
        assert_eq!(status.batches, stored.batches.len() as u64);
        assert!(status.cycles >= status.batches + status.lost);
    });
}

#[test]
fn a_passing_error_is_tried_again_with_the_same_batch() {
    let (server, memory) = (Server::of_text("up 1\n"), Memory::default());
    memory.with(|stored| {
        stored.errors = vec![StoreError::passing("the disk is full")];
    });
    let collector = quick(&memory).source(server.source("a")).start().unwrap();
    memory.wait_for_event(WriteError, "the disk is full");
    let status = collector.stop().unwrap();
    memory.with(|stored| {
        // The first batch is there, with the event of the start.
        assert!(
            stored.batches[0].events.iter().any(|it| it.message.contains("reads 1 target each"))
        );
        assert_eq!(status.batches, stored.batches.len() as u64);
    });
    assert_eq!((status.lost, status.write_errors), (0, 1));
}

#[test]
fn a_lasting_error_ends_the_collector_with_its_message() {
    let (server, memory) = (Server::of_text("up 1\n"), Memory::default());
    memory.with(|stored| {
        stored.errors = vec![StoreError::lasting("the file is of a newer version")];
    });
    let collector = quick(&memory).source(server.source("a")).start().unwrap();
    assert!(collector.wait(PATIENCE));
    assert!(collector.status().failure.is_some());
    let error = collector.stop().unwrap_err();
    assert_eq!(error.to_string(), "the file is of a newer version");
    assert!(memory.with(|stored| stored.is_closed && stored.batches.is_empty()));
}

#[test]
fn the_end_writes_what_is_queued_or_tells_what_is_lost() {
    let (server, memory) = (Server::of_text("up 1\n"), Memory::default());
    memory.with(|stored| stored.is_blocked = true);
    let collector = quick(&memory).source(server.source("a")).start().unwrap();
    while collector.status().queued < 3 {
        std::thread::sleep(Duration::from_millis(5));
    }
    memory.with(|stored| stored.is_blocked = false);
    drop(collector);
    assert!(memory.with(|stored| stored.is_closed && stored.batches.len() >= 4));

    memory.with(|stored| (stored.is_blocked, stored.tries) = (true, 0));
    let collector =
        quick(&memory).source(server.source("a")).grace(Duration::from_millis(1)).start().unwrap();
    memory.wait_for("try", |stored| (stored.tries > 0).then_some(()));
    let error = collector.stop().unwrap_err().to_string();
    assert!(error.contains("has not finished within 1ms"), "{error}");
    memory.with(|stored| stored.is_blocked = false);
}

#[test]
fn a_collector_that_reads_once_ends_by_itself() {
    let (server, memory) = (Server::of_text("up 1\n"), Memory::default());
    let nowhere = Server::of_text("").address();
    let collector = quick(&memory)
        .source(server.source("a"))
        .source(tickmetrics_collector::Source::new(&nowhere).service("b"))
        .once()
        .start()
        .unwrap();
    assert!(collector.wait(PATIENCE));
    let status = collector.stop().unwrap();
    assert_eq!((status.cycles, status.samples), (1, 1));
    let up: Vec<_> = status.sources.iter().map(|it| (&*it.service, it.is_up())).collect();
    assert_eq!(up, [("a", true), ("b", false)]);
}

#[test]
fn cycles_that_are_missed_are_left_out_and_reported() {
    let (server, memory) = (Server::of_text("up 1\n"), Memory::default());
    let (begin, mut is_first) = (Instant::now(), true);
    let collector = quick(&memory)
        .source(server.source("a"))
        .on_cycle(move |_| {
            if std::mem::take(&mut is_first) {
                std::thread::sleep(Duration::from_millis(500));
            }
        })
        .start()
        .unwrap();
    memory.wait_for_event(CycleMissed, "cycles were left out");
    memory.wait_for_samples("a", 5);
    let status = collector.stop().unwrap();
    assert!(status.missed_cycles >= 24, "{status:?}");
    assert_eq!(status.recent_missed_cycles, status.missed_cycles);
    // None of them is caught up: each that ended has had its time, but for the last one.
    let all = u64::try_from(begin.elapsed().as_millis() / 20).unwrap() + 1;
    assert!(status.cycles + status.missed_cycles <= all, "{status:?}");
}
