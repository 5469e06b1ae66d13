//! Changes a segment with two metrics by the input, and takes a snapshot of it in memory:
//! everything that depends on the file's words, without the system calls and the walk of the target
//! `reader`, in a tenth of the time.

#![no_main]

use fuzz::base::{self, Size};
use fuzz::cells::Cells;
use fuzz::changes::{Changes, Step};
use fuzz::cost::{Counting, Meter, most_bytes};
use fuzz::memory::SegmentMemory;
use libfuzzer_sys::fuzz_target;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{LazyLock, Mutex};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

static SEGMENT: LazyLock<Mutex<SegmentMemory>> = LazyLock::new(|| {
    let words = base::words(Size::Few).expect("the base segment can be made");
    Mutex::new(SegmentMemory::new(words))
});

/// How many neighbours of each input are read, too: a fuzzer's own work for an input takes longer
/// than a reading.
const NEIGHBOURS: u64 = 15;

fuzz_target!(|input: &[u8]| {
    let segment = &mut *SEGMENT.lock().expect("a panic ends the process");
    let base = segment.mark();
    let mut changes = Changes::new(input, segment);
    loop {
        let step = changes.apply(segment);
        read(segment);
        if step == Step::End {
            break;
        }
    }
    let changed = segment.mark();
    // The same ones for the same input.
    let mut hasher = DefaultHasher::new();
    input.hash(&mut hasher);
    for n in 0..NEIGHBOURS {
        n.hash(&mut hasher);
        let bytes = [hasher.finish(), hasher.finish().rotate_left(23)].map(u64::to_le_bytes);
        Changes::new(bytes.as_flattened(), segment).apply(segment);
        read(segment);
        segment.restore(changed);
    }
    segment.restore(base);
});

fn read(segment: &SegmentMemory) {
    // Words fewer than a header are the file's to find out.
    if segment.words().len() >= 64 {
        let meter = Meter::start();
        let bytes = base::WORDS as u64 * 8;
        let snapshot = tickmetrics::read_words(segment.words(), bytes);
        let (peak, most) = (meter.peak(), most_bytes(bytes));
        assert!(peak <= most, "{peak} bytes for {bytes} of the segment, and not {most}");
        if let Ok(snapshot) = snapshot {
            Cells::read(segment).check(&snapshot);
        }
    }
}
