//! Rows as chunks of a stream of Arrow.

use crate::store::query::Answer;
use arrow_ipc::writer::StreamWriter;
use arrow_schema::ArrowError;
use std::io::{self, Read};

/// The chunks of an answer, one a batch of rows, so that it is not in memory twice.
pub(super) struct Chunks {
    writer: StreamWriter<Vec<u8>>,
    rows: std::vec::IntoIter<arrow_array::RecordBatch>,
    is_over: bool,
}

impl Chunks {
    pub(super) fn new(answer: Answer) -> Result<Self, ArrowError> {
        let writer = StreamWriter::try_new(Vec::new(), &answer.schema)?;
        Ok(Self { writer, rows: answer.rows.into_iter(), is_over: false })
    }

    /// The next chunk, with its length. The last one is of length 0.
    pub(super) fn next(&mut self) -> Result<Option<Vec<u8>>, ArrowError> {
        if self.is_over {
            return Ok(None);
        }
        if let Some(rows) = self.rows.next() {
            self.writer.write(&rows)?;
        } else {
            self.writer.finish()?;
            self.is_over = true;
        }
        let part = std::mem::take(self.writer.get_mut());
        let length = u32::try_from(part.len())
            .map_err(|_| ArrowError::IpcError("a chunk is larger than 4 GiB".into()))?;
        let mut chunk = length.to_be_bytes().to_vec();
        chunk.extend(part);
        if self.is_over {
            chunk.extend(0_u32.to_be_bytes());
        }
        Ok(Some(chunk))
    }
}

/// The stream in the chunks.
pub(super) struct Joined<R> {
    inner: R,
    left: u64,
    is_over: bool,
}

impl<R: Read> Joined<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, left: 0, is_over: false }
    }

    /// Whether the end was reached, and not only that of the connection.
    pub(super) fn ends_here(&mut self) -> io::Result<bool> {
        let mut rest = [0];
        Ok(self.read(&mut rest)? == 0 && self.is_over)
    }
}

impl<R: Read> Read for Joined<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 && !self.is_over {
            let mut length = [0; 4];
            self.inner.read_exact(&mut length)?;
            self.left = u32::from_be_bytes(length).into();
            self.is_over = self.left == 0;
        }
        if self.is_over || buffer.is_empty() {
            return Ok(0);
        }
        let read = (&mut self.inner).take(self.left).read(buffer)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= read as u64;
        Ok(read)
    }
}
