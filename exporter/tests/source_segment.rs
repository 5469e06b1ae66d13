//! A file's segment as a source. By itself, since a process has one segment.

use tests::http::{Client, series};
use tests::processes::Folder;
use tickmetrics::prelude::*;
use tickmetrics::{Segment, SegmentReader};
use tickmetrics_exporter::{Exporter, ProcessMetrics};

#[test]
fn a_segment_s_reader_is_a_source() {
    let folder = Folder::new("sources");
    Segment::builder().path(folder.file()).install().unwrap();
    let ticks: Counter =
        Registry::global().register(&Description::new("read_total", "Read.")).unwrap();
    ticks.add(5);
    let reader = SegmentReader::open(folder.file()).unwrap();
    let builder = Exporter::builder().source(reader).source(ProcessMetrics::new());
    let exporter = builder.process_metrics(false).listen("127.0.0.1:0").start().unwrap();
    let mut client = Client::new(exporter.local_addr().unwrap());
    for _ in 0..2 {
        let answer = client.request("GET", "/metrics");
        let series = series(&answer.body);
        assert_eq!(series["read_total"], ticks.get() as f64);
        assert!(series["process_threads"] >= 1.0);
        ticks.inc();
    }
    exporter.shutdown();
}
