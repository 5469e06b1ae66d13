//! A segment in a file, read from outside: by a process that did not count, while the other one
//! lives and after it was killed. The processes that count are this test program, run again.

use std::fs;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};
use tests::processes::{Folder, Other, command, role, say, try_lock, wait};
use tests::programs::skip;
use tests::seccomp;
use tickmetrics::prelude::*;
use tickmetrics::{Process, ReadError, Segment, SegmentReader};

#[derive(Clone, Copy, Label)]
enum Side {
    Buy,
    Sell,
}

#[derive(Clone, Copy, Label)]
#[label(capacity = 8)]
struct Symbol(LabelId);

#[derive(Metrics)]
#[metrics(prefix = "gateway")]
struct GatewayMetrics {
    /// Orders.
    orders: Counter<(Symbol, Side)>,
    /// In flight.
    in_flight: UpDownCounter,
    /// A limit.
    limit: Gauge,
    /// Time to decode.
    #[metric(unit = "seconds", sigfigs = 1, max = "1ms")]
    decode: Histogram<Symbol>,
}

/// The part of the other process. Run directly, this test does nothing.
#[test]
fn in_another_process() {
    let Some((role, file)) = role() else { return };
    if role == "race" {
        say("here");
        wait();
    }
    if role == "removed" || role == "locked" {
        return install_while_another_looks(&role, &file);
    }
    let small = if role == "large" { 16 << 20 } else { 64 << 10 };
    let builder = Segment::builder().shards(4).shard_bytes(small).directory_bytes(small);
    if let Err(error) = builder.shared_bytes(small).path(file).install() {
        say(&error.to_string());
        return;
    }
    if role == "race" {
        say("installed");
        return wait();
    }
    if role == "large" {
        return large();
    }
    let registry = Registry::new();
    let metrics = GatewayMetrics::register(&registry).unwrap();
    let other = Registry::new();
    let same_name: Counter =
        other.register(&Description::new("gateway_limit", "Not the gauge.")).unwrap();
    same_name.inc();
    record(&metrics);
    say("ready");
    wait();
    std::thread::spawn(move || metrics.orders.with((Symbol::intern("MSFT"), Side::Buy)).add(5))
        .join()
        .unwrap();
    say("more");
    wait();
}

fn record(metrics: &GatewayMetrics) {
    std::thread::scope(|scope| {
        for thread in 1..=3 {
            scope.spawn(move || {
                for n in 0..1000 {
                    metrics.orders.with((Symbol::intern("AAPL"), Side::Sell)).add(thread);
                    metrics.decode.with(Symbol::intern("AAPL")).record(n);
                    metrics.in_flight.add(2);
                    metrics.in_flight.sub(1);
                }
            });
        }
    });
    metrics.limit.set(2.5);
    metrics.decode.with(Symbol::intern("MSFT")).record(2_000_000);
}

/// Checks the effect of `record`, reckoned by hand.
fn check(snapshot: &Snapshot, msft: Option<u64>) {
    let orders = |symbol, side| {
        snapshot.counter("gateway_orders_total", &[("symbol", symbol), ("side", side)])
    };
    assert_eq!(orders("AAPL", "sell"), Some(6000));
    assert_eq!(orders("AAPL", "buy"), None, "not touched");
    assert_eq!(orders("MSFT", "buy"), msft);
    assert_eq!(snapshot.gauge("gateway_in_flight", &[]), Some(3000.0));
    assert_eq!(snapshot.gauge("gateway_limit", &[]), Some(2.5));
    let decode =
        |symbol| snapshot.histogram("gateway_decode_seconds", &[("symbol", symbol)]).unwrap();
    let aapl = decode("AAPL");
    assert_eq!((aapl.count(), aapl.min(), aapl.max()), (3000, Some(0.0), Some(999e-9)));
    assert_eq!(aapl.sum(), 3.0 * 999.0 * 500.0 / 1e9);
    assert_eq!((decode("MSFT").count(), decode("MSFT").saturated()), (1, 1));
}

#[test]
fn exact_values_while_it_lives_and_after_it_was_killed() {
    let folder = Folder::new("exact");
    let file = folder.file();
    let before = std::time::SystemTime::now();
    let mut other = Other::start("count", &file);
    assert_eq!(other.says(), "ready");
    assert_eq!(folder.names(), ["segment"], "nothing is left beside it");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o7777, 0o600);

    let mut reader = SegmentReader::open(&file).unwrap();
    let Process { pid, started, is_alive, .. } = reader.process().unwrap();
    assert_eq!((pid, is_alive), (other.child.id(), true));
    assert!(before <= started && started <= std::time::SystemTime::now());
    let first = reader.snapshot().unwrap();
    check(&first, None);
    assert_eq!(reader.left_out(), 1, "the other registry's metric of the same name");
    other.tell();
    assert_eq!(other.says(), "more");
    let second = reader.snapshot().unwrap();
    check(&second, Some(5));
    let since = second.since(&first);
    let labels = [("symbol", "MSFT"), ("side", "buy")];
    assert_eq!(since.counter("gateway_orders_total", &labels), Some(5));
    assert_eq!(reader.stats().unwrap().failed_registrations, 0);

    other.kill();
    assert!(!reader.process().unwrap().is_alive);
    check(&reader.snapshot().unwrap(), Some(5));
    let mut later = SegmentReader::open(&file).unwrap();
    check(&later.snapshot().unwrap(), Some(5));
    assert_eq!(later.process().unwrap().pid, pid, "whose it was is known after its end");

    // The next one replaces the file; a reader with the old one open continues with that.
    let mut next = Other::start("count", &file);
    assert_eq!(next.says(), "ready");
    check(&SegmentReader::open(&file).unwrap().snapshot().unwrap(), None);
    check(&later.snapshot().unwrap(), Some(5));
    assert!(!later.process().unwrap().is_alive);
    assert_eq!(SegmentReader::open(&file).unwrap().process().unwrap().pid, next.child.id());
    assert_eq!(folder.names(), ["segment"]);

    // While that one lives, a third gets nothing.
    let mut third = Other::start("count", &file);
    let error = third.says();
    assert!(error.contains(&format!("process {} counts in", next.child.id())), "{error}");
    assert!(error.contains(file.to_str().unwrap()) && error.contains("{pid}"), "{error}");
    check(&SegmentReader::open(&file).unwrap().snapshot().unwrap(), None);
    assert_eq!(folder.names(), ["segment"]);
}

#[test]
fn of_processes_that_start_at_once_one_wins() {
    let folder = Folder::new("race");
    for round in 0..8 {
        // At first there is no file, then that of the last round's winner.
        let mut others: Vec<_> = (0..4).map(|_| Other::start("race", &folder.file())).collect();
        others.iter_mut().for_each(|other| assert_eq!(other.says(), "here"));
        others.iter_mut().for_each(Other::tell);
        let said: Vec<_> = others.iter_mut().map(Other::says).collect();
        let winner: Vec<_> = said.iter().enumerate().filter(|said| said.1 == "installed").collect();
        let [(winner, _)] = winner[..] else { panic!("round {round}: {said:?}") };
        let pid = others[winner].child.id();
        let lost = format!("process {pid} counts in");
        assert_eq!(said.iter().filter(|said| said.contains(&lost)).count(), 3, "{said:?}");
        let process = SegmentReader::open(folder.file()).unwrap().process().unwrap();
        assert_eq!((process.pid, process.is_alive), (pid, true));
        assert_eq!(folder.names(), ["segment"]);
    }
}

/// Processes that share a folder and not the ids of processes, as containers do, take each other's
/// temporary files for those of the dead: they have the same names.
#[test]
fn of_processes_that_all_have_the_same_id_one_wins() {
    let unshare = ["unshare", "-rpf", "--kill-child"];
    let able =
        std::process::Command::new("unshare").args(["-rpf", "--kill-child", "true"]).output();
    if !able.is_ok_and(|output| output.status.success()) {
        return skip("this user may not make a namespace of process ids (unshare -rpf)");
    }
    let folder = Folder::new("same-ids");
    for round in 0..12 {
        let start = || Other::of(command(&unshare, "race", &folder.file()));
        let mut others: Vec<_> = (0..4).map(|_| start()).collect();
        others.iter_mut().for_each(|other| assert_eq!(other.says(), "here"));
        others.iter_mut().for_each(Other::tell);
        let mut said: Vec<_> = others.iter_mut().map(Other::says).collect();
        said.sort();
        assert_eq!(said[0], "installed", "round {round}: {said:?}");
        assert!(said[1..].iter().all(|lost| lost.contains("process 1 counts in")), "{said:?}");
        let process = SegmentReader::open(folder.file()).unwrap().process().unwrap();
        assert_eq!((process.pid, process.is_alive), (1, true), "round {round}");
        assert_eq!(folder.names(), ["segment"]);
        others.iter_mut().for_each(Other::kill);
    }
}

/// Has another open file, as another process's, take the lock on the temporary file before the one that
/// made it does.
fn install_while_another_looks(role: &str, file: &Path) {
    let small = 64 << 10;
    let builder = Segment::builder().shards(4).shard_bytes(small).directory_bytes(small);
    let builder = builder.shared_bytes(small).path(file);
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        let installs = scope.spawn(move || {
            let holder = seccomp::hold(libc::SYS_fcntl, libc::F_OFD_SETLK.into());
            let can_hold = holder.is_ok();
            sender.send(holder).unwrap();
            can_hold.then(|| builder.install())
        });
        let holder = match receiver.recv().unwrap() {
            Ok(holder) => holder,
            Err(error) => return say(&format!("skipped: {error}")),
        };
        let temporary = file.with_file_name(format!(".segment.{}.0", std::process::id()));
        let mut other = None;
        let look = || {
            let open = fs::File::options().write(true).open(&temporary).unwrap();
            assert!(try_lock(&open));
            if role == "removed" {
                fs::remove_file(&temporary).unwrap();
            } else {
                other = Some(open);
            }
        };
        holder.serve(look, || installs.is_finished());
        installs.join().unwrap().unwrap().unwrap();
    });
    say("installed");
    wait();
}

#[test]
fn a_file_that_was_taken_for_left_behind_is_made_again() {
    for role in ["locked", "removed"] {
        let folder = Folder::new(role);
        let mut other = Other::start(role, &folder.file());
        let said = other.says();
        if said.starts_with("skipped") {
            return skip(&format!("a system call that is held ({said})"));
        }
        assert_eq!(said, "installed");
        let process = SegmentReader::open(folder.file()).unwrap().process().unwrap();
        assert_eq!((process.pid, process.is_alive), (other.child.id(), true));
        other.kill();
        // The next one removes the remains.
        assert_eq!(Other::start("count", &folder.file()).says(), "ready");
        assert_eq!(folder.names(), ["segment"]);
    }
}

#[test]
fn other_files_are_neither_overwritten_nor_read() {
    let folder = Folder::new("foreign");
    let file = folder.file();
    let refused = |path: &Path| {
        let said = Other::start("count", path).says();
        assert!(said.contains(path.to_str().unwrap()), "{said}");
        said
    };
    for content in ["", "short", &"a text that is longer than any header\n".repeat(100)] {
        fs::write(&file, content).unwrap();
        assert!(refused(&file).contains("not a segment of tickmetrics and is not overwritten"));
        assert_eq!(fs::read_to_string(&file).unwrap(), content);
        let error = SegmentReader::open(&file).unwrap_err();
        assert!(matches!(error, ReadError::NotASegment { .. }), "{error}");
        assert!(error.to_string().contains(file.to_str().unwrap()));
    }
    let link = folder.0.join("link");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    refused(&link);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    refused(&folder.0);
    let missing = folder.0.join("missing").join("segment");
    assert!(refused(&missing).contains("No such file or directory"));
    let error = SegmentReader::open(&missing).unwrap_err();
    assert!(error.to_string().contains(missing.to_str().unwrap()), "{error}");
    assert!(std::error::Error::source(&error).is_some());
    assert!(matches!(SegmentReader::open("/dev/null"), Err(ReadError::NotASegment { .. })));
    let mut names = folder.names();
    names.sort();
    assert_eq!(names, ["link", "segment"]);
}

/// The file that a process left, and its bytes.
fn left_behind(folder: &Folder) -> (PathBuf, Vec<u8>) {
    let file = folder.file();
    let mut other = Other::start("count", &file);
    assert_eq!(other.says(), "ready");
    other.kill();
    let bytes = fs::read(&file).unwrap();
    (file, bytes)
}

fn write_word(file: &Path, word: u64, value: u64) {
    let file = fs::File::options().write(true).open(file).unwrap();
    file.write_all_at(&value.to_ne_bytes(), word * 8).unwrap();
}

fn word(bytes: &[u8], word: u64) -> u64 {
    let at = usize::try_from(word * 8).unwrap();
    u64::from_ne_bytes(bytes[at..at + 8].try_into().unwrap())
}

#[test]
fn a_file_that_is_cut_short_is_an_error() {
    let folder = Folder::new("short");
    let (file, bytes) = left_behind(&folder);
    let whole = bytes.len() as u64;
    let cut = |to: u64| fs::File::options().write(true).open(&file).unwrap().set_len(to).unwrap();
    // 64 KiB each: header, directory, shared cells, and the shards.
    let edges = (0..whole / 65536).map(|part| part * 65536);
    let around = edges.flat_map(|edge| [edge.saturating_sub(1), edge, edge + 1, edge + 4096]);
    for length in around.chain([1, 7, 8, 9, 63, 64, 255, 256, 511, 512, 513]) {
        cut(length);
        match SegmentReader::open(&file) {
            Err(ReadError::NotASegment { .. }) => assert!(length < 8, "{length}"),
            Err(ReadError::Truncated { has, needs, .. }) => {
                assert_eq!(has, length);
                assert!(needs == whole || length < 4096, "{needs} of {whole}");
            }
            other => panic!("{length}: {other:?}"),
        }
        fs::write(&file, &bytes).unwrap();
    }
    // Cut while it is open, between two snapshots.
    let mut reader = SegmentReader::open(&file).unwrap();
    check(&reader.snapshot().unwrap(), None);
    cut(whole - 1);
    for error in
        [reader.snapshot().unwrap_err(), reader.process().unwrap_err(), reader.stats().unwrap_err()]
    {
        assert!(matches!(error, ReadError::Truncated { .. }), "{error}");
        assert!(error.to_string().contains(&format!("{} bytes, and needs {whole}", whole - 1)));
    }
}

/// The words of the header that every version has.
const MAGIC: u64 = 0;
const BYTE_ORDER: u64 = 1;
const VERSION: u64 = 2;
const DIRECTORY_USED: u64 = 8;

#[test]
fn other_versions_and_byte_orders_are_told_apart() {
    let folder = Folder::new("version");
    let (file, bytes) = left_behind(&folder);
    assert_eq!(&bytes[..8], b"TICKMETR");
    let version = word(&bytes, VERSION);
    for (found, says) in [(version + 1, "a newer version"), (version - 1, "an older version")] {
        write_word(&file, VERSION, found);
        let error = SegmentReader::open(&file).unwrap_err();
        assert!(
            matches!(error, ReadError::Version { found: f, known, .. } if f == found && known == version)
        );
        assert!(error.to_string().contains(says), "{error}");
    }
    write_word(&file, BYTE_ORDER, word(&bytes, BYTE_ORDER).swap_bytes());
    let error = SegmentReader::open(&file).unwrap_err();
    assert!(matches!(error, ReadError::ByteOrder { .. }), "{error}");
    write_word(&file, MAGIC, 0);
    let error = SegmentReader::open(&file).unwrap_err();
    assert!(matches!(error, ReadError::NotASegment { .. }), "{error}");
    // Another version's file is a segment, and its process is gone.
    fs::write(&file, &bytes).unwrap();
    write_word(&file, VERSION, version + 1);
    assert_eq!(Other::start("count", &file).says(), "ready");
}

/// Reads all there is to read.
fn exhaust(file: &Path) -> Result<(), ReadError> {
    let mut reader = SegmentReader::open(file)?;
    reader.process()?;
    reader.stats()?;
    let first = reader.snapshot()?;
    let second = reader.snapshot()?;
    for snapshot in [&first, &second, &second.since(&first)] {
        let mut text = String::new();
        tickmetrics_exporter::encode::text(snapshot, &mut text);
        for series in snapshot.families().flat_map(|family| family.series().collect::<Vec<_>>()) {
            assert!(series.labels().count() < 100);
            tickmetrics_exporter::encode::label_text(series);
            if let tickmetrics::Value::Histogram(histogram) = series.value() {
                let _ = [0.0, 0.5, 0.99, 1.0].map(|q| histogram.quantile(q));
                histogram.to_hdr();
            }
        }
    }
    Ok(())
}

#[test]
fn no_word_of_a_file_can_lead_a_reader_astray() {
    let folder = Folder::new("hostile");
    let (file, bytes) = left_behind(&folder);
    exhaust(&file).unwrap();
    let directory = 65536 / 8;
    let used = word(&bytes, DIRECTORY_USED);
    assert!(used > 100);
    // The header, the directory, and the shared cells with the histogram's table and the bits.
    let words =
        (0..32).chain(directory..directory + used).chain(2 * directory..2 * directory + 256);
    let (mut errors, mut read) = (0, 0);
    for at in words {
        let was = word(&bytes, at);
        let values = [
            0,
            1,
            2,
            was.wrapping_add(1),
            was.wrapping_sub(1),
            was << 32,
            was | 1 << 32,
            0x7fff_ffff,
            u64::from(u32::MAX),
            1 << 32,
            1 << 47,
            u64::MAX >> 1,
            u64::MAX - 3,
            u64::MAX,
            f64::NAN.to_bits(),
            5e-324_f64.to_bits(),
        ];
        for value in values.into_iter().filter(|&value| value != was) {
            write_word(&file, at, value);
            match exhaust(&file) {
                Ok(()) => read += 1,
                Err(_) => errors += 1,
            }
        }
        write_word(&file, at, was);
    }
    assert!(errors > 1000 && read > 1000, "{errors} errors, {read} read");
    // Cells can hold anything, too.
    for shard in 0..5 {
        let cells = (3 + shard) * directory;
        for at in (cells..cells + 512).step_by(3) {
            write_word(&file, at, at.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        }
    }
    exhaust(&file).unwrap();
    // Several words at a time, from a generator (Marsaglia's xorshift) that is the same each time.
    let mut state = 88_172_645_463_325_252_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for _ in 0..2000 {
        fs::write(&file, &bytes).unwrap();
        for _ in 0..=random() % 4 {
            let at = directory + random() % used;
            let value = random() >> (random() % 64);
            write_word(&file, at, value);
        }
        let _ = exhaust(&file);
    }
}

#[test]
fn a_directory_that_contradicts_itself_is_damaged() {
    let folder = Folder::new("damaged");
    let (file, bytes) = left_behind(&folder);
    let directory = 65536 / 8;
    let used = word(&bytes, DIRECTORY_USED);
    // The entry of the first metric: kind 3 in the upper half of its first word, and after it the
    // registry, the kind of metric, the first cell, the number of series, the declared bits, the
    // scale.
    let mut at = directory;
    while word(&bytes, at) >> 32 != 3 {
        at += word(&bytes, at) & 0xffff_ffff;
    }
    let damage = |word: u64, value: u64| {
        fs::write(&file, &bytes).unwrap();
        write_word(&file, word, value);
        let error = SegmentReader::open(&file).unwrap().snapshot().unwrap_err();
        assert!(
            matches!(error, ReadError::Damaged { word: Some(word), .. } if word as u64 + directory >= at),
            "{error}"
        );
    };
    damage(at + 2, 9); // no kind of metric
    damage(at + 3, 1 << 31); // cells behind the shard's end
    damage(at + 4, 1 << 20); // more series than its labels have
    damage(at + 5, 1 << 30); // bits behind the end of the shared cells
    damage(at + 6, f64::NAN.to_bits()); // no scale
    damage(at, word(&bytes, at) + 1); // longer than its fields
    // A second entry for the same cells.
    let length = word(&bytes, at) & 0xffff_ffff;
    fs::write(&file, &bytes).unwrap();
    for word_of_entry in 0..length {
        write_word(&file, directory + used + word_of_entry, word(&bytes, at + word_of_entry));
    }
    write_word(&file, DIRECTORY_USED, used + length);
    let error = SegmentReader::open(&file).unwrap().snapshot().unwrap_err();
    let expected = usize::try_from(used).unwrap();
    assert!(matches!(error, ReadError::Damaged { word: Some(w), .. } if w == expected), "{error}");
    assert!(error.to_string().contains(&format!("damaged at word {used}")), "{error}");
    // The directory is cut in the midst of an entry.
    write_word(&file, DIRECTORY_USED, used - 1);
    assert!(SegmentReader::open(&file).unwrap().snapshot().is_err());
}

#[test]
fn a_later_entry_for_the_same_series_takes_the_place_of_the_earlier() {
    let folder = Folder::new("later");
    let (file, bytes) = left_behind(&folder);
    let directory = 65536 / 8;
    let used = word(&bytes, DIRECTORY_USED);
    // The entry of the up-down counter again, for cells that nobody has: 0.
    let mut at = directory;
    while word(&bytes, at) >> 32 != 3 || word(&bytes, at + 2) != 2 {
        at += word(&bytes, at) & 0xffff_ffff;
    }
    let length = word(&bytes, at) & 0xffff_ffff;
    for n in 0..length {
        let value = match n {
            3 => 8000,
            5 => 8100,
            n => word(&bytes, at + n),
        };
        write_word(&file, directory + used + n, value);
    }
    let mut reader = SegmentReader::open(&file).unwrap();
    assert_eq!(reader.snapshot().unwrap().gauge("gateway_in_flight", &[]), Some(3000.0));
    write_word(&file, DIRECTORY_USED, used + length);
    let snapshot = reader.snapshot().unwrap();
    assert_eq!(snapshot.gauge("gateway_in_flight", &[]), Some(0.0));
    assert_eq!(snapshot.family("gateway_in_flight").unwrap().series().count(), 1);
}

#[test]
fn a_file_that_changes_while_it_is_read_can_do_no_harm() {
    use std::sync::atomic::{AtomicBool, Ordering};

    let folder = Folder::new("changing");
    let (file, bytes) = left_behind(&folder);
    let used = word(&bytes, DIRECTORY_USED);
    let part = 65536 / 8;
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let open = fs::File::options().write(true).open(&file).unwrap();
            let mut state = 0x2545_f491_4f6c_dd1d_u64;
            while !done.load(Ordering::Relaxed) {
                // Multiply by an odd number and add: takes every state once (Knuth, vol. 2, 3.2.1).
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let at = match state >> 62 {
                    0 => part + (state >> 33) % used,
                    1 => 2 * part + (state >> 33) % 512,
                    _ => 3 * part + (state >> 33) % (5 * part),
                };
                let value = if state >> 61 & 1 == 0 { state >> (state >> 40 & 63) } else { 0 };
                // The right word is back at once, so that a reader gets far.
                open.write_all_at(&value.to_ne_bytes(), at * 8).unwrap();
                open.write_all_at(&word(&bytes, at).to_ne_bytes(), at * 8).unwrap();
            }
        });
        let read = (0..500).filter(|_| exhaust(&file).is_ok()).count();
        done.store(true, Ordering::Relaxed);
        assert!(read > 0, "it was never read to the end");
    });
    fs::write(&file, &bytes).unwrap();
    exhaust(&file).unwrap();
}

#[test]
fn labels_that_would_fill_the_memory_are_not_read() {
    let folder = Folder::new("labels");
    let file = folder.file();
    let mut other = Other::start("large", &file);
    assert_eq!(other.says(), "ready");
    other.kill();
    let mut reader = SegmentReader::open(&file).unwrap();
    let error = reader.snapshot().unwrap_err();
    // Each metric with all values, `other` too, behind the label's name.
    let values = VALUES * 1024 + (VALUES + 1) * "long".len() as u64;
    let expected = METRICS * values;
    let ReadError::TooLarge { bytes, most, .. } = &error else { panic!("{error}") };
    let (bytes, most) = (*bytes, *most);
    assert!((expected..expected + expected / 20).contains(&bytes), "{bytes}, not {expected}");
    let told = error.to_string();
    assert!(told.contains(&bytes.to_string()) && told.contains(&most.to_string()), "{told}");
    // A reader that trusts the file can raise the limit.
    reader.set_memory_limit(2 << 30);
    let snapshot = reader.snapshot().unwrap();
    assert_eq!(snapshot.families().count() as u64, METRICS);
    assert!(reader.memory() >= expected);
    assert!(matches!(reader.snapshot_within(1 << 20), Err(ReadError::TooLarge { .. })));
}

/// Long values, and many metrics that have them: not many bytes in the file.
const METRICS: u64 = 1_100;
const VALUES: u64 = 1_000;

#[derive(Clone, Copy, Label)]
#[label(capacity = 1_000)]
struct Long(LabelId);

fn large() {
    let registry = Registry::new();
    for n in 0..METRICS {
        let description = Description::new(format!("n{n}_total"), "Orders.");
        registry.register::<Counter<Long>>(&description).unwrap();
    }
    for n in 0..VALUES {
        Long::intern(&format!("{n:01024}"));
    }
    say("ready");
    wait();
}
