//! The journal: batches that are acknowledged and are in no Parquet file yet.
//!
//! A frame holds a batch: its length and its checksum, 8 bytes each, then for each table the length
//! of its name, the name, the length of its rows, and the rows as a stream of Arrow. A frame is
//! whole when its checksum holds. A crash can only cut off the last one, which nobody was promised.

use crate::file_id::FileId;
use arrow_array::RecordBatch;
use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::StreamWriter;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// A frame is no longer than this; what claims to be is damage.
const MAX_FRAME: u64 = 1 << 30;

/// The rows of one table.
pub(super) type Rows = (String, RecordBatch);

/// A journal that is written.
pub(super) struct Journal {
    file: File,
    path: PathBuf,
    /// That of the file, which stays open when somebody removes it.
    id: FileId,
    /// Where the last whole frame ends.
    length: u64,
}

impl Journal {
    /// Creates a journal that must not exist.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create_new(true).open(path)?;
        let id = FileId::of(&file.metadata()?);
        Ok(Self { file, path: path.to_path_buf(), id, length: 0 })
    }

    /// Appends a batch. It is on disk when this returns.
    ///
    /// # Errors
    /// After one, nothing of the batch is in the journal; or the journal takes no more until what
    /// was written in part could be cut off.
    pub(super) fn append(&mut self, tables: &[(&str, RecordBatch)]) -> io::Result<()> {
        if FileId::at(&self.path) != Some(self.id) {
            return Err(io::ErrorKind::NotFound.into());
        }
        // What an earlier failure may have left.
        self.file.set_len(self.length)?;
        let frame = encode(tables)?;
        let written = self.file.write_all(&frame).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            let _ = self.file.set_len(self.length);
            return Err(error);
        }
        self.length += frame.len() as u64;
        Ok(())
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn is_empty(&self) -> bool {
        self.length == 0
    }
}

/// All whole batches of a journal, and whether something else came after them.
pub(super) fn read(path: &Path) -> io::Result<(Vec<Rows>, bool)> {
    let mut file = File::open(path)?;
    let mut rows = Vec::new();
    loop {
        let begin = file.stream_position()?;
        match frame(&mut file)? {
            Some(payload) => rows.extend(decode(&payload)?),
            None => return Ok((rows, file.seek(SeekFrom::End(0))? > begin)),
        }
    }
}

/// The next frame's content; `None` if it is not whole.
fn frame(file: &mut File) -> io::Result<Option<Vec<u8>>> {
    let mut head = Vec::new();
    file.take(16).read_to_end(&mut head)?;
    let Some((length, checksum)) = head.split_first_chunk().and_then(|(length, rest)| {
        Some((u64::from_le_bytes(*length), u64::from_le_bytes(*rest.first_chunk()?)))
    }) else {
        return Ok(None);
    };
    if length > MAX_FRAME {
        return Ok(None);
    }
    let mut payload = Vec::new();
    file.take(length).read_to_end(&mut payload)?;
    let whole = payload.len() as u64 == length && sum(&payload) == checksum;
    Ok(whole.then_some(payload))
}

fn encode(tables: &[(&str, RecordBatch)]) -> io::Result<Vec<u8>> {
    let mut frame = vec![0; 16];
    for (name, rows) in tables {
        part(&mut frame, name.as_bytes());
        let mut stream =
            StreamWriter::try_new(Vec::new(), &rows.schema()).map_err(io::Error::other)?;
        stream.write(rows).map_err(io::Error::other)?;
        part(&mut frame, &stream.into_inner().map_err(io::Error::other)?);
    }
    let (head, payload) = frame.split_at_mut(16);
    if payload.len() as u64 > MAX_FRAME {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the batch is larger than 1 GiB"));
    }
    head[..8].copy_from_slice(&(payload.len() as u64).to_le_bytes());
    head[8..].copy_from_slice(&sum(payload).to_le_bytes());
    Ok(frame)
}

fn part(frame: &mut Vec<u8>, bytes: &[u8]) {
    frame.extend((bytes.len() as u64).to_le_bytes());
    frame.extend(bytes);
}

fn decode(mut payload: &[u8]) -> io::Result<Vec<Rows>> {
    let mut tables = Vec::new();
    while !payload.is_empty() {
        let name = next(&mut payload)?;
        let name = String::from_utf8(name.to_vec()).map_err(io::Error::other)?;
        let stream = StreamReader::try_new(next(&mut payload)?, None).map_err(io::Error::other)?;
        for rows in stream {
            tables.push((name.clone(), rows.map_err(io::Error::other)?));
        }
    }
    Ok(tables)
}

fn next<'a>(payload: &mut &'a [u8]) -> io::Result<&'a [u8]> {
    let cut = || io::Error::new(io::ErrorKind::InvalidData, "a frame of the journal is cut off");
    let (length, rest) = payload.split_first_chunk().ok_or_else(cut)?;
    let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| cut())?;
    let (part, rest) = rest.split_at_checked(length).ok_or_else(cut)?;
    *payload = rest;
    Ok(part)
}

/// FNV-1a, of 64 bits.
fn sum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::{Batch, Event, EventKind};
    use crate::store::columns;
    use std::time::SystemTime;

    fn frame(message: &str) -> Vec<u8> {
        let message = message.to_owned();
        let time = SystemTime::UNIX_EPOCH;
        let event = Event { time, service: None, kind: EventKind::Start, message };
        let batch = Batch { events: vec![event], ..Batch::default() };
        encode(&columns::tables(&batch).unwrap()).unwrap()
    }

    #[test]
    fn a_frame_that_is_not_whole_is_left_out() {
        let path = std::env::temp_dir().join(format!("journal-{}", std::process::id()));
        let (first, second) = (frame("first"), frame("second"));
        let whole = [first.clone(), second.clone()].concat();
        let read = |content: &[u8]| {
            std::fs::write(&path, content).unwrap();
            let (rows, cut_off) = read(&path).unwrap();
            (rows.len(), cut_off)
        };
        assert_eq!(read(&whole), (2, false));
        assert_eq!(read(&first), (1, false));
        for length in (first.len() + 1..whole.len()).step_by(5) {
            assert_eq!(read(&whole[..length]), (1, true), "{length}");
        }
        for byte in (first.len()..whole.len()).step_by(5) {
            let mut damaged = whole.clone();
            damaged[byte] ^= 1;
            assert_eq!(read(&damaged), (1, true), "{byte}");
        }
        // What a file system may leave of a write.
        let zeros = vec![0; second.len()];
        assert_eq!(read(&[first, zeros].concat()), (1, true));
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn a_batch_that_was_refused_is_cut_off_before_the_next() {
        let path = std::env::temp_dir().join(format!("journal-cut-{}", std::process::id()));
        let mut journal = Journal::create(&path).unwrap();
        let rows = columns::empty().unwrap();
        journal.append(&rows).unwrap();
        // As a write that failed leaves it where nothing could be cut off.
        journal.file.write_all(&frame("partly")[..50]).unwrap();
        journal.append(&rows).unwrap();
        let (tables, cut_off) = read(&path).unwrap();
        assert!(tables.iter().all(|(table, _)| table != "partly") && !cut_off);
        assert_eq!(std::fs::metadata(&path).unwrap().len(), journal.length);
        std::fs::remove_file(&path).unwrap();
    }
}
