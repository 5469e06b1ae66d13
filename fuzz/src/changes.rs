//! The meaning of an input: changes one after the other, each a byte for its kind and its
//! arguments. Each input is valid, so that a mutation of an input is a mutation of the file.

use crate::Words;
use crate::base::{DIRECTORY, FIRST_SHARD, PART_WORDS, SHARED, WORDS, header};

/// Metrics, values and sets of the directory (`tickmetrics`'s `directory`).
const VALUE_SET: u64 = 1;
const VALUE: u64 = 2;
const METRIC: u64 = 3;
const NO_SET: u64 = u64::MAX;

/// The next step after a program of changes pauses or ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The reader takes a snapshot, and the changes continue.
    Read,
    /// There are no more.
    End,
}

pub struct Changes<'a> {
    input: &'a [u8],
    /// Cells that are taken by the metrics so far, in shards and shared.
    cells: u64,
    shared: u64,
}

impl<'a> Changes<'a> {
    pub fn new(input: &'a [u8], file: &impl Words) -> Self {
        Self { input, cells: file.get(header::CELLS_USED), shared: file.get(header::SHARED_USED) }
    }

    /// Makes changes up to the next pause.
    pub fn apply(&mut self, file: &mut impl Words) -> Step {
        while let Some(kind) = self.byte() {
            if kind % 15 == 11 {
                return Step::Read;
            }
            if self.change(kind % 15, file).is_none() {
                break;
            }
        }
        Step::End
    }

    fn change(&mut self, kind: u8, file: &mut impl Words) -> Option<()> {
        match kind {
            0 => {
                let (at, value) = (self.place(file)?, self.value()?);
                file.set(at, value);
            }
            1 => {
                let (at, delta) = (self.place(file)?, self.byte()?.cast_signed());
                file.set(at, file.get(at).wrapping_add_signed(delta.into()));
            }
            2 => {
                let (at, from) = (self.place(file)?, self.place(file)?);
                file.set(at, file.get(from));
            }
            3 => {
                let (at, bit) = (self.place(file)?, self.byte()? % 64);
                file.set(at, file.get(at) ^ 1 << bit);
            }
            4 => {
                let (at, count) = (self.place(file)?, usize::from(self.byte()?) * 4);
                let (value, step) = (self.value()?, self.byte()?);
                for n in 0..count {
                    file.set(at + n, value.wrapping_add(n as u64 * u64::from(step)));
                }
            }
            5 => self.copy_entry(file)?,
            6 => self.metric(file)?,
            7 => {
                // Without a name, as of an interner that no later run takes over.
                let capacity = self.short()?.into();
                // Of an interned label, of label sets, or of something unknown.
                let form = u64::from(self.byte()? % 3);
                append(file, VALUE_SET, &[self.shared, capacity, form, 0]);
                self.shared = self.shared.wrapping_add(capacity / 64 + 1);
            }
            8 => {
                let mut words = vec![self.set(file)?];
                self.text(&mut words)?;
                append(file, VALUE, &words);
            }
            9 => {
                let part = usize::from(self.byte()?) * PART_WORDS;
                file.cut((part * 8 + usize::from(self.short()?)) as u64);
            }
            12 => file.punch(usize::from(self.short()?), usize::from(self.byte()?)),
            13 => self.product(file)?,
            14 => {
                // Of the same shards, each longer, or of more.
                let shift = u32::from(self.byte()? % 16);
                let words = file.get(header::SHARD_WORDS).checked_shl(shift)?;
                let shards =
                    if shift == 0 { self.short()?.into() } else { file.get(header::SHARDS) };
                file.set(header::SHARDS_SEEN, shards);
                resize(file, file.get(header::SHARED_WORDS), words, shards);
            }
            _ => {
                // Any bytes, to the end of the input.
                let at = self.place(file)?;
                let (words, rest) = self.input.as_chunks();
                for (n, &word) in words.iter().enumerate() {
                    file.set(at + n, u64::from_le_bytes(word));
                }
                self.input = rest;
            }
        }
        Some(())
    }

    /// A word of the file, more likely where much depends on it.
    fn place(&mut self, file: &impl Words) -> Option<usize> {
        let (part, at) = (self.byte()?, usize::from(self.short()?));
        let used = |at: usize| usize::try_from(file.get(at)).unwrap_or(0).clamp(1, PART_WORDS);
        Some(match part % 8 {
            0 => at % 32,
            1..=3 => DIRECTORY + at % used(header::DIRECTORY_USED),
            4 => SHARED + at % used(header::SHARED_USED),
            5 => {
                let cell = at / 4 % used(header::CELLS_USED);
                FIRST_SHARD + at % 4 * PART_WORDS + cell
            }
            6 => FIRST_SHARD + at % (WORDS - FIRST_SHARD),
            _ => at % WORDS,
        })
    }

    fn value(&mut self) -> Option<u64> {
        Some(match self.byte()? % 5 {
            0 => self.long()?,
            1 => self.short()?.into(),
            2 => self.byte()?.into(),
            3 => u64::MAX >> (self.byte()? % 64),
            _ => u64::from(self.short()?) << 32 | u64::from(self.short()?),
        })
    }

    /// An entry that is there, once more.
    fn copy_entry(&mut self, file: &mut impl Words) -> Option<()> {
        let used = usize::try_from(file.get(header::DIRECTORY_USED)).ok()?.min(PART_WORDS);
        let (mut at, number) = (0, self.byte()?);
        for _ in 0..number {
            at += entry_words(file, at);
            if at >= used {
                at = 0;
            }
        }
        let mut words: Vec<u64> =
            (1..entry_words(file, at)).map(|n| file.get(DIRECTORY + at + n)).collect();
        // The first letters of a metric's name follow six words and a length.
        if let (Some(name), true) = (words.get_mut(7), number & 0x80 != 0) {
            *name ^= 1;
        }
        append(file, file.get(DIRECTORY + at) >> 32, &words);
        Some(())
    }

    /// A metric that can be, unless its fields are out of range.
    fn metric(&mut self, file: &mut impl Words) -> Option<()> {
        let kind = u64::from(self.byte()? % 4) + 1;
        let mut dimensions = vec![u64::from(self.byte()? % 5)];
        let mut series = 1_u64;
        for _ in 0..dimensions[0] {
            self.text(&mut dimensions)?;
            let how = self.byte()?;
            let count = if how & 2 == 0 { self.byte()?.into() } else { self.short()? };
            if how & 1 == 0 {
                dimensions.extend([NO_SET, count.into()]);
                let mut value = Vec::new();
                self.text(&mut value)?;
                if dimensions.len() + value.len() + 2 * usize::from(count) > PART_WORDS {
                    return None;
                }
                // The text, and numbers.
                dimensions.extend(value.iter().filter(|_| count > 0));
                dimensions.extend((1..count.into()).flat_map(digits));
                series = series.wrapping_mul(count.into());
            } else {
                let set = self.set(file)?;
                // That of the set, or anything.
                let capacity = if how & 4 == 0 {
                    file.get(DIRECTORY + (set as usize + 2) % PART_WORDS)
                } else {
                    count.into()
                };
                dimensions.extend([set, capacity]);
                series = series.wrapping_mul(capacity.wrapping_add(1));
            }
        }
        let cells = series.wrapping_mul([1, 2, 0, 4][kind as usize - 1]);
        let gap = self.byte()?;
        let first = if kind == 3 { &mut self.shared } else { &mut self.cells };
        *first = first.wrapping_add((gap & 7).into());
        let first_cell = *first;
        *first = first.wrapping_add(if kind == 3 { series.wrapping_mul(8) } else { cells });
        let table = self.shared;
        if kind == 4 {
            self.shared = self.shared.wrapping_add(series);
        }
        let scale = [1.0, 1e-9, 0.01, 1e300, 5e-300][usize::from(gap >> 3) % 5];
        let registry = gap >> 6;
        let mut words =
            vec![registry.into(), kind, first_cell, series, self.shared, f64::to_bits(scale)];
        self.shared = self.shared.wrapping_add(series.div_ceil(64));
        for _ in 0..3 {
            self.text(&mut words)?;
        }
        let constants = self.byte()? % 4;
        words.push(constants.into());
        for _ in 0..constants * 2 {
            self.text(&mut words)?;
        }
        words.extend(dimensions);
        if kind == 4 {
            let (max, sigfigs, edges) = (self.value()?, self.byte()? % 5, self.short()? % 2048);
            words.extend([table, max, sigfigs.into(), 0, edges.into()]);
            let (first, step) = (u64::from(self.byte()?), u64::from(self.short()?));
            words.extend((0..u64::from(edges)).map(|n| first + n * step));
        }
        append(file, METRIC, &words);
        Some(())
    }

    /// A metric with constant labels, and fixed ones of many values, whose series are a product of
    /// them: in cells that are a hole. If the input ends early, the labels have very many values.
    /// So the shortest input asks for more than any memory has.
    fn product(&mut self, file: &mut impl Words) -> Option<()> {
        let how = self.byte()?;
        let (kind, labels) = (u64::from(how % 4) + 1, u64::from(how / 4 % 3) + 1);
        let mut series = 1_u64;
        let mut dimensions = vec![labels];
        for label in 0..labels {
            let count = self.short().map_or(1024, |count| u64::from(count % 1024) + 1);
            dimensions.extend([1, u64::from(b'd') + label, NO_SET, count]);
            // Of few counts a value is there twice, and the file is damaged.
            let different = if count % 64 == 63 { count - 1 } else { count };
            dimensions.extend((0..count).flat_map(|value| digits(value % different)));
            series = series.checked_mul(count)?;
        }
        let (constants, value) =
            (u64::from(self.byte().unwrap_or(0) % 8), self.byte().unwrap_or(0));
        let cells = [1, 2, 0, 8][kind as usize - 1] * series;
        let shared = [0, 0, 8, 1][kind as usize - 1] * series;
        let (first, table) = (if kind == 3 { self.shared } else { self.cells }, self.shared);
        let declared = table.wrapping_add(shared);
        let mut words = vec![0, kind, first, series, declared, f64::to_bits(1.0)];
        words.extend([1, b'p'.into(), 0, 0, constants]);
        for constant in 0..constants {
            words.extend([1, u64::from(b'k') + constant, u64::from(value) * 8]);
            words.extend((0..value).map(|_| u64::from_le_bytes([b'v'; 8])));
        }
        words.extend(dimensions);
        if kind == 4 {
            let edges = u64::from(self.byte().unwrap_or(10));
            words.extend([table, 1 << 12, 1, 0, edges]);
            words.extend(1..=edges);
            words.extend([0, 0]);
        }
        append(file, METRIC, &words);
        (self.cells, self.shared) =
            (self.cells.wrapping_add(cells), declared.wrapping_add(series.div_ceil(64)));
        let parts = |cells: u64, words: usize| {
            let words = file.get(words);
            cells
                .checked_next_multiple_of(PART_WORDS as u64)
                .map_or(words, |cells| cells.max(words))
        };
        let shared = parts(self.shared, header::SHARED_WORDS);
        let words = parts(self.cells, header::SHARD_WORDS);
        let shards = file.get(header::SHARDS);
        resize(file, shared, words, shards);
        Some(())
    }

    /// The number of a set: the position of one that is there, or anything.
    fn set(&mut self, file: &impl Words) -> Option<u64> {
        let number = self.byte()?;
        let used = usize::try_from(file.get(header::DIRECTORY_USED)).ok()?.min(PART_WORDS);
        let (mut at, mut left) = (0, number);
        while at < used {
            if file.get(DIRECTORY + at) >> 32 == VALUE_SET {
                if left == 0 {
                    return Some(at as u64);
                }
                left -= 1;
            }
            at += entry_words(file, at);
        }
        Some(number.into())
    }

    /// A text that can be a name, or a value that has to be escaped, or no text at all.
    fn text(&mut self, words: &mut Vec<u64>) -> Option<()> {
        let how = self.byte()?;
        let bytes = match how >> 6 {
            0..=2 => usize::from(how & 63) % 17,
            _ => usize::from(self.short()?) % 8192,
        };
        let letter = [b'a', b'b', b'_', b'z', b'\\', b'"', b'\n', 0xff][usize::from(how & 7)];
        words.push(bytes as u64);
        let mut left = bytes;
        while left > 0 {
            let now = left.min(8);
            words.push(u64::from_le_bytes([letter; 8]) >> ((8 - now) * 8));
            left -= now;
        }
        Some(())
    }

    fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.input.split_first()?;
        self.input = rest;
        Some(first)
    }

    fn short(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes([self.byte()?, self.byte()?]))
    }

    fn long(&mut self) -> Option<u64> {
        let (&first, rest) = self.input.split_first_chunk()?;
        self.input = rest;
        Some(u64::from_le_bytes(first))
    }
}

/// A text of the directory, another one for each number below 2^32.
fn digits(number: u64) -> [u64; 2] {
    let mut bytes = [0; 8];
    bytes
        .iter_mut()
        .rev()
        .zip(format!("{number:08x}").bytes().rev())
        .for_each(|(to, from)| *to = from);
    [8, u64::from_ne_bytes(bytes)]
}

/// The words of the entry there, at least one.
fn entry_words(file: &impl Words, at: usize) -> usize {
    let words = usize::try_from(file.get(DIRECTORY + at) & u64::from(u32::MAX)).unwrap_or(0);
    words.clamp(1, PART_WORDS)
}

/// Adds an entry behind the last, as far as there is room.
fn append(file: &mut impl Words, kind: u64, words: &[u64]) {
    let used = usize::try_from(file.get(header::DIRECTORY_USED)).unwrap_or(PART_WORDS);
    let end = used.saturating_add(1 + words.len());
    if end > PART_WORDS {
        return;
    }
    file.set(DIRECTORY + used, kind << 32 | (words.len() as u64 + 1));
    for (n, &word) in words.iter().enumerate() {
        file.set(DIRECTORY + used + 1 + n, word);
    }
    file.set(header::DIRECTORY_USED, end as u64);
}

/// Gives the segment so many shared cells, and so many shards of so many words.
fn resize(file: &mut impl Words, shared: u64, words: u64, shards: u64) {
    let shards_words = words.checked_mul(shards);
    let end = shards_words.and_then(|it| it.checked_add(SHARED as u64)?.checked_add(shared));
    // Less than a file can have.
    if let Some(end) = end.filter(|&end| end < 1 << 40) {
        file.set(header::SHARED_WORDS, shared);
        file.set(header::SHARD_WORDS, words);
        file.set(header::SHARDS, shards);
        file.stretch(end * 8);
    }
}
