//! Files that are small on the disk and declare large contents: the cost of reading them is bounded
//! by their bytes, and reading leaves no trace in the file system. Programs' own segments pass.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::LazyLock;
use tests::hollow::{COUNTER, GAUGE, HISTOGRAM, Hollow, UP_DOWN, on_disk};
use tests::processes::{Folder, Other, command, output, role, say};
use tickmetrics::prelude::*;
use tickmetrics::{ReadError, Segment, SegmentReader, Values};

const SMALL: Hollow = Hollow { kind: COUNTER, labels: &[64, 64], shards: 2, edges: false };

/// The part of the other process. Run directly, this test does nothing.
#[test]
fn in_another_process() {
    let Some((role, file)) = role() else { return };
    match role.as_str() {
        "read" => {
            let read = SegmentReader::open(&file).and_then(|mut reader| reader.snapshot());
            let peak = peak_memory();
            let what = match read {
                Ok(_) => "read",
                Err(ReadError::TooLarge { .. }) => "too large",
                Err(ReadError::TooSparse { .. }) => "too sparse",
                Err(error) => panic!("{error}"),
            };
            println!("\npeak {peak} {what}");
        }
        "resume" => {
            let builder = Segment::builder().resume(true).path(&file);
            builder.install().unwrap();
            println!("\npeak {} resumed", peak_memory());
        }
        "read on and on" => {
            say("ready");
            let (mut read, mut short) = (0, 0);
            while read < 60 || short < 60 {
                match SegmentReader::open(&file).and_then(|mut reader| reader.snapshot()) {
                    Ok(_) => read += 1,
                    Err(_) => short += 1,
                }
            }
            say("done");
        }
        "honest" => honest(&file),
        "set on and on" => set_on_and_on(&file),
        other => panic!("{other}"),
    }
}

/// Kilobytes that this process had in memory at most.
fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse().unwrap()
}

/// Another process's result for a file, and the most kilobytes that it had.
fn peak_of(role: &str, file: &Path) -> (u64, String) {
    let said = output(command(&[], role, file));
    let line = said.lines().find_map(|line| line.strip_prefix("peak ")).expect(&said);
    let (peak, what) = line.split_once(' ').unwrap();
    (peak.parse().unwrap(), what.to_owned())
}

#[test]
fn a_small_file_takes_little_memory_and_fills_no_hole() {
    let folder = Folder::new("sparse");
    let file = folder.file();
    let few = Hollow { labels: &[2, 2], ..SMALL };
    few.write(&file);
    let (least, what) = peak_of("read", &file);
    assert_eq!(what, "read");
    for (name, hollow) in [
        ("counters", Hollow { labels: &[4096, 4096], ..SMALL }),
        ("more counters", Hollow { labels: &[16_384, 16_384], ..SMALL }),
        ("three labels", Hollow { labels: &[512, 512, 512], ..SMALL }),
        ("up and down", Hollow { kind: UP_DOWN, labels: &[4096, 4096], ..SMALL }),
        ("gauges", Hollow { kind: GAUGE, labels: &[4096, 4096], ..SMALL }),
        ("histograms", Hollow { kind: HISTOGRAM, labels: &[4096, 2048], ..SMALL }),
        // 134 million series. A reader that asked for each in turn would take minutes.
        ("very many histograms", Hollow { kind: HISTOGRAM, labels: &[512, 512, 512], ..SMALL }),
        ("buckets", Hollow { kind: HISTOGRAM, labels: &[512, 512], edges: true, ..SMALL }),
        ("shards", Hollow { labels: &[512, 512], shards: 20_000, ..SMALL }),
        ("heads", Hollow { kind: HISTOGRAM, labels: &[16, 16], shards: 65_537, ..SMALL }),
    ] {
        let bytes = hollow.write(&file);
        assert!(bytes <= 600 << 10, "{name}: {bytes} bytes on the disk");
        let (peak, what) = peak_of("read", &file);
        assert_ne!(what, "read", "{name}");
        let more = peak.saturating_sub(least);
        assert!(more <= 64 << 10, "{name}: {more} kB for {bytes} bytes");
        assert_eq!(on_disk(&file), bytes, "{name}");
    }
}

#[test]
fn the_error_names_the_file_the_need_and_the_limit() {
    let folder = Folder::new("sparse-error");
    let file = folder.file();
    Hollow { labels: &[4096, 4096], ..SMALL }.write(&file);
    let mut reader = SegmentReader::open(&file).unwrap();
    let error = reader.snapshot().unwrap_err();
    let ReadError::TooLarge { bytes, most, .. } = error else { panic!("{error}") };
    assert!(bytes >= 4096 * 4096 * 8 && most < 20 << 20, "{bytes} of {most}");
    let told = reader.snapshot().unwrap_err().to_string();
    for part in [file.to_str().unwrap(), &bytes.to_string(), &most.to_string()] {
        assert!(told.contains(part), "{part} is not in {told}");
    }
}

/// A word is read as it was stored, whole, although no load of this program reads it.
#[test]
fn words_are_not_torn() {
    let folder = Folder::new("torn");
    let mut other = Other::start("set on and on", &folder.file());
    assert_eq!(other.says(), "ready");
    let mut reader = SegmentReader::open(folder.file()).unwrap();
    let mut seen = [0; 2];
    // As often as it takes to see both, on a machine with one processor, too.
    while seen.iter().sum::<u32>() < 20_000 || seen.contains(&0) {
        let value = reader.snapshot().unwrap().gauge("value", &[]).unwrap();
        let which = TWO.iter().position(|it| it.to_bits() == value.to_bits());
        seen[which.unwrap_or_else(|| panic!("{:x}", value.to_bits()))] += 1;
    }
    other.kill();
}

/// No byte of one is that of the other.
const TWO: [f64; 2] = [1.0, -1.234_567_890_123e-67];

fn set_on_and_on(file: &Path) {
    Segment::builder().path(file).install().unwrap();
    let description = Description::new("value", "One of two.");
    let value: Gauge = Registry::new().register(&description).unwrap();
    value.set(TWO[0]);
    say("ready");
    loop {
        TWO.iter().for_each(|&two| value.set(two));
    }
}

/// A reader that trusts a file may read all of it: on the file system nothing changes.
#[test]
fn reading_holes_fills_none() {
    let folder = Folder::new("holes");
    let file = folder.file();
    for kind in [COUNTER, UP_DOWN, GAUGE, HISTOGRAM] {
        let bytes = Hollow { kind, labels: &[512, 512], shards: 8, edges: false }.write(&file);
        let mut reader = SegmentReader::open(&file).unwrap();
        reader.set_memory_limit(4 << 30);
        let snapshot = reader.snapshot().unwrap();
        assert_eq!(snapshot.family("a").unwrap().series_count(), 512 * 512);
        assert_eq!(on_disk(&file), bytes, "kind {kind}");
    }
}

#[test]
fn a_file_that_is_cut_short_meanwhile_ends_no_reader() {
    let folder = Folder::new("cut");
    let file = folder.file();
    SMALL.write(&file);
    let whole = fs::metadata(&file).unwrap().len();
    let bytes = fs::read(&file).unwrap();
    let mut other = Other::start("read on and on", &file);
    assert_eq!(other.says(), "ready");
    let writer = File::options().write(true).open(&file).unwrap();
    let done = std::thread::spawn(move || other.says());
    while !done.is_finished() {
        for length in [whole - 4096, 100, 70_000, whole / 2] {
            writer.set_len(length).unwrap();
            writer.set_len(whole).unwrap();
            writer.write_all_at(&bytes[..200_000], 0).unwrap();
            std::thread::yield_now();
        }
    }
    assert_eq!(done.join().unwrap(), "done");
}

/// The remains of an earlier run are checked like a stranger's file.
#[test]
fn a_small_file_to_resume_takes_little_memory() {
    let folder = Folder::new("sparse-resume");
    let file = folder.file();
    Hollow { labels: &[2, 2], ..SMALL }.write(&file);
    let (least, _) = peak_of("resume", &file);
    for labels in [&[4096, 4096][..], &[16_384, 16_384]] {
        for kind in [COUNTER, HISTOGRAM] {
            fs::remove_file(&file).unwrap();
            let bytes = Hollow { kind, labels, shards: 3, edges: false }.write(&file);
            let (peak, _) = peak_of("resume", &file);
            let more = peak.saturating_sub(least);
            assert!(more <= 64 << 10, "kind {kind}: {more} kB for {bytes} bytes");
        }
    }
}

/// A label with so many values, the first one of its metric or the second.
#[derive(Clone, Copy)]
struct Many<const IS_FIRST: bool, const N: usize>;

static NAMES: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| (0..512).map(|n| &*format!("value {n}").leak()).collect());

impl<const IS_FIRST: bool, const N: usize> Label for Many<IS_FIRST, N> {
    const NAME: &'static str = if IS_FIRST { "one" } else { "two" };
    const COUNT: usize = N;

    fn values() -> Values {
        Values::Fixed(&NAMES[..N])
    }

    fn index(self) -> usize {
        0
    }
}

#[derive(Clone, Copy, Label)]
#[label(capacity = 4096)]
struct Symbol(LabelId);

#[derive(Clone, Copy, Label)]
enum Venue {
    A,
    B,
}

#[derive(Metrics)]
#[expect(dead_code, reason = "most are registered, and no more")]
struct HonestMetrics {
    /// A product that nobody touches: exposed whole.
    counters: Counter<(Many<true, 512>, Many<false, 511>)>,
    /// As above.
    balances: UpDownCounter<(Many<true, 256>, Many<false, 255>)>,
    /// As above.
    gauges: Gauge<(Many<true, 128>, Many<false, 127>)>,
    /// As above, with distributions as small as they can be, and buckets.
    #[metric(sigfigs = 1, max = 10, buckets = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])]
    small: Histogram<(Many<true, 64>, Many<false, 63>)>,
    /// As above, larger.
    large: Histogram<Many<true, 32>>,
    /// Interned, all touched.
    interned: Counter<(Symbol, Venue)>,
    /// Interned, all touched.
    waits: Histogram<(Symbol, Venue)>,
}

/// Registers all, and is read after each step.
fn honest(file: &Path) {
    let builder = Segment::builder().shards(4).shard_bytes(1 << 30).shared_bytes(64 << 20);
    builder.directory_bytes(16 << 20).path(file).install().unwrap();
    let metrics = HonestMetrics::register(&Registry::new()).unwrap();
    let read = |what: &str| {
        let mut reader = SegmentReader::open(file).unwrap();
        let snapshot = reader.snapshot().unwrap_or_else(|error| panic!("{what}: {error}"));
        println!("\n{what}: {} bytes on the disk, {} to read", on_disk(file), reader.memory());
        // A sixteenth of the limit, so that no program comes near.
        assert!(reader.memory() < 4 * on_disk(file), "{what}");
        snapshot
    };
    let snapshot = read("untouched");
    let count = |name: &str| snapshot.family(name).unwrap().series_count();
    assert_eq!(count("counters_total"), 512 * 511);
    assert_eq!(count("balances"), 256 * 255);
    assert_eq!(count("gauges"), 128 * 127);
    assert_eq!(count("small"), 64 * 63);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0..4095 {
                let symbol = Symbol::intern(&format!("symbol {n}"));
                for venue in [Venue::A, Venue::B] {
                    metrics.interned.with((symbol, venue)).inc();
                    (0..40).for_each(|at| metrics.waits.with((symbol, venue)).record(1 << at));
                }
            }
        });
    });
    let snapshot = read("touched");
    assert_eq!(snapshot.family("interned_total").unwrap().series_count(), 4095 * 2);
    assert_eq!(snapshot.family("waits").unwrap().series_count(), 4095 * 2);
    std::io::stdout().flush().unwrap();
}

#[test]
fn segments_of_programs_pass() {
    let folder = Folder::new("honest");
    println!("{}", output(command(&[], "honest", &folder.file())));
}
