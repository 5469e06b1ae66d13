//! The numbered lines of a file, plain or gzip, with any content.

use flate2::bufread::GzDecoder;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Chain, ErrorKind, Read};
use std::path::Path;

/// More than the longest line of a recording. Without a limit, a file without line breaks would be
/// read into memory as one line.
const LONGEST: usize = 4096;

/// The beginning of each member of a gzip file (RFC 1952, 2.3.1).
const GZIP: &[u8] = &[0x1f, 0x8b];

pub(crate) struct Lines {
    input: Box<dyn BufRead + Send>,
    number: u64,
    line: Vec<u8>,
}

/// The members of a gzip file, one after the other: RFC 1952 allows several.
///
/// flate2's own reader of several treats any following bytes as one more, so a few excess bytes
/// would look like a truncated file.
struct Members(Option<GzDecoder<Begun>>);

/// A file, preceded by the bytes that were read to find its format.
type Begun = Chain<&'static [u8], BufReader<File>>;

impl Read for Members {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.0 {
            let read = member.read(out)?;
            if read > 0 || out.is_empty() {
                return Ok(read);
            }
            let file = self.0.take().map(|member| member.into_inner().into_inner().1);
            self.0 = file.map(next_member).transpose()?.flatten();
        }
        Ok(0)
    }
}

/// The member that begins here, unless the file has ended.
fn next_member(mut file: BufReader<File>) -> io::Result<Option<GzDecoder<Begun>>> {
    let mut begin = Vec::new();
    file.by_ref().take(GZIP.len() as u64).read_to_end(&mut begin)?;
    match &*begin {
        [] => Ok(None),
        begin if begin == GZIP => Ok(Some(GzDecoder::new(GZIP.chain(file)))),
        _ => Err(io::Error::new(
            ErrorKind::InvalidData,
            "behind the end of its gzip data there are bytes of something else: remove them",
        )),
    }
}

/// The next part of a file.
#[derive(Debug)]
pub(crate) enum Line<'a> {
    /// Without its line break.
    Text(&'a str),
    /// Not text, or too long to be a line of a recording.
    Unreadable(&'static str),
    End,
    /// The rest of the file can't be read.
    Broken(io::Error),
}

impl Lines {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let mut file = BufReader::with_capacity(1 << 16, File::open(path)?);
        let zipped = file.fill_buf()?.starts_with(GZIP);
        let input: Box<dyn BufRead + Send> = if zipped {
            Box::new(BufReader::with_capacity(
                1 << 16,
                Members(Some(GzDecoder::new((&[]).chain(file)))),
            ))
        } else {
            Box::new(file)
        };
        Ok(Self { input, number: 0, line: Vec::new() })
    }

    /// The number of the last line, from 1.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    pub(crate) fn next(&mut self) -> Line<'_> {
        self.line.clear();
        self.number += 1;
        let mut limited = self.input.by_ref().take(LONGEST as u64);
        match limited.read_until(b'\n', &mut self.line) {
            Err(error) => return Line::Broken(error),
            Ok(0) => {
                self.number -= 1;
                return Line::End;
            }
            Ok(_) => {}
        }
        if self.line.len() == LONGEST && self.line.last() != Some(&b'\n') {
            return match self.skip_line() {
                Ok(()) => Line::Unreadable("it is too long"),
                Err(error) => Line::Broken(error),
            };
        }
        let line = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        std::str::from_utf8(line).map_or(Line::Unreadable("it is not text"), Line::Text)
    }

    /// Skips to the next line.
    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let buffer = self.input.fill_buf()?;
            let (read, done) = match buffer.iter().position(|&byte| byte == b'\n') {
                Some(at) => (at + 1, true),
                None => (buffer.len(), buffer.is_empty()),
            };
            self.input.consume(read);
            if done {
                return Ok(());
            }
        }
    }
}
