//! Registers and records the input's metrics, encodes them in every format, and reads the result
//! with parsers of the formats' own. If `ENCODERS_KEEP` names a folder, the texts are kept there,
//! for parsers in other languages.

#![no_main]

use fuzz::expected::{self, Format, More, Values};
use fuzz::exposition::text::{self, Dialect};
use fuzz::exposition::{Families, check_histograms, protobuf};
use fuzz::program::{PIECES, Program};
use fuzz::recorded::{Odd, Recorded};
use fuzz::rewind::Rewind;
use libfuzzer_sys::fuzz_target;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::sync::{LazyLock, Mutex};
use tickmetrics::Snapshot;
use tickmetrics::prelude::*;
use tickmetrics_exporter::__fuzz;
use tickmetrics_exporter::encode::Protocol;

static SEGMENT: LazyLock<Mutex<Rewind>> = LazyLock::new(|| {
    let segment = Rewind::new(|| {
        // The label's values stay: a process interns a text once.
        PIECES.iter().for_each(|text| _ = Odd::intern(text));
        let description = Description::new("before", "Before.");
        let before = Registry::new().register::<Counter<Odd>>(&description);
        before.expect("the segment has room").with(Odd::intern("a")).inc();
    });
    Mutex::new(segment.expect("the segment can be made"))
});

static KEEP: LazyLock<Option<PathBuf>> =
    LazyLock::new(|| std::env::var_os("ENCODERS_KEEP").map(PathBuf::from));

fuzz_target!(|program: Program| {
    let mut segment = SEGMENT.lock().expect("a panic ends the process");
    let registry = Registry::new();
    let mut recorded = Recorded::default();
    program.0.iter().for_each(|metric| recorded.record(&registry, metric));
    let first = registry.snapshot();
    recorded.go_on();
    let snapshot = registry.snapshot();
    let values = Values::of(&snapshot);
    values.check(&recorded);

    let mut out = String::new();
    tickmetrics_exporter::encode::text(&snapshot, &mut out);
    let read = text::read(Dialect::Text, &out).unwrap_or_else(|error| panic!("{error}\n{out}"));
    compare(
        &read,
        &expected::families(Format::Text(Dialect::Text), &recorded, &values, None),
        &out,
    );
    is_rendered(&snapshot, "text/plain", out.as_bytes());
    keep(&out, "text");

    out.clear();
    tickmetrics_exporter::encode::openmetrics(&snapshot, &mut out);
    let read =
        text::read(Dialect::OpenMetrics, &out).unwrap_or_else(|error| panic!("{error}\n{out}"));
    let format = Format::Text(Dialect::OpenMetrics);
    compare(&read, &expected::families(format, &recorded, &values, None), &out);
    is_rendered(&snapshot, "application/openmetrics-text", out.as_bytes());
    keep(&out, "openmetrics");

    // With all there is to read.
    let mut protocol = Protocol::from(tickmetrics_exporter::encode::Format::Protobuf);
    protocol.classic_beside_native = true;
    let mut bytes = tickmetrics_exporter::encode::render_as(&snapshot, protocol);
    let (read, natives) = protobuf::read(&bytes).unwrap_or_else(|error| panic!("{error}\n{out}"));
    compare(&read, &expected::families(Format::Protobuf, &recorded, &values, None), &out);
    assert_eq!(natives, values.natives());
    bytes.clear();
    tickmetrics_exporter::encode::protobuf(&snapshot, &mut bytes);
    let accept = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;\
                  encoding=delimited";
    is_rendered(&snapshot, accept, &bytes);

    let interval = snapshot.since(&first);
    let more = More { interval: Values::of(&interval), created: segment.created() };
    more.interval.check_interval(&recorded);
    for format in
        [Format::Text(Dialect::Text), Format::Text(Dialect::OpenMetrics), Format::Protobuf]
    {
        second(format, &first, &snapshot, &recorded, &values, &more);
    }

    drop((values, more));
    drop((interval, first, snapshot, registry));
    segment.rewind();
});

/// Checks the second scrape of an exporter with all settings.
fn second(
    format: Format,
    first: &Snapshot,
    snapshot: &Snapshot,
    recorded: &Recorded,
    values: &Values<'_>,
    more: &More<'_>,
) {
    let of = match format {
        Format::Text(Dialect::Text) => tickmetrics_exporter::encode::Format::Text,
        Format::Text(Dialect::OpenMetrics) => tickmetrics_exporter::encode::Format::OpenMetrics,
        Format::Protobuf => tickmetrics_exporter::encode::Format::Protobuf,
    };
    let mut protocol = Protocol::from(of);
    (protocol.classic_beside_native, protocol.created) = (true, true);
    let bytes = __fuzz::render_second(first.clone(), snapshot, protocol);
    let (read, shown) = match format {
        Format::Text(dialect) => {
            let text = String::from_utf8(bytes).expect("it is text");
            let read = text::read(dialect, &text).unwrap_or_else(|error| panic!("{error}\n{text}"));
            keep(&text, if dialect == Dialect::Text { "text" } else { "openmetrics" });
            (read, text)
        }
        Format::Protobuf => {
            let (read, natives) = protobuf::read(&bytes).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(natives, values.natives());
            (read, String::from("protobuf"))
        }
    };
    compare(&read, &expected::families(format, recorded, values, Some(more)), &shown);
}

/// The parsed content must equal the expected content, with nothing missing or added.
fn compare(read: &Families, expected: &Families, text: &str) {
    check_histograms(read).unwrap_or_else(|error| panic!("{error}\n{text}"));
    for (name, family) in expected {
        assert_eq!(read.get(name), Some(family), "{name} in\n{text}");
    }
    let known = |name: &&String| expected.contains_key(*name);
    assert!(read.keys().all(|name| known(&name)), "there are other families in\n{text}");
}

fn is_rendered(snapshot: &tickmetrics::Snapshot, accept: &str, bytes: &[u8]) {
    let (_, rendered) = tickmetrics_exporter::encode::render(snapshot, Some(accept));
    assert!(rendered == bytes, "rendered for {accept:?} it is another one");
}

fn keep(text: &str, format: &str) {
    let Some(folder) = &*KEEP else { return };
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let path = folder.join(format!("{:016x}.{format}", hasher.finish()));
    fs::write(path, text).expect("the folder can be written to");
}
