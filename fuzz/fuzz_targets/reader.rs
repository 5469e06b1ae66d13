//! Changes a small real segment by the input, and reads it.

#![no_main]

use fuzz::base;
use fuzz::cells::{Cells, Sizes};
use fuzz::changes::{Changes, Step};
use fuzz::cost::{Counting, Meter, most_bytes};
use fuzz::file::SegmentFile;
use fuzz::walk;
use libfuzzer_sys::fuzz_target;
use std::sync::{LazyLock, Mutex};
use std::time::Duration;
use tickmetrics::{ReadError, SegmentReader, Snapshot};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The longest time for a file with many series in holes, and for several snapshots of it, with a
/// sanitizer and every branch counted.
const LONGEST: Duration = Duration::from_secs(10);

/// In an input's first byte: whether all of a snapshot is looked at, or it is only taken.
const WALK: u8 = 1;

struct State {
    file: SegmentFile,
    text: String,
}

static STATE: LazyLock<Mutex<State>> = LazyLock::new(|| {
    let words = base::words(base::Size::All).expect("the base segment can be made");
    let file = SegmentFile::new(&words).expect("its file can be made");
    Mutex::new(State { file, text: String::new() })
});

fuzz_target!(|input: &[u8]| {
    let Some((&how, input)) = input.split_first() else { return };
    let State { file, text } = &mut *STATE.lock().expect("a panic ends the process");
    let mut changes = Changes::new(input, file);
    let mut step = changes.apply(file);
    let meter = Meter::start();
    let sizes = Sizes::of(file);
    if let Ok(mut reader) = SegmentReader::open(file.path()) {
        if how & WALK != 0 {
            let _ = (reader.process(), reader.stats());
        }
        let mut earlier: Option<Snapshot> = None;
        while let Some(snapshot) = take(&mut reader, file) {
            if how & WALK != 0 {
                walk::snapshot(&snapshot, false, text);
                // A reader keeps the part of the directory that it has read.
                match earlier {
                    None => Cells::read(file).check(&snapshot),
                    Some(_) => sizes.are_enough(&snapshot),
                }
            }
            if let Some(earlier) = earlier.replace(snapshot.clone()) {
                walk::snapshot(&snapshot.since(&earlier), true, text);
            }
            if step == Step::End {
                break;
            }
            step = changes.apply(file);
        }
    }
    assert!(meter.time() < LONGEST, "it took {:?}", meter.time());
    file.restore();
});

/// Takes a snapshot, if the file has one, and checks the memory that it took.
fn take(reader: &mut SegmentReader, file: &SegmentFile) -> Option<Snapshot> {
    let (meter, allocated, now) = (Meter::start(), file.allocated(), file.bytes());
    let taken = reader.snapshot();
    let (peak, most) = (meter.peak(), most_bytes(allocated));
    assert!(peak <= most, "{peak} bytes for {allocated} on the disk, and not {most}");
    assert_eq!(file.allocated(), allocated, "a hole was filled by reading it");
    match taken {
        Ok(snapshot) => Some(snapshot),
        Err(error) => {
            assert!(!error.to_string().is_empty());
            if let ReadError::Truncated { has, needs, .. } = error {
                assert!(has == now && needs > has);
            }
            None
        }
    }
}
